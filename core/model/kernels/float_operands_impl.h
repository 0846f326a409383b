// Operands of a product of matrices as float32, packed into the strips and panels that its tiles read. Part of
// kernels_impl.h: see there.

#if defined(__AVX512F__)
constexpr std::int64_t tileRows = 12;
#elif defined(__AVX2__)
constexpr std::int64_t tileRows = 6;
#else
constexpr std::int64_t tileRows =
    4; // sixteen registers of four lanes: the tile below must leave room for the operands
#endif
constexpr std::int64_t tileColumns = 2 * lanes;
constexpr std::int64_t blockFloats = 80 << 10;      ///< and a block of B of so many values in the second
constexpr std::int64_t rowsAtOnce = 128 * tileRows; ///< rows of A that are packed at once
constexpr std::int64_t columnsAtOnce =
    768 / tileColumns * tileColumns; ///< columns of sums that wait for the next depth

inline std::int64_t smaller(std::int64_t a, std::int64_t b)
{
    return a < b ? a : b;
}

inline std::int64_t roundedUp(std::int64_t x, std::int64_t step)
{
    return (x + step - 1) / step * step;
}

inline float at(const MatrixView &m, std::int64_t row, std::int64_t column)
{
    const std::int64_t offset = row * m.rowStride + column * m.columnStride;
    return m.bf16 ? toFloat(static_cast<const Bf16 *>(m.data)[offset]) : static_cast<const float *>(m.data)[offset];
}

#if defined(__AVX2__) && !defined(__AVX512F__)
/// Rows of eight 32-bit values to columns.
inline void transpose(__m256 (&r)[8])
{
    __m256 t[8];
    for (int i = 0; i < 4; ++i) {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    __m256 s[8];
    for (int i = 0; i < 2; ++i)
        for (int half = 0; half < 2; ++half) {
            s[4 * i + 2 * half] = _mm256_shuffle_ps(t[4 * i + half], t[4 * i + 2 + half], 0x44);
            s[4 * i + 2 * half + 1] = _mm256_shuffle_ps(t[4 * i + half], t[4 * i + 2 + half], 0xEE);
        }
    for (int j = 0; j < 4; ++j) {
        r[j] = _mm256_permute2f128_ps(s[j], s[j + 4], 0x20);
        r[j + 4] = _mm256_permute2f128_ps(s[j], s[j + 4], 0x31);
    }
}

/// Rows whose values lie side by side, the rows `stride` apart, as columns: to[j * toStride + i] = from[i * stride +
/// j] for i < 8, j < 16. Two neighbours move as one 32-bit value and part on the way out, which halves the shuffles.
inline void transposeBf16(const Bf16 *from, std::int64_t stride, float *to, std::int64_t toStride)
{
    __m256 r[8];
    for (int i = 0; i < 8; ++i)
        r[i] = _mm256_loadu_ps(reinterpret_cast<const float *>(from + i * stride));
    transpose(r);
    for (int j = 0; j < 8; ++j) {
        const __m256i pair = _mm256_castps_si256(r[j]);
        store(to + 2 * j * toStride, _mm256_slli_epi32(pair, 16));
        store(to + (2 * j + 1) * toStride, _mm256_and_si256(pair, _mm256_set1_epi32(static_cast<int>(0xFFFF0000U))));
    }
}

inline void transposeFloats(const float *from, std::int64_t stride, float *to, std::int64_t toStride)
{
    __m256 r[8];
    for (int i = 0; i < 8; ++i)
        r[i] = _mm256_loadu_ps(from + i * stride);
    transpose(r);
    for (int j = 0; j < 8; ++j)
        store(to + j * toStride, r[j]);
}

/// to[i * toStride + j] = m(row + i, column + j), for a matrix whose columns are contiguous. The rows it has done:
/// whole squares, `whole` columns wide.
inline std::int64_t packSquares(const MatrixView &m, std::int64_t row, std::int64_t rows, std::int64_t column,
                                std::int64_t whole, float *to, std::int64_t toStride)
{
    const std::int64_t step = m.bf16 ? 16 : 8;
    const std::int64_t done = rows / step * step;
    for (std::int64_t i = 0; i < done; i += step)
        for (std::int64_t j = 0; j < whole; j += 8) {
            const std::int64_t offset = (row + i) + (column + j) * m.columnStride;
            float *corner = to + i * toStride + j;
            if (m.bf16)
                transposeBf16(static_cast<const Bf16 *>(m.data) + offset, m.columnStride, corner, toStride);
            else
                transposeFloats(static_cast<const float *>(m.data) + offset, m.columnStride, corner, toStride);
        }
    return done;
}
#else
inline std::int64_t packSquares(const MatrixView &, std::int64_t, std::int64_t, std::int64_t, std::int64_t, float *,
                                std::int64_t)
{
    return 0;
}
#endif

inline void widen(const Bf16 *from, std::int64_t count, float *to)
{
    std::int64_t j = 0;
    for (; j + 2 * lanes <= count; j += 2 * lanes) {
        const Vf first = loadBf16(from + j);
        const Vf second = loadBf16(from + j + lanes);
        store(to + j, first);
        store(to + j + lanes, second);
    }
    for (; j < count; ++j)
        to[j] = toFloat(from[j]);
}

/// Rows [row, row + rows) of m, columns [column, column + columns), row-major with the given stride.
inline void packRows(const MatrixView &m, std::int64_t row, std::int64_t rows, std::int64_t column,
                     std::int64_t columns, float *to, std::int64_t stride)
{
    if (m.columnStride == 1) {
        for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t offset = (row + i) * m.rowStride + column;
            if (m.bf16)
                widen(static_cast<const Bf16 *>(m.data) + offset, columns, to + i * stride);
            else
                __builtin_memcpy(to + i * stride, static_cast<const float *>(m.data) + offset,
                                 static_cast<std::size_t>(columns) * sizeof(float));
        }
        return;
    }
    const std::int64_t whole = columns / 8 * 8;
    const std::int64_t done = m.rowStride == 1 ? packSquares(m, row, rows, column, whole, to, stride) : 0;
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = i < done ? whole : 0; j < columns; ++j)
            to[i * stride + j] = at(m, row + i, column + j);
}

/// Rows [row, row + depth) of m in panels of tileColumns columns, the last filled up with zeros: row p of panel j
/// goes to panels[j * panelFloats + p * tileColumns].
inline void packPanels(const MatrixView &m, std::int64_t row, std::int64_t depth, std::int64_t column,
                       std::int64_t columns, float *panels, std::int64_t panelFloats)
{
    const std::int64_t whole = columns / tileColumns;
    if (m.columnStride == 1 && m.bf16) // row by row, since the source is what comes from far away
        for (std::int64_t p = 0; p < depth; ++p) {
            const Bf16 *from = static_cast<const Bf16 *>(m.data) + (row + p) * m.rowStride + column;
            for (std::int64_t j = 0; j < whole; ++j)
                widen(from + j * tileColumns, tileColumns, panels + j * panelFloats + p * tileColumns);
        }
    else
        for (std::int64_t j = 0; j < whole; ++j)
            packRows(m, row, depth, column + j * tileColumns, tileColumns, panels + j * panelFloats, tileColumns);
    if (const std::int64_t rest = columns - whole * tileColumns; rest > 0) {
        float *last = panels + whole * panelFloats;
        __builtin_memset(last, 0, static_cast<std::size_t>(tileColumns * depth) * sizeof(float));
        packRows(m, row, depth, column + whole * tileColumns, rest, last, tileColumns);
    }
}

/// sums [tileRows, tileColumns] = (sums +) A B: a [tileRows, depth] with its rows `stride` apart, b [depth,
/// tileColumns].
inline void multiplyTile(const float *a, std::int64_t stride, std::int64_t depth, const float *b, bool add,
                         float *sums)
{
    Vf acc[tileRows][2] = {};
#pragma GCC unroll 2
    for (std::int64_t p = 0; p < depth; ++p) {
        const Vf b0 = load<Vf>(b + p * tileColumns);
        const Vf b1 = load<Vf>(b + p * tileColumns + lanes);
#pragma GCC unroll 12
        for (int i = 0; i < tileRows; ++i) {
            const Vf x = splat(a[i * stride + p]);
            acc[i][0] += x * b0;
            acc[i][1] += x * b1;
        }
    }
    if (add) {
#pragma GCC unroll 12
        for (int i = 0; i < tileRows; ++i) {
            acc[i][0] += load<Vf>(sums + i * tileColumns);
            acc[i][1] += load<Vf>(sums + i * tileColumns + lanes);
        }
    }
#pragma GCC unroll 12
    for (int i = 0; i < tileRows; ++i) {
        store(sums + i * tileColumns, acc[i][0]);
        store(sums + i * tileColumns + lanes, acc[i][1]);
    }
}

/// Strips of A, side by side.
struct PackedStrips {
    const float *values;
    std::int64_t floats; ///< a row takes
    const float *at(std::int64_t row) const { return values + row * floats; }
};

/// Operands widened to float32.
struct FloatOperands {
    using Thin = FloatOperands; ///< the operands of a thin product beside these
    struct Unit {};             ///< what a thread holds while it multiplies
    static constexpr std::int64_t rows = tileRows;
    static constexpr bool thinIsCheap = false;
    static constexpr std::int64_t threadStep = 48; ///< whole tiles, so that threads share work in full ones
    static constexpr std::int64_t depthStep = 1;
    static constexpr std::int64_t deepest = 1024; ///< a strip of A of this depth stays in the first-level cache

    /// What a row of A or a column of B of this depth takes.
    static std::int64_t floats(std::int64_t depth) { return depth; }

    /// Rows of A in strips of `rows`, the last filled up with zeros, in memory that holds them.
    static PackedStrips strips(const MatrixView &a, std::int64_t row, std::int64_t count, std::int64_t d,
                               std::int64_t depth, float *memory)
    {
        packRows(a, row, count, d, depth, memory, depth);
        __builtin_memset(memory + count * depth, 0,
                         static_cast<std::size_t>((roundedUp(count, rows) - count) * depth) * sizeof(float));
        return {memory, floats(depth)};
    }
    static void packB(const MatrixView &b, std::int64_t d, std::int64_t depth, std::int64_t column,
                      std::int64_t columns, float *panels)
    {
        packPanels(b, d, depth, column, columns, panels, tileColumns * depth);
    }
    /// sums [rows, tileColumns] = (sums +) A B + the thin product.
    static void multiply(const float *strip, const float *panel, std::int64_t depth, const float *thinStrip,
                         const float *thinPanel, std::int64_t thinDepth, bool add, float *sums)
    {
        multiplyTile(strip, depth, depth, panel, add, sums);
        if (thinDepth > 0)
            multiplyTile(thinStrip, thinDepth, thinDepth, thinPanel, true, sums);
    }
    /// Whether this product is quicker so than as floats.
    static bool gains(const MatrixView &, const MatrixView &, std::int64_t, std::int64_t, std::int64_t,
                      const GemmThin &)
    {
        return false;
    }
};
