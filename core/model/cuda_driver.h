#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace attune {

/// What launching a kernel takes of NVIDIA's driver (cuda.h, a stable interface), looked up when first asked for, so
/// that neither building nor starting needs a toolkit or a card. Handles are opaque; a result other than 0 is an
/// error.
struct CudaDriver {
    using Handle = void *;

    int (*deviceGet)(int *device, int ordinal) = nullptr;
    int (*deviceGetAttribute)(int *value, int attribute, int device) = nullptr;
    int (*libraryLoadData)(Handle *library, const void *code, void *, void **, unsigned, void *, void **,
                           unsigned) = nullptr;
    int (*libraryGetKernel)(Handle *kernel, Handle library, const char *name) = nullptr;
    int (*launchKernel)(Handle kernel, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned sharedBytes, Handle stream, void **arguments,
                        void **) = nullptr;
    int (*errorString)(int code, const char **text) = nullptr;

    // Graphs: work that is recorded once and started many times, and memory that the card reads and writes by itself.
    int (*streamCreate)(Handle *stream, unsigned flags) = nullptr;
    int (*streamDestroy)(Handle stream) = nullptr;
    int (*streamSynchronize)(Handle stream) = nullptr;
    int (*streamBeginCapture)(Handle stream, int mode) = nullptr;
    int (*streamEndCapture)(Handle stream, Handle *graph) = nullptr;
    int (*graphInstantiate)(Handle *executable, Handle graph, unsigned long long flags) = nullptr;
    int (*graphLaunch)(Handle executable, Handle stream) = nullptr;
    int (*graphDestroy)(Handle graph) = nullptr;
    int (*graphExecutableDestroy)(Handle executable) = nullptr;
    int (*hostAlloc)(void **memory, std::size_t bytes, unsigned flags) = nullptr;
    int (*hostFree)(void *memory) = nullptr;
    int (*copyToCard)(std::uint64_t to, const void *from, std::size_t bytes, Handle stream) = nullptr;
    int (*copyFromCard)(void *to, std::uint64_t from, std::size_t bytes, Handle stream) = nullptr;

    /// Null where no driver answers, or one that is too old for these functions (before CUDA 12).
    static const CudaDriver *get();

    std::string words(int code) const;
    /// 90 for compute capability 9.0; 0 where there is no such device.
    int capability(int ordinal) const;
};

} // namespace attune
