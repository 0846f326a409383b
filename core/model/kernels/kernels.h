#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace attune {

/// A bfloat16 as its 16 bits: kernels see no torch.
using Bf16 = std::uint16_t;

/// An NF4 weight [out, in], row-major, in blocks of 64 consecutive values. Dettmers et al. 2023, arXiv:2305.14314.
struct Nf4View {
    const std::uint8_t *packed = nullptr;      ///< two values a byte, the first in the high nibble
    const float *absmax = nullptr;             ///< one a block; null with double quantisation
    const std::uint8_t *absmaxCodes = nullptr; ///< one a block: an index into dynamicCode
    const float *absmax2 = nullptr;            ///< one per 256 blocks
    const float *dynamicCode = nullptr;        ///< 256 values
    float offset = 0;
};

/// NF4 weights [.., in] under one another, as the second operand of a product: as they lie, or transposed. in is a
/// multiple of 64.
struct Nf4Matrix {
    const Nf4View *parts = nullptr;
    const std::int64_t *firstRows = nullptr; ///< of each part, among all
    std::int64_t count = 0;
    std::int64_t in = 0;
    bool transposed = false;
    std::int64_t column = 0; ///< the first of the product's, a multiple of gemmStep
};

/// Rows that the matrix-vector kernels take at once.
constexpr std::int64_t mostRows = 8;

/// Where values [begin, end) of a row may be attended to: the causal (and sliding-window) range of a query.
struct SoftmaxRows {
    std::int64_t rows = 0;       ///< rows of `scores`: groups x queries
    std::int64_t keys = 0;       ///< row length
    std::int64_t queries = 0;    ///< row r is query firstQuery + r % queries
    std::int64_t firstQuery = 0; ///< position of the first query, and
    std::int64_t firstKey = 0;   ///< of the first key
    std::int64_t window = 0;     ///< keys that a query sees, itself included; 0: all
};

/// Which values dropout drops: a hash of the seed and the place, so that no mask need be kept.
struct DropoutRule {
    double probability = 0;
    std::uint64_t seed = 0;
};

/// The same in the form that the loops compute with: on every device the one hash, so the one mask.
struct DropoutKey {
    explicit DropoutKey(const DropoutRule &rule);

    float scale;            ///< of what is kept
    std::int32_t threshold; ///< kept from here on, of 2^31
    std::uint32_t low;
    std::uint32_t high;
};

/// A matrix where it lies: bf16 or float32 values, strides counted in values; one of the two is 1 where it shall be
/// fast.
struct MatrixView {
    const void *data = nullptr;
    bool bf16 = true;
    std::int64_t rowStride = 0;
    std::int64_t columnStride = 1;
};

/// Where a product goes: bf16 (rounded once) or float32, columns side by side; added to what is there, or in its
/// place.
struct GemmOutput {
    void *data = nullptr;
    bool bf16 = true;
    std::int64_t rowStride = 0;
    bool add = false;
};

/// A second product of small depth, added to a first one on its way out: LoRA's. With a mask its values are dropped
/// and scaled as `dropout` does it, where the value at (row, column) has the place firstPlace + row * rowPlaces +
/// column.
struct GemmThin {
    MatrixView a;       ///< [m, k]
    MatrixView b;       ///< [k, n]
    std::int64_t k = 0; ///< 0: no second product
    const DropoutRule *mask = nullptr;
    std::int64_t firstPlace = 0;
    std::int64_t rowPlaces = 0;
};

/// The loops that ATen has no fused or fast form of, for one processor level. All take ranges, so that callers spread
/// them over threads; none allocates. bf16 in and out, fp32 inside. Every level computes the same formulas; results
/// may differ between levels in the last bits (order of summation, fused multiply-add).
struct CpuKernels {
    std::string_view level;

    /// Blocks [begin, end) of 64 values to bf16 (round to nearest even) or fp32.
    void (*nf4ToBf16)(const Nf4View &w, std::int64_t beginBlock, std::int64_t endBlock, Bf16 *out);
    void (*nf4ToFloat)(const Nf4View &w, std::int64_t beginBlock, std::int64_t endBlock, float *out);
    /// y[m, row] for rows [begin, end): products of an NF4 weight with `count` <= mostRows vectors x [count, in], for
    /// decoding. in is a multiple of 64, and in each block of 64, x holds the even positions first, then the odd
    /// ones; y has the row stride `yStride`.
    void (*nf4MatVec)(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                      std::int64_t count, float *y, std::int64_t yStride);
    /// The same for a bf16 weight, any `in`.
    void (*bf16MatVec)(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                       std::int64_t count, float *y, std::int64_t yStride);

    /// Codes of the nearest NF4 levels, and the block's largest magnitude, for blocks [begin, end) of x (fp32).
    void (*quantizeNf4)(const float *x, std::int64_t beginBlock, std::int64_t endBlock, std::uint8_t *packed,
                        float *absmax);

    /// y = x / rms(x) * weight over rows [begin, end) of length n; rstd may be null.
    void (*rmsNorm)(const Bf16 *x, const float *weight, std::int64_t n, float eps, std::int64_t begin,
                    std::int64_t end, Bf16 *y, float *rstd);
    /// dx += gradient of the above.
    void (*rmsNormBackward)(const Bf16 *dy, const Bf16 *x, const float *weight, const float *rstd, std::int64_t n,
                            std::int64_t begin, std::int64_t end, Bf16 *dx);
    /// out = silu(gate) * up; a row of gateUp is [gate | up], each of length n.
    void (*swiGlu)(const Bf16 *gateUp, std::int64_t n, std::int64_t begin, std::int64_t end, Bf16 *out);
    /// dGateUp from dOut.
    void (*swiGluBackward)(const Bf16 *dOut, const Bf16 *gateUp, std::int64_t n, std::int64_t begin, std::int64_t end,
                           Bf16 *dGateUp);
    /// Half-split rotation of one head's vector of size d: in and out may be the same. sign -1 rotates back.
    void (*rotate)(const Bf16 *in, const float *cosine, const float *sine, std::int64_t d, float sign, Bf16 *out);

    /// In place: scores times scale to probabilities, over rows [begin, end); what may not be seen gets 0.
    /// lse [rows] gets the log of the sum of exponentials.
    void (*softmaxRows)(Bf16 *scores, const SoftmaxRows &shape, float scale, std::int64_t begin, std::int64_t end,
                        float *lse);
    /// From raw scores and lse to probabilities (in place in scores) and from dP to dS = P (dP - delta) scale (in
    /// place).
    void (*softmaxRowsBackward)(Bf16 *scores, Bf16 *dP, const float *lse, const float *delta,
                                const SoftmaxRows &shape, float scale, std::int64_t begin, std::int64_t end);
    /// Attention of one query position for one key-value head: `group` rotated queries q [group, d] over the keys and
    /// values [from, to) of [.., d] rows; out [group, d]. scratch holds group x (to - from + d) floats.
    void (*attendOne)(const Bf16 *q, std::int64_t group, std::int64_t d, const Bf16 *keys, const Bf16 *values,
                      std::int64_t from, std::int64_t to, float scale, float *scratch, Bf16 *out);
    /// nll[row] in nats; with `gradientScale` != 0 the logits are replaced by (softmax - onehot) * gradientScale.
    void (*crossEntropyRows)(Bf16 *logits, std::int64_t vocab, const std::int64_t *targets, float gradientScale,
                             std::int64_t begin, std::int64_t end, float *nll);

    /// Places [begin, end): 1 / (1 - probability) where the value is kept, else 0.
    void (*dropoutMask)(const DropoutRule &rule, std::int64_t begin, std::int64_t end, float *mask);
    /// to = x by that mask, or to += x by it.
    void (*dropout)(const DropoutRule &rule, const Bf16 *x, std::int64_t begin, std::int64_t end, bool add, Bf16 *to);

    /// out = A [m, k] B [k, n] + thin, or +=. For processors without bfloat16 products, where ATen would first make a
    /// float32 copy of each operand, and for those with AMX, whose tiles ATen keeps a third busy. Sums are float32's.
    /// With AVX2, large products of two bfloat16 operands are those of integers of 14 and 13 bits by blocks of 64:
    /// 2e-4 of the result, root mean square, where its rounding to bfloat16 is 1e-3. All others are those of the
    /// operands as they are. The workspace holds gemmWorkspace(m, n, k, thin.k) floats; it is quickest where it
    /// begins at a cache line.
    void (*gemm)(const MatrixView &a, const MatrixView &b, std::int64_t m, std::int64_t n, std::int64_t k,
                 const GemmThin &thin, const GemmOutput &out, float *workspace);
    /// The same for an NF4 weight as B, restored to bfloat16 (as nf4ToBf16 does it) while it is packed, so that it
    /// never is whole in memory. a is bf16 and has its columns side by side, as the thin product's operands do. Null
    /// where there is no such kernel.
    void (*nf4Gemm)(const MatrixView &a, const Nf4Matrix &b, std::int64_t m, std::int64_t n, std::int64_t k,
                    const GemmThin &thin, const GemmOutput &out, float *workspace);
    std::int64_t (*gemmWorkspace)(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t thin);
    bool multipliesBf16; ///< whether gemm is faster with bfloat16 than ATen's product, which has instructions for it
                         ///< with AVX-512
    bool thinIsCheap;    ///< whether a thin product of three times the depth costs less than packing `a` three times
    std::int64_t gemmStep; ///< rows and columns are best divided among threads in multiples of this
};

/// The kernels for this processor, or for $ATTUNE_CPU_LEVEL (plain, avx2, avx512, avx512bf16, amx) where it names a
/// level that the processor has. Chosen once.
const CpuKernels &cpuKernels();
/// Kernels of a level; null where the processor lacks it.
const CpuKernels *cpuKernels(std::string_view level);
std::vector<std::string_view> cpuLevels();

/// The 16 levels of NF4 and the 256 signed dynamic codes of double quantisation.
const float *nf4Levels();
const float *dynamicCodes();

} // namespace attune
