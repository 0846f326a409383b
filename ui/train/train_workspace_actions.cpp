#include "ui/train/train_workspace.h"

#include "core/deploy/export.h"
#include "ui/train/differences_panel.h"
#include "ui/train/loss_chart.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/run_list_model.h"
#include "ui/train/run_tabs.h"
#include "ui/train/runs_panel.h"
#include "ui/widgets/file_dialog.h"
#include "ui/widgets/format.h"
#include "ui/widgets/plot_frame.h"

#include <QInputDialog>
#include <QLineEdit>
#include <QListView>
#include <QMenu>

namespace attune::ui {

QAction *TrainWorkspace::addAction(Wanted which, const char *name, const QString &text, const QKeySequence &key)
{
    auto *action = new QAction(text, this);
    action->setObjectName(QLatin1String(name));
    action->setShortcut(key);
    m_actions[which] = action;
    return action;
}

void TrainWorkspace::makeActions()
{
    const auto onList = [this](QAction *action) { // single keys act in the list only, as they are letters elsewhere
        action->setShortcutContext(Qt::WidgetShortcut);
        m_runs->list()->addAction(action);
    };
    connect(addAction(NewRun, "newRun", tr("New run"), Qt::CTRL | Qt::Key_N), &QAction::triggered, this,
            [this] { showForm(true); });
    QAction *start = addAction(Start, "startRun", tr("Start the run"), Qt::CTRL | Qt::Key_Return);
    start->setShortcuts({Qt::CTRL | Qt::Key_Return, Qt::CTRL | Qt::Key_Enter});
    connect(start, &QAction::triggered, this, [this] {
        if (formShown())
            m_form->start();
        else
            showForm(true);
    });
    connect(addAction(AllSettings, "allSettings", tr("All settings of the next run")), &QAction::triggered, this,
            [this] {
                m_form->setAdvanced(true);
                showForm(true);
            });
    connect(addAction(PauseRun, "pauseRun", tr("Pause the run")), &QAction::triggered, this,
            [this] { stopRun(MonitorPanel::Stop::Pause); });
    connect(addAction(StopRun, "stopRun", tr("Stop, keep a checkpoint")), &QAction::triggered, this,
            [this] { stopRun(MonitorPanel::Stop::AfterStep); });
    connect(addAction(Resume, "resumeRun", tr("Resume the run")), &QAction::triggered, this,
            [this] { resumeRun(current()); });
    QAction *rename = addAction(Rename, "renameRun", tr("Rename the run"), Qt::Key_F2);
    onList(rename);
    connect(rename, &QAction::triggered, this, [this] {
        showRuns(true);
        m_runs->list()->setFocus();
        m_runs->list()->edit(m_runs->list()->currentIndex());
    });
    connect(addAction(Tag, "tagRun", tr("Tags of the run…")), &QAction::triggered, this,
            [this] { tagRun(current()); });
    connect(addAction(Pin, "pinBaseline", tr("Pin as baseline")), &QAction::triggered, this,
            [this] { m_book->setBaseline(m_book->baseline() == current() ? 0 : current()); });
    QAction *overlay = addAction(Overlay, "overlayRun", tr("Overlay"), Qt::Key_O);
    onList(overlay);
    connect(overlay, &QAction::triggered, this, [this] {
        RunListModel *model = m_runs->model();
        const QModelIndex index = model->indexOf(current());
        if (index.isValid())
            model->setData(index, m_book->overlaySlot(current()) >= 0 ? Qt::Unchecked : Qt::Checked,
                           Qt::CheckStateRole);
    });
    connect(addAction(StartLike, "startLike", tr("Start one like this")), &QAction::triggered, this, [this] {
        if (const RunEntry *entry = m_book->entry(current())) {
            m_form->startLike(*entry);
            showForm(true);
        }
    });
    connect(addAction(Compare, "compareRun", tr("Compare with the base")), &QAction::triggered, this,
            [this] { compareRun(current(), QStringLiteral("best")); });
    connect(addAction(Export, "exportAdapter", tr("Export the adapter…")), &QAction::triggered, this,
            [this] { exportRun(current(), {}); });
    connect(addAction(CopyCommand, "copyRunCommand", tr("Copy as a command")), &QAction::triggered, m_monitor->tabs(),
            &RunTabs::copyCommand);
    QAction *remove = addAction(Remove, "removeRun", tr("Delete the run"), Qt::Key_Delete);
    onList(remove);
    connect(remove, &QAction::triggered, this, [this] { removeRun(current()); });
    connect(addAction(SavePlot, "savePlotAs", tr("Save the plot as…"), QKeySequence::Save), &QAction::triggered, this,
            [this] { m_monitor->chart()->frame()->saveWithDialog(QStringLiteral("png")); });
    connect(addAction(AsTable, "plotAsTable", tr("Curves as a table")), &QAction::triggered, this, [this] {
        PlotFrame *frame = m_monitor->chart()->frame();
        frame->setTableShown(!frame->tableShown());
    });
    connect(addAction(ResetZoom, "resetZoom", tr("Show the whole curve")), &QAction::triggered, m_monitor->chart(),
            &LossChart::resetZoom);
    connect(addAction(Search, "findRun", tr("Find a run")), &QAction::triggered, this,
            [this] { searchField()->setFocus(Qt::ShortcutFocusReason); });
}

void TrainWorkspace::fillMenus()
{
    for (QMenu *menu : {m_runs->menu(), m_monitor->menu()}) {
        for (const Wanted which :
             {Resume, Compare, StartLike, Rename, Tag, Pin, Overlay, CopyCommand, Export, Remove}) {
            if (which == Rename || which == Export)
                menu->addSeparator();
            menu->QWidget::addAction(m_actions[which]);
        }
    }
}

QList<WorkspaceAction> TrainWorkspace::workspaceActions()
{
    QList<WorkspaceAction> all;
    for (const Wanted which : {NewRun, AllSettings, Start, PauseRun, StopRun, Resume, Compare, StartLike, Rename, Tag,
                               Pin, Overlay, CopyCommand, Export, Remove})
        all.append({Menu::Run, m_actions[which], which == NewRun || which == PauseRun || which == StopRun, {}});
    for (const Wanted which : {Search, AsTable, ResetZoom})
        all.append({Menu::View, m_actions[which], false, {}});
    all.append({Menu::File, m_actions[SavePlot], false, {}});
    return all;
}

void TrainWorkspace::updateActions()
{
    const RunEntry *entry = m_book->entry(current());
    const QString none = tr("No run is chosen");
    const auto set = [&](Wanted which, bool on, const QString &why) {
        m_actions[which]->setEnabled(on);
        m_actions[which]->setProperty("why", on ? QString() : why);
        m_actions[which]->setToolTip(on ? m_actions[which]->text() : why);
    };
    const bool running = entry && entry->phase == RunPhase::Running;
    const bool readOnly = m_session.readOnly();
    const QString locked = tr("The project is read-only");
    const bool stoppable = m_job->isBusy() && m_job->state() != TrainingJob::State::Stopping;
    set(PauseRun, stoppable, tr("No run trains in this window"));
    set(StopRun, stoppable, tr("No run trains in this window"));
    set(Resume, entry && entry->canResume() && !m_job->isBusy() && !readOnly,
        !entry ? none : readOnly ? locked : m_job->isBusy() ? tr("Another run trains now")
                                                            : tr("%1 has not stopped").arg(entry->label()));
    set(Rename, entry && !readOnly, entry ? locked : none);
    set(Tag, entry && !readOnly, entry ? locked : none);
    set(Pin, entry && !readOnly, entry ? locked : none);
    m_actions[Pin]->setText(entry && m_book->baseline() == entry->id() ? tr("Unpin the baseline")
                                                                       : tr("Pin as baseline"));
    set(Overlay, entry, none);
    m_actions[Overlay]->setText(entry && m_book->overlaySlot(entry->id()) >= 0 ? tr("Take out of the overlay")
                                                                               : tr("Overlay"));
    set(StartLike, entry, none);
    const bool hasCheckpoint = entry && !entry->checkpoints.empty();
    const QString noCheckpoint = entry ? tr("%1 has no checkpoint").arg(entry->label()) : none;
    set(Compare, hasCheckpoint && !running, running ? tr("%1 still trains").arg(entry->label()) : noCheckpoint);
    set(Export, hasCheckpoint, noCheckpoint);
    set(CopyCommand, entry, none);
    set(Remove, entry && !running && !readOnly,
        !entry ? none : readOnly ? locked : tr("%1 still trains; stop it first").arg(entry->label()));
    set(SavePlot, entry, none);
    set(AsTable, entry, none);
    m_form->setBusy(m_job->isBusy() ? tr("A run trains now; stop it, or wait until it ends") : QString());
}

void TrainWorkspace::compareRun(qint64 id, const QString &checkpoint)
{
    if (m_book->entry(id))
        Q_EMIT goTo(QStringLiteral("compare"),
                    {{QStringLiteral("run"), id}, {QStringLiteral("checkpoint"), checkpoint}});
}

void TrainWorkspace::exportRun(qint64 id, const QString &checkpoint)
{
    const RunEntry *entry = m_book->entry(id);
    if (!entry)
        return;
    const QString label = entry->label();
    // A folder of its own: exporting writes over nothing but an adapter.
    const QString folder = FileDialog::saveFile(this, tr("Export the adapter of %1 to a new folder").arg(label),
                                                entry->name() + QStringLiteral("-adapter"), {}, false);
    if (folder.isEmpty())
        return;
    ExportRequest request;
    request.run = std::to_string(id);
    request.checkpoint = toUtf8(checkpoint);
    request.target = toUtf8(folder);
    m_session.startJob<CheckpointInfo>(
        this, tr("Exporting the adapter of %1").arg(label),
        [request](Project &project, std::stop_token, const Session::JobProgress &) {
            return attune::exportRun(project, request);
        },
        [this, folder, label](Result<CheckpointInfo> done) {
            if (done)
                m_session.toast({tr("%1, step %2: adapter written to %3").arg(label).arg(done->step).arg(folder),
                                 Tone::Ok, {}});
            else
                m_session.report(done.error());
        });
}

void TrainWorkspace::removeRun(qint64 id)
{
    const RunEntry *entry = m_book->entry(id);
    if (!entry || entry->phase == RunPhase::Running)
        return;
    const QString label = entry->label();
    m_book->removeLater(id);
    m_session.toast({tr("%1 deleted").arg(label), Tone::Neutral, tr("Undo"), [book = QPointer(m_book), id] {
                         if (book)
                             book->restore(id);
                     }});
}

void TrainWorkspace::tagRun(qint64 id)
{
    const RunEntry *entry = m_book->entry(id);
    if (!entry)
        return;
    QStringList tags;
    for (const std::string &tag : entry->run.tags)
        tags << fromUtf8(tag);
    auto *dialog = new QInputDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Tags of %1").arg(entry->label()));
    dialog->setLabelText(tr("Tags, with commas between them"));
    dialog->setTextValue(tags.join(QStringLiteral(", ")));
    connect(dialog, &QInputDialog::textValueSelected, this, [this, id](const QString &text) {
        m_book->setTags(id, text.split(QLatin1Char(','), Qt::SkipEmptyParts));
    });
    dialog->open();
}

} // namespace attune::ui
