#pragma once

#include <string>

namespace attune {

/// Whether the engine can compute on a CUDA device now: a driver answers and libtorch's CUDA part is loaded. Then
/// device=auto means that device.
bool engineHasCuda();

/// "2.11.0", and the vector instructions that ATen chose: "AVX2".
std::string torchVersion();
std::string atenLevel();

} // namespace attune
