#pragma once

#include "core/model/adapter.h"
#include "core/model/weight_cache_torch.h"
#include "core/model/weight_source.h"

#include <ATen/core/Tensor.h>
#include <optional>

namespace attune {

/// A buffer that one dequantised weight at a time passes through: it is overwritten by the next, so no dequantised
/// weight outlives its product.
class DequantScratch {
public:
    at::Tensor take(std::int64_t rows, std::int64_t columns, at::ScalarType dtype, at::Device device);
    std::int64_t bytes() const { return m_buffer.defined() ? std::int64_t(m_buffer.nbytes()) : 0; }

private:
    at::Tensor m_buffer;
};

/// The LoRA pairs of one LinearGroup. A's of projections that share an input stand under one another, so that one
/// thin product serves them all; the same goes for B's, on a block diagonal.
struct LoraGroup {
    struct Part {
        Projection projection = Projection::Q;
        std::int64_t rowBegin = 0; ///< of the group's output
        std::int64_t out = 0;
        std::int64_t column = 0; ///< of u
        at::Tensor b;            ///< [out, r] view of the flat parameters
        at::Tensor bGradient;
        at::Tensor magnitude; ///< DoRA's, [out] likewise; undefined without
        at::Tensor magnitudeGradient;
    };
    std::int64_t rank = 0;
    double scale = 1;
    std::vector<Part> parts; ///< empty: this group has no LoRA
    at::Tensor a;            ///< [parts x r, in] float32, view of the flat parameters
    at::Tensor aGradient;
    at::Tensor computeA; ///< [parts x r, in] in the compute dtype
    at::Tensor computeB; ///< [group out, parts x r] in the compute dtype: scale x B on the block diagonal
    at::Tensor weightSquares; ///< DoRA: |row of W|^2, float32 [group out]; the frozen weight's, so computed once
    at::Tensor norms;         ///< DoRA: |row of W + scale B A|, float32 [group out]; 1 where there is no part
    at::Tensor gain;          ///< DoRA: magnitude / norm, float32 [group out]; 1 where there is no part

    bool active() const { return !parts.empty(); }
    bool dora() const { return active() && parts.front().magnitude.defined(); }
    std::int64_t columns() const { return rank * std::int64_t(parts.size()); }
    at::Tensor block(const Part &part) const; ///< [out, r] of computeB, a view
    /// Brings computeA and computeB up to date with the parameters.
    void refresh(std::int64_t groupOut, at::ScalarType dtype);
};

/// LoRA dropout of one forward pass. The mask is a function of the seed and the place, so it is never stored: a
/// recomputation, the backward pass and any number of threads draw the same one. Projections that share an input
/// share its mask (PEFT draws one for each), so that one thin product serves them all.
struct Dropout {
    double probability = 0;
    std::uint64_t seed = 0;
    bool active() const { return probability > 0; }
};

/// Projections of one input, whose outputs stand side by side: q k v; o; gate up; down.
///   y = x W^T + b + scale (x A^T) B^T      x [N, in], W [out, in] frozen, dense or NF4; y [N, out] in x's dtype
/// and with DoRA, g = magnitude / |row of W + scale B A|, the norm taken for a constant as in the paper's sec. 4.3:
///   y = x W^T + b + (g - 1) (d W^T) + g scale (d A^T) B^T      d: x after dropout, as PEFT applies it
/// Backward by hand: saved are the packed weight, x and u = x A^T [N, parts x r]; W is dequantised for each product,
/// or kept so.
/// Hu et al. 2021, arXiv:2106.09685, sec. 4.1; Dettmers et al. 2023, arXiv:2305.14314, sec. 3; Liu et al. 2024,
/// arXiv:2402.09353.
class LinearGroup {
public:
    struct Options {
        at::ScalarType dtype = at::kBFloat16;
        at::Device device = at::kCPU;
        bool nf4 = false;
        bool doubleQuant = false;
        const StoredWeights *stored = nullptr; ///< taken in place of quantising, where they have it
        bool keepDequantized = false; ///< NF4: hold the weight in the compute dtype too
    };
    /// Reads "<prefix><path>.weight" (and .bias where present) of each projection, one tensor at a time.
    static Result<LinearGroup> load(const WeightSource &source, const std::string &prefix,
                                    std::vector<Projection> projections, const Options &options);
    /// From dense weights [out_i, in], for tests.
    static LinearGroup fromDense(const std::vector<at::Tensor> &weights, const at::Tensor &bias,
                                 const Options &options);

    std::int64_t in() const { return m_in; }
    std::int64_t out() const { return m_out; }
    const std::vector<Projection> &projections() const { return m_projections; }
    std::int64_t rowBegin(std::size_t part) const { return m_rowBegin[part]; }
    std::int64_t bytes() const;
    const std::vector<Nf4Tensor> &packed() const { return m_packed; } ///< one per projection; empty: dense() has them
    const at::Tensor &dense() const { return m_dense; }
    const at::Tensor &bias() const { return m_bias; } ///< undefined: none
    /// Adds the packed weights under the names that load() reads them by.
    void addPacked(const std::string &prefix, NamedWeights &weights) const;
    /// W [out, in] in the compute dtype: a resident tensor, or the scratch filled.
    at::Tensor weight(DequantScratch &scratch) const;

    at::Tensor forward(const at::Tensor &x, const LoraGroup &lora, const Dropout &dropout, DequantScratch &scratch,
                       at::Tensor *u = nullptr) const;
    /// Adds to lora's gradients; returns dx, or an undefined tensor where it is not needed.
    at::Tensor backward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &u, LoraGroup &lora,
                        const Dropout &dropout, bool needDx, DequantScratch &scratch) const;

    /// DoRA's norms and gains from the parameters as they are; call after LoraGroup::refresh().
    void refreshGain(LoraGroup &lora, DequantScratch &scratch) const;
    /// DoRA's start: magnitudes that leave the product as it is.
    void startMagnitudes(LoraGroup &lora, DequantScratch &scratch) const;

private:
    void keepDequantized();
    at::Tensor base(const at::Tensor &x, DequantScratch &scratch) const; ///< x W^T
    /// x W^T + down computeB^T in one pass, by our own product.
    at::Tensor joint(const at::Tensor &x, const at::Tensor &down, const LoraGroup &lora,
                     DequantScratch &scratch) const;
    at::Tensor rowSquares(DequantScratch &scratch) const;                 ///< |row of W|^2, float32
    void loraGradients(const at::Tensor &dy, const at::Tensor &dropped, const at::Tensor &u, const at::Tensor &du,
                       LoraGroup &lora) const;
    at::Tensor doraBackward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &u, LoraGroup &lora,
                            const Dropout &dropout, bool needDx, DequantScratch &scratch) const;
    bool restoresWhileMultiplying(const at::Tensor &x) const; ///< so that the weight never is whole in memory
    at::Tensor fewRowsBase(const at::Tensor &x) const; ///< x W^T by the matrix-vector kernels

    std::int64_t m_in = 0;
    std::int64_t m_out = 0;
    at::ScalarType m_dtype = at::kBFloat16;
    std::vector<Projection> m_projections;
    std::vector<std::int64_t> m_rowBegin;
    std::vector<Nf4Tensor> m_packed; ///< one per projection; empty where the weight is dense
    at::Tensor m_dense;
    at::Tensor m_kept; ///< what m_packed stands for, dequantised; undefined: made for each product
    at::Tensor m_bias;
};

/// x W^T for a dense W in the compute dtype, in that dtype; few rows of bfloat16 on a CPU go through the
/// matrix-vector kernel.
at::Tensor denseLinear(const at::Tensor &x, const at::Tensor &weight);
/// The same before it is rounded, float32 where it was computed so: scores of tokens, whose near ties rounding would
/// decide.
at::Tensor wideDenseLinear(const at::Tensor &x, const at::Tensor &weight);

} // namespace attune
