#pragma once

#include "core/model/kernels/kernels.h"
#include "core/model/nf4_torch.h"

#include <ATen/core/Tensor.h>
#include <optional>
#include <vector>

namespace attune {

// Matrix products of bfloat16 where ATen's are slow: without AVX-512 they run some hundred times slower than its
// float32 ones, and with AMX at a third of the rate that the tiles allow. There our own kernel (kernels/gemm_impl.h)
// multiplies, adds in float32 and rounds the result once. Everywhere else these are ATen's own products. b is taken
// in a's dtype.

/// Whether our own kernel multiplies tensors of `dtype` on `device`.
bool multipliesByKernel(at::ScalarType dtype, at::Device device);

/// a b, in the dtype of a.   a [n, k], b [k, m]
at::Tensor product(const at::Tensor &a, const at::Tensor &b);
/// The same before it is rounded, float32 where it was computed so.
at::Tensor wideProduct(const at::Tensor &a, const at::Tensor &b);
/// sum += a b. sum [n, m] in the dtype of a or in float32, rows contiguous.
void addProduct(at::Tensor sum, const at::Tensor &a, const at::Tensor &b);

/// A product of small depth, [n, r] [r, m]: LoRA's.
struct ThinProduct {
    at::Tensor a;
    at::Tensor b;
    std::optional<DropoutRule> mask; ///< dropout of its values, which have the places of a contiguous [n, m]
};
/// out = a b + thin by our own kernel (multipliesByKernel), in one pass and rounded once: apart, the thin product
/// would spend its time on reading and rounding the sum. out [n, m], rows contiguous; whole where there is a mask.
void productInto(at::Tensor out, const at::Tensor &a, const at::Tensor &b, const ThinProduct &thin);

/// The same for NF4 weights under one another, [.., in] in all, as b or, `transposed`, as b^T: restored while it
/// multiplies. For processors where `multipliesNf4()`; a and thin bfloat16, rows contiguous.
at::Tensor nf4Product(const at::Tensor &a, const std::vector<Nf4Tensor> &weights, bool transposed,
                      const std::optional<ThinProduct> &thin = std::nullopt);
bool multipliesNf4(const at::Tensor &a, const std::vector<Nf4Tensor> &weights);

/// Batches of matrices. [batch, n, k] [batch, k, m]
at::Tensor batchProduct(const at::Tensor &a, const at::Tensor &b);
void addBatchProduct(at::Tensor sum, const at::Tensor &a, const at::Tensor &b);

} // namespace attune
