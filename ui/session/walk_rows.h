#pragma once

#include "core/store/labelling.h"
#include "ui/session/session.h"

#include <atomic>

namespace attune::ui {

/// The rows that Labelling::beginWalk() has left to undo() or redo(). False: it was stopped, and turned back. Where
/// the project is `closing`, the rest is left to who opens it next.
Result<bool> walkRows(Project &project, const EditStep &step, std::stop_token stop, const std::atomic_bool &closing,
                      const Session::JobProgress &progress);

} // namespace attune::ui
