// Compiled once per processor level (see CMakeLists.txt), so no include guard, and nothing from the standard library
// that could be emitted as a shared inline function: the linker would keep one copy, of any level.
//
// Written with GCC's vector extensions, in vectors as wide as the level's registers. Intrinsics stand where the
// compiler does not find the instruction by itself: conversions between widths, table look-ups, bfloat16 products.

#include "core/model/kernels/kernels.h"

#include <immintrin.h>

#define ATTUNE_KERNELS_NAME_(level) kernels_##level
#define ATTUNE_KERNELS_NAME(level) ATTUNE_KERNELS_NAME_(level)
#define ATTUNE_STRING_(x) #x
#define ATTUNE_STRING(x) ATTUNE_STRING_(x)

#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wold-style-cast" // the intrinsics' own macros
#pragma GCC diagnostic ignored "-Wuninitialized"   // their undefined operands, taken for an error by GCC 12

namespace attune::ATTUNE_KERNELS_NAME(ATTUNE_KERNEL_LEVEL) {

extern const CpuKernels table;

namespace {

#include "core/model/kernels/vectors_impl.h"

#include "core/model/kernels/nf4_impl.h"

#include "core/model/kernels/bf16_product_impl.h"
#include "core/model/kernels/dropout_impl.h"
#include "core/model/kernels/float_operands_impl.h"
#include "core/model/kernels/amx_operands_impl.h"
#include "core/model/kernels/integer_operands_impl.h"
#if !defined(__AVX2__) || (defined(__AVX512F__) && !defined(__AMX_BF16__))
using NarrowOperands = FloatOperands;
#endif
#if defined(__AVX512F__) && !defined(__AMX_BF16__)
constexpr bool multipliesBf16 = false;
#else
constexpr bool multipliesBf16 = true;
#endif
#include "core/model/kernels/gemm_impl.h"
#include "core/model/kernels/layer_impl.h"
#include "core/model/kernels/nf4_product_impl.h"
#include "core/model/kernels/softmax_impl.h"

} // namespace

const CpuKernels table = {
    ATTUNE_STRING(ATTUNE_KERNEL_LEVEL),
    nf4ToBf16,
    nf4ToFloat,
    nf4MatVec,
    bf16MatVec,
    quantizeNf4,
    rmsNorm,
    rmsNormBackward,
    swiGlu,
    swiGluBackward,
    rotate,
    softmaxRows,
    softmaxRowsBackward,
    attendOne,
    crossEntropyRows,
    dropoutMask,
    dropout,
    gemm,
    nf4Gemm,
    gemmWorkspace,
    multipliesBf16,
    NarrowOperands::thinIsCheap,
    NarrowOperands::threadStep,
};

} // namespace attune::ATTUNE_KERNELS_NAME(ATTUNE_KERNEL_LEVEL)
