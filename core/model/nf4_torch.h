#pragma once

#include "core/model/kernels/kernels.h"

#include <ATen/core/Tensor.h>
#include <functional>

namespace attune {

/// An NF4 weight [out, in] as bitsandbytes packs it. Dettmers et al. 2023, arXiv:2305.14314, sec. 3.
struct Nf4Tensor {
    std::int64_t out = 0;
    std::int64_t in = 0;
    at::Tensor packed; ///< uint8 [ceil(out * in / 2)]
    at::Tensor absmax; ///< float32 [blocks]; undefined with double quantisation
    // double quantisation of absmax:
    at::Tensor codes;   ///< uint8 [blocks]
    at::Tensor absmax2; ///< float32 [ceil(blocks / 256)]
    at::Tensor code;    ///< float32 [256], on the weight's device
    at::Tensor levels;  ///< float32 [16], the same
    float offset = 0;

    std::int64_t blocks() const { return (out * in + 63) / 64; }
    std::int64_t bytes() const;
    Nf4View view() const; ///< CPU only
    Nf4Tensor to(at::Device device) const;
};

/// Blocks of 64 consecutive values, row-major; the last may be short. `rows(begin, end, out)` gives rows of the
/// weight as fp32; it is called in order, in pieces of a few MiB, so that the whole is never held in fp32. Double
/// quantisation as bitsandbytes does it: offset = mean(absmax), blocks of 256 of absmax - offset over the signed
/// dynamic codes.
Nf4Tensor quantizeNf4(std::int64_t out, std::int64_t in, bool doubleQuant,
                      const std::function<void(std::int64_t, std::int64_t, float *)> &rows);

/// Gives a weight whose parts come from elsewhere the tables `code` and `levels`.
void addTables(Nf4Tensor &weight);

/// The weight [out, in] in `dtype` (float64, float32, bfloat16 or float16). bfloat16 and float32 on a CPU go through
/// the vectorised kernels; everything else through ATen ops that every device has. Both round code x absmax (fp32)
/// once.
at::Tensor dequantize(const Nf4Tensor &weight, at::ScalarType dtype);
/// The same into rows of an existing contiguous tensor [out, in].
void dequantizeInto(const Nf4Tensor &weight, at::Tensor out);
/// absmax restored to fp32 [blocks].
at::Tensor blockMaxima(const Nf4Tensor &weight);

} // namespace attune
