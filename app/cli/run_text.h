#pragma once

#include "core/store/project.h"

namespace attune::cli {

/// "running", "finished", "stopped", "failed"; "interrupted" where it was running and has given no sign of life for a
/// while.
std::string stateText(const Run &run);

/// How far a run came: the last value of its metrics and the best validation loss.
struct RunProgress {
    std::int64_t step = 0;
    std::optional<double> loss;
    std::optional<double> bestLoss;
    std::int64_t bestStep = 0;
};
Result<RunProgress> progressOf(Project &project, const Run &run);

OrderedJson runJson(const Run &run, const RunProgress &progress);

} // namespace attune::cli
