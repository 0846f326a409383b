#include "core/infer/sampler.h"

#include "core/base/split_mix.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

namespace attune {

Result<void> SamplingOptions::check() const
{
    const auto refuse = [](const char *flag, const char *range) {
        return fail(ErrorCode::InvalidInput, std::string(flag) + " is out of range; expected " + range + ".");
    };
    if (!(temperature >= 0 && temperature <= 100))
        return refuse("--temperature", "0 to 100");
    if (!(topP > 0 && topP <= 1))
        return refuse("--top-p", "more than 0, at most 1");
    if (topK < 0)
        return refuse("--top-k", "0 or more");
    if (!(minP >= 0 && minP <= 1))
        return refuse("--min-p", "0 to 1");
    if (!(repetitionPenalty > 0 && repetitionPenalty <= 100))
        return refuse("--repetition-penalty", "more than 0, at most 100");
    return {};
}

Sampler::Sampler(const SamplingOptions &options) : m_options(options), m_state(options.seed) {}

double Sampler::uniform()
{
    return static_cast<double>(nextSplitMix(m_state) >> 11) * 0x1p-53; // the top 53 bits, in [0, 1)
}

TokenId Sampler::choose(std::span<float> logits, std::span<const TokenId> seen)
{
    if (m_options.repetitionPenalty != 1) {
        const auto penalty = static_cast<float>(m_options.repetitionPenalty);
        for (const TokenId id : std::unordered_set<TokenId>(seen.begin(), seen.end())) {
            float &score = logits[static_cast<std::size_t>(id)];
            score = score > 0 ? score / penalty : score * penalty;
        }
    }
    if (m_options.temperature == 0)
        return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());

    // Only candidates that can still be kept are sorted: with top-k the k likeliest, with min-p those above its
    // floor.
    const float top = *std::max_element(logits.begin(), logits.end());
    const auto scale = static_cast<float>(1.0 / m_options.temperature);
    const double floor = m_options.minP > 0 ? std::log(m_options.minP) : -std::numeric_limits<double>::infinity();
    std::vector<TokenId> candidates;
    for (std::size_t i = 0; i < logits.size(); ++i)
        if (static_cast<double>((logits[i] - top) * scale) >= floor || m_options.topP < 1 || m_options.topK > 0)
            candidates.push_back(static_cast<TokenId>(i));
    const auto likelier = [&](TokenId a, TokenId b) {
        const float x = logits[static_cast<std::size_t>(a)];
        const float y = logits[static_cast<std::size_t>(b)];
        return x > y || (x == y && a < b);
    };
    if (m_options.topK > 0 && static_cast<std::size_t>(m_options.topK) < candidates.size()) {
        std::nth_element(candidates.begin(), candidates.begin() + m_options.topK - 1, candidates.end(), likelier);
        candidates.resize(static_cast<std::size_t>(m_options.topK));
    }
    std::sort(candidates.begin(), candidates.end(), likelier);

    std::vector<double> weights;
    weights.reserve(candidates.size());
    for (const TokenId id : candidates)
        weights.push_back(std::exp(static_cast<double>((logits[static_cast<std::size_t>(id)] - top) * scale)));
    const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::size_t kept = weights.size();
    if (m_options.topP < 1) {
        double sum = 0;
        for (kept = 0; kept < weights.size() && sum < m_options.topP * all; ++kept)
            sum += weights[kept];
    }
    while (kept > 1 && weights[kept - 1] < m_options.minP * weights.front())
        --kept;
    double left =
        uniform() * std::accumulate(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(kept), 0.0);
    for (std::size_t i = 0; i < kept; ++i) {
        left -= weights[i];
        if (left < 0)
            return candidates[i];
    }
    return candidates[kept - 1];
}

} // namespace attune
