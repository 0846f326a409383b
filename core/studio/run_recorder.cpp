#include "core/studio/run_recorder.h"

#include <array>
#include <chrono>
#include <ctime>

namespace attune {
namespace {

void appendMetrics(const StepDone &e, std::vector<Metric> &metrics)
{
    metrics.push_back({e.step, "loss", e.loss});
    metrics.push_back({e.step, "learning_rate", e.learningRate});
    metrics.push_back({e.step, "grad_norm", e.gradNorm});
    metrics.push_back({e.step, "supervised_tokens", static_cast<double>(e.supervisedTokens)});
    metrics.push_back({e.step, "tokens_per_second", e.tokensPerSecond});
    metrics.push_back({e.step, "memory_gib", e.memoryGib});
}

} // namespace

Result<void> RunRecorder::record(Project &project)
{
    const std::scoped_lock lock(m_mutex);
    auto events = m_events.drain();
    std::vector<Metric> metrics;
    Result<void> result;
    for (const TrainEvent &event : events) {
        if (const auto *step = std::get_if<StepDone>(&event))
            appendMetrics(*step, metrics);
        else if (const auto *eval = std::get_if<EvalDone>(&event))
            metrics.push_back({eval->step, "validation_loss", eval->validationLoss});
        else if (const auto *log = std::get_if<TrainLog>(&event); log && result)
            result = project.addLog(m_run, log->level, log->text);
    }
    if (!metrics.empty() && result)
        result = project.addMetrics(m_run, metrics);
    // Those who watch see them all the same: Ended must reach them whatever the disk says.
    m_stored.insert(m_stored.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
    return result;
}

std::vector<TrainEvent> RunRecorder::take()
{
    std::vector<TrainEvent> events;
    const std::scoped_lock lock(m_mutex);
    events.swap(m_stored);
    return events;
}

std::string utcNow()
{
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

} // namespace attune
