// Products of matrices. Part of kernels_impl.h: see there.
//
// Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", sec. 4; the register tile as in Van Zee and
// van de Geijn 2015, "BLIS", sec. 5. What differs: operands may be bfloat16 and are widened while they are packed,
// so that no float32 copy of a weight or an activation exists outside the caches; and it is B, the weight, whose block stays
// in the second-level cache: it is packed for few rows (a batch of tokens), so writing it further away would cost a tenth of
// the time. A's packed strips, each used for a whole block of B, come from the third level.

#if defined(__AVX512F__)
constexpr std::int64_t tileRows = 12;
#elif defined(__AVX2__)
constexpr std::int64_t tileRows = 6;
#else
constexpr std::int64_t tileRows = 4; // sixteen registers of four lanes: the tile below must leave room for the operands
#endif
constexpr std::int64_t tileColumns = 2 * lanes;
constexpr std::int64_t depthBlock = 1024;       ///< a strip of A of this depth stays in the first-level cache
constexpr std::int64_t blockFloats = 80 << 10;  ///< and a block of B of so many values in the second
constexpr std::int64_t rowsAtOnce = 128 * tileRows;  ///< rows of A that are packed at once
constexpr std::int64_t columnsAtOnce = 768 / tileColumns * tileColumns; ///< columns of sums that wait for the next depth

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

/// Rows whose values lie side by side, the rows `stride` apart, as columns: to[j * toStride + i] = from[i * stride + j] for
/// i < 8, j < 16. Two neighbours move as one 32-bit value and part on the way out, which halves the shuffles.
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

/// to[i * toStride + j] = m(row + i, column + j), for a matrix whose columns are contiguous. The rows it has done: whole
/// squares, `whole` columns wide.
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
inline void packRows(const MatrixView &m, std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
                     float *to, std::int64_t stride)
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

/// Rows [row, row + depth) of m in panels of tileColumns columns, the last filled up with zeros: row p of panel j goes to
/// panels[j * panelFloats + p * tileColumns].
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

/// sums [tileRows, tileColumns] = (sums +) A B: a [tileRows, depth] with its rows `stride` apart, b [depth, tileColumns].
inline void multiplyTile(const float *a, std::int64_t stride, std::int64_t depth, const float *b, bool add, float *sums)
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

/// One finished tile to its place: rows x columns of it, rounded where the output is bf16.
inline void putTile(const float *tile, std::int64_t rows, std::int64_t columns, const GemmOutput &out, std::int64_t row,
                    std::int64_t column)
{
    for (std::int64_t i = 0; i < rows; ++i) {
        const float *from = tile + i * tileColumns;
        const std::int64_t offset = (row + i) * out.rowStride + column;
        Bf16 *narrow = static_cast<Bf16 *>(out.data) + offset;
        float *wide = static_cast<float *>(out.data) + offset;
        forVectors(columns, [&](std::int64_t j, std::int64_t count) {
            Vf v = load<Vf>(from + j);
            if (out.bf16) {
                if (out.add)
                    v += loadPart(narrow + j, count);
                storePart(narrow + j, v, count);
            } else {
                if (out.add)
                    v += loadPart(wide + j, count);
                storePart(wide + j, v, count);
            }
        });
    }
}

/// tile += thin, each value as dropout's mask at its place has it.
inline void addMasked(float *tile, const float *thin, const DropoutMask &mask, std::int64_t place, std::int64_t rowPlaces)
{
    for (std::int64_t i = 0; i < tileRows; ++i)
        for (std::int64_t j = 0; j < tileColumns; j += lanes) {
            const std::int64_t at = i * tileColumns + j;
            store(tile + at, load<Vf>(tile + at) + load<Vf>(thin + at) * mask.at(place + i * rowPlaces + j));
        }
}

/// How a product is cut: the depth in even blocks, B in blocks of columns, with the thin product's depth after the last.
struct GemmCut {
    std::int64_t depths;
    std::int64_t step;       ///< depth of a block
    std::int64_t deepest;    ///< of what is packed at once
    std::int64_t columns;    ///< of a block of B
    std::int64_t rowsPacked;
    std::int64_t columnsPending; ///< columns whose sums wait for the next depth
};

inline GemmCut cutOf(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t thin)
{
    GemmCut cut{};
    cut.depths = k > depthBlock ? (k + depthBlock - 1) / depthBlock : 1;
    cut.step = (k + cut.depths - 1) / cut.depths;
    cut.deepest = cut.step + thin > 0 ? cut.step + thin : 1;
    const std::int64_t fit = blockFloats / cut.deepest / tileColumns * tileColumns;
    cut.columns = smaller(fit > tileColumns ? fit : tileColumns, roundedUp(n, tileColumns));
    cut.rowsPacked = roundedUp(smaller(m, rowsAtOnce), tileRows);
    cut.columnsPending = cut.depths > 1 ? smaller(columnsAtOnce, roundedUp(n, tileColumns)) : roundedUp(n, tileColumns);
    return cut;
}

/// Rows and columns that the cut takes at once.
inline void multiplyBlock(const MatrixView &a, const MatrixView &b, const GemmThin &thin, const GemmCut &cut,
                          std::int64_t firstRow, std::int64_t rows, std::int64_t firstColumn, std::int64_t columns,
                          std::int64_t k, const GemmOutput &out, float *workspace)
{
    alignas(64) float tile[tileRows * tileColumns];
    alignas(64) float thinTile[tileRows * tileColumns];
    float *panels = workspace;
    float *strips = panels + cut.columns * cut.deepest;
    float *sums = strips + cut.rowsPacked * cut.deepest;
    const DropoutMask mask(thin.mask ? *thin.mask : DropoutRule{});
    for (std::int64_t d = 0, block = 0; block < cut.depths; ++block, d += cut.step) {
        const bool last = block == cut.depths - 1;
        const std::int64_t depth = smaller(cut.step, k - d);
        const std::int64_t stride = depth + (last ? thin.k : 0);
        packRows(a, firstRow, rows, d, depth, strips, stride);
        if (last && thin.k > 0)
            packRows(thin.a, firstRow, rows, 0, thin.k, strips + depth, stride);
        __builtin_memset(strips + rows * stride, 0,
                         static_cast<std::size_t>((roundedUp(rows, tileRows) - rows) * stride) * sizeof(float));
        for (std::int64_t column = 0; column < columns; column += cut.columns) {
            const std::int64_t width = smaller(cut.columns, columns - column);
            packPanels(b, d, depth, firstColumn + column, width, panels, tileColumns * stride);
            if (last && thin.k > 0)
                packPanels(thin.b, 0, thin.k, firstColumn + column, width, panels + tileColumns * depth,
                           tileColumns * stride);
            for (std::int64_t i = 0; i < rows; i += tileRows)
                for (std::int64_t j = 0; j < width; j += tileColumns) {
                    const float *strip = strips + i * stride;
                    const float *panel = panels + j * stride;
                    float *sum = cut.depths == 1 ? tile
                                                 : sums + i * cut.columnsPending + (column + j) * tileRows;
                    multiplyTile(strip, stride, thin.mask ? depth : stride, panel, block > 0, sum);
                    if (!last)
                        continue;
                    if (thin.mask) {
                        multiplyTile(strip + depth, stride, thin.k, panel + depth * tileColumns, false, thinTile);
                        addMasked(sum, thinTile, mask,
                                  thin.firstPlace + (firstRow + i) * thin.rowPlaces + firstColumn + column + j,
                                  thin.rowPlaces);
                    }
                    putTile(sum, smaller(tileRows, rows - i), smaller(tileColumns, width - j), out, firstRow + i,
                            firstColumn + column + j);
                }
        }
    }
}

std::int64_t gemmWorkspace(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t thin)
{
    const GemmCut cut = cutOf(m, n, k, thin);
    const std::int64_t pending = cut.depths > 1 ? cut.rowsPacked * cut.columnsPending : 0;
    return cut.columns * cut.deepest + cut.rowsPacked * cut.deepest + pending;
}

void gemm(const MatrixView &a, const MatrixView &b, std::int64_t m, std::int64_t n, std::int64_t k, const GemmThin &thin,
          const GemmOutput &out, float *workspace)
{
    const GemmCut cut = cutOf(m, n, k, thin.k);
    for (std::int64_t column = 0; column < n; column += cut.columnsPending)
        for (std::int64_t row = 0; row < m; row += rowsAtOnce)
            multiplyBlock(a, b, thin, cut, row, smaller(rowsAtOnce, m - row), column,
                          smaller(cut.columnsPending, n - column), k, out, workspace);
}
