#pragma once

#include "core/model/kernels/kernels.h"

#include <ATen/core/Tensor.h>

namespace attune {

// How the ops reach the CPU kernels; for core/model only.

/// bfloat16 on a CPU, which the kernels take.
bool usesKernels(const at::Tensor &t);
const Bf16 *bits(const at::Tensor &t);
Bf16 *mutableBits(const at::Tensor &t);
/// float64 for float64, else float32.
at::ScalarType accumulationType(const at::Tensor &t);

} // namespace attune
