#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace attune {

/// The source of the engine's own CUDA kernels: resources/kernels/attune.cu.
std::string_view cudaKernelSource();

/// NVRTC's version, "13.0"; fails with NotFound where the library is not on this machine. Needs no card.
Result<std::string> nvrtcVersion();

/// Machine code of `source` for cards of a compute capability (90 for 9.0), as the driver loads it. A capability that
/// is younger than this NVRTC gets what runs on it: code of an older one of its generation, or PTX. Fails with
/// NotFound without NVRTC, Internal with the compiler's words.
Result<std::string> compileCuda(std::string_view source, int capability);

/// The same, kept in a folder from one start to the next; a file that is damaged, or can't be read or written there,
/// only costs the time to compile again.
Result<std::string> compiledCuda(std::string_view source, int capability, const std::filesystem::path &folder);

} // namespace attune
