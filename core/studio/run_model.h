#pragma once

#include "core/model/language_model.h"
#include "core/store/project.h"
#include "core/studio/progress.h"
#include "core/text/chat.h"
#include "core/train/settings.h"

namespace attune {

/// What to load: a run's adapter on its base model, or a base model alone.
struct ModelChoice {
    std::string run;        ///< number or name; empty: the base alone
    std::string checkpoint; ///< as chooseCheckpoint() takes it
    std::string model;      ///< the base; empty: the run's, or that of the project's latest run
    std::optional<TrainSettings>
        settings;                  ///< how to hold the base; none: as the run did, or the latest run, or by default
    std::vector<std::string> sets; ///< "key=value", over those
};

/// A model that is ready to answer, and what it is.
struct RunModel {
    LanguageModel model;
    ChatEncoder encoder;
    TrainSettings settings;
    std::optional<Run> run; ///< none: the base
    CheckpointInfo checkpoint;
    std::string baseName; ///< as the user knows the base model

    std::string name() const { return run ? run->name : "base"; }
};

/// Fails with InvalidInput where the base is not the one that the run was trained on.
Result<RunModel> loadRunModel(Project &project, const ModelChoice &choice, std::stop_token stop = {},
                              const Progress &progress = {});

/// A run's adapter, checked against the fingerprint of the base that is loaded.
Result<Adapter> adapterForBase(Project &project, const Run &run, const CheckpointInfo &checkpoint,
                               const LanguageModel &base);

} // namespace attune
