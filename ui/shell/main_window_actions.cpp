#include "ui/shell/action_book.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/shell/rail.h"
#include "ui/shell/status_line.h"
#include "ui/shell/top_bar.h"
#include "ui/shell/trouble.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"

#include <QActionGroup>
#include <QApplication>
#include <QDesktopServices>
#include <QFileInfo>
#include <QMenu>
#include <QMessageBox>
#include <QProcess>
#include <QSplitter>
#include <QStackedWidget>
#include <QUrl>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr double TextStep = 0.25;

/// The first widget inside `region`, in the order of Tab, that takes the focus.
QWidget *firstInside(QWidget *region)
{
    const auto takes = [](const QWidget *widget) {
        return widget->isVisible() && widget->isEnabled() && (widget->focusPolicy() & Qt::TabFocus);
    };
    if (takes(region))
        return region;
    for (QWidget *next = region->nextInFocusChain(); next && next != region; next = next->nextInFocusChain())
        if (region->isAncestorOf(next) && takes(next))
            return next;
    return nullptr;
}

const QSplitter *outermostSplitter(const QWidget &page)
{
    const auto splitters = page.findChildren<QSplitter *>();
    for (const QSplitter *one : splitters) {
        const bool inner = std::any_of(splitters.begin(), splitters.end(), [one](const QSplitter *other) {
            return other != one && other->isAncestorOf(one);
        });
        if (!inner && one->orientation() == Qt::Horizontal)
            return one;
    }
    return nullptr;
}

} // namespace

void MainWindow::fillFile()
{
    m_book->add(Menu::File, "new-project", tr("New project…"), QKeySequence("Ctrl+Shift+N"), [this] { askNew(); });
    m_book->add(Menu::File, "open-project", tr("Open project…"), QKeySequence("Ctrl+O"), [this] { askOpen(); });
    QMenu *recent = m_book->addMenu(Menu::File, tr("Open recent"));
    connect(recent, &QMenu::aboutToShow, this, [this, recent] { fillRecents(recent); });
    m_book->add(Menu::File, "open-sample", tr("Open the sample project"), {}, [this] {
        leaveProject([this] { openSample(); });
    });
    m_book->add(Menu::File, "new-window", tr("New window"), QKeySequence("Ctrl+Shift+W"), [this] {
        QStringList arguments;
        if (m_session)
            arguments.append(fromUtf8(m_session->path().string()));
        if (!QProcess::startDetached(QApplication::applicationFilePath(), arguments))
            refuse(tr("Can't start another window: %1 does not run.").arg(QApplication::applicationFilePath()));
    });
    m_book->addSeparator(Menu::File);
    m_projectActions += m_book->add(Menu::File, "back-up", tr("Back up…"), {}, [this] { backUp(); });
    m_projectActions += m_book->add(Menu::File, "check-file", tr("Check the file"), {}, [this] { checkFile(true); });
    m_projectActions += m_book->add(Menu::File, "show-folder", tr("Show the file in its folder"), {}, [this] {
        const auto folder = m_session->path().parent_path();
        QDesktopServices::openUrl(QUrl::fromLocalFile(fromUtf8(folder.string())));
    });
    m_book->addSeparator(Menu::File);
    m_projectActions += m_book->add(Menu::File, "close-project", tr("Close project"), QKeySequence("Ctrl+W"), [this] {
        leaveProject([this] { closeProject(); });
    });
    m_book->add(Menu::File, "quit", tr("Quit"), QKeySequence("Ctrl+Q"), [this] { close(); });
}

void MainWindow::fillRecents(QMenu *menu)
{
    menu->clear();
    QStringList projects = Preferences().recentProjects();
    projects.removeIf([](const QString &project) { return !QFileInfo::exists(project); });
    for (const QString &project : projects)
        connect(menu->addAction(QFileInfo(project).completeBaseName() + "   " + QFileInfo(project).absolutePath()),
                &QAction::triggered, this,
                [this, project] { leaveProject([this, project] { openProject(toUtf8(project)); }); });
    if (projects.isEmpty())
        menu->addAction(tr("No project yet"))->setEnabled(false);
}

/// The chip's menu holds what File says about this project.
void MainWindow::fillProjectMenu()
{
    QMenu *menu = m_top->projectMenu();
    QMenu *recent = menu->addMenu(tr("Open recent"));
    recent->setAccessibleName(tr("Open recent"));
    connect(recent, &QMenu::aboutToShow, this, [this, recent] { fillRecents(recent); });
    menu->addSeparator();
    menu->addActions(m_projectActions);
}

void MainWindow::fillEdit()
{
    m_undo = m_book->add(Menu::Edit, "undo", tr("Undo"), QKeySequence("Ctrl+Z"), [this] { m_session->undo(); });
    m_redo = m_book->add(Menu::Edit, "redo", tr("Redo"), QKeySequence("Ctrl+Shift+Z"), [this] { m_session->redo(); });
    m_book->addSeparator(Menu::Edit);
    m_projectActions += m_book->add(Menu::Edit, "find", tr("Find"), QKeySequence("Ctrl+F"), [this] {
        if (QWidget *field = current() ? current()->searchField() : nullptr)
            field->setFocus(Qt::ShortcutFocusReason);
    });
    m_book->add(Menu::Edit, "palette", tr("Find any action…"), QKeySequence("Ctrl+K"),
                [this] { m_palette->openWith(); });
    showUndo();
}

void MainWindow::showUndo()
{
    const QString undo = m_session ? m_session->undoText() : QString();
    const QString redo = m_session ? m_session->redoText() : QString();
    const bool may = m_session && !m_session->readOnly();
    m_undo->setText(undo.isEmpty() ? tr("Undo") : tr("Undo: %1").arg(undo));
    m_redo->setText(redo.isEmpty() ? tr("Redo") : tr("Redo: %1").arg(redo));
    m_undo->setEnabled(may && !undo.isEmpty());
    m_redo->setEnabled(may && !redo.isEmpty());
    m_undo->setProperty("why", tr("nothing to undo"));
    m_redo->setProperty("why", tr("nothing to redo"));
}

void MainWindow::fillView()
{
    m_book->add(Menu::View, "settings", tr("Settings"), QKeySequence("Ctrl+,"), [this] { showPage("settings"); });
    m_book->addSeparator(Menu::View);
    auto *group = new QActionGroup(this);
    Theme &theme = Theme::instance();
    const auto addTheme = [&](const char *name, const QString &text, ThemeChoice choice) {
        QAction *action = m_book->add(Menu::View, name, text, {}, [&theme, choice] { theme.setChoice(choice); });
        action->setCheckable(true);
        group->addAction(action);
        const auto show = [&theme, action, choice] { action->setChecked(theme.choice() == choice); };
        show();
        connect(&theme, &Theme::changed, action, show);
    };
    addTheme("theme-system", tr("Theme: as the system"), ThemeChoice::System);
    addTheme("theme-light", tr("Theme: light"), ThemeChoice::Light);
    addTheme("theme-dark", tr("Theme: dark"), ThemeChoice::Dark);
    m_book->addSeparator(Menu::View);
    m_book->add(Menu::View, "text-larger", tr("Larger text"), QKeySequence("Ctrl++"),
                [&theme] { theme.setTextScale(std::min(theme.textScale() + TextStep, 2.0)); })
        ->setShortcuts({QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")});
    m_book->add(Menu::View, "text-smaller", tr("Smaller text"), QKeySequence("Ctrl+-"),
                [&theme] { theme.setTextScale(std::max(theme.textScale() - TextStep, 1.0)); });
    m_book->add(Menu::View, "text-usual", tr("Usual text size"), QKeySequence("Ctrl+0"),
                [&theme] { theme.setTextScale(1.0); });
    QAction *motion = m_book->add(Menu::View, "reduce-motion", tr("Reduce motion"), {}, [] {});
    motion->setCheckable(true);
    motion->setChecked(theme.reducedMotion());
    connect(motion, &QAction::toggled, &theme, &Theme::setReducedMotion);
    connect(&theme, &Theme::changed, motion, [&theme, motion] { motion->setChecked(theme.reducedMotion()); });
    m_book->addSeparator(Menu::View);
    m_book->add(Menu::View, "next-region", tr("Next part of the window"), QKeySequence("F6"),
                [this] { moveRegion(1); });
    m_book->add(Menu::View, "previous-region", tr("Previous part of the window"), QKeySequence("Shift+F6"),
                [this] { moveRegion(-1); });
    m_projectActions += m_book->add(Menu::View, "left-panel", tr("Show or hide the left panel"),
                                    QKeySequence("Ctrl+\\"), [this] { togglePanel(true); });
    m_projectActions += m_book->add(Menu::View, "right-panel", tr("Show or hide the right panel"),
                                    QKeySequence("Ctrl+Shift+\\"), [this] { togglePanel(false); });
}

void MainWindow::fillModelAndHelp()
{
    m_book->add(Menu::Model, "add-model-folder", tr("Add a model folder…"), {}, [this] { askModel(false); });
    m_book->add(Menu::Model, "add-model-file", tr("Add a GGUF file…"), {}, [this] { askModel(true); });
    m_book->add(Menu::Help, "keys", tr("Keys of this page"), QKeySequence("F1"), [this] { showKeys(); });
    m_book->add(Menu::Help, "show-log", tr("Show the log"), {}, [this] {
        if (logFile().isEmpty() || !QDesktopServices::openUrl(QUrl::fromLocalFile(logFile())))
            TroubleBox(tr("The log is %1. Its last lines:").arg(logFile()), {}, this).exec();
    });
    m_book->add(Menu::Help, "about", tr("About Attune"), {}, [this] {
        QMessageBox::about(
            this, tr("About Attune"),
            tr("<b>Attune %1</b><p>Label instruction data, fine-tune with QLoRA, compare base and tuned. "
               "Everything stays on this machine.<p>Qt %2, libtorch, SQLite, QCustomPlot, SentencePiece.")
                .arg(ATTUNE_VERSION, QString::fromLatin1(qVersion())));
    });
}

void MainWindow::showWhatNeedsProject()
{
    for (QAction *action : m_projectActions) {
        action->setEnabled(m_session != nullptr);
        action->setProperty("why", tr("open a project first"));
    }
    showUndo();
}

QList<QWidget *> MainWindow::visibleRegions() const
{
    QList<QWidget *> regions{m_rail, m_top};
    if (current())
        regions += current()->regions();
    else
        regions.append(m_pages->currentWidget());
    regions.append(m_status);
    regions.removeIf([](const QWidget *region) { return !region || !region->isVisible(); });
    return regions;
}

void MainWindow::moveRegion(int step)
{
    const auto regions = visibleRegions();
    const auto count = static_cast<int>(regions.size());
    QWidget *now = QApplication::focusWidget();
    int at = -1;
    for (int i = 0; i < count; ++i)
        if (now && (regions[i] == now || regions[i]->isAncestorOf(now)))
            at = i;
    if (at < 0 && step < 0)
        at = 0;
    for (int i = 1; i <= count; ++i) {
        QWidget *region = regions[((at + step * i) % count + count) % count];
        QWidget *last = m_lastFocus.value(region);
        QWidget *to = last && last->isVisible() && last->isEnabled() && (last == region || region->isAncestorOf(last))
                          ? last
                          : firstInside(region);
        if (!to)
            continue;
        to->setFocus(Qt::TabFocusReason);
        return;
    }
}

/// The panels of a page stand in a splitter; only what was hidden here is shown again, as a narrow page hides panels
/// of its own accord.
void MainWindow::togglePanel(bool left)
{
    const QSplitter *outer = current() ? outermostSplitter(*current()) : nullptr;
    if (!outer || outer->count() < (left ? 2 : 3))
        return;
    QWidget *panel = outer->widget(left ? 0 : outer->count() - 1);
    if (panel->isVisible()) {
        panel->hide();
        m_hiddenPanels.insert(panel);
    } else if (m_hiddenPanels.remove(panel)) {
        panel->show();
    }
}

} // namespace attune::ui
