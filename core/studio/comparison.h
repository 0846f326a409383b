#pragma once

#include "core/infer/generator.h"
#include "core/studio/run_model.h"

namespace attune {

struct CompareRequest {
    ModelChoice first; ///< a run; its base model and its way to hold it are used for both
    std::string other; ///< number or name of another run on the same base; empty: the base itself
    std::string otherCheckpoint;
    std::vector<std::vector<Message>> prompts;
    GenerationOptions generation;
};

struct ComparedAnswer {
    std::string model; ///< "base", or the run's name
    std::string text;
    std::int64_t tokens = 0;
    double seconds = 0;
};

/// Lets two models answer the same prompts, the first one first, and gives out each pair as it is there. The base is
/// loaded once; only adapters are changed. Fails with InvalidInput where the two have different base models.
Result<void> compareModels(Project &project, const CompareRequest &request, std::stop_token stop,
                           const std::function<void(std::size_t, const std::vector<ComparedAnswer> &)> &onPair,
                           const Progress &progress = {});

} // namespace attune
