#pragma once

#include "core/studio/progress.h"

#include <chrono>
#include <string>

namespace attune::cli {

/// Whether standard error is a terminal, on which a line can be painted over.
bool onTerminal();
/// Columns of that terminal.
std::size_t terminalWidth();
/// Paints over the current line of standard error; an empty text clears it.
void repaint(const std::string &line);

/// Progress of a job on standard error: on a terminal a bar with the share and the time that remains, else a line
/// every few seconds. Nothing stays of the bar at the end.
class ProgressBar {
public:
    ProgressBar() = default;
    ProgressBar(const ProgressBar &) = delete;
    ProgressBar &operator=(const ProgressBar &) = delete;
    ~ProgressBar() { clear(); }

    void update(std::string_view stage, double share);
    void clear();
    /// For a job; refers to this object.
    Progress callback();

private:
    using Clock = std::chrono::steady_clock;
    std::string m_stage;
    Clock::time_point m_begin; // of the stage
    Clock::time_point m_shown;
    bool m_painted = false;
};

} // namespace attune::cli
