#include "core/model/linear_torch.h"

#include "core/model/cuda_kernels_torch.h"
#include "core/model/ops_kernels_torch.h"
#include "core/model/products_torch.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <algorithm>

namespace attune {
namespace {

/// Up to so many rows the matrix-vector kernels win: a product of matrices pads its rows to tiles of six.
constexpr std::int64_t fewRows = mostRows;
constexpr std::int64_t rowsPerThread = 16;
constexpr std::int64_t valuesPerThread = 1 << 14;

bool few(const at::Tensor &x)
{
    return usesKernels(x) && x.size(0) <= fewRows && x.is_contiguous();
}

/// Whether all parts of a group are multiplied at once, zeros of the block diagonal included. Without fast
/// instructions for bfloat16 it is quicker to leave them out.
bool takesBlockDiagonal(const at::Tensor &x)
{
    return !multipliesByKernel(x.scalar_type(), x.device()) || cpuKernels().thinIsCheap;
}

/// y += u computeB^T.
void addUp(const at::Tensor &y, const at::Tensor &u, const LoraGroup &lora)
{
    if (takesBlockDiagonal(y)) {
        addProduct(y, u, lora.computeB.t());
        return;
    }
    for (const LoraGroup::Part &part : lora.parts)
        addProduct(y.narrow(1, part.rowBegin, part.out), u.narrow(1, part.column, lora.rank), lora.block(part).t());
}

/// dy computeB, likewise.
at::Tensor downGradient(const at::Tensor &dy, const LoraGroup &lora)
{
    if (takesBlockDiagonal(dy))
        return product(dy, lora.computeB);
    const at::Tensor du = at::zeros({dy.size(0), lora.columns()}, dy.options());
    for (const LoraGroup::Part &part : lora.parts)
        addProduct(du.narrow(1, part.column, lora.rank), dy.narrow(1, part.rowBegin, part.out), lora.block(part));
    return du;
}

/// 1 / keep where a value is kept, else 0.
at::Tensor keepMask(const at::Tensor &like, const Dropout &dropout)
{
    at::Tensor mask = at::empty(like.sizes(), at::kFloat);
    float *to = mask.mutable_data_ptr<float>();
    const CpuKernels &kernels = cpuKernels();
    at::parallel_for(0, mask.numel(), valuesPerThread, [&](std::int64_t begin, std::int64_t end) {
        kernels.dropoutMask({dropout.probability, dropout.seed}, begin, end, to);
    });
    return mask.to(like.device(), like.scalar_type());
}

/// x with the dropped values 0 and the kept ones scaled up.
at::Tensor dropped(const at::Tensor &x, const Dropout &dropout)
{
    if (const CudaKernels *cuda = CudaKernels::of(x); cuda && x.is_contiguous()) {
        at::Tensor y = at::empty(x.sizes(), x.options());
        cuda->dropout({dropout.probability, dropout.seed}, x, false, y);
        return y;
    }
    if (!usesKernels(x) || !x.is_contiguous())
        return x * keepMask(x, dropout);
    at::Tensor y = at::empty(x.sizes(), x.options());
    const Bf16 *from = bits(x);
    Bf16 *to = mutableBits(y);
    const CpuKernels &kernels = cpuKernels();
    at::parallel_for(0, x.numel(), valuesPerThread, [&](std::int64_t begin, std::int64_t end) {
        kernels.dropout({dropout.probability, dropout.seed}, from, begin, end, false, to);
    });
    return y;
}

/// sum += dropped(x), by the same mask.
void addDropped(at::Tensor &sum, const at::Tensor &x, const Dropout &dropout)
{
    if (const CudaKernels *cuda = CudaKernels::of(x); cuda && x.is_contiguous() && sum.is_contiguous()) {
        cuda->dropout({dropout.probability, dropout.seed}, x, true, sum);
        return;
    }
    if (!usesKernels(x) || !x.is_contiguous() || !sum.is_contiguous()) {
        sum.add_(x * keepMask(x, dropout));
        return;
    }
    const Bf16 *from = bits(x);
    Bf16 *to = mutableBits(sum);
    const CpuKernels &kernels = cpuKernels();
    at::parallel_for(0, x.numel(), valuesPerThread, [&](std::int64_t begin, std::int64_t end) {
        kernels.dropout({dropout.probability, dropout.seed}, from, begin, end, true, to);
    });
}

} // namespace

at::Tensor DequantScratch::take(std::int64_t rows, std::int64_t columns, at::ScalarType dtype, at::Device device)
{
    if (!m_buffer.defined() || m_buffer.numel() < rows * columns || m_buffer.scalar_type() != dtype)
        m_buffer = at::empty({rows * columns}, at::TensorOptions().dtype(dtype).device(device));
    return m_buffer.narrow(0, 0, rows * columns).view({rows, columns});
}

at::Tensor LoraGroup::block(const Part &part) const
{
    return computeB.narrow(0, part.rowBegin, part.out).narrow(1, part.column, rank);
}

void LoraGroup::refresh(std::int64_t groupOut, at::ScalarType dtype)
{
    if (!active())
        return;
    computeA = a.to(dtype);
    if (!computeB.defined() || computeB.scalar_type() != dtype)
        computeB = at::zeros({groupOut, columns()}, a.options().dtype(dtype));
    for (const Part &part : parts)
        block(part).copy_(part.b * scale);
}

at::Tensor wideDenseLinear(const at::Tensor &x, const at::Tensor &weight)
{
    if (!few(x) || !weight.is_contiguous())
        return wideProduct(x, weight.t());
    at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options().dtype(at::kFloat));
    const CpuKernels &kernels = cpuKernels();
    const Bf16 *w = bits(weight);
    const Bf16 *in = bits(x);
    float *out = y.mutable_data_ptr<float>();
    at::parallel_for(0, weight.size(0), rowsPerThread, [&](std::int64_t begin, std::int64_t end) {
        kernels.bf16MatVec(w, weight.size(1), begin, end, in, x.size(0), out, weight.size(0));
    });
    return y;
}

at::Tensor denseLinear(const at::Tensor &x, const at::Tensor &weight)
{
    return wideDenseLinear(x, weight).to(x.scalar_type());
}

Result<LinearGroup> LinearGroup::load(const WeightSource &source, const std::string &prefix,
                                      std::vector<Projection> projections, const Options &options)
{
    LinearGroup group;
    group.m_dtype = options.dtype;
    group.m_projections = std::move(projections);
    bool anyBias = false;
    for (const Projection projection : group.m_projections) {
        const ProjectionShape expected = projectionShape(source.config(), projection);
        const std::string stem = prefix + std::string(pathName(projection));
        ATTUNE_TRY(const auto shape, source.shape(stem + ".weight"));
        if (shape != std::vector<std::int64_t>{expected.out, expected.in})
            return fail(ErrorCode::Corrupt, source.path().string() + ": " + stem +
                                                ".weight does not have the shape that the configuration gives it.");
        if (source.contains(stem + ".bias")) {
            ATTUNE_TRY(const auto biasShape, source.shape(stem + ".bias"));
            if (biasShape != std::vector<std::int64_t>{expected.out})
                return fail(ErrorCode::Corrupt, source.path().string() + ": " + stem + ".bias has a wrong shape.");
            anyBias = true;
        }
        group.m_rowBegin.push_back(group.m_out);
        group.m_in = expected.in;
        group.m_out += expected.out;
    }

    const auto tensorOptions = at::TensorOptions().dtype(options.dtype);
    if (!options.nf4)
        group.m_dense = at::empty({group.m_out, group.m_in}, tensorOptions);
    for (std::size_t i = 0; i < group.m_projections.size(); ++i) {
        const ProjectionShape shape = projectionShape(source.config(), group.m_projections[i]);
        const std::string name = prefix + std::string(pathName(group.m_projections[i])) + ".weight";
        if (options.nf4) {
            auto packed = options.stored ? options.stored->weight(name, shape.out, shape.in) : std::nullopt;
            if (!packed)
                packed = quantizeNf4(shape.out, shape.in, options.doubleQuant,
                                     [&](std::int64_t begin, std::int64_t end, float *out) {
                                         source.readRows(name, begin, end, out);
                                     });
            group.m_packed.push_back(packed->to(options.device));
            if (options.stored && !options.device.is_cpu())
                options.stored->forget(name);
        } else {
            const std::int64_t rows = std::max<std::int64_t>(1, (4 << 20) / (shape.in * 4));
            at::Tensor piece = at::empty({rows, shape.in}, at::kFloat);
            for (std::int64_t row = 0; row < shape.out; row += rows) {
                const std::int64_t end = std::min(row + rows, shape.out);
                source.readRows(name, row, end, piece.mutable_data_ptr<float>());
                group.m_dense.narrow(0, group.m_rowBegin[i] + row, end - row).copy_(piece.narrow(0, 0, end - row));
            }
        }
        source.forget(name);
    }
    if (!options.nf4)
        group.m_dense = group.m_dense.to(options.device);
    else if (options.keepDequantized)
        group.keepDequantized();
    if (anyBias) {
        at::Tensor bias = at::zeros({group.m_out}, at::kFloat);
        for (std::size_t i = 0; i < group.m_projections.size(); ++i) {
            const std::string name = prefix + std::string(pathName(group.m_projections[i])) + ".bias";
            if (source.contains(name))
                source.readRows(name, 0, projectionShape(source.config(), group.m_projections[i]).out,
                                bias.mutable_data_ptr<float>() + group.m_rowBegin[i]);
        }
        group.m_bias = bias.to(options.device, options.dtype);
    }
    return group;
}

LinearGroup LinearGroup::fromDense(const std::vector<at::Tensor> &weights, const at::Tensor &bias,
                                   const Options &options)
{
    LinearGroup group;
    group.m_dtype = options.dtype;
    for (const at::Tensor &w : weights) {
        group.m_projections.push_back(static_cast<Projection>(group.m_projections.size()));
        group.m_rowBegin.push_back(group.m_out);
        group.m_in = w.size(1);
        group.m_out += w.size(0);
        if (options.nf4) {
            const at::Tensor wide = w.to(at::kFloat).contiguous();
            const Nf4Tensor packed = quantizeNf4(w.size(0), w.size(1), options.doubleQuant,
                                                 [&](std::int64_t begin, std::int64_t end, float *out) {
                                                     std::copy_n(wide.const_data_ptr<float>() + begin * w.size(1),
                                                                 (end - begin) * w.size(1), out);
                                                 });
            group.m_packed.push_back(packed.to(options.device));
        }
    }
    if (!options.nf4)
        group.m_dense = at::cat(weights, 0).to(options.device, options.dtype);
    else if (options.keepDequantized)
        group.keepDequantized();
    if (bias.defined())
        group.m_bias = bias.to(options.device);
    return group;
}

std::int64_t LinearGroup::bytes() const
{
    std::int64_t total = 0;
    for (const at::Tensor &dense : {m_dense, m_kept})
        total += dense.defined() ? std::int64_t(dense.nbytes()) : 0;
    for (const Nf4Tensor &w : m_packed)
        total += w.bytes();
    return total;
}

void LinearGroup::addPacked(const std::string &prefix, NamedWeights &weights) const
{
    for (std::size_t i = 0; i < m_packed.size(); ++i)
        weights.emplace_back(prefix + std::string(pathName(m_projections[i])) + ".weight", m_packed[i]);
}

void LinearGroup::keepDequantized()
{
    DequantScratch scratch;
    m_kept = weight(scratch);
}

at::Tensor LinearGroup::weight(DequantScratch &scratch) const
{
    if (m_dense.defined())
        return m_dense;
    if (m_kept.defined())
        return m_kept;
    at::Tensor dense = scratch.take(m_out, m_in, m_dtype, m_packed.front().packed.device());
    for (std::size_t i = 0; i < m_packed.size(); ++i)
        dequantizeInto(m_packed[i], dense.narrow(0, m_rowBegin[i], m_packed[i].out));
    return dense;
}

bool LinearGroup::restoresWhileMultiplying(const at::Tensor &x) const
{
    return !m_kept.defined() && multipliesNf4(x, m_packed);
}

at::Tensor LinearGroup::fewRowsBase(const at::Tensor &x) const
{
    if (m_dense.defined())
        return denseLinear(x, m_dense);
    const std::int64_t rows = x.size(0);
    // The kernel wants each block's even positions, then its odd ones.
    const at::Tensor paired = x.view({rows, m_in / 64, 32, 2}).transpose(2, 3).contiguous();
    at::Tensor wide = at::empty({rows, m_out}, x.options().dtype(at::kFloat));
    const CpuKernels &kernels = cpuKernels();
    float *out = wide.mutable_data_ptr<float>();
    at::parallel_for(0, m_out, rowsPerThread, [&](std::int64_t begin, std::int64_t end) {
        for (std::size_t i = 0; i < m_packed.size(); ++i) {
            const std::int64_t from = m_rowBegin[i];
            const std::int64_t first = std::max(begin - from, std::int64_t(0));
            const std::int64_t last = std::min(end - from, m_packed[i].out);
            if (first < last)
                kernels.nf4MatVec(m_packed[i].view(), m_in, first, last, bits(paired), rows, out + from, m_out);
        }
    });
    return wide.to(x.scalar_type());
}

at::Tensor LinearGroup::base(const at::Tensor &x, DequantScratch &scratch) const
{
    if (const CudaKernels *cuda = m_packed.empty() || m_in % 64 != 0 ? nullptr : CudaKernels::of(x);
        cuda && x.size(0) <= CudaKernels::fewRows && x.is_contiguous()) {
        std::vector<at::Tensor> parts;
        for (const Nf4Tensor &w : m_packed) {
            parts.push_back(at::empty({x.size(0), w.out}, x.options()));
            cuda->nf4MatVec(w, x, parts.back());
        }
        return parts.size() == 1 ? parts.front() : at::cat(parts, 1);
    }
    if (few(x) && (m_dense.defined() || m_in % 64 == 0))
        return fewRowsBase(x);
    return restoresWhileMultiplying(x) ? nf4Product(x, m_packed, true) : product(x, weight(scratch).t());
}

at::Tensor LinearGroup::forward(const at::Tensor &x, const LoraGroup &lora, const Dropout &dropout,
                                DequantScratch &scratch, at::Tensor *u) const
{
    const bool byKernel = few(x) && (m_dense.defined() || m_in % 64 == 0);
    if (lora.active() && !lora.dora() && !byKernel && multipliesByKernel(x.scalar_type(), x.device())) {
        const at::Tensor down = product(dropout.active() ? dropped(x, dropout) : x, lora.computeA.t());
        at::Tensor y = joint(x, down, lora, scratch);
        if (m_bias.defined())
            y.add_(m_bias);
        if (u)
            *u = down;
        return y;
    }
    at::Tensor y = base(x, scratch);
    if (!lora.active()) {
        if (m_bias.defined())
            y.add_(m_bias);
        return y;
    }
    const at::Tensor kept = dropout.active() ? dropped(x, dropout) : x;
    const at::Tensor down = byKernel ? denseLinear(kept, lora.computeA) : product(kept, lora.computeA.t());
    // With DoRA the sum of frozen and trained product is scaled; without, they just add up.
    at::Tensor plain;
    if (lora.dora() && dropout.active()) {
        plain = y;
        y = base(kept, scratch);
        plain.sub_(y);
    }
    if (byKernel)
        y.add_(denseLinear(down, lora.computeB));
    else
        addUp(y, down, lora);
    if (lora.dora())
        y.mul_(lora.gain);
    if (plain.defined())
        y.add_(plain);
    if (m_bias.defined())
        y.add_(m_bias);
    if (u)
        *u = down;
    return y;
}

at::Tensor LinearGroup::joint(const at::Tensor &x, const at::Tensor &down, const LoraGroup &lora,
                              DequantScratch &scratch) const
{
    if (restoresWhileMultiplying(x))
        return nf4Product(x, m_packed, true, ThinProduct{down, lora.computeB.t(), std::nullopt});
    const at::Tensor w = weight(scratch);
    at::Tensor y = at::empty({x.size(0), m_out}, x.options());
    if (takesBlockDiagonal(x)) {
        productInto(y, x, w.t(), {down, lora.computeB.t(), std::nullopt});
        return y;
    }
    for (std::size_t i = 0; i < m_projections.size(); ++i) {
        const std::int64_t end = i + 1 < m_rowBegin.size() ? m_rowBegin[i + 1] : m_out;
        const std::int64_t out = end - m_rowBegin[i];
        const at::Tensor rows = w.narrow(0, m_rowBegin[i], out);
        const auto part = std::find_if(lora.parts.begin(), lora.parts.end(),
                                       [&](const LoraGroup::Part &p) { return p.rowBegin == m_rowBegin[i]; });
        // A projection without LoRA adds the empty product.
        const std::int64_t rank = part == lora.parts.end() ? 0 : lora.rank;
        const std::int64_t column = part == lora.parts.end() ? 0 : part->column;
        const at::Tensor up = lora.computeB.narrow(0, m_rowBegin[i], out).narrow(1, column, rank);
        productInto(y.narrow(1, m_rowBegin[i], out), x, rows.t(),
                    {down.narrow(1, column, rank), up.t(), std::nullopt});
    }
    return y;
}

void LinearGroup::loraGradients(const at::Tensor &dy, const at::Tensor &dropped, const at::Tensor &u,
                                const at::Tensor &du, LoraGroup &lora) const
{
    const at::Tensor scaled = u * lora.scale;
    for (LoraGroup::Part &part : lora.parts)
        addProduct(part.bGradient, dy.narrow(1, part.rowBegin, part.out).t(),
                   scaled.narrow(1, part.column, lora.rank));
    addProduct(lora.aGradient, du.t(), dropped);
}

at::Tensor LinearGroup::backward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &u, LoraGroup &lora,
                                 const Dropout &dropout, bool needDx, DequantScratch &scratch) const
{
    if (lora.dora())
        return doraBackward(dy, x, u, lora, dropout, needDx, scratch);
    if (lora.active() && multipliesByKernel(dy.scalar_type(), dy.device())) {
        const at::Tensor du = downGradient(dy, lora);
        loraGradients(dy, dropout.active() ? dropped(x, dropout) : x, u, du, lora);
        if (!needDx)
            return {};
        ThinProduct thin{du, lora.computeA, std::nullopt};
        if (dropout.active())
            thin.mask = DropoutRule{dropout.probability, dropout.seed};
        if (restoresWhileMultiplying(dy))
            return nf4Product(dy, m_packed, false, thin);
        at::Tensor dx = at::empty({dy.size(0), m_in}, dy.options());
        productInto(dx, dy, weight(scratch), thin);
        return dx;
    }
    at::Tensor dx;
    if (needDx)
        dx = restoresWhileMultiplying(dy) ? nf4Product(dy, m_packed, false) : product(dy, weight(scratch));
    if (!lora.active())
        return dx;
    const at::Tensor du = downGradient(dy, lora); // the scale is in computeB
    loraGradients(dy, dropout.active() ? dropped(x, dropout) : x, u, du, lora);
    if (needDx && dropout.active())
        addDropped(dx, product(du, lora.computeA), dropout);
    else if (needDx)
        addProduct(dx, du, lora.computeA);
    return dx;
}

at::Tensor LinearGroup::doraBackward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &u, LoraGroup &lora,
                                     const Dropout &dropout, bool needDx, DequantScratch &scratch) const
{
    const at::Tensor kept = dropout.active() ? dropped(x, dropout) : x;
    // What the gain multiplied, computed again: keeping it would double what a layer keeps.
    at::Tensor sum = base(kept, scratch);
    addUp(sum, u, lora);
    const at::Tensor perOutput = (dy.to(lora.gain.scalar_type()) * sum).sum(0) / lora.norms;
    for (LoraGroup::Part &part : lora.parts)
        part.magnitudeGradient.add_(perOutput.narrow(0, part.rowBegin, part.out));
    sum = at::Tensor();
    const at::Tensor dSum = (dy * lora.gain).to(dy.scalar_type());
    const at::Tensor du = downGradient(dSum, lora);
    loraGradients(dSum, kept, u, du, lora);
    if (!needDx)
        return {};
    if (!dropout.active()) {
        at::Tensor dx = product(dSum, weight(scratch));
        addProduct(dx, du, lora.computeA);
        return dx;
    }
    at::Tensor dx = product(dy, weight(scratch));
    at::Tensor dKept = product(dSum - dy, weight(scratch));
    addProduct(dKept, du, lora.computeA);
    addDropped(dx, dKept, dropout);
    return dx;
}

at::Tensor LinearGroup::rowSquares(DequantScratch &scratch) const
{
    const at::Tensor w = weight(scratch);
    at::Tensor squares = at::empty({m_out}, w.options().dtype(m_dtype == at::kDouble ? at::kDouble : at::kFloat));
    // In pieces: a wide copy of a large weight would be larger than the weight.
    const std::int64_t rows = std::max<std::int64_t>(1, (4 << 20) / m_in);
    for (std::int64_t row = 0; row < m_out; row += rows) {
        const std::int64_t count = std::min(rows, m_out - row);
        squares.narrow(0, row, count)
            .copy_(w.narrow(0, row, count).to(squares.scalar_type()).square().sum(1));
    }
    return squares;
}

void LinearGroup::startMagnitudes(LoraGroup &lora, DequantScratch &scratch) const
{
    if (!lora.dora())
        return;
    lora.weightSquares = rowSquares(scratch);
    for (LoraGroup::Part &part : lora.parts)
        part.magnitude.copy_(lora.weightSquares.narrow(0, part.rowBegin, part.out).sqrt());
}

void LinearGroup::refreshGain(LoraGroup &lora, DequantScratch &scratch) const
{
    if (!lora.dora())
        return;
    if (!lora.weightSquares.defined())
        lora.weightSquares = rowSquares(scratch);
    // |w + s b A|^2 = |w|^2 + 2 s b (A w) + s^2 b (A A^T) b^T, so that B A is never formed.
    const at::ScalarType wide = lora.weightSquares.scalar_type();
    const at::Tensor a = lora.a.to(wide);
    const at::Tensor projected = wideProduct(weight(scratch), lora.computeA.t()).to(wide); // [out, parts x r]
    lora.norms = at::ones({m_out}, lora.weightSquares.options());
    lora.gain = at::ones({m_out}, lora.weightSquares.options());
    for (const LoraGroup::Part &part : lora.parts) {
        const at::Tensor b = part.b.to(wide) * lora.scale;
        const at::Tensor aPart = a.narrow(0, part.column, lora.rank);
        const at::Tensor cross =
            (projected.narrow(0, part.rowBegin, part.out).narrow(1, part.column, lora.rank) * b).sum(1);
        const at::Tensor own = (b.matmul(aPart.matmul(aPart.t())) * b).sum(1);
        const at::Tensor norm =
            (lora.weightSquares.narrow(0, part.rowBegin, part.out) + cross * 2 + own).clamp_min(1e-30).sqrt();
        lora.norms.narrow(0, part.rowBegin, part.out).copy_(norm);
        lora.gain.narrow(0, part.rowBegin, part.out).copy_(part.magnitude / norm);
    }
}

} // namespace attune
