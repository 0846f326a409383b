#pragma once

#include "core/store/project.h"
#include "core/studio/progress.h"
#include "core/train/trainer.h"

namespace attune {

struct TrainRequest {
    std::filesystem::path project;
    std::string model;                 ///< as the user wrote it; may be empty where a run is resumed
    std::string name;                  ///< of a new run; empty: "run-N"
    std::filesystem::path initAdapter; ///< a PEFT folder to start from; empty: a fresh adapter
    std::string resume;                ///< number or name of a run to go on with; empty: a new run
    TrainSettings settings;            ///< of a new run; a resumed one keeps its own
    int samples = 4;                   ///< validation prompts answered at each validation and before the first step
};

/// Gets every event, with the run that it belongs to, after it was stored; on a thread of its own while the training
/// runs.
using WatchTraining = std::function<void(const TrainEvent &, const Run &)>;

/// Trains from start to end: the rows of a snapshot of the project, validated on its validation part. The training
/// runs on the calling thread; another stores and shows its events some twenty times a second. `stop` ends the run
/// with a checkpoint.
///
/// A run exists in the project from the moment when the model is loaded and there is something to resume from: its
/// first checkpoint is that of step 0. A resumed run, killed or stopped, takes the same steps as an unbroken one, bit
/// for bit; where it is finished already, nothing is done. Resuming fails with InvalidInput where the base model is
/// another one. Whatever happens, the run's state in the project says how it ended.
Result<TrainOutcome> runTraining(const TrainRequest &request, std::stop_token stop = {},
                                 const WatchTraining &watch = {}, const Progress &progress = {});

} // namespace attune
