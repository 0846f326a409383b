#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>

namespace attune {

struct ModelConfig;

/// What a model takes in memory, by its shape alone: only the configuration is read.
struct ModelFootprint {
    std::int64_t parameters = 0;
    std::int64_t bytes = 0; ///< of the base in bfloat16, as it answers; training keeps it in NF4, but needs room for a batch
};

ModelFootprint footprint(const ModelConfig &config);
/// `model`: a Hugging Face folder or a GGUF file. Fails as WeightSource::open() does.
Result<ModelFootprint> modelFootprint(const std::filesystem::path &model);

/// How well so much goes into a memory of that size, beside the system and other programs.
enum class Fit { Fits, Tight, TooLarge };
Fit fitOf(std::int64_t bytes, std::int64_t memory);

} // namespace attune
