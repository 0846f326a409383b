#pragma once

#include "core/base/files.h"
#include "core/formats/tensor_view.h"

#include <map>
#include <memory>
#include <optional>
#include <variant>

namespace attune {

/// A metadata value. Integers of all widths are widened to 64 bits, floats to double; arrays of integers and floats
/// alike.
using GgufValue = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, std::vector<std::int64_t>,
                               std::vector<double>, std::vector<std::string>, std::vector<bool>>;

/// A GGUF file, version 2 or 3, memory-mapped. Counts, string lengths, array lengths, alignment, tensor offsets and
/// sizes are checked against the file on open. A file that holds only a vocabulary (no tensors) is fine. Format:
/// docs/gguf.md of the ggml project.
class GgufFile {
public:
    static Result<GgufFile> open(const std::filesystem::path &path);

    const std::map<std::string, GgufValue> &metadata() const noexcept { return m_metadata; }
    const std::filesystem::path &path() const noexcept { return m_file->path(); }

    /// A metadata value of the wanted kind: none where the key is absent; an error, naming key and file, where the
    /// kind differs. Integers convert to double, and between signed and unsigned where they fit.
    Result<std::optional<std::string>> string(const std::string &key) const;
    Result<std::optional<std::int64_t>> integer(const std::string &key) const;
    Result<std::optional<double>> number(const std::string &key) const;
    Result<std::optional<bool>> boolean(const std::string &key) const;
    /// Null where the key is absent or not an array of that kind.
    const std::vector<std::string> *strings(const std::string &key) const;
    const std::vector<std::int64_t> *integers(const std::string &key) const;
    const std::vector<double> *numbers(const std::string &key) const;

    /// Of any type, the unsupported ones included.
    bool contains(const std::string &tensor) const
    {
        return m_tensors.contains(tensor) || m_unsupported.contains(tensor);
    }
    /// Those of a type that this program reads; the others do no harm until someone asks for one.
    const std::map<std::string, TensorView> &tensors() const noexcept { return m_tensors; }
    /// Fails with NotFound, naming tensor and file; with InvalidInput where its type is not supported.
    Result<TensorView> tensor(const std::string &name) const;
    void forget(const TensorView &tensor) const;

private:
    std::shared_ptr<MappedFile> m_file;
    std::map<std::string, GgufValue> m_metadata;
    std::map<std::string, TensorView> m_tensors;
    std::map<std::string, std::string> m_unsupported; // tensor name to its type
};

} // namespace attune
