#pragma once

#include "core/base/result.h"
#include "core/formats/tensor_view.h"
#include "core/model/model_config.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace attune {

/// Where a model's weights come from: a Hugging Face folder or a GGUF file, both memory-mapped. Tensors have Hugging
/// Face's names and row order whichever it is (a GGUF's q and k rows are permuted back). Thread-safe for reading.
class WeightSource {
public:
    /// Fails with NotFound, Corrupt or InvalidInput, naming the file.
    static Result<std::unique_ptr<WeightSource>> open(const std::filesystem::path &model);
    virtual ~WeightSource() = default;

    const ModelConfig &config() const noexcept { return m_config; }
    const std::filesystem::path &path() const noexcept { return m_path; }
    virtual bool contains(const std::string &name) const = 0;
    /// Fails with NotFound.
    virtual Result<std::vector<std::int64_t>> shape(const std::string &name) const = 0;
    /// Rows [begin, end) of a tensor as fp32, dequantised; a vector counts as one column. The tensor must exist.
    virtual void readRows(const std::string &name, std::int64_t begin, std::int64_t end, float *out) const = 0;
    /// The tensor's pages are not needed any more.
    virtual void forget(const std::string &name) const = 0;
    /// 32 hexadecimal digits that tell this base model from another: a hash over the configuration, the tensors'
    /// names, types and shapes, and samples of the data. Not over every byte, which takes minutes for a large model.
    virtual Result<std::string> fingerprint() const = 0;

protected:
    ModelConfig m_config;
    std::filesystem::path m_path;
};

} // namespace attune
