#pragma once

#include <ATen/core/Tensor.h>

namespace attune {

// Matrix products of bfloat16 on processors that can't multiply it. Without AVX-512, ATen's bfloat16 products run some hundred
// times slower than its float32 ones, so there the operands are widened, multiplied in float32 and the result rounded once,
// as the hardware would have done. Everywhere else these are ATen's own products.

/// The dtype that products of `dtype` on `device` are computed in: float32 for bfloat16 on a CPU without AVX-512.
at::ScalarType productType(at::ScalarType dtype, at::Device device);
/// The tensor as an operand of a product: itself, or widened.
at::Tensor operand(const at::Tensor &t);

/// a b, in the dtype of a.   a [n, k], b [k, m]
at::Tensor product(const at::Tensor &a, const at::Tensor &b);
/// The same for batches of matrices. [batch, n, k] [batch, k, m]
at::Tensor batchProduct(const at::Tensor &a, const at::Tensor &b);
/// The same, as the product computed it: to be added up in float32.
at::Tensor wideBatchProduct(const at::Tensor &a, const at::Tensor &b);

} // namespace attune
