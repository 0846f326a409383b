#pragma once

#include "core/store/project.h"
#include "core/train/events.h"

#include <deque>

namespace attune {

/// Carries a run's events from the queue into the project, from two threads: the one that follows the run does it all
/// the time, and the training thread does it before it saves a checkpoint. Without the latter, a kill between the two
/// would leave a checkpoint whose history lacks the steps before it, and resuming would never fill the gap.
class RunRecorder {
public:
    RunRecorder(EventQueue &events, std::int64_t run) : m_events(events), m_run(run) {}

    /// Stores what the queue holds. `project` is the calling thread's own connection. What could not be stored is
    /// kept, and the next call tries again.
    Result<void> record(Project &project);
    /// The events that came since the last call, in order, for whoever watches.
    std::vector<TrainEvent> take();

private:
    EventQueue &m_events;
    std::int64_t m_run;
    std::mutex m_mutex;
    // Guarded by m_mutex:
    std::int64_t m_steps = 0;      // of the whole run, as it was last stored
    std::vector<Metric> m_metrics; // not stored yet
    std::deque<TrainLog> m_logs;   // not stored yet
    std::vector<TrainEvent> m_fresh;
};

} // namespace attune
