#pragma once

#include <cstdint>

namespace attune {

/// SplitMix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators"): the same draws on every
/// platform, which the standard library's distributions and std::shuffle do not promise.
constexpr std::uint64_t splitMixStep = 0x9E3779B97F4A7C15ULL;

/// What the generator gives in this state.
constexpr std::uint64_t splitMixed(std::uint64_t state)
{
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ULL;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBULL;
    return state ^ (state >> 31);
}

/// The next draw; moves the state on.
constexpr std::uint64_t nextSplitMix(std::uint64_t &state)
{
    return splitMixed(state += splitMixStep);
}

} // namespace attune
