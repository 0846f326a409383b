#include "core/train/step_replay.h"

#include <algorithm>

// Beside attention_torch.cpp and ops_torch.cpp.

namespace attune {
namespace {

constexpr std::int64_t queryBlock = 128; // attention_torch.cpp

} // namespace

StepReplay::Held StepReplay::normHeads(std::int64_t tokens, MemoryPart keeps, Tape &tape)
{
    if (!m_config.headNorms)
        return {};
    Held out = passing(tokens * m_config.qkvSize());
    for (const std::int64_t heads : {m_config.heads, m_config.kvHeads}) {
        const Held part = passing(tokens * heads * m_config.headDim);
        const Held normed = passing(tokens * heads * m_config.headDim);
        tape.push_back(take(keeps, tokens * heads, wide)); // rstd
    }
    return out;
}

StepReplay::Held StepReplay::rotated(std::int64_t values, MemoryPart part)
{
    if (m_kernels)
        return take(part, values, m_bytes);
    const Held asWide = take(MemoryPart::Layer, m_bytes < wide ? values : 0, wide);
    const auto halves = several(6, values / 2, wide); // four products, a sum and a difference
    Held joined = take(m_bytes < wide ? MemoryPart::Layer : part, values, wide);
    return m_bytes < wide ? take(part, values, m_bytes) : std::move(joined);
}

/// Of a very long row only some, so that a plan stays quick: their sizes grow evenly, and the last is the largest.
std::vector<StepReplay::Block> StepReplay::blocks(const Stretch &s, std::int64_t window)
{
    const std::int64_t count = blocksOf(s.length, queryBlock);
    const std::int64_t step = blocksOf(count, 64);
    std::vector<Block> all;
    for (std::int64_t i = (count - 1) % step; i < count; i += step) {
        const std::int64_t query = i * queryBlock;
        const std::int64_t queries = std::min(queryBlock, s.length - query);
        const std::int64_t position = s.prefix + query;
        const std::int64_t first = window > 0 ? std::max<std::int64_t>(0, position - window + 1) : 0;
        all.push_back({queries, position + queries - first});
    }
    return all;
}

StepReplay::Held StepReplay::attention(const Stretch &s, std::int64_t window, MemoryPart part)
{
    const std::int64_t heads = s.rows * m_config.heads;
    const std::int64_t d = m_config.headDim;
    Held out = take(part, s.tokens() * m_config.heads * d, m_bytes);
    for (const auto [queries, keys] : blocks(s, window)) {
        const std::int64_t scores = heads * queries * keys;
        const auto score = [&](std::int64_t bytes) { return take(MemoryPart::Attention, scores, bytes); };
        Held p;
        {
            const Held cut = passing(s.length > queryBlock ? heads * queries * d : 0);
            p = score(m_bytes);
        }
        if (!m_kernels) {
            Held s32;
            {
                const Held asWide = m_bytes < wide ? score(wide) : Held();
                const Held scaled = score(wide);
                s32 = score(wide);
            }
            {
                const Held exponentials = score(wide);
            } // within logsumexp
            const Held shifted = score(wide);
            const Held probability = score(wide);
            if (m_bytes < wide)
                p = score(m_bytes);
        }
        const Held block = passing(heads * queries * d);
    }
    return out;
}

std::array<StepReplay::Held, 3> StepReplay::attentionBackward(const Stretch &s, std::int64_t window)
{
    const std::int64_t heads = s.rows * m_config.heads;
    const std::int64_t d = m_config.headDim;
    const std::int64_t values = s.length * heads * d;
    const std::int64_t keyValues = s.rows * (s.prefix + s.length) * m_config.kvHeads * d;
    Held delta;
    {
        const Held dOut = take(MemoryPart::Layer, m_bytes < wide ? values : 0, wide);
        const Held out = take(MemoryPart::Layer, m_bytes < wide ? values : 0, wide);
        const Held product = take(MemoryPart::Layer, values, wide);
        delta = take(MemoryPart::Layer, s.length * heads, wide);
    }
    Held dQ = passing(values);
    Held dK = take(MemoryPart::Layer, keyValues, wide);
    Held dV = take(MemoryPart::Layer, keyValues, wide);
    for (const auto [queries, keys] : blocks(s, window)) {
        const std::int64_t scores = heads * queries * keys;
        const auto score = [&](std::int64_t bytes) { return take(MemoryPart::Attention, scores, bytes); };
        const Held qBlock = passing(s.length > queryBlock ? heads * queries * d : 0);
        const Held dOBlock = passing(heads * queries * d);
        Held p = score(m_bytes);
        Held dS = score(m_bytes);
        if (!m_kernels) {
            const Held s32 = [&] {
                const Held asWide = m_bytes < wide ? score(wide) : Held();
                const Held scaled = score(wide);
                return score(wide);
            }();
            Held probability;
            {
                const Held shifted = score(wide);
                probability = score(wide);
            }
            {
                const Held asWide = m_bytes < wide ? score(wide) : Held();
                const Held difference = score(wide);
                const Held product = score(wide);
                Held scaled = score(wide);
                dS = m_bytes < wide ? score(m_bytes) : std::move(scaled);
            }
            p = m_bytes < wide ? score(m_bytes) : std::move(probability);
        }
        {
            const Held block = passing(heads * queries * d);
        }
        if (!m_ownProducts) {
            const Held sum = passing(s.rows * m_config.kvHeads * keys * d);
            const Held asWide =
                take(MemoryPart::Layer, m_bytes < wide ? s.rows * m_config.kvHeads * keys * d : 0, wide);
        }
    }
    if (m_bytes == wide)
        return {std::move(dQ), std::move(dK), std::move(dV)};
    Held narrowK = passing(keyValues);
    Held narrowV = passing(keyValues);
    return {std::move(dQ), std::move(narrowK), std::move(narrowV)};
}

StepReplay::Held StepReplay::swiGlu(std::int64_t tokens)
{
    const Held silu = passing(m_kernels ? 0 : tokens * m_config.intermediateSize);
    return passing(tokens * m_config.intermediateSize);
}

StepReplay::Held StepReplay::swiGluBackward(std::int64_t tokens)
{
    // Without the kernel: the sigmoid and the eight terms of the two derivatives.
    const auto terms = several(m_kernels ? 0 : 9, tokens * m_config.intermediateSize, m_bytes);
    return passing(2 * tokens * m_config.intermediateSize);
}

void StepReplay::normBackward(std::int64_t tokens)
{
    if (m_kernels)
        return;
    const std::int64_t values = tokens * m_config.hiddenSize;
    const auto asWide = several(m_bytes < wide ? 2 : 0, values, wide);
    const Held gradient = take(MemoryPart::Layer, values, wide);
    const auto terms = several(3, values, wide);
}

} // namespace attune
