#pragma once

#include "core/formats/json.h"

#include <filesystem>
#include <functional>

namespace attune::cli {

/// Calls `visit` with each JSON object of a file of JSON Lines and with "FILE line N", for messages. Blank lines are
/// skipped.
Result<void> forEachJsonLine(const std::filesystem::path &file,
                             const std::function<Result<void>(const Json &, const std::string &where)> &visit);

} // namespace attune::cli
