#include "core/model/registry.h"
#include "core/studio/sample_project.h"
#include "ui/train/loss_chart.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/run_tabs.h"
#include "ui/train/samples_view.h"
#include "ui/train/train_workspace.h"

#include <algorithm>

// Of TrainWorkspace: the states that the tour shows.

namespace attune::ui {

namespace {

constexpr int UsualSteps = 6;

/// Real steps of the sample, so that the pictures have a curve, samples and checkpoints.
TrainRequest tourRun(const std::filesystem::path &project, int steps)
{
    TrainRequest request;
    request.project = project;
    request.model = sampleModel;
    request.name = "first try";
    request.settings = demoSettings();
    request.settings.max_steps = steps;
    if (steps > 20) { // enough for curves worth looking at
        request.settings.eval_steps = std::max(1, steps / 6);
        return request;
    }
    request.samples = 1;
    request.settings.per_device_train_batch_size = 1;
    request.settings.gradient_accumulation_steps = 1;
    request.settings.max_length = 192;
    request.settings.eval_steps = std::max(1, steps / 2);
    return request;
}

} // namespace

QList<TourState> TrainWorkspace::tourStates()
{
    const bool isSet = property("tourSteps").isValid();
    const int steps = isSet ? property("tourSteps").toInt() : UsualSteps;
    const auto loaded = [this] { return m_book->loaded() && m_form->isReady() && m_session.encoder() != nullptr; };
    const auto planned = [this, loaded] { return loaded() && m_form->memoryKnown(); };
    const auto training = [this] {
        const RunEntry *entry = m_book->entry(current());
        return m_job->isBusy() || (entry && entry->phase == RunPhase::Running);
    };
    const auto tab = [this](int index) {
        return [this, index] {
            showForm(false);
            m_monitor->tabs()->setCurrentIndex(index);
        };
    };
    QList<TourState> states;
    states.append({QString(), [this] {
                       m_form->setAdvanced(false);
                       showForm(true);
                   }, planned});
    states.append({QStringLiteral("advanced"), [this] {
                       m_form->setAdvanced(true);
                       showForm(true);
                   }, loaded});
    if (!resolveModel(sampleModel))
        return states;
    states.append({QStringLiteral("running"), [this, steps] {
                       m_form->setAdvanced(false);
                       showForm(false);
                       if (m_book->ids().isEmpty())
                           startRun(tourRun(m_session.path(), steps));
                       m_monitor->tabs()->setCurrentIndex(0);
                   }, [this, loaded, training, steps] {
                       const RunEntry *entry = m_book->entry(current());
                       return loaded() && entry &&
                              (!training() || entry->history.lastStep() >= std::min(steps / 2, 30));
                   }});
    states.append({QStringLiteral("monitor"), tab(0), [this, loaded, training] {
                       if (!loaded() || training())
                           return false;
                       const RunEntry *entry = m_book->entry(current());
                       if (!entry || entry->history.validation().isEmpty())
                           return true;
                       m_monitor->chart()->setCrossStep(static_cast<qint64>(entry->history.best()->x()));
                       return !m_monitor->tabs()->samples()->samples().empty() && m_monitor->chart()->isDrawn();
                   }});
    for (const auto &[index, name] : {std::pair(1, "warnings"), std::pair(2, "log"), std::pair(3, "settings")})
        states.append({QLatin1String(name), tab(index), loaded});
    states.append({QStringLiteral("next"), [this] {
                       m_monitor->tabs()->setCurrentIndex(0);
                       m_monitor->chart()->setCrossStep(-1);
                       showForm(true);
                   }, planned});
    return states;
}

} // namespace attune::ui
