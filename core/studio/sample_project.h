#pragma once

#include "core/studio/import_files.h"
#include "core/train/settings.h"

namespace attune {

/// The model that set-up brings, by the name under which it is known.
inline constexpr auto sampleModel = "smollm2-135m-instruct";

/// How the sample project is trained: chosen for a clear gain within minutes on two processor cores.
TrainSettings demoSettings();

/// A new project with the sample data that the program carries: customer e-mails to strict JSON, with train,
/// validation and test parts. The project is marked (isSampleProject()).
Result<ImportReport> createSampleProject(const std::filesystem::path &path);

/// Whether a project was made by createSampleProject(): such a one may be replaced by a fresh one.
Result<bool> isSampleProject(Project &project);
/// Removes a sample project's files; refuses any other project.
Result<void> removeSampleProject(const std::filesystem::path &path);

} // namespace attune
