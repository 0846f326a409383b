#pragma once

#include "core/base/result.h"

#include <filesystem>

namespace attune::ui {

/// What the tour is taken through.
struct TourProject {
    bool quick = true; ///< a few validation rows only, so that a validation takes seconds
};

/// The sample project as somebody left it who had begun to work on it: some rows judged, rated and tagged, rows with
/// the usual faults among them, a version by name. Nothing to undo.
Result<void> makeTourProject(const std::filesystem::path &path, const TourProject &options);

} // namespace attune::ui
