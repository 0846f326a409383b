#pragma once

#include "core/train/settings.h"

#include <stop_token>

namespace attune {

struct TrainBench {
    double stepSeconds = 0; ///< median after the first two steps
    double tokensPerSecond = 0;
    double peakMemoryGib = 0;
    double plannedMemoryGib = 0; ///< what planMemory() said before
    double lastLoss = 0;
};

/// Trains on random tokens, the last quarter of each row supervised: the training loop itself, without a project.
Result<TrainBench> benchTraining(const std::filesystem::path &model, const TrainSettings &settings, std::int64_t sequence,
                                 std::int64_t steps, std::stop_token stop);

struct GenerateBench {
    double prefillTokensPerSecond = 0;
    double decodeTokensPerSecond = 0;
    double peakMemoryGib = 0;
};

/// Answers a random prompt greedily; medians of three.
Result<GenerateBench> benchGeneration(const std::filesystem::path &model, const TrainSettings &settings,
                                      std::int64_t prompt, std::int64_t newTokens, std::stop_token stop);

} // namespace attune
