#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune {

struct Gpu {
    std::string name;
    std::int64_t total = 0; ///< bytes
    std::int64_t free = 0;
    int computeMajor = 0; ///< "compute capability", 0: unknown
    int computeMinor = 0;
};

struct GpuReport {
    std::vector<Gpu> gpus;
    std::string driver; ///< its version; empty: no NVIDIA driver answers
};

/// What the NVIDIA driver says of its cards, through the library (libnvidia-ml) that comes with it: nothing is
/// linked, nothing is started on the cards, and where there is no driver the answer is empty.
GpuReport gpuReport();

} // namespace attune
