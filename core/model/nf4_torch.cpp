#include "core/model/nf4_torch.h"

#include "core/model/cuda_kernels_torch.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace attune {
namespace {

constexpr std::int64_t blockSize = 64;
constexpr std::int64_t outerBlock = 256;

at::Tensor table(const float *values, std::int64_t count)
{
    at::Tensor t = at::empty({count}, at::kFloat);
    std::memcpy(t.data_ptr<float>(), values, static_cast<std::size_t>(count) * sizeof(float));
    return t;
}

/// Index of the nearest of the 256 sorted codes; the lower one on a tie.
std::uint8_t nearestCode(float x, const float *codes)
{
    const float *above = std::lower_bound(codes, codes + 256, x);
    if (above == codes)
        return 0;
    if (above == codes + 256)
        return 255;
    const float *below = above - 1;
    // In double, so that the comparison itself does not round.
    const bool lower = double(x) - double(*below) <= double(*above) - double(x);
    return static_cast<std::uint8_t>((lower ? below : above) - codes);
}

void quantizeMaxima(Nf4Tensor &w)
{
    const std::int64_t blocks = w.blocks();
    const float *absmax = w.absmax.data_ptr<float>();
    w.offset = w.absmax.mean().item<float>();
    w.codes = at::empty({blocks}, at::kByte);
    w.absmax2 = at::empty({(blocks + outerBlock - 1) / outerBlock}, at::kFloat);
    auto *codes = w.codes.data_ptr<std::uint8_t>();
    const float *dynamic = dynamicCodes();
    auto *absmax2 = w.absmax2.data_ptr<float>();
    at::parallel_for(0, w.absmax2.numel(), 16, [&](std::int64_t firstOuter, std::int64_t lastOuter) {
        for (std::int64_t outer = firstOuter; outer < lastOuter; ++outer) {
            const std::int64_t begin = outer * outerBlock;
            const std::int64_t end = std::min(begin + outerBlock, blocks);
            float top = 0;
            for (std::int64_t i = begin; i < end; ++i)
                top = std::max(top, std::abs(absmax[i] - w.offset));
            absmax2[outer] = top;
            for (std::int64_t i = begin; i < end; ++i)
                codes[i] = nearestCode(top > 0 ? (absmax[i] - w.offset) / top : 0.0F, dynamic);
        }
    });
    w.absmax = at::Tensor();
}

} // namespace

std::int64_t Nf4Tensor::bytes() const
{
    std::int64_t total = 0;
    for (const at::Tensor &t : {packed, absmax, codes, absmax2})
        if (t.defined())
            total += std::int64_t(t.nbytes());
    return total;
}

Nf4View Nf4Tensor::view() const
{
    Nf4View v;
    v.packed = packed.const_data_ptr<std::uint8_t>();
    if (absmax.defined()) {
        v.absmax = absmax.const_data_ptr<float>();
    } else {
        v.absmaxCodes = codes.const_data_ptr<std::uint8_t>();
        v.absmax2 = absmax2.const_data_ptr<float>();
        v.dynamicCode = dynamicCodes();
        v.offset = offset;
    }
    return v;
}

Nf4Tensor Nf4Tensor::to(at::Device device) const
{
    Nf4Tensor w = *this;
    for (at::Tensor *t : {&w.packed, &w.absmax, &w.codes, &w.absmax2, &w.code, &w.levels})
        if (t->defined())
            *t = t->to(device);
    return w;
}

Nf4Tensor quantizeNf4(std::int64_t out, std::int64_t in, bool doubleQuant,
                      const std::function<void(std::int64_t, std::int64_t, float *)> &rows)
{
    Nf4Tensor w;
    w.out = out;
    w.in = in;
    const std::int64_t blocks = w.blocks();
    w.packed = at::empty({blocks * (blockSize / 2)}, at::kByte);
    w.absmax = at::empty({blocks}, at::kFloat);
    addTables(w);
    const CpuKernels &kernels = cpuKernels();

    // Pieces of whole rows; what does not fill a block is carried over to the next piece.
    const std::int64_t rowsAtOnce = std::max<std::int64_t>(1, (4 << 20) / (in * 4));
    std::vector<float> values(static_cast<std::size_t>(rowsAtOnce * in + blockSize));
    std::int64_t carried = 0;
    std::int64_t block = 0;
    const auto flush = [&](std::int64_t count) {
        auto *packed = w.packed.data_ptr<std::uint8_t>() + block * (blockSize / 2);
        float *absmax = w.absmax.data_ptr<float>() + block;
        at::parallel_for(0, count, 256, [&](std::int64_t begin, std::int64_t end) {
            kernels.quantizeNf4(values.data() + begin * blockSize, begin, end, packed + begin * (blockSize / 2),
                                absmax + begin);
        });
        block += count;
    };
    for (std::int64_t row = 0; row < out; row += rowsAtOnce) {
        const std::int64_t end = std::min(row + rowsAtOnce, out);
        rows(row, end, values.data() + carried);
        const std::int64_t have = carried + (end - row) * in;
        flush(have / blockSize);
        carried = have % blockSize;
        std::copy_n(values.begin() + (have - carried), carried, values.begin());
    }
    if (carried > 0) {
        std::fill(values.begin() + carried, values.begin() + blockSize, 0.0F);
        flush(1);
    }
    w.packed = w.packed.narrow(0, 0, (out * in + 1) / 2);
    if (doubleQuant)
        quantizeMaxima(w);
    return w;
}

void addTables(Nf4Tensor &weight)
{
    weight.levels = table(nf4Levels(), 16);
    weight.code = table(dynamicCodes(), 256);
}

at::Tensor blockMaxima(const Nf4Tensor &weight)
{
    if (weight.absmax.defined())
        return weight.absmax;
    const std::int64_t blocks = weight.blocks();
    const at::Tensor scales = weight.absmax2.unsqueeze(1).expand({-1, outerBlock}).reshape({-1}).narrow(0, 0, blocks);
    return weight.code.index_select(0, weight.codes.to(at::kInt)) * scales + weight.offset;
}

void dequantizeInto(const Nf4Tensor &weight, at::Tensor out)
{
    const std::int64_t count = weight.out * weight.in;
    const bool narrow = out.scalar_type() == at::kBFloat16;
    if (weight.packed.is_cpu() && (narrow || out.scalar_type() == at::kFloat) && count % blockSize == 0) {
        const CpuKernels &kernels = cpuKernels();
        const Nf4View view = weight.view();
        void *to = out.data_ptr();
        at::parallel_for(0, weight.blocks(), 512, [&](std::int64_t begin, std::int64_t end) {
            if (narrow)
                kernels.nf4ToBf16(view, begin, end, static_cast<Bf16 *>(to) + begin * blockSize);
            else
                kernels.nf4ToFloat(view, begin, end, static_cast<float *>(to) + begin * blockSize);
        });
        return;
    }
    const bool known = narrow || out.scalar_type() == at::kFloat;
    if (const CudaKernels *cuda = CudaKernels::on(out); cuda && known && count % blockSize == 0) {
        cuda->dequantize(weight, out);
        return;
    }
    const at::Tensor high = weight.levels.index_select(0, weight.packed.div(16, "floor").to(at::kInt));
    const at::Tensor low = weight.levels.index_select(0, weight.packed.remainder(16).to(at::kInt));
    const std::int64_t padded = weight.blocks() * blockSize;
    at::Tensor values = at::stack({high, low}, 1).reshape({-1});
    if (values.numel() < padded)
        values = at::cat({values, at::zeros({padded - values.numel()}, values.options())});
    const at::Tensor scaled = values.view({-1, blockSize}) * blockMaxima(weight).unsqueeze(1);
    out.copy_(scaled.reshape({-1}).narrow(0, 0, count).view({weight.out, weight.in}));
}

at::Tensor dequantize(const Nf4Tensor &weight, at::ScalarType dtype)
{
    at::Tensor out = at::empty({weight.out, weight.in}, weight.packed.options().dtype(dtype));
    dequantizeInto(weight, out);
    return out;
}

} // namespace attune
