// Dropout by a counter: part of kernels_impl.h, see there.
//
// Each place's 32 bits are a hash of the place and the seed (two rounds of MurmurHash3's finaliser, a bijection of 32
// bits with full avalanche), as counter-based generators do it: Salmon et al. 2011, "Parallel random numbers: as easy
// as 1, 2, 3".

inline Vu mixed(Vu h)
{
    h ^= h >> 16;
    h *= 0x85EBCA6BU;
    h ^= h >> 13;
    h *= 0xC2B2AE35U;
    return h ^ (h >> 16);
}

/// The mask of the places that follow one another from the first.
class DropoutMask {
public:
    explicit DropoutMask(const DropoutRule &rule) : m_key(rule)
    {
        for (int i = 0; i < lanes; ++i)
            m_step[i] = static_cast<std::uint32_t>(i);
    }

    Vf at(std::int64_t place) const
    {
        const auto wide = static_cast<std::uint64_t>(place);
        const std::uint32_t high = static_cast<std::uint32_t>(wide >> 32) * 0x9E3779B9U;
        const Vu counter = m_step + static_cast<std::uint32_t>(wide);
        const Vu bits = mixed(mixed(counter ^ m_key.low) + (m_key.high ^ high)) >> 1;
        const Vi kept = reinterpret_cast<Vi>(bits) >= m_key.threshold;
        return select(kept, splat(m_key.scale), Vf{});
    }

private:
    DropoutKey m_key;
    Vu m_step{};
};

void dropoutMask(const DropoutRule &rule, std::int64_t begin, std::int64_t end, float *mask)
{
    const DropoutMask masks(rule);
    std::int64_t i = begin;
    for (; i + lanes <= end; i += lanes)
        store(mask + i, masks.at(i));
    const Vf rest = masks.at(i);
    for (std::int64_t j = 0; i + j < end; ++j)
        mask[i + j] = rest[j];
}

void dropout(const DropoutRule &rule, const Bf16 *x, std::int64_t begin, std::int64_t end, bool add, Bf16 *to)
{
    const DropoutMask masks(rule);
    forVectors(end - begin, [&](std::int64_t i, std::int64_t count) {
        Vf v = loadPart(x + begin + i, count) * masks.at(begin + i);
        if (add)
            v += loadPart(to + begin + i, count);
        storePart(to + begin + i, v, count);
    });
}
