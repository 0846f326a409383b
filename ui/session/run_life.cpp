#include "ui/session/run_life.h"

#include <cerrno>
#include <chrono>
#include <csignal>

namespace attune::ui {

bool givesSignsOfLife(const Run &run)
{
    constexpr double LongSilence = 15; // seconds
    constexpr double ShortSilence = 3;
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    const double silence = now - run.heartbeat;
    const bool gone = run.pid <= 0 || (::kill(static_cast<pid_t>(run.pid), 0) != 0 && errno == ESRCH);
    return silence <= (gone ? ShortSilence : LongSilence);
}

} // namespace attune::ui
