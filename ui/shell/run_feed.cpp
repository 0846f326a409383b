#include "ui/shell/run_feed.h"

#include "ui/session/run_life.h"

#include <algorithm>

namespace attune::ui {

namespace {

constexpr std::int64_t Window = 50;    // steps that time and loss are taken from
constexpr double Smoothing = 0.6;      // as the plot's
constexpr int Interval = 2000;         // ms

RunStatus::State stateOf(const Run &run)
{
    switch (run.state) {
    case RunState::Running:
        return givesSignsOfLife(run) ? RunStatus::Running : RunStatus::Interrupted;
    case RunState::Finished:
        return RunStatus::Finished;
    case RunState::Stopped:
        return RunStatus::Stopped;
    case RunState::Failed:
        return RunStatus::Failed;
    }
    return RunStatus::None;
}

/// How many steps the run has in all, from the first line of its history.
Result<qint64> totalSteps(Project &project, std::int64_t run)
{
    ATTUNE_TRY(const auto history, project.metrics(run));
    qint64 total = 0;
    for (const Metric &metric : history)
        if (metric.name == "total_steps")
            total = static_cast<qint64>(metric.value);
    return total;
}

Result<RunStatus> readStatus(Project &project, const RunStatus &before)
{
    RunStatus status;
    ATTUNE_TRY(const auto runs, project.runs());
    if (runs.empty())
        return status;
    const auto running = std::find_if(runs.rbegin(), runs.rend(),
                                      [](const Run &run) { return stateOf(run) == RunStatus::Running; });
    const Run &run = running != runs.rend() ? *running : runs.back();
    status.state = stateOf(run);
    status.run = run.id;
    status.name = QString::fromStdString(run.name);
    status.error = QString::fromStdString(run.error);
    ATTUNE_TRY(const auto last, project.lastStep(run.id));
    status.step = std::max<qint64>(last, 0);
    status.steps = before.run == run.id ? before.steps : 0;
    if (status.steps == 0) {
        ATTUNE_TRY(status.steps, totalSteps(project, run.id));
    }
    ATTUNE_TRY(const auto recent, project.metrics(run.id, std::max<std::int64_t>(last - Window, 0)));
    std::vector<double> seconds;
    double mean = 0;
    double weight = 0;
    for (const Metric &metric : recent) {
        if (metric.name == "seconds")
            seconds.push_back(metric.value);
        if (metric.name == "loss") {
            mean = Smoothing * mean + (1 - Smoothing) * metric.value;
            weight = Smoothing * weight + (1 - Smoothing);
        }
    }
    if (weight > 0)
        status.loss = mean / weight;
    if (!seconds.empty() && status.steps > status.step) {
        const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
        std::nth_element(seconds.begin(), middle, seconds.end());
        status.secondsLeft = *middle * static_cast<double>(status.steps - status.step);
    }
    return status;
}

} // namespace

RunFeed::RunFeed(Session &session, QObject *parent) : QObject(parent), m_session(session)
{
    connect(&session, &Session::runsChanged, this, &RunFeed::ask);
    // A run that was killed says nothing any more: only its silence tells.
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (m_status.state == RunStatus::Running)
            ask();
    });
    m_timer.start(Interval);
    ask();
}

void RunFeed::ask()
{
    m_session.ask<RunStatus>(
        this, QStringLiteral("run"),
        [before = m_status](Project &project) { return readStatus(project, before); },
        [this](Result<RunStatus> status) {
            if (!status || *status == m_status)
                return;
            m_status = *status;
            Q_EMIT changed(m_status);
        });
}

} // namespace attune::ui
