#pragma once

#include "tests/core/studio/toy_project.h"
#include "ui/session/session.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QSignalSpy>
#include <QTest>

namespace attune::ui {

/// A toy project with rows, open as the window has it, with the two-layer model as its base.
class OpenToy {
public:
    explicit OpenToy(bool rows = true)
    {
        if (rows) {
            toy.addRows(10, Part::Train);
            toy.addRows(4, Part::Validation);
        }
        open();
    }
    void open()
    {
        auto opened = Session::open(toy.project->path());
        if (!opened)
            qFatal("%s", opened.error().message.c_str());
        session = std::move(*opened);
        session->setBaseModel(QString::fromStdString(ToyProject::model().string()));
    }
    void close() { session.reset(); }

    /// A run as another process would leave it: with so many steps.
    std::int64_t addRun(const std::string &name, int steps, RunState state = RunState::Finished)
    {
        Run run;
        run.name = name;
        run.settings = TrainSettings{}.toJson();
        run.model = ToyProject::model().string();
        run.modelPath = run.model;
        auto made = toy.project->createRun(run);
        if (!made)
            qFatal("%s", made.error().message.c_str());
        addSteps(made->id, 1, steps);
        made->state = state;
        if (state == RunState::Failed)
            made->error = "The loss is not a finite number at step 4 (rows 2, 3); look at these rows.";
        if (state == RunState::Running) { // of a process that is gone
            made->pid = 1 << 30;
            made->heartbeat = 0;
        }
        if (!toy.project->updateRun(*made))
            qFatal("the run can't be updated");
        return made->id;
    }
    void addSteps(std::int64_t run, int from, int to)
    {
        std::vector<Metric> metrics = {{0, "total_steps", 100}, {0, "steps_per_epoch", 10}};
        for (int step = from; step <= to; ++step) {
            const double s = step;
            metrics.push_back({step, "loss", 2.0 / s + 0.01 * (step % 3)});
            metrics.push_back({step, "learning_rate", 1e-3 * (1 - s / 100)});
            metrics.push_back({step, "grad_norm", 1.0 / s});
            metrics.push_back({step, "tokens_per_second", 100 + s});
            metrics.push_back({step, "memory_gib", 1.5});
            metrics.push_back({step, "seconds", 2.0});
            if (step % 5 == 0)
                metrics.push_back({step, "validation_loss", 2.2 / s + 0.2});
        }
        if (!toy.project->addMetrics(run, metrics))
            qFatal("no metrics");
    }

    ToyProject toy;
    std::unique_ptr<Session> session;
};

} // namespace attune::ui
