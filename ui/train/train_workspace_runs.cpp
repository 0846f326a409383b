#include "ui/train/train_workspace.h"

#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/runs_panel.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"

#include <QMessageBox>
#include <QPushButton>

#include <utility>

namespace attune::ui {

void TrainWorkspace::connectJob()
{
    connect(m_job, &TrainingJob::stateChanged, this, [this] {
        updateActions();
        updateEmpty();
        updateMark();
    });
    connect(m_job, &TrainingJob::stored, this, [this](qint64 run) {
        if (m_book->ownRun() != run) {
            m_book->setOwnRun(run);
            m_book->reload(run); // resumed: steps after its checkpoint are gone
        }
        m_book->poll(run);
        if (m_followOwn && m_book->entry(run)) {
            m_followOwn = false;
            selectRun(run);
        }
    });
    connect(m_job, &TrainingJob::ended, this, &TrainWorkspace::runEnded);
}

void TrainWorkspace::startRun(const TrainRequest &request)
{
    if (m_job->isBusy())
        return;
    m_discard = m_pausing = false;
    m_followOwn = true;
    m_book->setPaused(0);
    m_monitor->showTrouble(0, {});
    m_book->setOwnRun(RunBook::unknownRun);
    m_job->start(request);
    m_session.toast({tr("A run begins"), Tone::Neutral, {}}); // whatever failed before is no news any more
    m_monitor->setRun(0);
    m_runs->setCurrent(0);
    showForm(false);
}

void TrainWorkspace::resumeRun(qint64 id)
{
    const RunEntry *entry = m_book->entry(id);
    if (!entry || !entry->canResume() || m_job->isBusy())
        return;
    TrainRequest request;
    request.project = m_session.path();
    request.resume = std::to_string(id);
    m_discard = m_pausing = false;
    m_followOwn = true;
    m_notice->hide();
    m_book->setPaused(0);
    m_monitor->showTrouble(0, {});
    m_book->setOwnRun(id);
    m_job->start(request);
    m_session.toast({tr("%1 goes on").arg(entry->label()), Tone::Neutral, {}});
    selectRun(id);
    m_monitor->setRun(id);
}

void TrainWorkspace::stopRun(MonitorPanel::Stop how)
{
    if (!m_job->isBusy())
        return;
    if (how == MonitorPanel::Stop::AtValidation) {
        m_job->stopAtNextValidation();
        m_session.toast({tr("The run stops at its next validation"), Tone::Neutral, {}});
        return;
    }
    if (how == MonitorPanel::Stop::AfterStep || how == MonitorPanel::Stop::Pause) {
        m_pausing = how == MonitorPanel::Stop::Pause;
        m_job->stop();
        return;
    }
    auto *box = new QMessageBox(QMessageBox::Warning, tr("Stop and discard"),
                                tr("Stop the run and delete it, with its curve and checkpoints?"),
                                QMessageBox::Cancel, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton *discard = box->addButton(tr("Discard"), QMessageBox::DestructiveRole);
    connect(discard, &QPushButton::clicked, this, [this] {
        m_discard = true;
        m_job->stop();
    });
    box->open();
}

void TrainWorkspace::runEnded(qint64 id, const Result<TrainOutcome> &outcome)
{
    const qint64 run = id > 0 ? id : m_book->ownRun();
    m_book->ownRunEnded();
    if (run > 0)
        m_book->poll(run);
    updateEmpty();
    const QString label = tr("Run %1").arg(run);
    const bool interrupted = !outcome && outcome.error().code == ErrorCode::Interrupted;
    QString mark;
    if (m_discard && run > 0) {
        m_book->removeLater(run);
        m_session.toast({tr("%1 discarded").arg(label), Tone::Neutral, {}});
    } else if (interrupted) {
        m_session.toast({tr("The run was stopped before its first step"), Tone::Neutral, {}});
    } else if (!outcome) {
        mark = QStringLiteral("!");
        m_session.report(outcome.error());
        if (run <= 0) { // no run came of it: the form says why
            showForm(true);
            m_form->showFailure(fromUtf8(outcome.error().message));
        } else {
            m_monitor->showTrouble(run, fromUtf8(outcome.error().message));
        }
    } else if (outcome->stopped) {
        if (m_pausing)
            m_book->setPaused(run);
        const QString text = m_pausing ? tr("%1 paused at step %2; its memory is free until it goes on")
                                       : tr("%1 stopped at step %2; it can go on from there");
        m_session.toast({text.arg(label).arg(outcome->step),
                         Tone::Neutral, tr("Resume"), [this, run] { resumeRun(run); }});
    } else {
        mark = QStringLiteral("tick");
        const QString text = outcome->bestLoss
                                 ? tr("%1 finished: validation %2 at step %3.")
                                       .arg(label, formatNumber(*outcome->bestLoss, 2))
                                       .arg(outcome->bestStep)
                                 : tr("%1 finished at step %2.").arg(label).arg(outcome->step);
        m_session.toast({text, Tone::Ok, tr("Compare now"), [self = QPointer(this), run] {
                             if (self)
                                 self->compareRun(run, QStringLiteral("best"));
                         }});
    }
    m_discard = m_pausing = false;
    m_followOwn = false;
    if (run <= 0 && current() == 0 && !m_book->ids().isEmpty())
        selectRun(m_book->ids().first());
    m_mark = m_visible && isVisible() ? QString() : mark;
    Q_EMIT markChanged(m_mark);
    updateActions();
    if (m_whenStopped)
        std::exchange(m_whenStopped, {})();
}

void TrainWorkspace::updateMark()
{
    bool running = m_job->isBusy();
    for (const RunEntry *entry : m_book->entries())
        running = running || entry->phase == RunPhase::Running;
    const QString mark = running ? QStringLiteral("dot") : m_mark == QLatin1String("dot") ? QString() : m_mark;
    if (mark == m_mark)
        return;
    m_mark = mark;
    Q_EMIT markChanged(mark);
}

/// A run that a kill or a power cut ended says "running" in the project; once, when the window opens.
void TrainWorkspace::offerCutOffRuns()
{
    if (!m_notice->isHidden() && std::as_const(*m_book).entry(m_notice->property("run").toLongLong()) &&
        m_book->entry(m_notice->property("run").toLongLong())->phase != RunPhase::CutOff)
        m_notice->hide(); // somebody took it up
    if (m_offered || !m_book->loaded() || m_job->isBusy())
        return;
    bool undecided = false; // of one that has been silent for a moment only, it shows later
    for (const RunEntry *entry : m_book->entries()) {
        undecided = undecided || entry->phase == RunPhase::Running;
        if (entry->phase != RunPhase::CutOff)
            continue;
        m_offered = true;
        const qint64 run = entry->id();
        const auto step = entry->resumeStep();
        const QString text = tr("%1 was cut off at step %2. It can go on from its checkpoint of step %3.")
                                 .arg(entry->label())
                                 .arg(entry->history.lastStep())
                                 .arg(step.value_or(0));
        m_notice->setProperty("run", run);
        m_notice->show(Tone::Warn, text, {{tr("Resume"), [this, run] { resumeRun(run); }},
                                          {tr("Not now"), [this] { m_notice->hide(); }}});
        m_session.toast({text, Tone::Warn, tr("Resume"), [self = QPointer(this), run] {
                             if (self) {
                                 Q_EMIT self->goTo(QStringLiteral("train"), {{QStringLiteral("run"), run}});
                                 self->resumeRun(run);
                             }
                         }});
        return;
    }
    m_offered = !undecided;
}

QString TrainWorkspace::busyText() const
{
    if (!m_job->isBusy())
        return {};
    if (m_job->run() == 0 || m_job->step() == 0)
        return tr("A run is starting");
    return tr("Run %1 is training (%2 of %3)").arg(m_job->run()).arg(m_job->step()).arg(m_job->steps());
}

void TrainWorkspace::stopForClose(std::function<void()> done)
{
    if (!m_job->isBusy()) {
        done();
        return;
    }
    m_whenStopped = std::move(done);
    m_job->stop();
}

void TrainWorkspace::aboutToClose()
{
    m_book->removeHidden();
}

} // namespace attune::ui
