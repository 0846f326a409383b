#include "core/model/registry.h"
#include "core/studio/sample_project.h"
#include "ui/compare/compare_workspace.h"
#include "ui/data/data_workspace.h"
#include "ui/shell/action_book.h"
#include "ui/shell/background.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/shell/project_files.h"
#include "ui/shell/rail.h"
#include "ui/shell/run_chip.h"
#include "ui/shell/settings_page.h"
#include "ui/shell/start_page.h"
#include "ui/shell/status_line.h"
#include "ui/shell/top_bar.h"
#include "ui/shell/trouble.h"
#include "ui/theme/theme.h"
#include "ui/train/run_book.h"
#include "ui/train/train_workspace.h"
#include "ui/widgets/file_dialog.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"

#include <QDir>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QStackedWidget>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int CheckDelay = 2000;        // ms; opening comes first
constexpr int ElsewhereInterval = 10000; // ms
const QStringList workspaceIds{QStringLiteral("data"), QStringLiteral("train"), QStringLiteral("compare")};
const auto projectFilter = QT_TRANSLATE_NOOP("MainWindow", "Attune projects (*.attune)");

} // namespace

bool MainWindow::openProject(const std::filesystem::path &path)
{
    auto opened = Session::open(path);
    if (!opened) {
        qWarning("%s %s", opened.error().message.c_str(), opened.error().detail.c_str());
        const QString file = fromUtf8(path.string());
        const bool gone = opened.error().code == ErrorCode::NotFound;
        const QString sentence =
            gone ? tr("%1 is not there any more. Was it moved, or is its disk not connected?").arg(file)
                 : fromUtf8(opened.error().message);
        refuse(sentence);
        if (m_session)
            return false;
        InlineNotice::Links links;
        if (const auto copy = newestCopy(std::filesystem::absolute(path));
            copy && opened.error().code == ErrorCode::Corrupt)
            links.append(openCopy(*copy));
        if (gone)
            links.append({tr("Take it from the list"), [this, file] {
                              Preferences preferences;
                              preferences.forgetRecent(file);
                              m_start->setRecents(preferences.recentProjects());
                              m_start->setTrouble({});
                          }});
        links.append({tr("Open another"), [this] { askOpen(); }});
        m_start->setRecents(Preferences().recentProjects()); // it may be gone since
        m_start->setTrouble(sentence, links);
        return false;
    }
    closeProject();
    takeSession(std::move(*opened));
    return true;
}

QPair<QString, std::function<void()>> MainWindow::openCopy(const ProjectCopy &copy)
{
    return {tr("Open the copy of %1").arg(copy.made.toString("yyyy-MM-dd HH:mm")),
            [this, path = copy.path] { leaveProject([this, path] { openProject(toUtf8(path)); }); }};
}

/// Says why something was not done: where a project is open in the status line, else on the start page.
void MainWindow::refuse(const QString &sentence)
{
    if (m_session) {
        m_session->toast({sentence, Tone::Bad});
        return;
    }
    m_start->setTrouble(sentence);
    showPage("start");
}

void MainWindow::takeSession(std::unique_ptr<Session> session)
{
    m_session = std::move(session);
    m_start->setTrouble({});
    setWindowTitle(tr("%1 – Attune").arg(m_session->name()));
    addRecent();
    m_top->setSession(m_session.get());
    m_status->setSession(m_session.get());
    m_palette->setSession(m_session.get());
    connect(m_session.get(), &Session::undoChanged, this, &MainWindow::showUndo);
    makeWorkspaces();
    showWhatNeedsProject();

    m_readOnly->show(Tone::Warn,
                     m_session->readOnly() ? tr("Opened for reading: the file or its folder allows no writing.")
                                           : QString(),
                     {{tr("Save a copy"), [this] { backUp(); }}});
    m_elsewhereHidden = false;
    m_elsewhereTimer.start(ElsewhereInterval);
    lookElsewhere();
    QTimer::singleShot(CheckDelay, m_session.get(), [this] { checkFile(false); });
}

/// One in each turn of the event loop, so that the window never stalls; at once where it is not seen yet.
void MainWindow::makeWorkspaces()
{
    m_unmade = workspaceIds;
    m_firstPage = Preferences().workspace();
    if (!m_unmade.contains(m_firstPage))
        m_firstPage = m_unmade.first();
    if (!isVisible())
        return makeAllWorkspaces();
    m_makeTimer.start();
}

void MainWindow::makeAllWorkspaces()
{
    while (!m_unmade.isEmpty())
        makeNextWorkspace();
}

const QList<Workspace *> &MainWindow::workspaces()
{
    makeAllWorkspaces();
    return m_workspaces;
}

Workspace *MainWindow::newWorkspace(const QString &id)
{
    if (id == "data")
        return new DataWorkspace(*m_session);
    if (id == "compare")
        return new CompareWorkspace(*m_session);
    auto *train = new TrainWorkspace(*m_session);
    connect(&train->job(), &TrainingJob::stateChanged, this, [this, job = &train->job()] {
        m_top->runChip()->setSaving(job->state() == TrainingJob::State::Stopping);
    });
    connect(&train->book(), &RunBook::changed, this, [this, book = &train->book()] {
        const auto runs = book->ids();
        const auto paused = std::find_if(runs.begin(), runs.end(), [book](qint64 run) {
            const RunEntry *entry = book->entry(run);
            return entry && entry->paused;
        });
        m_top->runChip()->setPaused(paused == runs.end() ? 0 : *paused);
    });
    return train;
}

void MainWindow::makeNextWorkspace()
{
    if (m_unmade.isEmpty() || !m_session)
        return;
    const QString id = m_unmade.takeFirst();
    Workspace *one = newWorkspace(id);
    m_workspaces.append(one);
    const auto number = m_workspaces.size();
    one->setAccessibleName(one->title());
    one->setProperty("textUnit", scaled(100)); // see scalePanels()
    m_pages->addWidget(one);
    RailButton *button = m_rail->add(one->id(), one->title(), one->iconName());
    auto *show = new QAction(tr("Go to %1").arg(one->title()), one);
    show->setObjectName("go-" + id);
    show->setShortcut(QStringLiteral("Ctrl+%1").arg(number));
    button->setToolTip(tr("%1 (Ctrl+%2)").arg(one->title()).arg(number));
    connect(show, &QAction::triggered, this, [this, id] { showPage(id); });
    m_book->addShown(Menu::View, *show);
    m_book->addWorkspace(*one, [this, id] { showPage(id); });
    connect(one, &Workspace::goTo, this, &MainWindow::go);
    connect(one, &Workspace::markChanged, button, &RailButton::setMark);
    followLook();
    if (id == m_firstPage)
        showPage(id);
    else
        m_book->setCurrent(current()); // what is not shown has no keys
    if (!m_unmade.isEmpty())
        m_makeTimer.start();
    else if (currentPage() == "settings")
        m_settings->refresh(); // it lists the actions that there are
}

void MainWindow::closeProject()
{
    if (!m_session)
        return;
    for (Workspace *one : m_workspaces)
        one->aboutToClose();
    m_elsewhereTimer.stop();
    m_makeTimer.stop();
    m_unmade.clear();
    m_firstPage.clear();
    m_palette->hide();
    m_palette->setSession(nullptr);
    m_status->setSession(nullptr);
    m_top->setSession(nullptr);
    m_rail->removeAllButBottom();
    qDeleteAll(m_workspaces);
    m_workspaces.clear();
    m_book->removeWorkspaces();
    m_lastFocus.clear();
    m_hiddenPanels.clear();
    m_session.reset();
    for (InlineNotice *notice : {m_damage, m_readOnly, m_elsewhere})
        notice->hide();
    setWindowTitle(tr("Attune"));
    showWhatNeedsProject();
    m_settings->refresh(); // it lists the actions that there are
    m_start->setRecents(Preferences().recentProjects());
    showPage("start");
}

void MainWindow::addRecent()
{
    Preferences().addRecent(fromUtf8(m_session->path().string()));
}

void MainWindow::openSample()
{
    const auto path = sampleProjectPath();
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
        openProject(path);
        return;
    }
    setCursor(Qt::BusyCursor);
    inBackground<Result<ImportReport>>(
        this,
        [path]() -> Result<ImportReport> {
            std::error_code error;
            std::filesystem::create_directories(path.parent_path(), error);
            if (error)
                return fail(ErrorCode::Io,
                            "Can't make the folder " + path.parent_path().string() + ": " + error.message() + ".");
            return createSampleProject(path);
        },
        [this, path](Result<ImportReport> made) {
            unsetCursor();
            if (made)
                openProject(path);
            else
                refuse(fromUtf8(made.error().message));
        });
}

/// `then` is called in the new project.
void MainWindow::askNew(std::function<void()> then)
{
    const QString name =
        askSaveName(tr("New project"), QDir(Preferences().folder()).filePath(tr("my-project.attune")), tr("Create"));
    if (name.isEmpty())
        return;
    leaveProject([this, name, then = std::move(then)] {
        const std::filesystem::path path = toUtf8(name);
        if (const auto made = Project::create(path); !made)
            refuse(fromUtf8(made.error().message));
        else if (openProject(path) && then)
            then();
    });
}

void MainWindow::askOpen()
{
    const QString name = FileDialog::openFile(this, tr("Open project"), Preferences().folder(), tr(projectFilter));
    if (name.isEmpty())
        return;
    Preferences().setFolder(QFileInfo(name).absolutePath());
    leaveProject([this, name] { openProject(toUtf8(name)); });
}

/// The name of a project file that is not there yet; empty: the user thought better of it. What is there already is
/// refused by core, so the dialog does not ask whether to replace it.
QString MainWindow::askSaveName(const QString &title, const QString &proposal, const QString &button)
{
    FileDialog dialog(this, title, proposal, tr(projectFilter));
    dialog.setAcceptMode(QFileDialog::AcceptSave);
    dialog.setDefaultSuffix("attune");
    dialog.setOption(QFileDialog::DontConfirmOverwrite);
    dialog.setLabelText(QFileDialog::Accept, button);
    if (dialog.exec() != QDialog::Accepted)
        return {};
    Preferences().setFolder(dialog.directory().absolutePath());
    return dialog.selectedFiles().value(0);
}

void MainWindow::askModel(bool file)
{
    const QString name =
        file ? FileDialog::openFile(this, tr("Add a GGUF file"), Preferences().folder(), tr("GGUF models (*.gguf)"))
             : FileDialog::folder(this, tr("Add a model folder"), Preferences().folder());
    if (name.isEmpty())
        return;
    inBackground<Result<KnownModel>>(
        this, [path = toUtf8(name)] { return addModel(path); },
        [this](Result<KnownModel> added) {
            if (currentPage() == "settings")
                m_settings->refresh();
            if (!added) {
                if (currentPage() == "settings")
                    m_settings->showModelTrouble(fromUtf8(added.error().message));
                else
                    refuse(fromUtf8(added.error().message));
                return;
            }
            if (!m_session)
                return;
            const QString model = fromUtf8(added->name);
            Toast said;
            said.text = tr("Model %1 added").arg(model);
            said.action = tr("Use it");
            said.act = [session = m_session.get(), model] { session->setBaseModel(model); };
            m_session->toast(said);
        });
}

void MainWindow::backUp()
{
    const QString name = askSaveName(tr("Back up the project"), nameForCopy(m_session->path()), tr("Back up"));
    if (name.isEmpty())
        return;
    m_session->startJob<void>(
        this, tr("Backing up"),
        [copy = std::filesystem::path(toUtf8(name))](Project &project, std::stop_token,
                                                     const Session::JobProgress &) { return project.backupTo(copy); },
        [this, name](Result<void> done) {
            if (done)
                m_session->toast({tr("Backed up to %1").arg(name)});
            else
                m_session->report(done.error());
        });
}

void MainWindow::checkFile(bool asked)
{
    m_session->startJob<void>(
        this, tr("Checking the file"),
        [](Project &project, std::stop_token, const Session::JobProgress &) { return project.quickCheck(); },
        [this, asked](Result<void> checked) {
            if (checked) {
                m_damage->hide();
                if (asked)
                    m_session->toast({tr("The file is sound")});
                return;
            }
            qWarning("%s %s", checked.error().message.c_str(), checked.error().detail.c_str());
            InlineNotice::Links links;
            if (const auto copy = newestCopy(m_session->path()))
                links.append(openCopy(*copy));
            links.append({tr("Show details"), [this, error = checked.error()] {
                              TroubleBox(fromUtf8(error.message), fromUtf8(error.detail), this).exec();
                          }});
            m_damage->show(Tone::Bad, fromUtf8(checked.error().message), links);
        });
}

void MainWindow::lookElsewhere()
{
    if (m_elsewhereHidden)
        return;
    m_session->ask<bool>(
        this, QStringLiteral("elsewhere"),
        [path = m_session->path()](Project &) -> Result<bool> { return isOpenElsewhere(path); },
        [this](Result<bool> elsewhere) {
            const bool shown = elsewhere && *elsewhere && !m_elsewhereHidden;
            m_elsewhere->show(Tone::Neutral,
                              shown ? tr("This project is open elsewhere too; changes from there appear here.")
                                    : QString(),
                              {{tr("Hide"), [this] {
                                    m_elsewhereHidden = true;
                                    m_elsewhere->hide();
                                }}});
        });
}

/// Calls `then` where the project may be left: nothing is busy, or the user said to end it.
void MainWindow::leaveProject(std::function<void()> then)
{
    const auto busy = std::find_if(m_workspaces.begin(), m_workspaces.end(),
                                   [](const Workspace *one) { return !one->busyText().isEmpty(); });
    if (busy == m_workspaces.end()) {
        then();
        return;
    }
    switch (askLeave(**busy)) {
    case LeaveChoice::KeepOn:
        showMinimized();
        break;
    case LeaveChoice::StopFirst:
        m_session->toast({tr("Stopping"), Tone::Neutral});
        // Another workspace may be busy too, so ask again.
        (*busy)->stopForClose([guard = QPointer<MainWindow>(this), then = std::move(then)] {
            if (guard)
                guard->leaveProject(then);
        });
        break;
    case LeaveChoice::Stay:
        break;
    }
}

MainWindow::LeaveChoice MainWindow::askLeave(const Workspace &busy)
{
    const bool training = busy.id() == QLatin1String("train");
    QMessageBox box(QMessageBox::Question, tr("Still at work"), busy.busyText(), QMessageBox::NoButton, this);
    box.setObjectName("leaveBox");
    if (training)
        box.setInformativeText(tr("A stopped run can be resumed later, from the very step."));
    QPushButton *keep = box.addButton(training ? tr("Keep training and minimise") : tr("Go on and minimise"),
                                      QMessageBox::AcceptRole);
    QPushButton *stop =
        box.addButton(training ? tr("Stop and keep a checkpoint") : tr("Stop it"), QMessageBox::DestructiveRole);
    QPushButton *stay = box.addButton(QMessageBox::Cancel);
    box.setDefaultButton(keep);
    box.setEscapeButton(stay);
    box.exec();
    return box.clickedButton() == keep   ? LeaveChoice::KeepOn
           : box.clickedButton() == stop ? LeaveChoice::StopFirst
                                         : LeaveChoice::Stay;
}

} // namespace attune::ui
