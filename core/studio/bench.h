#pragma once

#include "core/train/settings.h"

#include <stop_token>

namespace attune {

/// The device's own limits, measured after the benchmark.
struct BenchLimits {
    double gemmFlops = 0; ///< a second
    double readBytes = 0; ///< a second
};

struct TrainBench {
    double stepSeconds = 0; ///< median after the first two steps
    double tokensPerSecond = 0;
    double peakMemoryGib = 0;
    double plannedMemoryGib = 0; ///< what planMemory() said before
    double lastLoss = 0;
    BenchLimits limits;
    double neededFlops = 0; ///< of a step: 4 x parameters x tokens; the head's only at supervised tokens
    double gemmShare = 0;   ///< of the limit, that those reach: 1 is a step of nothing but products at full speed
};

/// Trains on random tokens, the last quarter of each row supervised: the training loop itself, without a project.
Result<TrainBench> benchTraining(const std::filesystem::path &model, const TrainSettings &settings,
                                 std::int64_t sequence, std::int64_t steps, std::stop_token stop);

struct GenerateBench {
    double prefillTokensPerSecond = 0;
    double decodeTokensPerSecond = 0;
    double peakMemoryGib = 0;
    BenchLimits limits;
    double bytesPerToken = 0; ///< of weights that each new token reads
    double readShare = 0;     ///< of the limit, that decoding reaches by reading them
    double gemmShare = 0;     ///< of the limit, that the prefill's 2 x parameters x tokens reach
};

/// Answers a random prompt greedily; medians of three.
Result<GenerateBench> benchGeneration(const std::filesystem::path &model, const TrainSettings &settings,
                                      std::int64_t prompt, std::int64_t newTokens, std::stop_token stop);

} // namespace attune
