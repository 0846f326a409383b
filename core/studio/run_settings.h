#pragma once

#include "core/store/project.h"
#include "core/train/settings.h"

namespace attune {

/// The settings that a run was made with.
Result<TrainSettings> settingsOf(const Run &run);
/// The adapter folder that it started from; empty: a fresh adapter.
std::string initAdapterOf(const Run &run);
/// Both as a run keeps them.
Json runSettings(const TrainSettings &settings, const std::string &initAdapter);

/// Where the run's base model is now: where it was found then, else where its name leads today, else the path
/// `instead` where one is given.
Result<std::filesystem::path> baseModelOf(const Run &run, const std::string &instead = {});

/// Fails with InvalidInput where the model at `path`, of this fingerprint, is not the one that the run was trained
/// on.
Result<void> checkBaseModel(const Run &run, const std::filesystem::path &path, const std::string &fingerprint);

} // namespace attune
