#include "core/model/ops_torch.h"

#include "core/model/cuda_kernels_torch.h"
#include "core/model/ops_kernels_torch.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>

namespace attune {
namespace {

/// Rows that a thread takes at least, so that it has some ten thousand values to work on.
std::int64_t grain(std::int64_t rowLength)
{
    return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, rowLength));
}

} // namespace

bool usesKernels(const at::Tensor &t)
{
    return t.is_cpu() && t.scalar_type() == at::kBFloat16;
}

const Bf16 *bits(const at::Tensor &t)
{
    TORCH_INTERNAL_ASSERT(t.is_contiguous());
    return static_cast<const Bf16 *>(t.const_data_ptr());
}

Bf16 *mutableBits(const at::Tensor &t)
{
    TORCH_INTERNAL_ASSERT(t.is_contiguous());
    return static_cast<Bf16 *>(t.mutable_data_ptr());
}

at::ScalarType accumulationType(const at::Tensor &t)
{
    return t.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

at::Tensor rmsNorm(const at::Tensor &x, const at::Tensor &weight, double eps, at::Tensor *rstd)
{
    const std::int64_t rows = x.size(0);
    const std::int64_t n = x.size(1);
    if (usesKernels(x)) {
        at::Tensor y = at::empty_like(x);
        at::Tensor r = rstd ? at::empty({rows}, x.options().dtype(at::kFloat)) : at::Tensor();
        const CpuKernels &kernels = cpuKernels();
        const Bf16 *in = bits(x);
        Bf16 *out = mutableBits(y);
        const float *w = weight.const_data_ptr<float>();
        float *rOut = rstd ? r.mutable_data_ptr<float>() : nullptr;
        at::parallel_for(0, rows, grain(n), [&](std::int64_t begin, std::int64_t end) {
            kernels.rmsNorm(in, w, n, static_cast<float>(eps), begin, end, out, rOut);
        });
        if (rstd)
            *rstd = r;
        return y;
    }
    if (const CudaKernels *cuda = CudaKernels::of(x)) {
        at::Tensor y = at::empty_like(x);
        at::Tensor r = rstd ? at::empty({rows}, x.options().dtype(at::kFloat)) : at::Tensor();
        cuda->rmsNorm(x, weight, eps, y, r);
        if (rstd)
            *rstd = r;
        return y;
    }
    const at::Tensor wide = x.to(accumulationType(x));
    const at::Tensor r = at::rsqrt(wide.pow(2).mean(-1) + eps);
    if (rstd)
        *rstd = r;
    return (wide * r.unsqueeze(1) * weight).to(x.scalar_type());
}

void rmsNormBackward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &rstd,
                     at::Tensor &dx)
{
    const std::int64_t n = x.size(1);
    if (usesKernels(x)) {
        const CpuKernels &kernels = cpuKernels();
        const Bf16 *dyBits = bits(dy);
        const Bf16 *in = bits(x);
        Bf16 *to = mutableBits(dx);
        const float *w = weight.const_data_ptr<float>();
        const float *r = rstd.const_data_ptr<float>();
        at::parallel_for(0, x.size(0), grain(n), [&](std::int64_t begin, std::int64_t end) {
            kernels.rmsNormBackward(dyBits, in, w, r, n, begin, end, to);
        });
        return;
    }
    if (const CudaKernels *cuda = CudaKernels::of(x)) {
        cuda->rmsNormBackward(dy, x, weight, rstd, dx);
        return;
    }
    const at::Tensor wide = x.to(accumulationType(x));
    const at::Tensor g = dy.to(accumulationType(x)) * weight;
    const at::Tensor r = rstd.unsqueeze(1);
    const at::Tensor mean = (g * wide).mean(-1, true);
    dx.add_(g * r - wide * (r.pow(3) * mean));
}

at::Tensor swiGlu(const at::Tensor &gateUp)
{
    const std::int64_t rows = gateUp.size(0);
    const std::int64_t n = gateUp.size(1) / 2;
    if (usesKernels(gateUp)) {
        at::Tensor out = at::empty({rows, n}, gateUp.options());
        const CpuKernels &kernels = cpuKernels();
        const Bf16 *in = bits(gateUp);
        Bf16 *to = mutableBits(out);
        at::parallel_for(0, rows, grain(n), [&](std::int64_t begin, std::int64_t end) {
            kernels.swiGlu(in, n, begin, end, to);
        });
        return out;
    }
    if (const CudaKernels *cuda = CudaKernels::of(gateUp)) {
        at::Tensor out = at::empty({rows, n}, gateUp.options());
        cuda->swiGlu(gateUp, out);
        return out;
    }
    return at::silu(gateUp.narrow(1, 0, n)) * gateUp.narrow(1, n, n);
}

at::Tensor swiGluBackward(const at::Tensor &dOut, const at::Tensor &gateUp)
{
    const std::int64_t n = gateUp.size(1) / 2;
    if (usesKernels(gateUp)) {
        at::Tensor d = at::empty_like(gateUp);
        const CpuKernels &kernels = cpuKernels();
        const Bf16 *dBits = bits(dOut);
        const Bf16 *in = bits(gateUp);
        Bf16 *to = mutableBits(d);
        at::parallel_for(0, gateUp.size(0), grain(n), [&](std::int64_t begin, std::int64_t end) {
            kernels.swiGluBackward(dBits, in, n, begin, end, to);
        });
        return d;
    }
    if (const CudaKernels *cuda = CudaKernels::of(gateUp)) {
        at::Tensor d = at::empty_like(gateUp);
        cuda->swiGluBackward(dOut, gateUp, d);
        return d;
    }
    const at::Tensor gate = gateUp.narrow(1, 0, n);
    const at::Tensor up = gateUp.narrow(1, n, n);
    const at::Tensor s = at::sigmoid(gate);
    return at::cat({dOut * up * s * (1 + gate * (1 - s)), dOut * gate * s}, 1);
}

RotaryTable makeRotaryTable(std::int64_t positions, std::int64_t headDim, double theta, at::Device device,
                            at::ScalarType dtype, const RopeScaling &scaling)
{
    // As transformers computes it: the frequencies and the angles in fp32.
    const auto options = at::TensorOptions().dtype(dtype);
    const at::Tensor exponents = at::arange(0, headDim, 2, options) / static_cast<double>(headDim);
    at::Tensor frequencies = 1.0 / at::pow(at::Scalar(theta), exponents);
    if (scaling.kind != RopeScaling::Kind::None || !scaling.divisors.empty()) {
        at::Tensor scaled = frequencies.to(at::kDouble);
        scaleFrequencies(scaling, theta, {scaled.mutable_data_ptr<double>(), static_cast<std::size_t>(headDim / 2)});
        frequencies = scaled.to(dtype);
    }
    const at::Tensor angles = at::arange(0, positions, options).unsqueeze(1) * frequencies.unsqueeze(0);
    const double size = scaling.attentionFactor;
    return {at::cos(angles).mul_(size).contiguous().to(device), at::sin(angles).mul_(size).contiguous().to(device)};
}

namespace {

/// Half-split rotation of x [batch, heads, time, headDim] in the accumulation type.
at::Tensor rotated(const at::Tensor &x, const RotaryTable &rotary, std::int64_t firstPosition, double sign)
{
    const std::int64_t time = x.size(2);
    const std::int64_t half = x.size(3) / 2;
    const at::Tensor wide = x.to(accumulationType(x));
    const at::Tensor a = wide.narrow(3, 0, half);
    const at::Tensor b = wide.narrow(3, half, half);
    const at::Tensor c = rotary.cosine.narrow(0, firstPosition, time);
    const at::Tensor s = rotary.sine.narrow(0, firstPosition, time) * sign;
    return at::cat({a * c - b * s, b * c + a * s}, 3).to(x.scalar_type());
}

} // namespace

Heads splitHeads(const at::Tensor &qkv, const HeadShape &shape, const RotaryTable &rotary, std::int64_t firstPosition)
{
    const auto [batch, time, heads, kvHeads, d] = shape;
    const std::int64_t all = heads + 2 * kvHeads;
    if (usesKernels(qkv)) {
        Heads out{at::empty({batch, heads, time, d}, qkv.options()),
                  at::empty({batch, kvHeads, time, d}, qkv.options()),
                  at::empty({batch, kvHeads, time, d}, qkv.options())};
        const CpuKernels &kernels = cpuKernels();
        const Bf16 *in = bits(qkv);
        Bf16 *q = mutableBits(out.q);
        Bf16 *k = mutableBits(out.k);
        Bf16 *v = mutableBits(out.v);
        const float *cosine = rotary.cosine.const_data_ptr<float>() + firstPosition * (d / 2);
        const float *sine = rotary.sine.const_data_ptr<float>() + firstPosition * (d / 2);
        at::parallel_for(0, batch * time, grain(all * d), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row) {
                const std::int64_t b = row / time;
                const std::int64_t t = row % time;
                const Bf16 *from = in + row * all * d;
                const std::int64_t angle = t * (d / 2);
                for (std::int64_t h = 0; h < heads; ++h)
                    kernels.rotate(from + h * d, cosine + angle, sine + angle, d, 1.0F,
                                   q + ((b * heads + h) * time + t) * d);
                for (std::int64_t h = 0; h < kvHeads; ++h) {
                    const std::int64_t to = ((b * kvHeads + h) * time + t) * d;
                    kernels.rotate(from + (heads + h) * d, cosine + angle, sine + angle, d, 1.0F, k + to);
                    std::copy_n(from + (heads + kvHeads + h) * d, d, v + to);
                }
            }
        });
        return out;
    }
    if (const CudaKernels *cuda = CudaKernels::of(qkv)) {
        at::Tensor out = at::empty_like(qkv);
        cuda->rotateHeads({qkv.narrow(1, 0, heads * d), qkv.narrow(1, heads * d, kvHeads * d),
                           qkv.narrow(1, (heads + kvHeads) * d, kvHeads * d)},
                          {firstPosition, time, d, 1.0F, rotary.cosine, rotary.sine}, out);
        // Views: what computes attention on a card takes a token's heads side by side.
        const at::Tensor byHead = out.view({batch, time, all, d}).transpose(1, 2);
        return {byHead.narrow(1, 0, heads), byHead.narrow(1, heads, kvHeads),
                byHead.narrow(1, heads + kvHeads, kvHeads)};
    }
    const at::Tensor byHead = qkv.view({batch, time, all, d}).transpose(1, 2);
    return {rotated(byHead.narrow(1, 0, heads), rotary, firstPosition, 1.0).contiguous(),
            rotated(byHead.narrow(1, heads, kvHeads), rotary, firstPosition, 1.0).contiguous(),
            byHead.narrow(1, heads + kvHeads, kvHeads).contiguous()};
}

at::Tensor joinHeads(const Heads &gradient, const HeadShape &shape, const RotaryTable &rotary,
                     std::int64_t firstPosition)
{
    const auto [batch, time, heads, kvHeads, d] = shape;
    const std::int64_t all = heads + 2 * kvHeads;
    if (usesKernels(gradient.q)) {
        at::Tensor out = at::empty({batch * time, all * d}, gradient.q.options());
        const CpuKernels &kernels = cpuKernels();
        const Bf16 *q = bits(gradient.q);
        const Bf16 *k = bits(gradient.k);
        const Bf16 *v = bits(gradient.v);
        Bf16 *to = mutableBits(out);
        const float *cosine = rotary.cosine.const_data_ptr<float>() + firstPosition * (d / 2);
        const float *sine = rotary.sine.const_data_ptr<float>() + firstPosition * (d / 2);
        at::parallel_for(0, batch * time, grain(all * d), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row) {
                const std::int64_t b = row / time;
                const std::int64_t t = row % time;
                Bf16 *into = to + row * all * d;
                const std::int64_t angle = t * (d / 2);
                for (std::int64_t h = 0; h < heads; ++h)
                    kernels.rotate(q + ((b * heads + h) * time + t) * d, cosine + angle, sine + angle, d, -1.0F,
                                   into + h * d);
                for (std::int64_t h = 0; h < kvHeads; ++h) {
                    const std::int64_t from = ((b * kvHeads + h) * time + t) * d;
                    kernels.rotate(k + from, cosine + angle, sine + angle, d, -1.0F, into + (heads + h) * d);
                    std::copy_n(v + from, d, into + (heads + kvHeads + h) * d);
                }
            }
        });
        return out;
    }
    if (const CudaKernels *cuda = CudaKernels::of(gradient.q)) {
        at::Tensor out = at::empty({batch * time, all * d}, gradient.q.options());
        const std::int64_t tokens = batch * time;
        const auto rows = [&](const at::Tensor &t) { return t.transpose(1, 2).reshape({tokens, -1}); };
        cuda->rotateHeads({rows(gradient.q), rows(gradient.k), rows(gradient.v)},
                          {firstPosition, time, d, -1.0F, rotary.cosine, rotary.sine}, out);
        return out;
    }
    const at::Tensor joined = at::cat({rotated(gradient.q, rotary, firstPosition, -1.0),
                                       rotated(gradient.k, rotary, firstPosition, -1.0), gradient.v},
                                      1);
    return joined.transpose(1, 2).reshape({batch * time, all * d});
}

double crossEntropy(at::Tensor &logits, const at::Tensor &targets, double gradientScale)
{
    const std::int64_t rows = logits.size(0);
    const std::int64_t vocab = logits.size(1);
    if (usesKernels(logits)) {
        at::Tensor nll = at::empty({rows}, logits.options().dtype(at::kFloat));
        const CpuKernels &kernels = cpuKernels();
        Bf16 *l = mutableBits(logits);
        const auto *t = targets.const_data_ptr<std::int64_t>();
        float *out = nll.mutable_data_ptr<float>();
        at::parallel_for(0, rows, 1, [&](std::int64_t begin, std::int64_t end) {
            kernels.crossEntropyRows(l, vocab, t, static_cast<float>(gradientScale), begin, end, out);
        });
        return nll.sum(at::kDouble).item<double>();
    }
    if (const CudaKernels *cuda = CudaKernels::of(logits)) {
        at::Tensor nll = at::empty({rows}, logits.options().dtype(at::kFloat));
        cuda->crossEntropy(logits, targets, gradientScale, nll);
        return nll.sum(at::kDouble).item<double>();
    }
    const at::Tensor logProbabilities = at::log_softmax(logits.to(accumulationType(logits)), -1);
    const at::Tensor index = targets.unsqueeze(1);
    const double nll = -logProbabilities.gather(1, index).sum(at::kDouble).item<double>();
    if (gradientScale != 0) {
        at::Tensor gradient = logProbabilities.exp();
        gradient.scatter_add_(1, index, at::empty(index.sizes(), gradient.options()).fill_(-1));
        logits.copy_(gradient * gradientScale);
    }
    return nll;
}

} // namespace attune
