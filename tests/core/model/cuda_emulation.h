#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <ucontext.h>
#include <vector>

// CUDA's blocks and threads on a processor, just far enough for resources/kernels/*.cu: blocks run one after another,
// and the threads of a block take turns on the one thread that there is, which changes where they wait for one
// another. Include this, then the kernels. Meant for wrong indexes and barriers, not for rounding: a card may
// contract a b + c and has its own expf.

struct EmulatedIndex {
    unsigned x = 0;
    unsigned y = 0;
};
struct uint2 {
    unsigned x, y;
};
struct uint4 {
    unsigned x, y, z, w;
};

inline EmulatedIndex threadIdx;
inline EmulatedIndex blockIdx;
inline EmulatedIndex blockDim;

/// The block that runs: its threads, and where its warps exchange values.
struct EmulatedBlock {
    struct Barrier {
        unsigned expected = 0;
        unsigned arrived = 0;
        unsigned turn = 0;
    };
    EmulatedBlock(unsigned count, std::function<void()> body)
        : kernel(std::move(body)), contexts(count), running(count, true), values(count),
          warps(count / 32, Barrier{32}), all{count}
    {
    }

    std::function<void()> kernel;
    ucontext_t outside{};
    std::vector<ucontext_t> contexts;
    std::vector<bool> running;
    std::vector<float> values;
    std::vector<Barrier> warps;
    Barrier all;
};
inline EmulatedBlock *emulatedBlock = nullptr;

/// Goes on with the next thread that has not ended.
inline void emulatedSwitch()
{
    EmulatedBlock &block = *emulatedBlock;
    const unsigned from = threadIdx.x;
    unsigned next = from;
    do
        next = (next + 1) % blockDim.x;
    while (next != from && !block.running[next]);
    if (next == from)
        return;
    threadIdx.x = next;
    swapcontext(&block.contexts[from], &block.contexts[next]);
}

inline void emulatedWait(EmulatedBlock::Barrier &barrier)
{
    const unsigned turn = barrier.turn;
    if (++barrier.arrived == barrier.expected) {
        barrier.arrived = 0;
        ++barrier.turn;
    }
    while (barrier.turn == turn)
        emulatedSwitch();
}

/// A thread that ends no longer holds the barriers up, as on a card.
inline void emulatedLeave(EmulatedBlock::Barrier &barrier)
{
    if (barrier.arrived == --barrier.expected) {
        barrier.arrived = 0;
        ++barrier.turn;
    }
}

inline void emulatedThread()
{
    EmulatedBlock &block = *emulatedBlock;
    block.kernel();
    block.running[threadIdx.x] = false;
    emulatedLeave(block.warps[threadIdx.x / 32]);
    emulatedLeave(block.all);
    emulatedSwitch();
    setcontext(&block.outside); // it was the last one
}

inline void __syncthreads()
{
    emulatedWait(emulatedBlock->all);
}

inline float __shfl_xor_sync(unsigned, float value, int lanes)
{
    EmulatedBlock::Barrier &warp = emulatedBlock->warps[threadIdx.x / 32];
    emulatedBlock->values[threadIdx.x] = value;
    emulatedWait(warp);
    const float other = emulatedBlock->values[threadIdx.x ^ static_cast<unsigned>(lanes)];
    emulatedWait(warp);
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

/// kernel<<<(blocks, rows), threads>>>()
inline void emulate(std::size_t blocks, unsigned threads, const std::function<void()> &kernel, std::size_t rows = 1)
{
    constexpr std::size_t stack = 64 << 10;
    blockDim.x = threads;
    std::vector<std::unique_ptr<char[]>> stacks;
    for (unsigned i = 0; i < threads; ++i)
        stacks.push_back(std::make_unique<char[]>(stack));
    for (std::size_t i = 0; i < blocks * rows; ++i) {
        blockIdx = {static_cast<unsigned>(i % blocks), static_cast<unsigned>(i / blocks)};
        EmulatedBlock block(threads, kernel);
        emulatedBlock = &block;
        for (unsigned thread = 0; thread < threads; ++thread) {
            ucontext_t &context = block.contexts[thread];
            getcontext(&context);
            context.uc_stack.ss_sp = stacks[thread].get();
            context.uc_stack.ss_size = stack;
            makecontext(&context, emulatedThread, 0);
        }
        threadIdx.x = 0;
        swapcontext(&block.outside, &block.contexts[0]);
    }
}
