#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace attune {

struct StepDone {
    std::int64_t step = 0;
    std::int64_t steps = 0; ///< of the whole run
    double loss = 0;        ///< nats per supervised token, over the accumulation window
    double learningRate = 0;
    double gradNorm = 0; ///< before clipping
    std::int64_t supervisedTokens = 0;
    double tokensPerSecond = 0; ///< tokens of the window's rows, padding not counted
    double memoryGib = 0;       ///< resident, at its highest so far
    double seconds = 0;         ///< that the step took, validation and checkpoints not counted
    std::int64_t stepsPerEpoch = 0;
    double padding = 0; ///< share of the computed positions that only fill shorter rows up
};
struct EvalDone {
    std::int64_t step = 0;
    double validationLoss = 0; ///< nats per supervised token
    bool best = false;
};
struct CheckpointSaved {
    std::int64_t step = 0;
    bool best = false;
};
struct TrainLog {
    std::string level; ///< "info", "warning", "sample" (core/studio/run_samples.h)
    std::string text;
};
/// The last event, exactly once.
struct Ended {
    bool stopped = false;      ///< on request
    bool early = false;        ///< by early_stopping_patience
    std::optional<Error> error; ///< why it failed
    std::int64_t step = 0;
};
using TrainEvent = std::variant<StepDone, EvalDone, CheckpointSaved, TrainLog, Ended>;

/// The training thread post()s and never waits; a watcher (window, command line, test) drain()s at its own pace.
/// Nothing is dropped or reordered; Ended comes exactly once, last.
class EventQueue {
public:
    void post(TrainEvent event)
    {
        const std::scoped_lock lock(m_mutex);
        m_events.push_back(std::move(event));
    }
    std::vector<TrainEvent> drain()
    {
        std::vector<TrainEvent> events;
        const std::scoped_lock lock(m_mutex);
        events.swap(m_events);
        return events;
    }

private:
    std::mutex m_mutex;
    std::vector<TrainEvent> m_events; // guarded by m_mutex
};

} // namespace attune
