// Products of matrices. Part of kernels_impl.h: see there.
//
// Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", sec. 4; the register tile as in Van Zee and
// van de Geijn 2015, "BLIS", sec. 5. What differs: operands may be bfloat16 and are widened while they are packed,
// so that no float32 copy of a weight or an activation exists outside the caches.

#if defined(__AVX512F__)
constexpr std::int64_t tileRows = 12;
#elif defined(__AVX2__)
constexpr std::int64_t tileRows = 6;
#else
constexpr std::int64_t tileRows = 4; // sixteen registers of four lanes: the tile below must leave room for the operands
#endif
constexpr std::int64_t tileColumns = 2 * lanes;
constexpr std::int64_t depthBlock = 640;                    ///< a panel of B of this depth stays near the core
constexpr std::int64_t rowBlock = 48 / tileRows * tileRows; ///< and so does a block of A
constexpr std::int64_t columnBlock = 768 / tileColumns * tileColumns; ///< columns of B that are packed at once
constexpr std::int64_t rowsAtOnce = 32 * rowBlock;                    ///< rows of sums that wait for the next depth

inline float at(const MatrixView &m, std::int64_t row, std::int64_t column)
{
    const std::int64_t offset = row * m.rowStride + column * m.columnStride;
    return m.bf16 ? toFloat(static_cast<const Bf16 *>(m.data)[offset]) : static_cast<const float *>(m.data)[offset];
}

inline Vf loadAt(const MatrixView &m, std::int64_t row, std::int64_t column)
{
    const std::int64_t offset = row * m.rowStride + column * m.columnStride;
    return m.bf16 ? loadBf16(static_cast<const Bf16 *>(m.data) + offset)
                  : load<Vf>(static_cast<const float *>(m.data) + offset);
}

inline MatrixView transposed(const MatrixView &m)
{
    return {m.data, m.bf16, m.columnStride, m.rowStride};
}

#if defined(__AVX2__) && !defined(__AVX512F__)
/// Rows [row, row + 8) and columns [column, column + 8) of m, whose columns lie side by side, as columns: to[j * stride + i].
inline void transposeSquare(const MatrixView &m, std::int64_t row, std::int64_t column, float *to, std::int64_t stride)
{
    __m256 r[8];
    for (int i = 0; i < 8; ++i)
        r[i] = reinterpret_cast<__m256>(loadAt(m, row + i, column));
    __m256 t[8];
    for (int i = 0; i < 4; ++i) {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 2; ++i)
        for (int half = 0; half < 2; ++half) {
            r[4 * i + 2 * half] = _mm256_shuffle_ps(t[4 * i + half], t[4 * i + 2 + half], 0x44);
            r[4 * i + 2 * half + 1] = _mm256_shuffle_ps(t[4 * i + half], t[4 * i + 2 + half], 0xEE);
        }
    for (int j = 0; j < 4; ++j) {
        _mm256_storeu_ps(to + j * stride, _mm256_permute2f128_ps(r[j], r[j + 4], 0x20));
        _mm256_storeu_ps(to + (j + 4) * stride, _mm256_permute2f128_ps(r[j], r[j + 4], 0x31));
    }
}
constexpr bool transposesSquares = true;
#else
inline void transposeSquare(const MatrixView &, std::int64_t, std::int64_t, float *, std::int64_t) {}
constexpr bool transposesSquares = false;
#endif

/// Rows [row, row + rows) of m, columns [column, column + columns), row-major with the given stride.
inline void packRows(const MatrixView &m, std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
                     float *to, std::int64_t stride)
{
    std::int64_t i = 0;
    if (m.columnStride == 1) {
        for (; i < rows; ++i) {
            std::int64_t j = 0;
            for (; j + lanes <= columns; j += lanes)
                store(to + i * stride + j, loadAt(m, row + i, column + j));
            for (; j < columns; ++j)
                to[i * stride + j] = at(m, row + i, column + j);
        }
        return;
    }
    std::int64_t whole = 0; // columns done by squares, for the rows so done
    if (transposesSquares && m.rowStride == 1) {
        const MatrixView across = transposed(m);
        whole = columns / lanes * lanes;
        for (; i + lanes <= rows; i += lanes)
            for (std::int64_t j = 0; j < whole; j += lanes)
                transposeSquare(across, column + j, row + i, to + i * stride + j, stride);
    }
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t j = r < i ? whole : 0; j < columns; ++j)
            to[r * stride + j] = at(m, row + r, column + j);
}

/// sums [tileRows, tileColumns] = (sums +) A B: a [tileRows, depth] row-major, b [depth, tileColumns].
template <bool Add>
inline void multiplyTile(const float *a, std::int64_t depth, const float *b, float *sums)
{
    Vf acc[tileRows][2];
#pragma GCC unroll 12
    for (int i = 0; i < tileRows; ++i) {
        acc[i][0] = Add ? load<Vf>(sums + i * tileColumns) : Vf{};
        acc[i][1] = Add ? load<Vf>(sums + i * tileColumns + lanes) : Vf{};
    }
    for (std::int64_t p = 0; p < depth; ++p) {
        const Vf b0 = load<Vf>(b + p * tileColumns);
        const Vf b1 = load<Vf>(b + p * tileColumns + lanes);
#pragma GCC unroll 12
        for (int i = 0; i < tileRows; ++i) {
            const Vf x = splat(a[i * depth + p]);
            acc[i][0] += x * b0;
            acc[i][1] += x * b1;
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
        if (out.bf16) {
            Bf16 *to = static_cast<Bf16 *>(out.data) + offset;
            forVectors(columns, [&](std::int64_t j, std::int64_t count) {
                Vf v = load<Vf>(from + j);
                if (out.add)
                    v += loadPart(to + j, count);
                storePart(to + j, v, count);
            });
        } else {
            float *to = static_cast<float *>(out.data) + offset;
            for (std::int64_t j = 0; j < columns; ++j)
                to[j] = out.add ? to[j] + from[j] : from[j];
        }
    }
}

inline std::int64_t smaller(std::int64_t a, std::int64_t b)
{
    return a < b ? a : b;
}

inline std::int64_t roundedUp(std::int64_t x, std::int64_t step)
{
    return (x + step - 1) / step * step;
}

/// One product of sizes within the blocks. The workspace as gemmWorkspace lays it out.
inline void multiplyBlock(const MatrixView &a, const MatrixView &b, std::int64_t firstRow, std::int64_t rows,
                          std::int64_t firstColumn, std::int64_t columns, std::int64_t k, const GemmOutput &out,
                          float *workspace)
{
    const std::int64_t padded = roundedUp(columns, tileColumns);
    const std::int64_t depths = k > depthBlock ? (k + depthBlock - 1) / depthBlock : 1;
    const std::int64_t step = (k + depths - 1) / depths;
    float *panels = workspace;
    float *strips = panels + padded * step;
    float *sums = strips + rowBlock * step;
    for (std::int64_t d = 0, block = 0; block < depths; ++block, d += step) {
        const std::int64_t depth = smaller(step, k - d);
        for (std::int64_t j = 0; j < padded; j += tileColumns) {
            const std::int64_t count = smaller(tileColumns, columns - j);
            if (count < tileColumns)
                __builtin_memset(panels + j * depth, 0, static_cast<std::size_t>(tileColumns * depth) * sizeof(float));
            packRows(b, d, depth, firstColumn + j, count, panels + j * depth, tileColumns);
        }
        for (std::int64_t row = 0; row < rows; row += rowBlock) {
            const std::int64_t height = smaller(rowBlock, rows - row);
            packRows(a, firstRow + row, height, d, depth, strips, depth);
            __builtin_memset(strips + height * depth, 0,
                             static_cast<std::size_t>((roundedUp(height, tileRows) - height) * depth) * sizeof(float));
            for (std::int64_t j = 0; j < padded; j += tileColumns)
                for (std::int64_t i = 0; i < height; i += tileRows) {
                    float *sum = sums + (row + i) * padded + j * tileRows;
                    if (block > 0)
                        multiplyTile<true>(strips + i * depth, depth, panels + j * depth, sum);
                    else
                        multiplyTile<false>(strips + i * depth, depth, panels + j * depth, sum);
                    if (block == depths - 1)
                        putTile(sum, smaller(tileRows, height - i), smaller(tileColumns, columns - j), out,
                                firstRow + row + i, firstColumn + j);
                }
        }
    }
}

std::int64_t gemmWorkspace(std::int64_t m, std::int64_t n, std::int64_t k)
{
    const std::int64_t columns = roundedUp(smaller(n, columnBlock), tileColumns);
    const std::int64_t depth = smaller(k, depthBlock);
    return columns * depth + rowBlock * depth + roundedUp(smaller(m, rowsAtOnce), tileRows) * columns;
}

void gemm(const MatrixView &a, const MatrixView &b, std::int64_t m, std::int64_t n, std::int64_t k,
          const GemmOutput &out, float *workspace)
{
    for (std::int64_t column = 0; column < n; column += columnBlock)
        for (std::int64_t row = 0; row < m; row += rowsAtOnce)
            multiplyBlock(a, b, row, smaller(rowsAtOnce, m - row), column, smaller(columnBlock, n - column), k, out,
                          workspace);
}
