#pragma once

#include "core/store/project.h"

namespace attune {

struct ExportRequest {
    std::string run;        ///< number or name
    std::string checkpoint; ///< as chooseCheckpoint() takes it
    std::string form = "peft";
    std::filesystem::path target;
};

/// Writes a run's adapter in a form that other programs load; gives the checkpoint that it took. A target that exists
/// must be an adapter folder or an empty one: nothing else is written over. "merged", "gguf" and "bundle" are refused
/// for now.
Result<CheckpointInfo> exportRun(Project &project, const ExportRequest &request);

} // namespace attune
