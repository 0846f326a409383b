#pragma once

#include "core/store/project.h"

namespace attune {

/// What a project's next run is made with unless somebody says otherwise: the window keeps its choices in the
/// project, and the command line goes by them.

inline constexpr auto NextModelKey = "base_model"; ///< settings of the project
inline constexpr auto NextMaxLengthKey = "max_length";

/// The chosen base model as --model takes it; else that of the last run, else the one that set-up brings.
Result<std::string> nextModel(Project &project);
Result<std::int64_t> nextMaxLength(Project &project);

} // namespace attune
