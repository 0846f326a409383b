#pragma once

#include "core/model/kernels/kernels.h"

#include <string>

namespace attune {

struct KernelCheck {
    std::string name; ///< "product of bfloat16 matrices"
    double worst = 0; ///< largest difference, relative to the largest value
    double allowed = 0;
    bool passed() const { return worst <= allowed; } ///< false for a NaN too
};

/// Runs the kernels of one level on small random input and holds what they give against plain loops in double. Takes
/// milliseconds. A processor (or an emulator of one) that claims instructions which it computes wrongly is found
/// here.
std::vector<KernelCheck> checkKernels(const CpuKernels &kernels);

/// The same for a CUDA device that the engine has (cudaDevices()): what the decoder's parts give there beside what
/// they give on the processor. The kernels must have been built (cudaKernelTrouble()); takes a second or two. A
/// failure of the device itself is one check that did not pass, named by its words.
std::vector<KernelCheck> checkCudaKernels(int device);

} // namespace attune
