#include "ui/session/walk_rows.h"

#include <algorithm>

namespace attune::ui {

namespace {

constexpr double RowsOfAPiece = 4000; // about; for the progress

} // namespace

Result<bool> walkRows(Project &project, const EditStep &step, std::stop_token stop, const std::atomic_bool &closing,
                      const Session::JobProgress &progress)
{
    Labelling labelling(project);
    const auto count = static_cast<double>(step.rows.size());
    bool turned = false;
    for (double pieces = 1;; ++pieces) {
        if (closing) {
            ATTUNE_CHECK(labelling.leaveWalk(step.id));
            return !turned;
        }
        if (stop.stop_requested() && !turned) {
            ATTUNE_TRY(turned, labelling.turnWalk(step.id));
        }
        progress(turned ? -1 : std::min(1.0, pieces * RowsOfAPiece / count), step.label);
        ATTUNE_TRY(const bool more, labelling.walkOn(step.id));
        if (!more)
            return !turned;
    }
}

} // namespace attune::ui
