#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

class GgufFile;

/// How positions beyond those of pretraining are squeezed in; names and formulas as in transformers'
/// modeling_rope_utils.py.
struct RopeScaling {
    enum class Kind { None, Linear, Llama3, Yarn };
    Kind kind = Kind::None;
    double factor = 1;
    double lowFreqFactor = 1;  ///< Llama3
    double highFreqFactor = 4; ///< Llama3
    std::int64_t originalPositions = 0; ///< original_max_position_embeddings
    double attentionFactor = 1;         ///< Yarn: what cos and sin are multiplied by
    double betaFast = 32;               ///< Yarn
    double betaSlow = 1;                ///< Yarn
    bool truncate = true;               ///< Yarn: whole dimensions bound the ramp
    std::vector<float> divisors; ///< of a GGUF file's rope_freqs.weight: one per frequency; empty: none
};

/// The shape of a decoder: what config.json or GGUF metadata say of it.
struct ModelConfig {
    std::string architecture; ///< "llama", "mistral", "qwen2", "qwen3"
    std::int64_t vocabSize = 0;
    std::int64_t hiddenSize = 0;
    std::int64_t intermediateSize = 0;
    std::int64_t layers = 0;
    std::int64_t heads = 0;
    std::int64_t kvHeads = 0;
    std::int64_t headDim = 0;
    std::int64_t maxPositions = 0;
    std::int64_t slidingWindow = 0; ///< keys that a query sees, itself included; 0: all
    double rmsNormEps = 1e-6;
    double ropeTheta = 10000.0;
    RopeScaling ropeScaling;
    std::vector<bool> fullAttention; ///< layers that slidingWindow does not bind; empty: none
    bool headNorms = false;          ///< Qwen3: an RMSNorm over each query's and key's head before RoPE
    bool tiedEmbeddings = false;

    std::int64_t qkvSize() const { return (heads + 2 * kvHeads) * headDim; }
    std::int64_t window(std::size_t layer) const
    {
        return layer < fullAttention.size() && fullAttention[layer] ? 0 : slidingWindow;
    }
};

/// Scales the inverse frequencies of RoPE, one per pair of a head's values. Linear: Chen et al. 2023,
/// arXiv:2306.15595; Yarn: Peng et al. 2023, arXiv:2309.00071, sec. 3.2; Llama3: transformers'
/// modeling_rope_utils.py.
void scaleFrequencies(const RopeScaling &scaling, double theta, std::span<double> frequencies);

/// From config.json as transformers 4 or 5 writes it. An architecture, activation or RoPE scaling that this program
/// does not compute is InvalidInput naming it, never a wrong result; so is a shape that can't be.
Result<ModelConfig> modelConfigFromJson(const Json &json, std::string_view where);
Result<ModelConfig> modelConfigFromGguf(const GgufFile &file);

} // namespace attune
