#pragma once

#include "core/model/adapter.h"
#include "core/store/project.h"

namespace attune {

/// Which of a run's checkpoints is meant: "best", "last", a step, or nothing: the best where the run was validated,
/// else the last. NotFound says which there are.
Result<CheckpointInfo> chooseCheckpoint(Project &project, const Run &run, const std::string &choice);

/// The adapter that a checkpoint holds, with the shape that the run's settings give it.
Result<Adapter> checkpointAdapter(Project &project, const Run &run, const CheckpointInfo &checkpoint);
/// The same, from blobs that were read already.
Result<Adapter> checkpointAdapter(const Run &run, const CheckpointBlobs &blobs);

} // namespace attune
