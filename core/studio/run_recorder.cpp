#include "core/studio/run_recorder.h"

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
    metrics.push_back({e.step, "seconds", e.seconds});
    metrics.push_back({e.step, "padding", e.padding});
}

} // namespace

Result<void> RunRecorder::record(Project &project)
{
    const std::scoped_lock lock(m_mutex);
    for (TrainEvent &event : m_events.drain()) {
        if (const auto *step = std::get_if<StepDone>(&event)) {
            if (step->steps > 0 && step->steps != m_steps) { // how far the run goes, for whoever reads its history
                m_steps = step->steps;
                m_metrics.push_back({0, "total_steps", static_cast<double>(step->steps)});
                m_metrics.push_back({0, "steps_per_epoch", static_cast<double>(step->stepsPerEpoch)});
            }
            appendMetrics(*step, m_metrics);
        }
        if (const auto *eval = std::get_if<EvalDone>(&event))
            m_metrics.push_back({eval->step, "validation_loss", eval->validationLoss});
        else if (const auto *log = std::get_if<TrainLog>(&event))
            m_logs.push_back(*log);
        m_fresh.push_back(std::move(event));
    }
    if (!m_metrics.empty()) {
        ATTUNE_CHECK(project.addMetrics(m_run, m_metrics));
        m_metrics.clear();
    }
    for (; !m_logs.empty(); m_logs.pop_front())
        ATTUNE_CHECK(project.addLog(m_run, m_logs.front().level, m_logs.front().text));
    return {};
}

std::vector<TrainEvent> RunRecorder::take()
{
    std::vector<TrainEvent> events;
    const std::scoped_lock lock(m_mutex);
    events.swap(m_fresh);
    return events;
}

} // namespace attune
