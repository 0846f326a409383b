#include "core/model/cuda_kernels_torch.h"
#include "core/model/ops_kernels_torch.h"
#include "core/model/ops_torch.h"
#include "core/model/products_torch.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <cmath>
#include <limits>
#include <optional>

namespace attune {
namespace {

/// Queries at once. Smaller skips more of the masked half, larger keeps the products big; 128 was best at 512 tokens.
constexpr std::int64_t queryBlock = 128;

/// One block of queries and the keys that any of them sees.
struct Block {
    std::int64_t query;
    std::int64_t queries;
    std::int64_t key;
    std::int64_t keys;
};

Block blockAt(std::int64_t query, std::int64_t time, std::int64_t window, std::int64_t queryOffset)
{
    const std::int64_t queries = std::min(queryBlock, time - query);
    const std::int64_t first = query + queryOffset;
    const std::int64_t key = window > 0 ? std::max<std::int64_t>(0, first - window + 1) : 0;
    return {query, queries, key, first + queries - key};
}

SoftmaxRows rowsOf(const Block &b, std::int64_t rows, std::int64_t window, std::int64_t queryOffset)
{
    return {rows, b.keys, b.queries, b.query + queryOffset, b.key, window};
}

/// True where a query must not see a key: [queries, keys].
at::Tensor hidden(const Block &b, std::int64_t window, std::int64_t queryOffset, at::Device device)
{
    const auto options = at::TensorOptions().dtype(at::kLong).device(device);
    const at::Tensor q = at::arange(b.query + queryOffset, b.query + queryOffset + b.queries, options).unsqueeze(1);
    const at::Tensor k = at::arange(b.key, b.key + b.keys, options).unsqueeze(0);
    at::Tensor mask = k > q;
    if (window > 0)
        mask = mask.logical_or(k <= q - window);
    return mask;
}

/// [batch, kvHeads, group, time, d] to one block [batch kvHeads, group queries, d].
at::Tensor cut(const at::Tensor &grouped, const Block &b)
{
    const at::Tensor part = grouped.narrow(3, b.query, b.queries);
    return part.reshape({part.size(0) * part.size(1), part.size(2) * b.queries, part.size(4)});
}

/// Whether FlashAttention takes these heads. Dao 2023, arXiv:2307.08691; ATen's own copy, tokens before heads.
bool flashes(const Heads &heads)
{
    const CudaKernels *cuda = CudaKernels::of(heads.q);
    return cuda && cuda->flashes(heads.q);
}

std::optional<std::int64_t> keysBefore(std::int64_t window)
{
    return window > 0 ? std::optional(window - 1) : std::nullopt;
}

std::optional<std::int64_t> keysAfter(std::int64_t window)
{
    return window > 0 ? std::optional<std::int64_t>(0) : std::nullopt;
}

/// FlashAttention's backward pass adds in the order in which blocks end, unless it is told not to: two runs would
/// differ.
class Deterministic {
public:
    Deterministic() : m_was(at::globalContext().deterministicAlgorithms())
    {
        at::globalContext().setDeterministicAlgorithms(true, false);
    }
    Deterministic(const Deterministic &) = delete;
    Deterministic &operator=(const Deterministic &) = delete;
    ~Deterministic() { at::globalContext().setDeterministicAlgorithms(m_was, false); }

private:
    bool m_was;
};

at::Tensor flashAttention(const Heads &heads, std::int64_t window, at::Tensor *lse)
{
    const std::int64_t time = heads.q.size(2);
    const std::int64_t keys = heads.k.size(2);
    const auto result = at::_flash_attention_forward(heads.q.transpose(1, 2), heads.k.transpose(1, 2),
                                                     heads.v.transpose(1, 2), {}, {}, time, keys, 0.0, true, false,
                                                     std::nullopt, keysBefore(window), keysAfter(window));
    if (lse)
        *lse = std::get<1>(result);
    const at::Tensor &out = std::get<0>(result);
    return out.reshape({out.size(0) * time, -1});
}

Heads flashAttentionBackward(const at::Tensor &dOut, const at::Tensor &out, const at::Tensor &lse, const Heads &heads,
                             std::int64_t window)
{
    const Deterministic sums;
    const at::Tensor q = heads.q.transpose(1, 2);
    const std::int64_t time = q.size(1);
    const at::Tensor noRandomness = at::empty({2}, q.options().dtype(at::kUInt64));
    const auto [dq, dk, dv] = at::_flash_attention_backward(
        dOut.view(q.sizes()), q, heads.k.transpose(1, 2), heads.v.transpose(1, 2), out.view(q.sizes()), lse, {}, {},
        time, heads.k.size(2), 0.0, true, noRandomness, noRandomness, std::nullopt, keysBefore(window),
        keysAfter(window));
    return {dq.transpose(1, 2), dk.transpose(1, 2), dv.transpose(1, 2)};
}

std::int64_t rowGrain(std::int64_t keys)
{
    return std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, keys));
}

} // namespace

at::Tensor attention(const Heads &given, std::int64_t window, std::int64_t queryOffset, at::Tensor *lse)
{
    // The keys end with the queries, as FlashAttention takes it.
    if (flashes(given) && given.k.size(2) == queryOffset + given.q.size(2))
        return flashAttention(given, window, lse);
    const Heads heads{given.q.contiguous(), given.k, given.v};
    const std::int64_t batch = heads.q.size(0);
    const std::int64_t queryHeads = heads.q.size(1);
    const std::int64_t time = heads.q.size(2);
    const std::int64_t d = heads.q.size(3);
    const std::int64_t kvHeads = heads.k.size(1);
    const std::int64_t group = queryHeads / kvHeads;
    const double scale = 1.0 / std::sqrt(static_cast<double>(d));

    const at::Tensor q = heads.q.view({batch, kvHeads, group, time, d});
    const at::Tensor k = heads.k.flatten(0, 1);
    const at::Tensor v = heads.v.flatten(0, 1);
    at::Tensor out = at::empty({batch, time, kvHeads, group, d}, q.options());
    at::Tensor sums = lse ? at::empty({batch, kvHeads, group, time}, q.options().dtype(accumulationType(q)))
                          : at::Tensor();

    for (std::int64_t query = 0; query < time; query += queryBlock) {
        const Block b = blockAt(query, time, window, queryOffset);
        const std::int64_t rows = batch * kvHeads * group * b.queries;
        at::Tensor p = batchProduct(cut(q, b), k.narrow(1, b.key, b.keys).transpose(1, 2));
        at::Tensor logSum;
        if (usesKernels(p)) {
            if (lse)
                logSum = at::empty({rows}, q.options().dtype(at::kFloat));
            const CpuKernels &kernels = cpuKernels();
            const SoftmaxRows shape = rowsOf(b, rows, window, queryOffset);
            Bf16 *scores = mutableBits(p);
            float *sumOut = lse ? logSum.mutable_data_ptr<float>() : nullptr;
            at::parallel_for(0, rows, rowGrain(b.keys), [&](std::int64_t begin, std::int64_t end) {
                kernels.softmaxRows(scores, shape, static_cast<float>(scale), begin, end, sumOut);
            });
        } else {
            const at::Tensor s = (p.to(accumulationType(p)) * scale)
                                     .view({-1, group, b.queries, b.keys})
                                     .masked_fill(hidden(b, window, queryOffset, p.device()),
                                                  -std::numeric_limits<double>::infinity());
            logSum = s.logsumexp(-1, true);
            p = (s - logSum).exp().to(q.scalar_type()).view(p.sizes());
        }
        const at::Tensor block = batchProduct(p, v.narrow(1, b.key, b.keys));
        out.narrow(1, query, b.queries)
            .copy_(block.view({batch, kvHeads, group, b.queries, d}).permute({0, 3, 1, 2, 4}));
        if (lse)
            sums.narrow(3, query, b.queries).copy_(logSum.view({batch, kvHeads, group, b.queries}));
    }
    if (lse)
        *lse = sums;
    return out.view({batch * time, queryHeads * d});
}

Heads attentionBackward(const at::Tensor &dOut, const at::Tensor &out, const at::Tensor &lse, const Heads &given,
                        std::int64_t window, std::int64_t queryOffset)
{
    if (flashes(given))
        return flashAttentionBackward(dOut, out, lse, given, window);
    const Heads heads{given.q.contiguous(), given.k, given.v};
    const std::int64_t batch = heads.q.size(0);
    const std::int64_t queryHeads = heads.q.size(1);
    const std::int64_t time = heads.q.size(2);
    const std::int64_t d = heads.q.size(3);
    const std::int64_t kvHeads = heads.k.size(1);
    const std::int64_t group = queryHeads / kvHeads;
    const double scale = 1.0 / std::sqrt(static_cast<double>(d));
    const at::ScalarType wide = accumulationType(heads.q);

    const at::Tensor q = heads.q.view({batch, kvHeads, group, time, d});
    const at::Tensor k = heads.k.flatten(0, 1);
    const at::Tensor v = heads.v.flatten(0, 1);
    const at::Tensor dO = dOut.view({batch, time, kvHeads, group, d}).permute({0, 2, 3, 1, 4});
    // delta = rowsum(dO * O): what the softmax's backward subtracts from dP. [batch, kvHeads, group, time]
    const at::Tensor delta = (dOut.to(wide) * out.to(wide))
                                 .view({batch, time, kvHeads, group, d})
                                 .sum(-1)
                                 .permute({0, 2, 3, 1});
    Heads gradient{at::empty(heads.q.sizes(), heads.q.options()), at::Tensor(), at::Tensor()};
    at::Tensor dQ = gradient.q.view(q.sizes());
    at::Tensor dK = at::zeros(k.sizes(), k.options().dtype(wide));
    at::Tensor dV = at::zeros(v.sizes(), v.options().dtype(wide));

    for (std::int64_t query = 0; query < time; query += queryBlock) {
        const Block b = blockAt(query, time, window, queryOffset);
        const at::Tensor qBlock = cut(q, b);
        const at::Tensor dOBlock = cut(dO, b);
        const at::Tensor kBlock = k.narrow(1, b.key, b.keys);
        at::Tensor p = batchProduct(qBlock, kBlock.transpose(1, 2));
        at::Tensor dS = batchProduct(dOBlock, v.narrow(1, b.key, b.keys).transpose(1, 2));
        const at::Tensor logSum = lse.narrow(3, query, b.queries).contiguous();
        const at::Tensor mean = delta.narrow(3, query, b.queries).contiguous();
        if (usesKernels(p)) {
            const std::int64_t rows = p.size(0) * p.size(1);
            const CpuKernels &kernels = cpuKernels();
            const SoftmaxRows shape = rowsOf(b, rows, window, queryOffset);
            Bf16 *scores = mutableBits(p);
            Bf16 *dP = mutableBits(dS);
            const float *l = logSum.const_data_ptr<float>();
            const float *m = mean.const_data_ptr<float>();
            at::parallel_for(0, rows, rowGrain(b.keys), [&](std::int64_t begin, std::int64_t end) {
                kernels.softmaxRowsBackward(scores, dP, l, m, shape, static_cast<float>(scale), begin, end);
            });
        } else {
            const at::Tensor s = (p.to(wide) * scale)
                                     .view({-1, group, b.queries, b.keys})
                                     .masked_fill(hidden(b, window, queryOffset, p.device()),
                                                  -std::numeric_limits<double>::infinity())
                                     .view(p.sizes());
            const at::Tensor probability = (s - logSum.view({p.size(0), p.size(1), 1})).exp();
            dS = (probability * (dS.to(wide) - mean.view({p.size(0), p.size(1), 1})) * scale).to(q.scalar_type());
            p = probability.to(q.scalar_type());
        }
        dQ.narrow(3, query, b.queries).copy_(batchProduct(dS, kBlock).view({batch, kvHeads, group, b.queries, d}));
        addBatchProduct(dK.narrow(1, b.key, b.keys), dS.transpose(1, 2), qBlock);
        addBatchProduct(dV.narrow(1, b.key, b.keys), p.transpose(1, 2), dOBlock);
    }
    gradient.k = dK.to(heads.k.scalar_type()).view(heads.k.sizes());
    gradient.v = dV.to(heads.v.scalar_type()).view(heads.v.sizes());
    return gradient;
}

} // namespace attune
