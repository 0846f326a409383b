// Operands of a product of matrices as bfloat16 in the order of Intel's matrix tiles. Part of kernels_impl.h: see
// there.
//
// Intel, "Intrinsics for Advanced Matrix Extensions": a tile is 16 rows of 64 bytes, and one instruction adds the
// product of a tile of A (16 rows of 32 depths) and one of B (16 pairs of depths by 16 columns, a pair in 32 bits) to
// one of sums. Two by two tiles of sums are under way, so that each tile that is read serves two products.

#if defined(__AMX_BF16__)

/// The tiles' shapes; a thread sets them before it multiplies and gives the unit's state back after it, or each
/// change of threads would save it.
class AmxTiles {
public:
    AmxTiles()
    {
        alignas(64) static constexpr struct {
            std::uint8_t palette = 1;
            std::uint8_t start = 0;
            std::uint8_t reserved[14] = {};
            std::uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
            std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
        } shapes;
        _tile_loadconfig(&shapes);
    }
    AmxTiles(const AmxTiles &) = delete;
    AmxTiles &operator=(const AmxTiles &) = delete;
    ~AmxTiles() { _tile_release(); }
};

/// Rows of sixteen 32-bit values to columns.
inline void transpose(__m512i (&r)[16])
{
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    // Now four rows: each 128 bits of r[4 i + j] hold one column of rows 4 i to 4 i + 3.
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; ++j) {
            r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + 2 + j]);
            r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + 2 + j]);
        }
    for (int j = 0; j < 4; ++j) {
        t[j] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88);
        t[4 + j] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88);
        t[8 + j] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xDD);
        t[12 + j] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xDD);
    }
    for (int j = 0; j < 4; ++j) {
        r[j] = _mm512_shuffle_i32x4(t[j], t[4 + j], 0x88);
        r[8 + j] = _mm512_shuffle_i32x4(t[j], t[4 + j], 0xDD);
        r[4 + j] = _mm512_shuffle_i32x4(t[8 + j], t[12 + j], 0x88);
        r[12 + j] = _mm512_shuffle_i32x4(t[8 + j], t[12 + j], 0xDD);
    }
}

struct AmxOperands {
    using Thin = AmxOperands;
    using Unit = AmxTiles;
    static constexpr std::int64_t rows = 32; ///< of a tile of sums, which is four of the processor's
    static constexpr bool thinIsCheap = true;
    static constexpr std::int64_t threadStep = 32;
    static constexpr std::int64_t depthStep = 32; ///< of one product of tiles
    static constexpr std::int64_t deepest = 640;  ///< a strip of A of this depth stays in the first-level cache
    static constexpr std::int64_t tileValues = 512;

    static std::int64_t floats(std::int64_t depth) { return roundedUp(depth, depthStep) / 2; }

    /// One tile: `lines` lines of up to 32 neighbouring values, `stride` apart; zeros where there are none.
    static void copyTile(const Bf16 *from, std::int64_t stride, std::int64_t lines, std::int64_t values, Bf16 *to)
    {
        const __mmask32 mask = values >= 32 ? ~0U : (1U << values) - 1U;
        for (std::int64_t i = 0; i < 16; ++i)
            _mm512_storeu_si512(to + 32 * i, _mm512_maskz_loadu_epi16(i < lines ? mask : 0, from + i * stride));
    }
    /// The same with neighbours among the tile's lines: line i, pair p holds lines 2 p and 2 p + 1, place i of the
    /// source.
    static void pairTile(const Bf16 *from, std::int64_t stride, std::int64_t lines, std::int64_t values,
                         __m512i (&pairs)[16])
    {
        const auto mask = static_cast<__mmask16>(values >= 16 ? 0xFFFF : values > 0 ? (1 << values) - 1 : 0);
        const auto line = [&](std::int64_t i) {
            return _mm512_cvtepu16_epi32(
                _mm256_maskz_loadu_epi16(i < lines ? mask : static_cast<__mmask16>(0), from + i * stride));
        };
        for (std::int64_t p = 0; p < 16; ++p)
            pairs[p] = _mm512_or_si512(line(2 * p), _mm512_slli_epi32(line(2 * p + 1), 16));
    }
    static void put(const __m512i (&lines)[16], Bf16 *to)
    {
        for (int i = 0; i < 16; ++i)
            _mm512_storeu_si512(to + 32 * i, lines[i]);
    }

    /// The part of a matrix that starts there; 32-bit lines of it become a tile's rows or columns.
    static const Bf16 *place(const MatrixView &m, std::int64_t row, std::int64_t column)
    {
        return static_cast<const Bf16 *>(m.data) + row * m.rowStride + column * m.columnStride;
    }

    /// A strip: where its first tile begins, how far its lines lie apart, in bytes, and where the tile below and the
    /// one of the next depths begin.
    struct Strip {
        const Bf16 *values;
        std::int64_t lineBytes;
        std::int64_t below;
        std::int64_t next;
    };
    /// Rows lie as they are where tiles can be read from there; the others are packed.
    struct Strips {
        Strip first;
        std::int64_t rowValues; ///< from row to row
        std::int64_t inPlace;   ///< rows
        const Bf16 *packed;
        std::int64_t packedRow; ///< values that a packed row takes
        Strip at(std::int64_t row) const
        {
            return row < inPlace ? Strip{first.values + row * rowValues, first.lineBytes, first.below, first.next}
                                 : Strip{packed + row * packedRow, 64, tileValues, 2 * tileValues};
        }
    };
    static Strips strips(const MatrixView &a, std::int64_t row, std::int64_t count, std::int64_t d,
                         std::int64_t depth, float *memory)
    {
        // Lines a multiple of 2048 bytes apart would fall on two sets of the first-level cache.
        const bool readable = a.columnStride == 1 && depth % depthStep == 0 && a.rowStride % 1024 != 0;
        const std::int64_t inPlace = readable ? count / rows * rows : 0;
        auto *packed = reinterpret_cast<Bf16 *>(memory);
        const std::int64_t packedRow = roundedUp(depth, depthStep);
        Bf16 *to = packed + inPlace * packedRow;
        for (std::int64_t i = inPlace; i < count; i += rows)
            for (std::int64_t p = 0; p < depth; p += depthStep)
                for (std::int64_t half = i; half < i + rows; half += 16, to += tileValues) {
                    const std::int64_t lines = smaller(16, count - half);
                    const Bf16 *from = place(a, row + half, d + p);
                    if (a.columnStride == 1) {
                        copyTile(from, a.rowStride, lines, depth - p, to);
                        continue;
                    }
                    __m512i pairs[16];
                    pairTile(from, a.columnStride, depth - p, lines, pairs);
                    transpose(pairs);
                    put(pairs, to);
                }
        return {{place(a, row, d), 2 * a.rowStride, 16 * a.rowStride, depthStep},
                a.rowStride,
                inPlace,
                packed,
                packedRow};
    }
    static void packB(const MatrixView &b, std::int64_t d, std::int64_t depth, std::int64_t column,
                      std::int64_t count, float *panels)
    {
        auto *to = reinterpret_cast<Bf16 *>(panels);
        for (std::int64_t j = 0; j < roundedUp(count, tileColumns); j += tileColumns)
            for (std::int64_t p = 0; p < depth; p += depthStep)
                for (std::int64_t half = j; half < j + tileColumns; half += 16, to += tileValues) {
                    const std::int64_t values = smaller(16, count - half);
                    const Bf16 *from = place(b, d + p, column + half);
                    __m512i lines[16];
                    if (b.columnStride == 1) {
                        pairTile(from, b.rowStride, depth - p, values, lines);
                    } else {
                        const __mmask32 mask = depth - p >= 32 ? ~0U : (1U << (depth - p)) - 1U;
                        for (std::int64_t i = 0; i < 16; ++i)
                            lines[i] = _mm512_maskz_loadu_epi16(i < values ? mask : 0, from + i * b.columnStride);
                        transpose(lines);
                    }
                    put(lines, to);
                }
    }

    /// A row of an NF4 weight.
    class Nf4Row {
    public:
        Nf4Row() = default;
        Nf4Row(const Nf4Matrix &w, std::int64_t row)
        {
            std::int64_t part = w.count - 1;
            while (w.firstRows[part] > row)
                --part;
            m_view = w.parts + part;
            m_block = (row - w.firstRows[part]) * (w.in / 64);
        }
        bool there() const { return m_view; }
        /// Of the block in which that value lies.
        BlockLevels levels(const Levels &all, std::int64_t value) const
        {
            return {all, blockScale(*m_view, m_block + value / 64)};
        }
        const std::uint8_t *codes(std::int64_t value) const { return m_view->packed + m_block * 32 + value / 2; }

    private:
        const Nf4View *m_view = nullptr;
        std::int64_t m_block = 0;
    };

    static void packB(const Nf4Matrix &b, std::int64_t d, std::int64_t depth, std::int64_t column, std::int64_t count,
                      float *panels)
    {
        const Levels levels;
        auto *to = reinterpret_cast<Bf16 *>(panels);
        const std::int64_t panel = tileColumns * roundedUp(depth, depthStep);
        for (std::int64_t j = 0; j < count;) {
            const std::int64_t from = b.column + column + j;
            const std::int64_t some = !b.transposed && from % 64 == 0 && count - j >= 64 ? 2 : 1; // panels
            if (b.transposed)
                packTransposed(b, levels, d, depth, from, count - j, to);
            else
                packRows(b, levels, d, depth, from, some, panel, to);
            j += some * tileColumns;
            to += some * panel;
        }
    }
    /// Columns of the panel are rows of the weight.
    static void packTransposed(const Nf4Matrix &b, const Levels &levels, std::int64_t d, std::int64_t depth,
                               std::int64_t row, std::int64_t count, Bf16 *to)
    {
        for (std::int64_t half = 0; half < tileColumns; half += 16) {
            Nf4Row rows[16];
            for (std::int64_t i = 0; i < smaller(16, count - half); ++i)
                rows[i] = Nf4Row(b, row + half + i);
            for (std::int64_t p = 0; p < depth;) {
                const std::int64_t value = d + p;
                const std::int64_t tiles = value % 64 == 0 && depth - p >= 64 ? 2 : 1; // of the one block
                __m512i lines[2][16];
                for (std::int64_t i = 0; i < 16; ++i) {
                    if (!rows[i].there()) {
                        lines[0][i] = lines[1][i] = _mm512_setzero_si512();
                        continue;
                    }
                    const BlockLevels of = rows[i].levels(levels, value);
                    lines[0][i] = of.values(rows[i].codes(value));
                    if (tiles == 2)
                        lines[1][i] = of.values(rows[i].codes(value + 32));
                }
                for (std::int64_t tile = 0; tile < tiles; ++tile, p += depthStep) {
                    transpose(lines[tile]);
                    put(lines[tile], to + p * tileColumns + half * 32);
                }
            }
        }
    }
    /// Rows of the panels are those of the weight, two in a line.
    static void packRows(const Nf4Matrix &b, const Levels &levels, std::int64_t d, std::int64_t depth,
                         std::int64_t column, std::int64_t panels, std::int64_t panelValues, Bf16 *to)
    {
        alignas(64) std::int16_t places[32];
        for (int i = 0; i < 32; ++i)
            places[i] = static_cast<std::int16_t>(i / 2 + i % 2 * 32);
        const __m512i left = _mm512_load_si512(places);
        const __m512i right = _mm512_add_epi16(left, _mm512_set1_epi16(16));
        const auto restored = [&](std::int64_t i, __m512i(&values)[2]) {
            values[0] = values[1] = _mm512_setzero_si512();
            if (i >= depth)
                return;
            const Nf4Row row(b, d + i);
            const BlockLevels of = row.levels(levels, column);
            for (std::int64_t panel = 0; panel < panels; ++panel)
                values[panel] = of.values(row.codes(column + 32 * panel));
        };
        for (std::int64_t p = 0; p < roundedUp(depth, depthStep); p += 2) {
            __m512i upper[2];
            __m512i lower[2];
            restored(p, upper);
            restored(p + 1, lower);
            for (std::int64_t panel = 0; panel < panels; ++panel) {
                Bf16 *line = to + panel * panelValues + p / 32 * (2 * tileValues) + p % 32 * 16;
                _mm512_storeu_si512(line, _mm512_permutex2var_epi16(upper[panel], left, lower[panel]));
                _mm512_storeu_si512(line + tileValues, _mm512_permutex2var_epi16(upper[panel], right, lower[panel]));
            }
        }
    }

    /// The tiles of sums += strip and panel. The panel streams by, or it would drive the strip out of the first-level
    /// cache.
    static void addProduct(const Strip &strip, const float *panel, std::int64_t depth)
    {
        const Bf16 *a = strip.values;
        const auto *b = reinterpret_cast<const Bf16 *>(panel);
        for (std::int64_t p = 0; p < depth; p += depthStep, a += strip.next, b += 2 * tileValues) {
            _tile_loadd(4, a, strip.lineBytes);
            _tile_stream_loadd(6, b, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_stream_loadd(7, b + tileValues, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, a + strip.below, strip.lineBytes);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    /// sums [rows, tileColumns] = (sums +) A B + the thin product.
    static void multiply(const Strip &strip, const float *panel, std::int64_t depth, const Strip &thinStrip,
                         const float *thinPanel, std::int64_t thinDepth, bool add, float *sums)
    {
        constexpr std::int64_t stride = tileColumns * 4;
        float *lower = sums + 16 * tileColumns;
        asm volatile("" ::: "memory"); // the intrinsics do not say that they read memory
        if (add) {
            _tile_loadd(0, sums, stride);
            _tile_loadd(1, sums + 16, stride);
            _tile_loadd(2, lower, stride);
            _tile_loadd(3, lower + 16, stride);
        } else {
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
        }
        addProduct(strip, panel, depth);
        addProduct(thinStrip, thinPanel, thinDepth);
        _tile_stored(0, sums, stride);
        _tile_stored(1, sums + 16, stride);
        _tile_stored(2, lower, stride);
        _tile_stored(3, lower + 16, stride);
    }

    static bool gains(const MatrixView &a, const MatrixView &b, std::int64_t, std::int64_t, std::int64_t,
                      const GemmThin &thin)
    {
        return fits(a) && fits(b) && (thin.k == 0 || (fits(thin.a) && fits(thin.b)));
    }

private:
    static bool fits(const MatrixView &m) { return m.bf16 && (m.rowStride == 1 || m.columnStride == 1); }
};

using NarrowOperands = AmxOperands;

#endif
