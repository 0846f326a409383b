// NF4: quantising and dequantising.
// Part of kernels_impl.h: see there.

/// Table entries by index below 16.
struct Levels {
#if defined(__AVX512F__)
    Vf all = load<Vf>(nf4Levels());
    Vf operator[](Vi index) const
    {
        return reinterpret_cast<Vf>(
            _mm512_permutexvar_ps(reinterpret_cast<__m512i>(index), reinterpret_cast<__m512>(all)));
    }
#elif defined(__AVX2__)
    __m256 low = _mm256_loadu_ps(nf4Levels());
    __m256 high = _mm256_loadu_ps(nf4Levels() + 8);
    Vf operator[](Vi index) const
    {
        const auto i = reinterpret_cast<__m256i>(index);
        const __m256 which = _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)); // bit 3 to the sign
        return reinterpret_cast<Vf>(
            _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, i), _mm256_permutevar8x32_ps(high, i), which));
    }
#else
    const float *all = nf4Levels();
    Vf operator[](Vi index) const
    {
        return Vf{all[index[0]], all[index[1]], all[index[2]], all[index[3]]};
    }
#endif
};

inline float blockScale(const Nf4View &w, std::int64_t block)
{
    if (w.absmax)
        return w.absmax[block];
    return w.dynamicCode[w.absmaxCodes[block]] * w.absmax2[block >> 8] + w.offset;
}

/// `lanes` bytes to the values in their high nibbles (even positions) and low nibbles (odd ones).
struct Pairs {
    Vf even;
    Vf odd;
};

inline Pairs unpack(const std::uint8_t *packed, const Levels &levels)
{
    const Vi bytes = loadBytes(packed);
    return {levels[bytes >> 4], levels[bytes & 15]};
}

#if defined(__AVX512F__)

/// The levels times a block's scale, rounded: sixteen products serve all 64 values of the block.
struct BlockLevels {
    __m512i twice; ///< a lookup takes five bits of each index, and only four count

    BlockLevels(const Levels &levels, float scale)
    {
        const Vu rounded = roundBits(levels.all * scale) >> 16;
        twice = _mm512_broadcast_i64x4(_mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(rounded)));
    }
    /// The 32 values of 16 bytes.
    __m512i values(const std::uint8_t *packed) const
    {
        const __m512i bytes = _mm512_cvtepu8_epi32(load<__m128i>(packed));
        // The even value, in the high nibble, belongs in the low half of 32 bits.
        const __m512i indices = _mm512_or_si512(_mm512_srli_epi32(bytes, 4), _mm512_slli_epi32(bytes, 16));
        return _mm512_permutexvar_epi16(indices, twice);
    }
};

void nf4ToBf16(const Nf4View &w, std::int64_t beginBlock, std::int64_t endBlock, Bf16 *out)
{
    const Levels levels;
    for (std::int64_t block = beginBlock; block < endBlock; ++block, out += 64) {
        const BlockLevels of(levels, blockScale(w, block));
        store(out, of.values(w.packed + block * 32));
        store(out + 32, of.values(w.packed + block * 32 + 16));
    }
}

#else

void nf4ToBf16(const Nf4View &w, std::int64_t beginBlock, std::int64_t endBlock, Bf16 *out)
{
    const Levels levels;
    for (std::int64_t block = beginBlock; block < endBlock; ++block) {
        const float scale = blockScale(w, block);
        for (std::int64_t byte = 0; byte < 32; byte += lanes) {
            const Pairs p = unpack(w.packed + block * 32 + byte, levels);
            // The even value lies in the low half of a pair, the odd one in the high half.
            const Vu pair = (roundBits(p.odd * scale) & 0xFFFF0000U) | (roundBits(p.even * scale) >> 16);
            store(out + (block - beginBlock) * 64 + byte * 2, pair);
        }
    }
}

#endif

void nf4ToFloat(const Nf4View &w, std::int64_t beginBlock, std::int64_t endBlock, float *out)
{
    const Levels levels;
    Vi first;
    for (std::int64_t i = 0; i < lanes; ++i) // 0, n, 1, n + 1, ...: the lower halves of two vectors, interleaved
        first[i] = static_cast<std::int32_t>(i / 2 + (i % 2) * lanes);
    const Vi second = first + static_cast<std::int32_t>(lanes / 2);
    for (std::int64_t block = beginBlock; block < endBlock; ++block) {
        const float scale = blockScale(w, block);
        float *to = out + (block - beginBlock) * 64;
        for (std::int64_t byte = 0; byte < 32; byte += lanes) {
            const Pairs p = unpack(w.packed + block * 32 + byte, levels);
            const Vf even = p.even * scale;
            const Vf odd = p.odd * scale;
            store(to + byte * 2, __builtin_shuffle(even, odd, first));
            store(to + byte * 2 + lanes, __builtin_shuffle(even, odd, second));
        }
    }
}

void quantizeNf4(const float *x, std::int64_t beginBlock, std::int64_t endBlock, std::uint8_t *packed, float *absmax)
{
    const float *levels = nf4Levels();
    float middle[15];
    for (int i = 0; i < 15; ++i)
        middle[i] = (levels[i] + levels[i + 1]) * 0.5F;
    for (std::int64_t block = beginBlock; block < endBlock; ++block) {
        const float *v = x + (block - beginBlock) * 64;
        Vf m = {};
        for (std::int64_t i = 0; i < 64; i += lanes) {
            const Vf a = load<Vf>(v + i);
            m = larger(larger(a, -a), m);
        }
        const float top = largest(m);
        absmax[block - beginBlock] = top;
        const float scale = 1.0F / (top > 1e-38F ? top : 1e-38F);
        std::int32_t codes[64];
        for (std::int64_t i = 0; i < 64; i += lanes) {
            const Vf a = load<Vf>(v + i) * scale;
            Vi code = {};
            for (const float border : middle)
                code -= a > splat(border); // true is -1
            store(codes + i, code);
        }
        for (int i = 0; i < 32; ++i)
            packed[(block - beginBlock) * 32 + i] = static_cast<std::uint8_t>(codes[2 * i] << 4 | codes[2 * i + 1]);
    }
}
