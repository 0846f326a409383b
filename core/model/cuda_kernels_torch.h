#pragma once

#include "core/model/kernels/kernels.h"
#include "core/model/nf4_torch.h"

#include <ATen/core/Tensor.h>
#include <array>
#include <memory>
#include <string>

namespace attune {

/// A weight as attune.cu declares it, field for field.
struct Nf4Argument {
    const std::uint8_t *packed = nullptr;
    const float *levels = nullptr;
    const float *absmax = nullptr;
    const std::uint8_t *codes = nullptr;
    const float *absmax2 = nullptr;
    const float *code = nullptr;
    float offset = 0;

    static Nf4Argument of(const Nf4Tensor &weight);
};

/// The engine's own CUDA kernels (resources/kernels/*.cu) for one card: compiled when first asked for, launched on
/// torch's current stream. Tensors are contiguous, on the card, bfloat16 where nothing else is said, and of the
/// shapes that the functions of the same names have in ops_torch.h.
class CudaKernels {
public:
    /// For tensors like t. Null where t is not bfloat16 on a CUDA device, where the kernels could not be built (see
    /// trouble()), or where $ATTUNE_CUDA_KERNELS is 0: ATen's ops then do the same work.
    static const CudaKernels *of(const at::Tensor &t);
    /// For any dtype on t's card.
    static const CudaKernels *on(const at::Tensor &t);
    /// Why there are none on the device; empty where there are.
    static std::string trouble(int device);
    /// For the driver's launchKernel; null where there is no kernel of that name.
    void *named(const char *kernel) const;

    /// Few enough rows for nf4MatVec.
    static constexpr std::int64_t fewRows = 8;
    /// FlashAttention takes heads like t's: bfloat16, a head size that it knows, a card from 8.0 on.
    bool flashes(const at::Tensor &t) const { return m_capability >= 80 && t.size(-1) % 8 == 0 && t.size(-1) <= 256; }

    /// The weight into `out` [out, in], bfloat16 or float32. Its size is a multiple of 64.
    void dequantize(const Nf4Tensor &weight, const at::Tensor &out) const;
    /// y [n, out] = x [n, in] W^T, n <= fewRows, in a multiple of 64.
    void nf4MatVec(const Nf4Tensor &weight, const at::Tensor &x, const at::Tensor &y) const;

    void rmsNorm(const at::Tensor &x, const at::Tensor &weight, double eps, const at::Tensor &y,
                 const at::Tensor &rstd) const; ///< rstd may be undefined
    void rmsNormBackward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &rstd,
                         const at::Tensor &dx) const;
    void swiGlu(const at::Tensor &gateUp, const at::Tensor &out) const;
    void swiGluBackward(const at::Tensor &dOut, const at::Tensor &gateUp, const at::Tensor &dGateUp) const;

    /// Queries, keys and values of some tokens, [tokens, heads x d] each, rows any distance apart.
    struct Rows {
        at::Tensor q, k, v;
    };
    struct Rotation {
        std::int64_t first = 0; ///< position of the first of
        std::int64_t time = 1;  ///< so many tokens that follow one another, before the next row begins
        std::int64_t headDim = 0;
        float sign = 1; ///< -1 rotates back
        at::Tensor cosine, sine; ///< float32 [positions, headDim / 2]
    };
    /// out [tokens, q heads | k heads | v heads]: queries and keys rotated, values as they are.
    void rotateHeads(const Rows &from, const Rotation &rotation, const at::Tensor &out) const;

    /// nll float32 [rows]; the logits become the gradient where gradientScale is not 0.
    void crossEntropy(const at::Tensor &logits, const at::Tensor &targets, double gradientScale,
                      const at::Tensor &nll) const;
    /// to = x by the mask, or to += x by it.
    void dropout(const DropoutRule &rule, const at::Tensor &x, bool add, const at::Tensor &to) const;

private:
    using Kernel = void *;

    struct OneCard;
    static OneCard &card(int device);
    static std::unique_ptr<CudaKernels> build(int device, std::string &trouble);
    template <typename... Arguments>
    void launch(Kernel kernel, std::int64_t blocks, unsigned threads, Arguments... arguments) const;

    int m_device = 0;
    int m_capability = 0;
    void *m_library = nullptr;
    Kernel m_nf4ToBf16 = nullptr;
    Kernel m_nf4ToFloat = nullptr;
    std::array<Kernel, 4> m_nf4MatVec{}; ///< for up to 1, 2, 4, 8 rows
    Kernel m_rmsNorm = nullptr;
    Kernel m_rmsNormBackward = nullptr;
    Kernel m_swiGlu = nullptr;
    Kernel m_swiGluBackward = nullptr;
    Kernel m_rotateHeads = nullptr;
    Kernel m_crossEntropy = nullptr;
    Kernel m_dropout = nullptr;
};

} // namespace attune
