// Products of matrices. Part of kernels_impl.h: see there.
//
// Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", sec. 4; the register tile as in
// Van Zee and van de Geijn 2015, "BLIS", sec. 5. What differs: operands may be bfloat16 and are widened while they
// are packed, so that no float32 copy of a weight or an activation exists outside the caches; and it is B, the
// weight, whose block stays in the second-level cache: it is packed for few rows (a batch of tokens), so writing it
// further away would cost a tenth of the time. A's packed strips, each used for a whole block of B, come from the
// third level. Operands are packed as floats, or in what the processor multiplies faster: NarrowOperands.

/// One finished tile to its place: rows x columns of it, rounded where the output is bf16.
inline void putTile(const float *tile, std::int64_t rows, std::int64_t columns, const GemmOutput &out,
                    std::int64_t row, std::int64_t column)
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

/// tile [rows, tileColumns] += thin, each value as dropout's mask at its place has it.
inline void addMasked(float *tile, const float *thin, std::int64_t rows, const DropoutMask &mask, std::int64_t place,
                      std::int64_t rowPlaces)
{
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < tileColumns; j += lanes) {
            const std::int64_t at = i * tileColumns + j;
            store(tile + at, load<Vf>(tile + at) + load<Vf>(thin + at) * mask.at(place + i * rowPlaces + j));
        }
}

/// How a product is cut: the depth in even blocks, B in blocks of columns.
struct GemmCut {
    std::int64_t depths;
    std::int64_t step;    ///< depth of a block
    std::int64_t floats;  ///< what a row or a column of that depth takes
    std::int64_t thin;    ///< what one of the thin product takes
    std::int64_t columns; ///< of a block of B
    std::int64_t rowsPacked;
    std::int64_t columnsPending; ///< columns whose sums wait for the next depth
};

template <typename Operands>
inline GemmCut cutOf(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t thin)
{
    GemmCut cut{};
    cut.depths = k > Operands::deepest ? (k + Operands::deepest - 1) / Operands::deepest : 1;
    cut.step = roundedUp((k + cut.depths - 1) / cut.depths, Operands::depthStep);
    cut.depths = k > cut.step ? (k + cut.step - 1) / cut.step : 1;
    cut.floats = Operands::floats(cut.step > 0 ? cut.step : 1);
    cut.thin = Operands::Thin::floats(thin);
    const std::int64_t fit = blockFloats / cut.floats / tileColumns * tileColumns;
    cut.columns = smaller(fit > tileColumns ? fit : tileColumns, roundedUp(n, tileColumns));
    cut.rowsPacked = roundedUp(smaller(m, rowsAtOnce), Operands::rows);
    cut.columnsPending =
        cut.depths > 1 ? smaller(columnsAtOnce, roundedUp(n, tileColumns)) : roundedUp(n, tileColumns);
    return cut;
}

/// Rows and columns that the cut takes at once.
template <typename Operands, typename B>
inline void multiplyBlock(const MatrixView &a, const B &b, const GemmThin &thin, const GemmCut &cut,
                          std::int64_t firstRow, std::int64_t rows, std::int64_t firstColumn, std::int64_t columns,
                          std::int64_t k, const GemmOutput &out, float *workspace)
{
    using Thin = typename Operands::Thin;
    constexpr std::int64_t tall = Operands::rows;
    alignas(64) float tile[tall * tileColumns];
    alignas(64) float thinTile[tall * tileColumns];
    float *panels = workspace;
    float *strips = panels + cut.columns * cut.floats;
    float *thinPanels = strips + cut.rowsPacked * cut.floats;
    float *thinStrips = thinPanels + cut.columns * cut.thin;
    float *sums = thinStrips + cut.rowsPacked * cut.thin;
    const DropoutMask mask(thin.mask ? *thin.mask : DropoutRule{});
    const auto thinRows = Thin::strips(thin.a, firstRow, thin.k > 0 ? rows : 0, 0, thin.k, thinStrips);
    for (std::int64_t d = 0, block = 0; block < cut.depths; ++block, d += cut.step) {
        const bool last = block == cut.depths - 1;
        const std::int64_t depth = smaller(cut.step, k - d);
        const std::int64_t floats = Operands::floats(depth);
        const auto stripsOfA = Operands::strips(a, firstRow, rows, d, depth, strips);
        for (std::int64_t column = 0; column < columns; column += cut.columns) {
            const std::int64_t width = smaller(cut.columns, columns - column);
            Operands::packB(b, d, depth, firstColumn + column, width, panels);
            if (last && thin.k > 0)
                Thin::packB(thin.b, 0, thin.k, firstColumn + column, width, thinPanels);
            for (std::int64_t i = 0; i < rows; i += tall)
                for (std::int64_t j = 0; j < width; j += tileColumns) {
                    float *sum = cut.depths == 1 ? tile : sums + i * cut.columnsPending + (column + j) * tall;
                    const float *thinPanel = thinPanels + j * cut.thin;
                    const std::int64_t joined = last && !thin.mask ? thin.k : 0;
                    Operands::multiply(stripsOfA.at(i), panels + j * floats, depth, thinRows.at(i), thinPanel, joined,
                                       block > 0, sum);
                    if (!last)
                        continue;
                    if (thin.k > 0 && thin.mask) {
                        Thin::multiply(thinRows.at(i), thinPanel, thin.k, thinRows.at(i), thinPanel, 0, false,
                                       thinTile);
                        addMasked(sum, thinTile, tall, mask,
                                  thin.firstPlace + (firstRow + i) * thin.rowPlaces + firstColumn + column + j,
                                  thin.rowPlaces);
                    }
                    putTile(sum, smaller(tall, rows - i), smaller(tileColumns, width - j), out, firstRow + i,
                            firstColumn + column + j);
                }
        }
    }
}

template <typename Operands>
inline std::int64_t workspaceOf(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t thin)
{
    const GemmCut cut = cutOf<Operands>(m, n, k, thin);
    const std::int64_t pending = cut.depths > 1 ? cut.rowsPacked * cut.columnsPending : 0;
    return (cut.columns + cut.rowsPacked) * (cut.floats + cut.thin) + pending;
}

std::int64_t gemmWorkspace(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t thin)
{
    const std::int64_t floats = workspaceOf<FloatOperands>(m, n, k, thin);
    const std::int64_t narrow = workspaceOf<NarrowOperands>(m, n, k, thin);
    return floats > narrow ? floats : narrow;
}

template <typename Operands, typename B>
inline void multiplyAll(const MatrixView &a, const B &b, std::int64_t m, std::int64_t n, std::int64_t k,
                        const GemmThin &thin, const GemmOutput &out, float *workspace)
{
    const GemmCut cut = cutOf<Operands>(m, n, k, thin.k);
    for (std::int64_t column = 0; column < n; column += cut.columnsPending)
        for (std::int64_t row = 0; row < m; row += rowsAtOnce)
            multiplyBlock<Operands>(a, b, thin, cut, row, smaller(rowsAtOnce, m - row), column,
                                    smaller(cut.columnsPending, n - column), k, out, workspace);
}

void gemm(const MatrixView &a, const MatrixView &b, std::int64_t m, std::int64_t n, std::int64_t k,
          const GemmThin &thin, const GemmOutput &out, float *workspace)
{
    if (NarrowOperands::gains(a, b, m, n, k, thin)) {
        [[maybe_unused]] const NarrowOperands::Unit unit;
        multiplyAll<NarrowOperands>(a, b, m, n, k, thin, out, workspace);
    } else {
        multiplyAll<FloatOperands>(a, b, m, n, k, thin, out, workspace);
    }
}

#if defined(__AMX_BF16__)
void nf4Gemm(const MatrixView &a, const Nf4Matrix &b, std::int64_t m, std::int64_t n, std::int64_t k,
             const GemmThin &thin, const GemmOutput &out, float *workspace)
{
    const NarrowOperands::Unit unit;
    multiplyAll<NarrowOperands>(a, b, m, n, k, thin, out, workspace);
}
#else
constexpr decltype(CpuKernels::nf4Gemm) nf4Gemm = nullptr;
#endif
