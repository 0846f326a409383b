#pragma once

#include "core/base/result.h"

#include <QString>

#include <filesystem>
#include <functional>

namespace attune::ui {

struct TourOptions {
    /// Training steps of the run that the pictures show. Up to FewSteps the run is validated on a few rows and
    /// answers are kept short, so that the tour takes a minute; beyond, it is trained on the sample as it is.
    int steps = 6;
    static constexpr int FewSteps = 20;
    /// A project whose copy is shown instead of a fresh sample; one that has runs is trained no further.
    std::filesystem::path project = {};
};

/// Writes a picture of every page and state that exists, light and dark, at 1440x900 and 1024x700, and one with the
/// text at 200 %, of a project in a temporary folder: <folder>/<page>[-state]-<theme>[-1024x700 | -text200].png. Runs
/// an event loop of its own; `wrote` gets each file, while the window still shows what is on it. Returns the number
/// of pictures; fails where the sample's model is not installed, a state does not get ready, or a file can't be
/// written.
Result<int> runTour(const std::filesystem::path &folder, const TourOptions &options = {},
                    const std::function<void(const QString &file)> &wrote = {});

} // namespace attune::ui
