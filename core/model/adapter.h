#pragma once

#include "core/base/result.h"
#include "core/model/model_config.h"
#include "core/model/target_modules.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// LoRA's shape, in PEFT's terms. Hu et al. 2021, arXiv:2106.09685.
struct LoraConfig {
    std::int64_t r = 16;
    double alpha = 32;
    double dropout = 0;
    bool rslora = false; ///< alpha / sqrt(r). Kalajdzievski 2023, arXiv:2312.03732
    bool dora = false;   ///< a trained magnitude for each output. Liu et al. 2024, arXiv:2402.09353
    TargetModules targets;
    /// What the product of the pair is multiplied by.
    double scale() const;
    bool operator==(const LoraConfig &) const = default;
};

/// One projection's pair: a [r, in], b [out, r], row-major fp32.
struct LoraPair {
    std::int64_t in = 0;
    std::int64_t out = 0;
    std::vector<float> a;
    std::vector<float> b;
    std::vector<float> magnitude; ///< DoRA's, [out]; empty without
};

/// A LoRA adapter outside the model, as PEFT stores it.
struct Adapter {
    LoraConfig config;
    std::string baseModel; ///< base_model_name_or_path
    std::map<std::pair<std::int64_t, Projection>, LoraPair> pairs; ///< by layer and projection

    /// Fails with InvalidInput where layers or shapes are not those of `model`, naming the first tensor that differs.
    Result<void> checkAgainst(const ModelConfig &model) const;
    bool isFinite() const; ///< no value is infinite or not a number
};

/// Rows and columns of a projection's weight.
struct ProjectionShape {
    std::int64_t out;
    std::int64_t in;
};
ProjectionShape projectionShape(const ModelConfig &model, Projection projection);

/// A PEFT folder (adapter_config.json, adapter_model.safetensors): tensors F32, F16 or BF16. A setting that changes
/// the computation and is not supported here (a bias, modules_to_save, rank patterns, another peft_type) is an error.
Result<Adapter> readPeftAdapter(const std::filesystem::path &folder);
/// The same from the parts that a project file keeps.
Result<Adapter> parsePeftAdapter(std::span<const std::byte> safetensors, const std::string &configJson,
                                 std::string_view where);
/// adapter_model.safetensors with PEFT's names, F32.
std::string peftTensorBytes(const Adapter &adapter);
/// adapter_config.json.
std::string peftConfigText(const Adapter &adapter);
/// Writes both files (and the folder), each atomically, the configuration last.
Result<void> writePeftAdapter(const std::filesystem::path &folder, const Adapter &adapter);

} // namespace attune
