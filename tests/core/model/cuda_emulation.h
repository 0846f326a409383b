#pragma once

#include <barrier>
#include <bit>
#include <cmath>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

// CUDA's blocks and threads on a processor, just far enough for resources/kernels/attune.cu: a thread of the block is a
// thread here, blocks run one after another. Include this, then the kernels. Slow, and meant for wrong indexes and
// barriers, not for rounding: a card may contract a b + c and has its own expf.

struct EmulatedIndex {
    unsigned x = 0;
};
struct uint4 {
    unsigned x, y, z, w;
};

inline thread_local EmulatedIndex threadIdx;
inline EmulatedIndex blockIdx;
inline EmulatedIndex blockDim;

/// The barriers of the block that runs, and where its warps exchange values.
struct EmulatedBlock {
    explicit EmulatedBlock(unsigned threads) : all(threads), values(threads)
    {
        for (unsigned i = 0; i < threads / 32; ++i)
            warps.push_back(std::make_unique<std::barrier<>>(32));
    }
    std::barrier<> all;
    std::vector<std::unique_ptr<std::barrier<>>> warps;
    std::vector<float> values;
};
inline EmulatedBlock *emulatedBlock = nullptr;

inline void __syncthreads()
{
    emulatedBlock->all.arrive_and_wait();
}

inline float __shfl_xor_sync(unsigned, float value, int lanes)
{
    std::barrier<> &warp = *emulatedBlock->warps[threadIdx.x / 32];
    emulatedBlock->values[threadIdx.x] = value;
    warp.arrive_and_wait();
    const float other = emulatedBlock->values[threadIdx.x ^ static_cast<unsigned>(lanes)];
    warp.arrive_and_wait();
    return other;
}

inline unsigned __float_as_uint(float value)
{
    return std::bit_cast<unsigned>(value);
}
inline float __uint_as_float(unsigned bits)
{
    return std::bit_cast<float>(bits);
}
inline float __fmul_rn(float a, float b)
{
    return a * b;
}
inline float __fadd_rn(float a, float b)
{
    return a + b;
}

#define __global__
#define __device__
#define __shared__ static

/// kernel<<<blocks, threads>>>(): a thread that returns early no longer holds the barriers up, as on a card.
template <typename Kernel>
void emulate(std::size_t blocks, unsigned threads, const Kernel &kernel)
{
    blockDim.x = threads;
    for (unsigned block = 0; block < blocks; ++block) {
        blockIdx.x = block;
        EmulatedBlock state(threads);
        emulatedBlock = &state;
        std::vector<std::jthread> running;
        for (unsigned i = 0; i < threads; ++i)
            running.emplace_back([&, i] {
                threadIdx.x = i;
                kernel();
                state.warps[i / 32]->arrive_and_drop();
                state.all.arrive_and_drop();
            });
    }
}
