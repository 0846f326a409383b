#pragma once

#include "core/base/result.h"

#include <QString>

#include <filesystem>
#include <functional>

namespace attune::ui {

/// Writes a picture of every page and state that exists, light and dark, at 1440x900 and 1024x700, from a fresh sample
/// project in a temporary folder: <folder>/<page>[-state]-<theme>[-1024x700].png. Runs an event loop of its own; `wrote`
/// gets each file. Returns the number of pictures; fails where a state does not get ready or a file can't be written.
Result<int> runTour(const std::filesystem::path &folder, const std::function<void(const QString &file)> &wrote = {});

} // namespace attune::ui
