#include "app/cli/run_text.h"

#include <chrono>

namespace attune::cli {

std::string stateText(const Run &run)
{
    constexpr double silence = 15; // a run gives a sign of life every second
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    if (run.state == RunState::Running && now - run.heartbeat > silence)
        return "interrupted";
    return std::string(name(run.state));
}

Result<RunProgress> progressOf(Project &project, const Run &run)
{
    RunProgress progress;
    ATTUNE_TRY(const auto metrics, project.metrics(run.id));
    for (const Metric &metric : metrics) {
        progress.step = std::max(progress.step, metric.step);
        if (metric.name == "loss")
            progress.loss = metric.value;
        if (metric.name == "validation_loss" && (!progress.bestLoss || metric.value < *progress.bestLoss)) {
            progress.bestLoss = metric.value;
            progress.bestStep = metric.step;
        }
    }
    return progress;
}

OrderedJson runJson(const Run &run, const RunProgress &progress)
{
    OrderedJson json = {{"run", run.id},         {"name", run.name},         {"state", stateText(run)},
                        {"model", run.model},    {"created", run.createdAt}, {"ended", run.endedAt},
                        {"step", progress.step}, {"tags", run.tags}};
    if (progress.loss)
        json["loss"] = *progress.loss;
    if (progress.bestLoss) {
        json["best_step"] = progress.bestStep;
        json["best_validation_loss"] = *progress.bestLoss;
    }
    if (!run.error.empty())
        json["error"] = run.error;
    return json;
}

} // namespace attune::cli
