// NF4: quantising, dequantising, and products with few vectors, where reading the weight is what takes the time (NF4 and bf16).
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
        return reinterpret_cast<Vf>(_mm256_blendv_ps(_mm256_permutevar8x32_ps(low, i),
                                                     _mm256_permutevar8x32_ps(high, i), which));
    }
#else
    const float *all = nf4Levels();
    Vf operator[](Vi index) const { return Vf{all[index[0]], all[index[1]], all[index[2]], all[index[3]]}; }
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

#if defined(__AVX512BF16__)

template <int count>
void nf4MatVecOf(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                 std::int64_t yStride)
{
    // The 16 levels as bf16, twice, because the lookup takes five bits of each index and only four count.
    alignas(64) Bf16 twice[32];
    for (int i = 0; i < 32; ++i)
        twice[i] = toBf16(nf4Levels()[i & 15]);
    const __m512i levels = _mm512_load_si512(twice);
    const std::int64_t blocks = in / 64;
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        __m512 total[count] = {};
        for (std::int64_t b = 0; b < blocks; ++b) {
            const std::int64_t block = row * blocks + b;
            const __m512 scale = _mm512_set1_ps(blockScale(w, block));
            const __m512i bytes = _mm512_cvtepu8_epi16(
                _mm256_loadu_si256(reinterpret_cast<const __m256i *>(w.packed + block * 32)));
            const auto even =
                reinterpret_cast<__m512bh>(_mm512_permutexvar_epi16(_mm512_srli_epi16(bytes, 4), levels));
            const auto odd = reinterpret_cast<__m512bh>(_mm512_permutexvar_epi16(bytes, levels));
            for (int m = 0; m < count; ++m) {
                const Bf16 *v = x + m * in + b * 64;
                __m512 dot = _mm512_dpbf16_ps(_mm512_setzero_ps(), even,
                                              reinterpret_cast<__m512bh>(_mm512_loadu_si512(v)));
                dot = _mm512_dpbf16_ps(dot, odd, reinterpret_cast<__m512bh>(_mm512_loadu_si512(v + 32)));
                total[m] = _mm512_fmadd_ps(dot, scale, total[m]);
            }
        }
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(reinterpret_cast<Vf>(total[m]));
    }
}

template <int count>
void bf16MatVecOf(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                  std::int64_t yStride)
{
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        const Bf16 *r = w + row * in;
        __m512 total[count] = {};
        for (std::int64_t i = 0; i < in; i += 32) {
            const __mmask32 mask = in - i >= 32 ? ~0U : (1U << (in - i)) - 1U;
            const auto a = reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, r + i));
            for (int m = 0; m < count; ++m)
                total[m] = _mm512_dpbf16_ps(total[m], a,
                                            reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, x + m * in + i)));
        }
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(reinterpret_cast<Vf>(total[m]));
    }
}

#else

template <int count>
void nf4MatVecOf(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                 std::int64_t yStride)
{
    const Levels levels;
    const std::int64_t blocks = in / 64;
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        Vf total[count] = {};
        for (std::int64_t b = 0; b < blocks; ++b) {
            const std::int64_t block = row * blocks + b;
            const float scale = blockScale(w, block);
            Vf dot[count] = {};
            for (std::int64_t byte = 0; byte < 32; byte += lanes) {
                const Pairs p = unpack(w.packed + block * 32 + byte, levels);
                for (int m = 0; m < count; ++m) {
                    const Bf16 *v = x + m * in + b * 64 + byte;
                    dot[m] += p.even * loadBf16(v) + p.odd * loadBf16(v + 32);
                }
            }
            for (int m = 0; m < count; ++m)
                total[m] += dot[m] * scale;
        }
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(total[m]);
    }
}

template <int count>
void bf16MatVecOf(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                  std::int64_t yStride)
{
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        Vf total[count] = {};
        forVectors(in, [&](std::int64_t i, std::int64_t n) {
            const Vf a = loadPart(w + row * in + i, n);
            for (int m = 0; m < count; ++m)
                total[m] += a * loadPart(x + m * in + i, n);
        });
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(total[m]);
    }
}

#endif

// clang-format off
#define ATTUNE_BY_COUNT(call) \
    switch (count) { \
    case 1: call(1); break; case 2: call(2); break; case 3: call(3); break; case 4: call(4); break; \
    case 5: call(5); break; case 6: call(6); break; case 7: call(7); break; default: call(8); break; \
    }
// clang-format on

void nf4MatVec(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
               std::int64_t count, float *y, std::int64_t yStride)
{
#define ATTUNE_CALL(n) nf4MatVecOf<n>(w, in, beginRow, endRow, x, y, yStride)
    ATTUNE_BY_COUNT(ATTUNE_CALL)
#undef ATTUNE_CALL
}

void bf16MatVec(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                std::int64_t count, float *y, std::int64_t yStride)
{
#define ATTUNE_CALL(n) bf16MatVecOf<n>(w, in, beginRow, endRow, x, y, yStride)
    ATTUNE_BY_COUNT(ATTUNE_CALL)
#undef ATTUNE_CALL
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
