#pragma once

#include "core/base/result.h"
#include "core/text/tokenizer.h"

#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// How the next token is chosen, under the names of transformers' GenerationConfig.
struct SamplingOptions {
    double temperature = 0; ///< 0: the likeliest token (greedy)
    double topP = 1;        ///< keep the likeliest tokens that hold this share of probability
    std::int64_t topK = 0;  ///< keep so many; 0: all
    double minP = 0;        ///< keep tokens at least so likely, as a share of the likeliest
    double repetitionPenalty = 1; ///< divides positive scores of tokens seen before, multiplies negative ones
    std::uint64_t seed = 0;

    /// Fails with InvalidInput naming the flag and its range.
    Result<void> check() const;
};

/// Chooses tokens. In the order of transformers: repetition penalty, temperature, top-k, top-p, min-p.
class Sampler {
public:
    explicit Sampler(const SamplingOptions &options);
    /// `logits` are changed. `seen` holds the prompt and what was generated. Ties go to the lower id.
    TokenId choose(std::span<float> logits, std::span<const TokenId> seen);

private:
    double uniform();
    SamplingOptions m_options;
    std::uint64_t m_state;
};

} // namespace attune
