#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace attune {

class GgufFile;

/// The shape of a decoder: what config.json or GGUF metadata say of it.
struct ModelConfig {
    std::string architecture; ///< "llama", "mistral"
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
    bool tiedEmbeddings = false;

    std::int64_t qkvSize() const { return (heads + 2 * kvHeads) * headDim; }
};

/// From config.json as transformers 4 or 5 writes it. An architecture, activation or RoPE scaling that this program does
/// not compute is InvalidInput naming it, never a wrong result; so is a shape that can't be.
Result<ModelConfig> modelConfigFromJson(const Json &json, std::string_view where);
Result<ModelConfig> modelConfigFromGguf(const GgufFile &file);

} // namespace attune
