// Products of an NF4 weight with a few rows: for decoding, where each weight is read once. Part of kernels_impl.h:
// see there.

#if defined(__AVX2__)
/// The scales of `count` <= 8 blocks from `block` on; `count` again.
inline std::int64_t scalesOf(const Nf4View &w, std::int64_t block, std::int64_t count, float *scales)
{
    if (count < 8 || w.absmax || (block & 255) > 248) { // not one value of absmax2 for all
        for (std::int64_t i = 0; i < count; ++i)
            scales[i] = blockScale(w, block + i);
        return count;
    }
    const __m256i codes =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(w.absmaxCodes + block)));
    _mm256_store_ps(scales, _mm256_fmadd_ps(_mm256_i32gather_ps(w.dynamicCode, codes, 4),
                                            _mm256_set1_ps(w.absmax2[block >> 8]), _mm256_set1_ps(w.offset)));
    return count;
}

// In whole numbers: the levels as 16-bit integers, and x, block by block, as integers of 14 bits times a scale of the
// block. A level is looked up by shuffles, where one of floats takes two permutations with AVX2, and a multiply-add
// of 16-bit integers takes two products a lane, more often than one of bfloat16 does. The sum over a block is exact:
// a lane's eight products of at most 32767 * 8191 stay below 2^31. x is off by 2^-14 of its block's largest magnitude
// at most; bfloat16 rounds each value, and each level, at 2^-9.

constexpr std::int64_t integerDepth = 4096; ///< of x that is restated at once
constexpr std::int64_t bytesAhead = 4096;   ///< of codes, asked of memory before they are needed

/// Asks for the codes and scales of eight blocks that come later.
inline void readAhead(const Nf4View &w, std::int64_t block)
{
    for (int line = 0; line < 8 * 32; line += 64)
        _mm_prefetch(reinterpret_cast<const char *>(w.packed + block * 32 + bytesAhead + line), _MM_HINT_T0);
    if (w.absmaxCodes)
        _mm_prefetch(reinterpret_cast<const char *>(w.absmaxCodes + block + bytesAhead / 32), _MM_HINT_T0);
}

/// Of a block whose largest magnitude this is: what its values are multiplied with, and what a product of the
/// integers is.
inline float toIntegers(float largest)
{
    return largest > 1e-34F ? 8191.0F / largest : 0.0F; // less counts as zero: the quotient would overflow
}

inline float fromIntegers(float largest)
{
    return largest / (8191.0F * 32767.0F);
}

#if defined(__AVX512F__)

inline __m512i addProducts(__m512i sum, __m512i a, const std::int16_t *b)
{
#if defined(__AVX512VNNI__)
    return _mm512_dpwssd_epi32(sum, a, _mm512_loadu_si512(b));
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, _mm512_loadu_si512(b)));
#endif
}

/// Blocks of 64 of x (even places, then odd ones) as integers, and each block's scale. Two blocks go together, in the
/// order in which shifts of their codes, read as 16-bit words, give levels: places 1, 5, 9, ... of both, then 0, 4,
/// ..., then 3, 7, ..., then 2, 6, ...
inline void restate(const Bf16 *x, std::int64_t blocks, std::int16_t *integers, float *scales)
{
    const __m512i magnitude = _mm512_set1_epi16(0x7FFF);
    const __m512i high = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
    for (std::int64_t block = 0; block < blocks; ++block, x += 64) {
        const auto even = load<__m512i>(x);
        const auto odd = load<__m512i>(x + 32);
        // As integers, magnitudes are in the same order, and a NaN is the largest.
        const __m512i pairs = _mm512_max_epu16(_mm512_and_si512(even, magnitude), _mm512_and_si512(odd, magnitude));
        const __m512i top = _mm512_max_epu32(_mm512_slli_epi32(pairs, 16), _mm512_and_si512(pairs, high));
        const auto largest = toFloat(static_cast<Bf16>(_mm512_reduce_max_epu32(top) >> 16));
        scales[block] = fromIntegers(largest);
        const __m512 inverse = _mm512_set1_ps(toIntegers(largest));
        const auto whole = [&](__m512i bits) {
            return _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(_mm512_castsi512_ps(bits), inverse)));
        };
        std::int16_t *to = integers + block / 2 * 128 + block % 2 * 16;
        store(to, whole(_mm512_slli_epi32(odd, 16)));
        store(to + 32, whole(_mm512_slli_epi32(even, 16)));
        store(to + 64, whole(_mm512_and_si512(odd, high)));
        store(to + 96, whole(_mm512_and_si512(even, high)));
    }
    if (blocks % 2 == 0)
        return;
    scales[blocks] = 0; // of what would be the last pair's second block
    for (int i = 0; i < 4; ++i)
        store(integers + blocks / 2 * 128 + 32 * i + 16, _mm256_setzero_si256());
}

/// What two blocks' products are multiplied with: the one's scale in the lower eight lanes, the other's in the upper.
struct PairScales {
    __m512i places[4];

    PairScales()
    {
        for (int i = 0; i < 4; ++i)
            places[i] = _mm512_mask_blend_epi32(0xFF00, _mm512_set1_epi32(2 * i), _mm512_set1_epi32(2 * i + 1));
    }
    __m512 of(__m512 eight, std::int64_t pair) const { return _mm512_permutexvar_ps(places[pair], eight); }
};

/// y = (y +) products over `blocks` blocks of rows [beginRow, beginRow + rows), and of as many `apart` rows further
/// on, for each of the streams. Memory gives more to several places at once than to one.
template <int count, int streams>
void nf4Streams(const Nf4View &w, std::int64_t in, std::int64_t first, std::int64_t blocks, std::int64_t beginRow,
                std::int64_t rows, std::int64_t apart, const std::int16_t *x, const float *xScales, float *y,
                std::int64_t yStride)
{
    // Twice, because the lookup takes five bits of each index and only four count.
    alignas(64) std::int16_t twice[32];
    for (int i = 0; i < 32; ++i)
        twice[i] = static_cast<std::int16_t>(__builtin_lrintf(nf4Levels()[i & 15] * 32767.0F));
    const __m512i levels = _mm512_load_si512(twice);
    const PairScales pairScales;
    __m512 total[streams][count];

    /// Eight blocks, or the last few, of one row.
    const auto addEight = [&](__m512 *sums, std::int64_t block, std::int64_t b) {
        readAhead(w, block);
        alignas(32) float of[8] = {};
        const std::int64_t some = scalesOf(w, block, smaller(8, blocks - b), of);
        __m512 scales[count];
        for (int m = 0; m < count; ++m)
            scales[m] = _mm512_castps256_ps512(
                _mm256_mul_ps(_mm256_load_ps(of), _mm256_loadu_ps(xScales + m * (integerDepth / 64) + b)));
        const auto addPair = [&](std::int64_t pair, __m512i codes) {
            const __m512i at[4] = {_mm512_permutexvar_epi16(codes, levels),
                                   _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 4), levels),
                                   _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 8), levels),
                                   _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 12), levels)};
            for (int m = 0; m < count; ++m) {
                const std::int16_t *v = x + m * integerDepth + (b + 2 * pair) * 64;
                __m512i products = _mm512_setzero_si512();
                for (int i = 0; i < 4; ++i)
                    products = addProducts(products, at[i], v + 32 * i);
                sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), pairScales.of(scales[m], pair), sums[m]);
            }
        };
        const std::uint8_t *packed = w.packed + block * 32;
        if (some == 8) { // as constants, pairs leave their tables in registers
#pragma GCC unroll 4
            for (int pair = 0; pair < 4; ++pair)
                addPair(pair, load<__m512i>(packed + 64 * pair));
            return;
        }
        for (std::int64_t pair = 0; 2 * pair < some; ++pair) // half a pair meets zeros
            addPair(pair, _mm512_maskz_loadu_epi32(2 * pair + 1 < some ? 0xFFFF : 0xFF, packed + 64 * pair));
    };

    for (std::int64_t row = beginRow; row < beginRow + rows; ++row) {
        for (int stream = 0; stream < streams; ++stream)
            for (int m = 0; m < count; ++m)
                total[stream][m] = _mm512_setzero_ps();
        for (std::int64_t b = 0; b < blocks; b += 8)
#pragma GCC unroll 4
            for (int stream = 0; stream < streams; ++stream)
                addEight(total[stream], (row + stream * apart) * (in / 64) + first + b, b);
        for (int stream = 0; stream < streams; ++stream)
            for (int m = 0; m < count; ++m) {
                float *to = y + m * yStride + row + stream * apart;
                *to = (first > 0 ? *to : 0.0F) + _mm512_reduce_add_ps(total[stream][m]);
            }
    }
}

/// y = (y +) products over `blocks` blocks of each row, the first of which is `first`.
template <int count>
void nf4MatVecOf(const Nf4View &w, std::int64_t in, std::int64_t first, std::int64_t blocks, std::int64_t beginRow,
                 std::int64_t endRow, const std::int16_t *x, const float *xScales, float *y, std::int64_t yStride)
{
    constexpr int streams = count == 1 ? 4 : count == 2 ? 2 : 1; // as many as there are registers for
    const std::int64_t apart = (endRow - beginRow) / streams;
    const std::int64_t rest = beginRow + streams * apart;
    nf4Streams<count, streams>(w, in, first, blocks, beginRow, apart, apart, x, xScales, y, yStride);
    if constexpr (streams > 1)
        nf4Streams<count, 1>(w, in, first, blocks, rest, endRow - rest, 0, x, xScales, y, yStride);
}

#else

struct IntegerLevels {
    __m256i low; ///< bytes of the 16 levels, twice
    __m256i high;

    IntegerLevels()
    {
        alignas(16) std::uint8_t bytes[2][16];
        for (int i = 0; i < 16; ++i) {
            const auto level = static_cast<std::int16_t>(__builtin_lrintf(nf4Levels()[i] * 32767.0F));
            bytes[0][i] = static_cast<std::uint8_t>(level & 255);
            bytes[1][i] = static_cast<std::uint8_t>(level >> 8 & 255);
        }
        low = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i *>(bytes[0])));
        high = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i *>(bytes[1])));
    }
    /// The levels of 32 nibbles, in the order 0-7, 16-23 and 8-15, 24-31, as unpacking leaves them.
    void look(__m256i nibbles, __m256i *to) const
    {
        const __m256i lows = _mm256_shuffle_epi8(low, nibbles);
        const __m256i highs = _mm256_shuffle_epi8(high, nibbles);
        to[0] = _mm256_unpacklo_epi8(lows, highs);
        to[1] = _mm256_unpackhi_epi8(lows, highs);
    }
};

/// Blocks of 64 of x (even places, then odd ones) as integers in the order of `look`, and each block's scale.
inline void restate(const Bf16 *x, std::int64_t blocks, std::int16_t *integers, float *scales)
{
    for (std::int64_t block = 0; block < blocks; ++block, x += 64, integers += 64) {
        // As integers, magnitudes are in the same order, and a NaN is the largest.
        __m256i top = _mm256_setzero_si256();
        for (int i = 0; i < 64; i += 16)
            top = _mm256_max_epu16(top, _mm256_and_si256(load<__m256i>(x + i), _mm256_set1_epi16(0x7FFF)));
        __m128i most = _mm_max_epu16(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
        most = _mm_sub_epi16(_mm_set1_epi16(0x7FFF), most);
        const auto largest = toFloat(static_cast<Bf16>(0x7FFF - _mm_cvtsi128_si32(_mm_minpos_epu16(most))));
        scales[block] = fromIntegers(largest);
        const __m256 inverse = _mm256_set1_ps(toIntegers(largest));
        constexpr int places[8] = {0, 16, 8, 24, 32, 48, 40, 56};
        for (int i = 0; i < 8; ++i) {
            const __m256i whole = _mm256_cvtps_epi32(_mm256_mul_ps(
                _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load<__m128i>(x + 8 * i)), 16)),
                inverse));
            store(integers + places[i],
                  _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1)));
        }
    }
}

/// y = (y +) products over `blocks` blocks of each row, the first of which is `first`.
template <int count>
void nf4MatVecOf(const Nf4View &w, std::int64_t in, std::int64_t first, std::int64_t blocks, std::int64_t beginRow,
                 std::int64_t endRow, const std::int16_t *x, const float *xScales, float *y, std::int64_t yStride)
{
    const IntegerLevels levels;
    const __m256i low = _mm256_set1_epi8(15);
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        __m256 total[count];
        for (int m = 0; m < count; ++m)
            total[m] = _mm256_setzero_ps();
        std::int64_t block = row * (in / 64) + first;
        for (std::int64_t b = 0; b < blocks; b += 8, block += 8) {
            readAhead(w, block);
            alignas(32) float of[8] = {};
            const std::int64_t some = scalesOf(w, block, smaller(8, blocks - b), of);
            alignas(32) float scales[count][8];
            for (int m = 0; m < count; ++m)
                _mm256_store_ps(scales[m], _mm256_mul_ps(_mm256_load_ps(of),
                                                         _mm256_loadu_ps(xScales + m * (integerDepth / 64) + b)));
            for (std::int64_t i = 0; i < some; ++i) {
                const auto bytes = load<__m256i>(w.packed + (block + i) * 32);
                __m256i at[4];
                levels.look(_mm256_and_si256(_mm256_srli_epi16(bytes, 4), low), at);
                levels.look(_mm256_and_si256(bytes, low), at + 2);
                for (int m = 0; m < count; ++m) {
                    const std::int16_t *v = x + m * integerDepth + (b + i) * 64;
                    const __m256i even = _mm256_add_epi32(_mm256_madd_epi16(at[0], load<__m256i>(v)),
                                                          _mm256_madd_epi16(at[1], load<__m256i>(v + 16)));
                    const __m256i odd = _mm256_add_epi32(_mm256_madd_epi16(at[2], load<__m256i>(v + 32)),
                                                         _mm256_madd_epi16(at[3], load<__m256i>(v + 48)));
                    total[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_add_epi32(even, odd)),
                                               _mm256_broadcast_ss(scales[m] + i), total[m]);
                }
            }
        }
        for (int m = 0; m < count; ++m) {
            float *to = y + m * yStride + row;
            const __m128 four = _mm_add_ps(_mm256_castps256_ps128(total[m]), _mm256_extractf128_ps(total[m], 1));
            const __m128 two = _mm_hadd_ps(four, four);
            *to = (first > 0 ? *to : 0.0F) + _mm_cvtss_f32(_mm_hadd_ps(two, two));
        }
    }
}

#endif

void nf4MatVec(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
               std::int64_t count, float *y, std::int64_t yStride)
{
    static constexpr decltype(&nf4MatVecOf<1>) byCount[mostRows] = {nf4MatVecOf<1>, nf4MatVecOf<2>, nf4MatVecOf<3>,
                                                                    nf4MatVecOf<4>, nf4MatVecOf<5>, nf4MatVecOf<6>,
                                                                    nf4MatVecOf<7>, nf4MatVecOf<8>};
    alignas(64) std::int16_t integers[mostRows * integerDepth];
    alignas(64) float scales[mostRows * integerDepth / 64];
    for (std::int64_t d = 0; d < in; d += integerDepth) {
        const std::int64_t blocks = smaller(integerDepth, in - d) / 64;
        for (std::int64_t m = 0; m < count; ++m)
            restate(x + m * in + d, blocks, integers + m * integerDepth, scales + m * integerDepth / 64);
        byCount[count - 1](w, in, d / 64, blocks, beginRow, endRow, integers, scales, y, yStride);
    }
}

#else

template <int count>
void nf4MatVecOf(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                 float *y, std::int64_t yStride)
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

void nf4MatVec(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
               std::int64_t count, float *y, std::int64_t yStride)
{
    std::int64_t m = 0;
    for (; m + 2 <= count; m += 2)
        nf4MatVecOf<2>(w, in, beginRow, endRow, x + m * in, y + m * yStride, yStride);
    if (m < count)
        nf4MatVecOf<1>(w, in, beginRow, endRow, x + m * in, y + m * yStride, yStride);
}

#endif
