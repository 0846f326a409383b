#pragma once

#include <functional>
#include <string_view>

namespace attune {

/// How far a long job is: the stage that it is in ("Loading the model") and the share of it that is done, 0 to 1.
/// Called on the thread that does the job, often. An empty one is not called.
using Progress = std::function<void(std::string_view stage, double share)>;

} // namespace attune
