// Products of a bfloat16 weight with a few rows. Part of kernels_impl.h: see there.
//
// One row reads each weight once and waits for memory; with more, widening and multiplying take longer. So a tile of
// outputs x rows is computed at a time: each value that is widened serves several products, and several sums are
// under way while one is computed.

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

#else

/// Two neighbours lie in 32 bits, the first in the low half: a shift widens the one, a mask the other.
inline Vf firstOf(const Bf16 *pairs)
{
    return reinterpret_cast<Vf>(load<Vu>(pairs) << 16);
}

inline Vf secondOf(const Bf16 *pairs)
{
    return reinterpret_cast<Vf>(load<Vu>(pairs) & 0xFFFF0000U);
}

/// The sums over whole pairs of vectors. A function of its own, or the compiler keeps sums in memory for what comes
/// after.
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

#endif

/// All rows of some outputs, then of the next, so that a weight is read from memory once. Four rows at a time or a
/// little fewer, evenly.
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
            case 1:
                bf16Tile<n, 1>(weights, in, from, to, yStride);
                break;
            case 2:
                bf16Tile<n, 2>(weights, in, from, to, yStride);
                break;
            case 3:
                bf16Tile<n, 3>(weights, in, from, to, yStride);
                break;
            default:
                bf16Tile<n, 4>(weights, in, from, to, yStride);
                break;
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
