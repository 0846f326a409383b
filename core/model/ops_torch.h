#pragma once

#include "core/model/model_config.h"

#include <ATen/core/Tensor.h>

namespace attune {

// The parts of a decoder layer with their hand-written backward passes. Each takes the fused kernel for bfloat16 on a
// CPU and otherwise ATen ops that every device has; both compute the same formulas, in fp32 where the dtype is
// narrower. Shapes: N = batch x time rows. All throw c10::Error on a shape mismatch; call inside guarded().

/// y = x / sqrt(mean(x^2) + eps) * weight.  x [N, n], weight [n] float32 (float64 with float64 x).
/// rstd [N], float32, is what the backward pass needs. Zhang & Sennrich 2019, arXiv:1910.07467.
at::Tensor rmsNorm(const at::Tensor &x, const at::Tensor &weight, double eps, at::Tensor *rstd = nullptr);
/// dx += the gradient with respect to x. The weight is frozen.
void rmsNormBackward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &rstd,
                     at::Tensor &dx);

/// silu(gate) * up; gateUp [N, 2 f] holds gate, then up. Shazeer 2020, arXiv:2002.05202.
at::Tensor swiGlu(const at::Tensor &gateUp);
at::Tensor swiGluBackward(const at::Tensor &dOut, const at::Tensor &gateUp);

/// cos and sin [positions, headDim / 2] of the rotary embedding. Su et al. 2021, arXiv:2104.09864.
struct RotaryTable {
    at::Tensor cosine;
    at::Tensor sine;
};
RotaryTable makeRotaryTable(std::int64_t positions, std::int64_t headDim, double theta, at::Device device,
                            at::ScalarType dtype = at::kFloat, const RopeScaling &scaling = {});

struct HeadShape {
    std::int64_t batch = 1;
    std::int64_t time = 1;
    std::int64_t heads = 1;
    std::int64_t kvHeads = 1;
    std::int64_t headDim = 1;
};

/// Queries [batch, heads, time, headDim], keys and values [batch, kvHeads, time, headDim].
struct Heads {
    at::Tensor q;
    at::Tensor k;
    at::Tensor v;
};
/// From the joint projection [N, (heads + 2 kvHeads) headDim], rotating q and k (half-split) for the positions
/// firstPosition, firstPosition + 1, ...
Heads splitHeads(const at::Tensor &qkv, const HeadShape &shape, const RotaryTable &rotary,
                 std::int64_t firstPosition);
/// The gradient of splitHeads: rotates back and joins.
at::Tensor joinHeads(const Heads &gradient, const HeadShape &shape, const RotaryTable &rotary,
                     std::int64_t firstPosition);

/// Causal attention in blocks of queries: out [batch x time, heads x headDim], lse [batch, kvHeads, group, time]
/// float32. A query at position p = queryOffset + t sees the keys (p - window, p]; window 0 means all up to p. Heads
/// of a group share keys and values without copies; key blocks that nobody may see are skipped. Dao 2023,
/// arXiv:2307.08691, for the backward pass from lse alone.
at::Tensor attention(const Heads &heads, std::int64_t window, std::int64_t queryOffset, at::Tensor *lse = nullptr);
/// Gradients of q, k, v from dOut and the saved out, lse.
Heads attentionBackward(const at::Tensor &dOut, const at::Tensor &out, const at::Tensor &lse, const Heads &heads,
                        std::int64_t window, std::int64_t queryOffset);

/// Sum of the negative log-likelihoods in nats of targets [C] int64 under logits [C, V]. With gradientScale != 0,
/// logits are replaced by the gradient of gradientScale x that sum.
double crossEntropy(at::Tensor &logits, const at::Tensor &targets, double gradientScale);

} // namespace attune
