#include "core/model/products_torch.h"

#include "core/model/kernels/kernels.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/mm.h>

namespace attune {
namespace {

bool multipliesBf16()
{
    static const bool does = cpuKernels("avx512") != nullptr && cpuKernels().level.substr(0, 6) == "avx512";
    return does;
}

} // namespace

at::ScalarType productType(at::ScalarType dtype, at::Device device)
{
    return dtype == at::kBFloat16 && device.is_cpu() && !multipliesBf16() ? at::kFloat : dtype;
}

at::Tensor operand(const at::Tensor &t)
{
    return t.to(productType(t.scalar_type(), t.device()));
}

at::Tensor product(const at::Tensor &a, const at::Tensor &b)
{
    return at::mm(operand(a), operand(b)).to(a.scalar_type());
}

at::Tensor batchProduct(const at::Tensor &a, const at::Tensor &b)
{
    return wideBatchProduct(a, b).to(a.scalar_type());
}

at::Tensor wideBatchProduct(const at::Tensor &a, const at::Tensor &b)
{
    return at::bmm(operand(a), operand(b));
}

} // namespace attune
