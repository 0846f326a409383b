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

// Products with a few rows. One row reads each weight once and waits for memory; with more, widening and multiplying take
// longer. So a tile of outputs x rows is computed at a time: each value that is widened serves several products, and several
// sums are under way while one is computed. NF4, which costs more to restore, is restored for all rows at once.

/// The sum of each of some vectors.
inline void addUp(const Vf *vectors, int count, float *sums)
{
    int i = 0;
#if defined(__AVX2__) && !defined(__AVX512F__)
    const auto pairs = [&](int k) {
        return _mm256_hadd_ps(reinterpret_cast<__m256>(vectors[k]), reinterpret_cast<__m256>(vectors[k + 1]));
    };
    for (; i + 4 <= count; i += 4) {
        const __m256 halves = _mm256_hadd_ps(pairs(i), pairs(i + 2));
        _mm_storeu_ps(sums + i, _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1)));
    }
    for (; i < count; ++i) { // in the same order
        const auto v = reinterpret_cast<__m256>(vectors[i]);
        const __m256 pair = _mm256_hadd_ps(v, v);
        const __m256 halves = _mm256_hadd_ps(pair, pair);
        sums[i] = _mm_cvtss_f32(_mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1)));
    }
#else
    for (; i < count; ++i)
        sums[i] = sum(vectors[i]);
#endif
}

#if defined(__AVX512BF16__)

template <int outputs, int rows>
inline void bf16Tile(const Bf16 *w, std::int64_t in, const Bf16 *x, float *y, std::int64_t yStride)
{
    __m512 total[rows][outputs] = {};
    for (std::int64_t i = 0; i < in; i += 32) {
        const __mmask32 mask = in - i >= 32 ? ~0U : (1U << (in - i)) - 1U;
        __m512bh a[outputs];
        for (int o = 0; o < outputs; ++o)
            a[o] = reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, w + o * in + i));
        for (int m = 0; m < rows; ++m) {
            const auto b = reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, x + m * in + i));
            for (int o = 0; o < outputs; ++o)
                total[m][o] = _mm512_dpbf16_ps(total[m][o], a[o], b);
        }
    }
    for (int m = 0; m < rows; ++m)
        for (int o = 0; o < outputs; ++o)
            y[m * yStride + o] = sum(reinterpret_cast<Vf>(total[m][o]));
}

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

#else

/// y [rows, outputs] = (y +) x W^T, both wide.
template <int outputs, int rows>
inline void wideTile(const float *w, std::int64_t depth, const float *x, bool add, float *y, std::int64_t yStride)
{
    Vf total[rows][outputs] = {};
    for (std::int64_t i = 0; i < depth; i += lanes) {
        Vf a[outputs];
#pragma GCC unroll 8
        for (int o = 0; o < outputs; ++o)
            a[o] = load<Vf>(w + o * depth + i);
#pragma GCC unroll 8
        for (int m = 0; m < rows; ++m) {
            const Vf b = load<Vf>(x + m * depth + i);
#pragma GCC unroll 8
            for (int o = 0; o < outputs; ++o)
                total[m][o] += a[o] * b;
        }
    }
    alignas(64) Vf all[rows * outputs];
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m)
#pragma GCC unroll 8
        for (int o = 0; o < outputs; ++o)
            all[m * outputs + o] = total[m][o];
    float sums[rows * outputs];
    addUp(all, rows * outputs, sums);
    for (int m = 0; m < rows; ++m)
        for (int o = 0; o < outputs; ++o)
            y[m * yStride + o] = (add ? y[m * yStride + o] : 0.0F) + sums[m * outputs + o];
}

/// Two outputs at a time, then one.
template <int rows>
inline void wideOutputs(const float *w, std::int64_t outputs, std::int64_t depth, const float *x, bool add, float *y,
                        std::int64_t yStride)
{
    std::int64_t o = 0;
    for (; o + 2 <= outputs; o += 2)
        wideTile<2, rows>(w + o * depth, depth, x, add, y + o, yStride);
    if (o < outputs)
        wideTile<1, rows>(w + o * depth, depth, x, add, y + o, yStride);
}

/// NF4 blocks [begin, end) as floats, in each the even places first, then the odd ones: the order that x is in.
inline void nf4Paired(const Nf4View &w, std::int64_t begin, std::int64_t end, const Levels &levels, float *out)
{
    for (std::int64_t block = begin; block < end; ++block, out += 64) {
        const float scale = blockScale(w, block);
        for (std::int64_t byte = 0; byte < 32; byte += lanes) {
            const Pairs p = unpack(w.packed + block * 32 + byte, levels);
            store(out + byte, p.even * scale);
            store(out + 32 + byte, p.odd * scale);
        }
    }
}

/// Three rows and more of NF4: restored weights serve all of them.
inline void nf4SeveralRows(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                           std::int64_t count, float *y, std::int64_t yStride)
{
    constexpr std::int64_t depthAtOnce = 1024; // two outputs and six rows of this depth stay in the nearest cache,
    constexpr std::int64_t outputsAtOnce = 16; // all that is restored in the next
    alignas(64) float rows[mostRows * depthAtOnce];
    alignas(64) float weights[outputsAtOnce * depthAtOnce];
    const Levels levels;
    const std::int64_t pieces = (in + depthAtOnce - 1) / depthAtOnce;
    const std::int64_t step = roundedUp((in + pieces - 1) / pieces, 64);
    for (std::int64_t d = 0; d < in; d += step) {
        const std::int64_t depth = smaller(step, in - d);
        for (std::int64_t m = 0; m < count; ++m)
            widen(x + m * in + d, depth, rows + m * depth);
        for (std::int64_t row = beginRow; row < endRow; row += outputsAtOnce) {
            const std::int64_t outputs = smaller(outputsAtOnce, endRow - row);
            for (std::int64_t o = 0; o < outputs; ++o) {
                const std::int64_t block = ((row + o) * in + d) / 64;
                nf4Paired(w, block, block + depth / 64, levels, weights + o * depth);
            }
            // Six rows at a time or a little fewer, evenly.
            const std::int64_t tiles = (count + 5) / 6;
            for (std::int64_t tile = 0, m = 0; tile < tiles; ++tile) {
                const std::int64_t height = count * (tile + 1) / tiles - m;
                const float *from = rows + m * depth;
                float *to = y + m * yStride + row;
                switch (height) {
                case 3: wideOutputs<3>(weights, outputs, depth, from, d > 0, to, yStride); break;
                case 4: wideOutputs<4>(weights, outputs, depth, from, d > 0, to, yStride); break;
                case 5: wideOutputs<5>(weights, outputs, depth, from, d > 0, to, yStride); break;
                default: wideOutputs<6>(weights, outputs, depth, from, d > 0, to, yStride); break;
                }
                m += height;
            }
        }
    }
}

/// Two neighbours lie in 32 bits, the first in the low half: a shift widens the one, a mask the other.
inline Vf firstOf(const Bf16 *pairs)
{
    return reinterpret_cast<Vf>(load<Vu>(pairs) << 16);
}

inline Vf secondOf(const Bf16 *pairs)
{
    return reinterpret_cast<Vf>(load<Vu>(pairs) & 0xFFFF0000U);
}

/// The sums over whole pairs of vectors. A function of its own, or the compiler keeps sums in memory for what comes after.
template <int outputs, int rows>
[[gnu::noinline]] void bf16Sums(const Bf16 *w, std::int64_t in, std::int64_t whole, const Bf16 *x,
                                Vf (&to)[rows][outputs])
{
    Vf total[rows][outputs] = {};
    for (std::int64_t i = 0; i < whole; i += 2 * lanes) {
        Vf a[outputs];
#pragma GCC unroll 8
        for (int o = 0; o < outputs; ++o)
            a[o] = firstOf(w + o * in + i);
#pragma GCC unroll 8
        for (int m = 0; m < rows; ++m) {
            const Vf b = firstOf(x + m * in + i);
#pragma GCC unroll 8
            for (int o = 0; o < outputs; ++o)
                total[m][o] += a[o] * b;
        }
#pragma GCC unroll 8
        for (int o = 0; o < outputs; ++o)
            a[o] = secondOf(w + o * in + i);
#pragma GCC unroll 8
        for (int m = 0; m < rows; ++m) {
            const Vf b = secondOf(x + m * in + i);
#pragma GCC unroll 8
            for (int o = 0; o < outputs; ++o)
                total[m][o] += a[o] * b;
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m)
#pragma GCC unroll 8
        for (int o = 0; o < outputs; ++o)
            to[m][o] = total[m][o];
}

template <int outputs, int rows>
inline void bf16Tile(const Bf16 *w, std::int64_t in, const Bf16 *x, float *y, std::int64_t yStride)
{
    Vf total[rows][outputs];
    const std::int64_t whole = in / (2 * lanes) * (2 * lanes);
    bf16Sums<outputs, rows>(w, in, whole, x, total);
    for (std::int64_t i = whole; i < in; i += lanes) {
        const std::int64_t count = in - i < lanes ? in - i : lanes;
        for (int m = 0; m < rows; ++m)
            for (int o = 0; o < outputs; ++o)
                total[m][o] += loadPart(w + o * in + i, count) * loadPart(x + m * in + i, count);
    }
    float sums[rows * outputs];
    addUp(total[0], rows * outputs, sums);
    for (int m = 0; m < rows; ++m)
        for (int o = 0; o < outputs; ++o)
            y[m * yStride + o] = sums[m * outputs + o];
}

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

#endif

void nf4MatVec(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
               std::int64_t count, float *y, std::int64_t yStride)
{
    std::int64_t m = 0;
#if defined(__AVX512BF16__)
    for (; m + 8 <= count; m += 8)
        nf4MatVecOf<8>(w, in, beginRow, endRow, x + m * in, y + m * yStride, yStride);
    for (; m + 4 <= count; m += 4)
        nf4MatVecOf<4>(w, in, beginRow, endRow, x + m * in, y + m * yStride, yStride);
#else
    if (count > 2)
        return nf4SeveralRows(w, in, beginRow, endRow, x, count, y, yStride);
#endif
    for (; m + 2 <= count; m += 2)
        nf4MatVecOf<2>(w, in, beginRow, endRow, x + m * in, y + m * yStride, yStride);
    if (m < count)
        nf4MatVecOf<1>(w, in, beginRow, endRow, x + m * in, y + m * yStride, yStride);
}

/// All rows of some outputs, then of the next, so that a weight is read from memory once. Four rows at a time or a little
/// fewer, evenly.
template <int outputs>
inline void bf16Outputs(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                        std::int64_t count, float *y, std::int64_t yStride)
{
    const std::int64_t tiles = (count + 3) / 4;
    const auto multiply = [&]<int n>(std::int64_t row) {
        for (std::int64_t tile = 0, m = 0; tile < tiles; ++tile) {
            const std::int64_t height = count * (tile + 1) / tiles - m;
            const Bf16 *weights = w + row * in;
            const Bf16 *from = x + m * in;
            float *to = y + m * yStride + row;
            switch (height) {
            case 1: bf16Tile<n, 1>(weights, in, from, to, yStride); break;
            case 2: bf16Tile<n, 2>(weights, in, from, to, yStride); break;
            case 3: bf16Tile<n, 3>(weights, in, from, to, yStride); break;
            default: bf16Tile<n, 4>(weights, in, from, to, yStride); break;
            }
            m += height;
        }
    };
    std::int64_t row = beginRow;
    for (; row + outputs <= endRow; row += outputs)
        multiply.template operator()<outputs>(row);
    for (; row < endRow; ++row)
        multiply.template operator()<1>(row);
}

/// Eight sums at once, as many as hide how long one takes; more leave no registers for what they are computed from.
void bf16MatVec(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                std::int64_t count, float *y, std::int64_t yStride)
{
    if (count == 1)
        bf16Outputs<8>(w, in, beginRow, endRow, x, count, y, yStride);
    else if (count == 2)
        bf16Outputs<4>(w, in, beginRow, endRow, x, count, y, yStride);
    else
        bf16Outputs<2>(w, in, beginRow, endRow, x, count, y, yStride);
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
