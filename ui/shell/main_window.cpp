#include "ui/shell/main_window.h"

#include "ui/shell/action_book.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/keys_overlay.h"
#include "ui/shell/preferences.h"
#include "ui/shell/rail.h"
#include "ui/shell/run_chip.h"
#include "ui/shell/settings_page.h"
#include "ui/shell/start_page.h"
#include "ui/shell/status_line.h"
#include "ui/shell/top_bar.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"

#include <QApplication>
#include <QCloseEvent>
#include <QMenu>
#include <QMimeData>
#include <QScreen>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <numeric>

namespace attune::ui {

namespace {

constexpr QSize UsualSize(1440, 900);
constexpr QSize FrameRoom(0, 40);    // for title bar and edges: how large they are, only the window manager knows
constexpr QSize LeastPage(952, 584); // of a workspace at 100 %; below it, the page scrolls as a whole

QStringList droppedFiles(const QMimeData *data)
{
    QStringList files;
    for (const QUrl &url : data->urls())
        if (url.isLocalFile())
            files.append(url.toLocalFile());
    return files;
}

bool isProjectName(const QString &file)
{
    return file.endsWith(".attune", Qt::CaseInsensitive);
}

} // namespace

MainWindow::MainWindow()
{
    build();
    fillFile();
    fillEdit();
    fillView();
    fillModelAndHelp();
    fillProjectMenu();
    showWhatNeedsProject();

    resize(UsualSize);
    m_start->setRecents(Preferences().recentProjects());
    showPage("start");
}

void MainWindow::showFitting()
{
    if (const QByteArray geometry = Preferences().geometry(); !geometry.isEmpty() && restoreGeometry(geometry)) {
        show();
        return;
    }
    const QSize room = screen()->availableGeometry().size() - FrameRoom;
    resize(UsualSize.boundedTo(room));
    if (size() == UsualSize)
        show();
    else
        showMaximized();
}

MainWindow::~MainWindow()
{
    // Its children lose the focus when this is no main window any more.
    disconnect(qApp, nullptr, this, nullptr);
    closeProject();
}

void MainWindow::build()
{
    setObjectName("mainWindow");
    setWindowTitle(tr("Attune"));
    setMinimumSize(720, 480);
    setAcceptDrops(true);
    setContextMenuPolicy(Qt::NoContextMenu);
    m_top = new TopBar;
    setMenuWidget(m_top);
    m_book = new ActionBook(*this, *m_top->menuBar());

    auto *central = new QWidget;
    auto *layout = new QVBoxLayout(central);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    for (InlineNotice **notice : {&m_damage, &m_readOnly, &m_elsewhere}) {
        *notice = new InlineNotice;
        (*notice)->hide();
        layout->addWidget(*notice);
    }
    m_damage->setObjectName("damageNotice");
    m_readOnly->setObjectName("readOnlyNotice");
    m_elsewhere->setObjectName("elsewhereNotice");
    auto *middle = new QHBoxLayout;
    middle->setSpacing(0);
    m_rail = new Rail;
    m_pages = new QStackedWidget;
    auto *scroll = new QScrollArea;
    scroll->setObjectName("pageScroll");
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(m_pages);
    middle->addWidget(m_rail);
    middle->addWidget(scroll, 1);
    layout->addLayout(middle, 1);
    m_status = new StatusLine;
    layout->addWidget(m_status);
    setCentralWidget(central);

    m_start = new StartPage;
    m_settings = new SettingsPage(*m_book);
    m_pages->addWidget(m_start);
    m_pages->addWidget(m_settings);
    m_rail->add("settings", tr("Settings"), "settings", true);
    m_palette = new CommandPalette(*m_book, this);
    m_keys = new KeysOverlay(*m_book, this);

    connect(m_rail, &Rail::chosen, this, &MainWindow::showPage);
    connect(m_top, &TopBar::paletteAsked, this, [this] { m_palette->openWith(); });
    connect(m_top, &TopBar::runAsked, this, [this] {
        go("train", {{"run", m_top->runChip()->status().run}});
        m_top->runChip()->acknowledge();
    });
    connect(m_top, &TopBar::runMenuAsked, this, [this](const QPoint &at) {
        const qint64 run = m_top->runChip()->status().run;
        QMenu menu;
        connect(menu.addAction(tr("Show the run")), &QAction::triggered, this, [this, run] {
            go("train", {{"run", run}});
        });
        connect(menu.addAction(tr("Compare now")), &QAction::triggered, this, [this, run] {
            go("compare", {{"run", run}});
        });
        menu.addSeparator();
        for (QAction *action : m_book->menu(Menu::Run)->actions())
            if (action->isEnabled() && !action->isSeparator())
                menu.addAction(action);
        menu.exec(at);
    });
    connect(m_top, &TopBar::addModelAsked, this, &MainWindow::askModel);
    connect(m_settings, &SettingsPage::addModelAsked, this, &MainWindow::askModel);
    connect(m_palette, &CommandPalette::runChosen, this, [this](qint64 run) { go("train", {{"run", run}}); });
    connect(m_palette, &CommandPalette::rowChosen, this, [this](qint64 row) { go("data", {{"row", row}}); });
    connect(m_start, &StartPage::sampleAsked, this, &MainWindow::openSample);
    connect(m_start, &StartPage::newAsked, this, [this] { askNew(); });
    connect(m_start, &StartPage::openAsked, this, &MainWindow::askOpen);
    connect(m_start, &StartPage::projectChosen, this, [this](const QString &path) { openProject(toUtf8(path)); });
    connect(m_start, &StartPage::forgetAsked, this, [this](const QString &path) {
        Preferences preferences;
        preferences.forgetRecent(path);
        m_start->setRecents(preferences.recentProjects());
    });
    followLook();
    connect(&m_elsewhereTimer, &QTimer::timeout, this, &MainWindow::lookElsewhere);
    m_makeTimer.setSingleShot(true);
    connect(&m_makeTimer, &QTimer::timeout, this, &MainWindow::makeNextWorkspace);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget *, QWidget *now) {
        for (QWidget *region : visibleRegions())
            if (now && (region == now || region->isAncestorOf(now)))
                m_lastFocus[region] = now;
    });
}

/// After the pages, so that their panels have their new least widths when they are given room.
void MainWindow::followLook()
{
    disconnect(m_followsLook);
    m_followsLook = connect(&Theme::instance(), &Theme::changed, this, [this] {
        Preferences().keepLook();
        fitPage();
    });
}

Workspace *MainWindow::workspace(const QString &id) const
{
    for (Workspace *one : m_workspaces)
        if (one->id() == id)
            return one;
    return nullptr;
}

Workspace *MainWindow::current() const
{
    return qobject_cast<Workspace *>(m_pages->currentWidget());
}

QString MainWindow::currentPage() const
{
    const Workspace *shown = current();
    return shown ? shown->id() : m_pages->currentWidget() == m_settings ? "settings" : "start";
}

void MainWindow::showPage(const QString &id)
{
    if (const Workspace *left = current())
        rememberPanels(*left);
    if (m_unmade.contains(id))
        makeAllWorkspaces();
    m_firstPage.clear(); // the user was quicker
    Workspace *shown = workspace(id);
    if (shown) {
        m_pages->setCurrentWidget(shown);
        Preferences().setWorkspace(id);
    } else if (id == "settings") {
        m_settings->refresh();
        m_pages->setCurrentWidget(m_settings);
    } else if (m_session) {
        return; // the start page is for a window without a project
    } else {
        m_pages->setCurrentWidget(m_start);
    }
    fitPage();
    m_rail->setCurrent(currentPage());
    m_book->setCurrent(shown);
    if (shown)
        shown->shown();
    else if (id == "start")
        m_start->focusFirst();
    if (id == "train")
        m_top->runChip()->acknowledge();
}

/// Below its least size a workspace scrolls as a whole; the larger the text, the sooner.
void MainWindow::fitPage()
{
    if (!current()) { // else it would have to have room for the widest of the workspaces, too
        m_pages->setMinimumSize(m_pages->currentWidget()->minimumSizeHint().expandedTo(QSize(1, 1)));
        return;
    }
    const QSize own = current()->property("leastSize").toSize(); // a workspace may need less
    const QSize least = own.isValid() ? own : LeastPage;
    m_pages->setMinimumSize(scaled(least.width()), scaled(least.height()));
    scalePanels();
}

/// The widths of panels, as they are before their page is hidden: there, text of another size and back widens them.
void MainWindow::rememberPanels(const Workspace &page)
{
    for (QSplitter *splitter : page.findChildren<QSplitter *>())
        splitter->setProperty("shownSizes", QVariant::fromValue(splitter->sizes()));
}

/// Panels keep their width in letters, not in pixels, when the text becomes another size: of the page that is shown,
/// as the widths of the others are not to be trusted before they are.
void MainWindow::scalePanels()
{
    Workspace *page = current();
    if (!page)
        return;
    const int unit = scaled(100);
    const int before = page->property("textUnit").toInt();
    page->setProperty("textUnit", unit);
    const auto larger = [&](int length) { return length * unit / before; };
    for (QSplitter *splitter : page->findChildren<QSplitter *>()) {
        const auto remembered = splitter->property("shownSizes").value<QList<int>>();
        splitter->setProperty("shownSizes", {});
        if (splitter->orientation() != Qt::Horizontal)
            continue;
        QList<int> sizes = splitter->sizes();
        if (remembered.size() == sizes.size() && std::accumulate(remembered.begin(), remembered.end(), 0) > 0)
            sizes = remembered;
        else if (before == unit)
            continue;
        int rest = std::max(splitter->width(), m_pages->minimumWidth());
        int widest = 0; // what stretches, gets what the others leave
        for (int i = 0; i < splitter->count(); ++i) {
            sizes[i] = larger(sizes[i]); // their least widths the panels see to themselves
            if (sizes[i] > sizes[widest])
                widest = i;
            rest -= sizes[i];
        }
        sizes[widest] = std::max(sizes[widest] + rest, 1);
        splitter->setSizes(sizes);
    }
}

void MainWindow::go(const QString &id, const QVariantMap &with)
{
    if (m_unmade.contains(id))
        makeAllWorkspaces();
    Workspace *wanted = workspace(id);
    if (!wanted)
        return;
    showPage(id);
    wanted->open(with);
}

void MainWindow::showKeys()
{
    m_keys->open(current() ? current()->title() : QString());
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    if (!m_leaving) {
        // A close within a close does nothing: only where the work ends later is the window closed anew.
        const auto asking = std::make_shared<bool>(true);
        leaveProject([this, asking] {
            m_leaving = true;
            if (!*asking)
                close();
        });
        *asking = false;
        if (!m_leaving) {
            event->ignore();
            return;
        }
    }
    Preferences().setGeometry(saveGeometry());
    closeProject();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent *event)
{
    const QStringList files = droppedFiles(event->mimeData());
    if (!files.isEmpty() && !(m_session && m_session->readOnly() && !isProjectName(files.first())))
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent *event)
{
    const QStringList files = droppedFiles(event->mimeData());
    if (files.isEmpty())
        return;
    event->acceptProposedAction();
    if (isProjectName(files.first()))
        leaveProject([this, project = files.first()] { openProject(toUtf8(project)); });
    else if (m_session)
        go("data", {{"files", files}});
    else
        askNew([this, files] { go("data", {{"files", files}}); }); // rows need a project to go to
}

} // namespace attune::ui
