// Operands of a product of matrices as whole numbers. Part of kernels_impl.h: see there.
//
// Block floating point: 64 neighbours along the depth are integers times the block's scale, of 14 bits (with the
// sign) in A and of 13 in B. A multiply-add of 16-bit integers takes two products a lane where one of floats takes
// one, and the sum over a block is exact: 64 products of at most 8191 * 4095 stay below 2^31. A value is off by 2^-13
// of the largest of its block at most, where bfloat16 rounds at 2^-9 of the value: sums of bfloat16 operands come out
// finer than their own rounding (docs/measurements.md has both figures). What is not finite makes its whole block
// NaN.

#if defined(__AVX2__) && !defined(__AVX512F__)

/// Of a tile's rows the integers lie row by row, those of its columns in pairs of two depths, column by column; the
/// scales of all blocks follow.
struct IntegerOperands {
    using Thin = FloatOperands;
    struct Unit {};
    static constexpr std::int64_t rows = tileRows;
    static constexpr bool thinIsCheap = false;
    static constexpr std::int64_t threadStep = FloatOperands::threadStep;
    static constexpr std::int64_t depthStep = 64;
    static constexpr std::int64_t deepest = FloatOperands::deepest;
    static constexpr float rowBound = 8191.0F;
    static constexpr float columnBound = 4095.0F;

    static std::int64_t blocks(std::int64_t depth) { return (depth + 63) / 64; }
    static std::int64_t floats(std::int64_t depth) { return 33 * blocks(depth); }

    static PackedStrips strips(const MatrixView &a, std::int64_t row, std::int64_t all, std::int64_t d,
                               std::int64_t depth, float *memory)
    {
        constexpr std::int64_t atOnce = 48; // whole tiles, and whole squares where A is transposed
        alignas(64) float wide[atOnce * 64];
        const std::int64_t count = blocks(depth);
        for (std::int64_t i = 0; i < all; i += atOnce) {
            const std::int64_t some = smaller(atOnce, all - i);
            for (std::int64_t b = 0; b < count; ++b) {
                const std::int64_t width = smaller(64, depth - 64 * b);
                if (width < 64 || some < atOnce)
                    __builtin_memset(wide, 0, sizeof(wide));
                packRows(a, row + i, some, d + 64 * b, width, wide, 64);
                for (std::int64_t r = 0; r < roundedUp(some, tileRows); ++r) {
                    float *strip = memory + (i + r) / tileRows * tileRows * floats(depth);
                    const std::int64_t inTile = (i + r) % tileRows;
                    strip[tileRows * 32 * count + b * tileRows + inTile] = restateRow(
                        wide + 64 * r, reinterpret_cast<std::int16_t *>(strip) + (inTile * count + b) * 64);
                }
            }
        }
        return {memory, floats(depth)};
    }

    static void packB(const MatrixView &m, std::int64_t d, std::int64_t depth, std::int64_t column,
                      std::int64_t columns, float *panels)
    {
        constexpr std::int64_t atOnce = 4 * tileColumns; // a whole cache line of each row
        alignas(64) float wide[atOnce * 64];
        const std::int64_t count = blocks(depth);
        for (std::int64_t j = 0; j < columns; j += atOnce) {
            const std::int64_t some = smaller(atOnce, columns - j);
            for (std::int64_t b = 0; b < count; ++b) {
                const std::int64_t height = smaller(64, depth - 64 * b);
                if (height < 64)
                    __builtin_memset(wide, 0, sizeof(wide));
                packPanels(m, d + 64 * b, height, column + j, some, wide, 64 * tileColumns);
                for (std::int64_t c = 0; c < some; c += tileColumns) {
                    float *panel = panels + (j + c) * floats(depth);
                    restateColumns(wide + 64 * c, panel + b * 32 * tileColumns,
                                   panel + (32 * count + b) * tileColumns);
                }
            }
        }
    }

    static void multiply(const float *strip, const float *panel, std::int64_t depth, const float *thinStrip,
                         const float *thinPanel, std::int64_t thinDepth, bool add, float *sums)
    {
        const std::int64_t count = blocks(depth);
        const float *rowScales = strip + tileRows * 32 * count;
        const float *columnScales = panel + tileColumns * 32 * count;
        for (std::int64_t b = 0; b < count; ++b) {
            alignas(32) float block[tileRows * tileColumns];
            sumBlock(reinterpret_cast<const std::int16_t *>(strip) + 64 * b, count * 64, panel + b * 32 * tileColumns,
                     (smaller(64, depth - 64 * b) + 1) / 2, block);
            const Vf s0 = load<Vf>(columnScales + b * tileColumns);
            const Vf s1 = load<Vf>(columnScales + b * tileColumns + lanes);
#pragma GCC unroll 6
            for (int i = 0; i < tileRows; ++i) {
                const Vf scale = splat(rowScales[b * tileRows + i]);
                Vf sum0 = load<Vf>(block + i * tileColumns) * (scale * s0);
                Vf sum1 = load<Vf>(block + i * tileColumns + lanes) * (scale * s1);
                if (add || b > 0) {
                    sum0 += load<Vf>(sums + i * tileColumns);
                    sum1 += load<Vf>(sums + i * tileColumns + lanes);
                }
                store(sums + i * tileColumns, sum0);
                store(sums + i * tileColumns + lanes, sum1);
            }
        }
        if (thinDepth > 0)
            multiplyTile(thinStrip, thinDepth, thinDepth, thinPanel, true, sums);
    }

    /// Restating costs more than integers gain where each value serves few products.
    static bool gains(const MatrixView &a, const MatrixView &b, std::int64_t m, std::int64_t n, std::int64_t k,
                      const GemmThin &)
    {
        return a.bf16 && b.bf16 && k >= 64 && m * n >= 64 * (m + n);
    }

private:
    static __m256i magnitude(const float *x)
    {
        // As integers, magnitudes are in the same order, and a NaN is the largest.
        return _mm256_and_si256(load<__m256i>(x), _mm256_set1_epi32(0x7FFFFFFF));
    }

    /// Below this a block counts as zeros, or the bounds' quotient by its largest would overflow.
    static __m256i magnitudeFloor()
    {
        return _mm256_castps_si256(_mm256_set1_ps(1e-34F));
    }

    /// 64 values as integers; their scale.
    static float restateRow(const float *x, std::int16_t *to)
    {
        __m256i top = magnitudeFloor();
        for (int i = 0; i < 64; i += 8)
            top = _mm256_max_epi32(top, magnitude(x + i));
        __m128i most = _mm_max_epi32(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
        most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4E));
        most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0xB1));
        const float largest = _mm_cvtss_f32(_mm_castsi128_ps(most));
        const __m256 inverse = _mm256_set1_ps(rowBound / largest);
        for (int i = 0; i < 64; i += 16) {
            const __m256i first = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), inverse));
            const __m256i second = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i + 8), inverse));
            store(to + i, _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8));
        }
        return largest * (1.0F / (rowBound * columnBound));
    }

    /// [64, tileColumns] values as pairs of integers, two depths in 32 bits; each column's scale.
    static void restateColumns(const float *x, float *to, float *scales)
    {
        for (std::int64_t c = 0; c < tileColumns; c += lanes) {
            __m256i top = magnitudeFloor();
            for (std::int64_t p = 0; p < 64; ++p)
                top = _mm256_max_epi32(top, magnitude(x + p * tileColumns + c));
            const __m256 largest = _mm256_castsi256_ps(top);
            _mm256_storeu_ps(scales + c, largest); // the bounds are in the rows' scales
            const __m256 inverse = _mm256_div_ps(_mm256_set1_ps(columnBound), largest);
            for (std::int64_t p = 0; p < 64; p += 2) {
                const float *from = x + p * tileColumns + c;
                const __m256i first = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from), inverse));
                const __m256i second =
                    _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from + tileColumns), inverse));
                store(to + p / 2 * tileColumns + c, _mm256_blend_epi16(first, _mm256_slli_epi32(second, 16), 0xAA));
            }
        }
    }

    /// sums [6, 16] as floats: `pairs` pairs of rows of integers, `stride` apart, and of columns. In assembly, since
    /// GCC 12 keeps the twelve sums in memory however it is written, which costs more than the integers gain.
    static void sumBlock(const std::int16_t *a, std::int64_t stride, const float *b, std::int64_t pairs, float *sums)
    {
        static_assert(tileRows == 6 && tileColumns == 16);
        const std::int64_t bytes = stride * 2;
        const std::int16_t *fourth = a + 3 * stride;
// clang-format off
#define ATTUNE_ROW(row, s0, s1) \
        "vpbroadcastd " row ", %%ymm14\n\t" \
        "vpmaddwd %%ymm12, %%ymm14, %%ymm15\n\t" \
        "vpmaddwd %%ymm13, %%ymm14, %%ymm14\n\t" \
        "vpaddd %%ymm15, %%ymm" s0 ", %%ymm" s0 "\n\t" \
        "vpaddd %%ymm14, %%ymm" s1 ", %%ymm" s1 "\n\t"
#define ATTUNE_CLEAR(s) "vpxor %%xmm" s ", %%xmm" s ", %%xmm" s "\n\t"
#define ATTUNE_PUT(s, place) "vcvtdq2ps %%ymm" s ", %%ymm" s "\n\tvmovups %%ymm" s ", " place "(%[sums])\n\t"
        asm volatile(
            ATTUNE_CLEAR("0") ATTUNE_CLEAR("1") ATTUNE_CLEAR("2") ATTUNE_CLEAR("3") ATTUNE_CLEAR("4") ATTUNE_CLEAR("5")
            ATTUNE_CLEAR("6") ATTUNE_CLEAR("7") ATTUNE_CLEAR("8") ATTUNE_CLEAR("9") ATTUNE_CLEAR("10") ATTUNE_CLEAR("11")
            ".p2align 5\n"
            "1:\n\t"
            "vmovdqu (%[b]), %%ymm12\n\t"
            "vmovdqu 32(%[b]), %%ymm13\n\t"
            ATTUNE_ROW("(%[a])", "0", "1")
            ATTUNE_ROW("(%[a],%[bytes])", "2", "3")
            ATTUNE_ROW("(%[a],%[bytes],2)", "4", "5")
            ATTUNE_ROW("(%[fourth])", "6", "7")
            ATTUNE_ROW("(%[fourth],%[bytes])", "8", "9")
            ATTUNE_ROW("(%[fourth],%[bytes],2)", "10", "11")
            "add $4, %[a]\n\t"
            "add $4, %[fourth]\n\t"
            "add $64, %[b]\n\t"
            "dec %[pairs]\n\t"
            "jnz 1b\n\t"
            ATTUNE_PUT("0", "0") ATTUNE_PUT("1", "32") ATTUNE_PUT("2", "64") ATTUNE_PUT("3", "96")
            ATTUNE_PUT("4", "128") ATTUNE_PUT("5", "160") ATTUNE_PUT("6", "192") ATTUNE_PUT("7", "224")
            ATTUNE_PUT("8", "256") ATTUNE_PUT("9", "288") ATTUNE_PUT("10", "320") ATTUNE_PUT("11", "352")
            : [a] "+r"(a), [fourth] "+r"(fourth), [b] "+r"(b), [pairs] "+r"(pairs)
            : [bytes] "r"(bytes), [sums] "r"(sums)
            : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
              "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#undef ATTUNE_ROW
#undef ATTUNE_CLEAR
#undef ATTUNE_PUT
        // clang-format on
    }
};

using NarrowOperands = IntegerOperands;

#endif
