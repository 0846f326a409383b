#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace attune {

/// Whether the engine can compute on a CUDA device now: a driver answers and libtorch's CUDA part is there. Then
/// device=auto means that device. The first call loads both, which takes a second or two where they are there; it
/// must come before anything else asks torch for CUDA, because torch remembers that it was not there.
bool engineHasCuda();
/// Why not, in one sentence; empty where it can, and where no driver answers.
std::string cudaTrouble();
/// Why the engine's own CUDA kernels are not in use on the first device, though it has one; empty where they are.
std::string cudaKernelTrouble();
/// CUDA devices that the engine can name cuda:0, cuda:1, ...
int cudaDevices();

/// What the run on `device` ("cpu", "cuda:0") took at most so far, in bytes: on a GPU what its allocator gave out,
/// else the process's resident memory.
std::int64_t peakMemoryOn(const std::string &device);

/// The folder that libtorch's libraries lie in.
std::filesystem::path torchFolder();

/// "2.11.0", and the vector instructions that ATen chose: "AVX2".
std::string torchVersion();
std::string atenLevel();

} // namespace attune
