#pragma once

#include "core/base/files.h"
#include "core/formats/tensor_view.h"

#include <map>
#include <memory>
#include <utility>

namespace attune {

/// One .safetensors file, memory-mapped. Header length, every offset, every shape and every overlap is checked on
/// open: no later read can leave the file. Format: 8-byte little-endian header length, JSON header, data.
class SafetensorsFile {
public:
    static Result<SafetensorsFile> open(const std::filesystem::path &path);
    /// The same from memory, which must outlive it (a blob of the project file). `where` names it in messages.
    static Result<SafetensorsFile> parse(std::span<const std::byte> bytes, std::string_view where);

    /// Those of a type that this program reads.
    const std::map<std::string, TensorView> &tensors() const noexcept { return m_tensors; }
    /// The others, such as F8_E4M3: name to type. They do no harm until someone asks for one.
    const std::map<std::string, std::string> &unsupported() const noexcept { return m_unsupported; }
    const std::map<std::string, std::string> &metadata() const noexcept { return m_metadata; }
    /// Fails with NotFound, naming tensor and file; with InvalidInput where its type is not supported.
    Result<TensorView> tensor(const std::string &name) const;
    void forget(const TensorView &tensor) const;

private:
    std::shared_ptr<MappedFile> m_file; // none where it was parsed from memory
    std::string m_where;
    std::map<std::string, TensorView> m_tensors;
    std::map<std::string, std::string> m_unsupported;
    std::map<std::string, std::string> m_metadata;
};

/// What a writer needs of a tensor; `data` must hold exactly shape x element size bytes, and the type may not be one
/// of the quantised ones, which the format lacks.
struct TensorToWrite {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> data;
};

/// The bytes of a file: tensors in the given order, header padded with spaces to a multiple of 8.
std::string safetensorsBytes(std::span<const TensorToWrite> tensors,
                             const std::map<std::string, std::string> &metadata = {});
Result<void> writeSafetensors(const std::filesystem::path &path, std::span<const TensorToWrite> tensors,
                              const std::map<std::string, std::string> &metadata = {});

/// A model's weights: `model.safetensors`, or the shards that `model.safetensors.index.json` names. A shard named in
/// the index must lie inside the folder.
class SafetensorsFolder {
public:
    static Result<SafetensorsFolder> open(const std::filesystem::path &folder);
    /// Of any type, the unsupported ones included; so for names().
    bool contains(const std::string &name) const { return m_index.contains(name); }
    Result<TensorView> tensor(const std::string &name) const;
    std::vector<std::string> names() const;
    void forget(const TensorView &tensor) const;

private:
    std::filesystem::path m_folder;
    std::vector<SafetensorsFile> m_files;
    std::map<std::string, std::size_t> m_index; // tensor name to its file
};

} // namespace attune
