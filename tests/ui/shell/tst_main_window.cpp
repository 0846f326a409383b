#include "tests/ui/session/toy_session.h"

#include "ui/data/import_wizard.h"
#include "ui/shell/action_book.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/shell/project_files.h"
#include "ui/shell/run_chip.h"
#include "ui/shell/start_page.h"
#include "ui/shell/status_line.h"
#include "ui/shell/top_bar.h"
#include "ui/theme/theme.h"
#include "ui/train/run_book.h"
#include "ui/train/train_workspace.h"

#include <QDragEnterEvent>
#include <QLineEdit>
#include <QListView>
#include <QMenuBar>
#include <QMimeData>
#include <QScreen>
#include <QSignalSpy>
#include <QTest>

using namespace attune;
using namespace attune::ui;

class TestMainWindow : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void init();
    void cleanup();

    void startsWithoutAProject();
    void aFileThatIsNoProjectIsToldOnTheStartPage();
    void theSampleProjectIsMadeOnceAndOpened();
    void theFirstWindowFitsTheScreen();
    void aWindowIsShownAsItWasLeft();
    void theNumberKeysChangeThePage();
    void thePaletteFindsAndRunsAnAction();
    void thePaletteFindsRowsAndRuns();
    void aDisabledActionOfThePaletteDoesNothing();
    void escapeGivesTheFocusBack();
    void undoKeysWorkThroughTheSession();
    void aToastOffersItsAction();
    void badNewsStay();
    void theMenusFoldWhereItIsNarrow();
    void aThemeSwitchTakesEffectAtOnce();
    void textSizeFollowsTheKeys();
    void theRunChipFollowsTheStore();
    void aRunThatWentSilentIsCalledInterrupted();
    void aRunWhoseProcessWasKilledIsSoonCalledInterrupted();
    void anotherWindowSeesTheChange();
    void closingTheProjectLeavesNoSession();
    void recentProjectsAreKept();
    void aRecentProjectThatIsGoneCanBeTakenFromTheList();
    void theWindowThatIsSeenMakesItsPagesInTurns();
    void whatIsDroppedIsOpenedOrImported();
    void f6WalksTheParts();
    void panelsAreHiddenAndShownByTheirKeys();
    void theLastPageIsShownAgain();
    void aBackupIsAProject();

private:
    QAction *action(const QString &name) const
    {
        for (const BookedAction &booked : m_window->book().actions())
            if (booked.action->objectName() == name)
                return booked.action;
        qFatal("no action %s", qPrintable(name));
    }
    void showWindow()
    {
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }
    std::unique_ptr<ToyProject> m_toy;
    std::unique_ptr<MainWindow> m_window;
};

void TestMainWindow::init()
{
    m_toy = std::make_unique<ToyProject>(5);
    Preferences::setFile(m_toy->folder.filePath("studio.ini"));
    Preferences().applyLook();
    m_window = std::make_unique<MainWindow>();
}

void TestMainWindow::cleanup()
{
    m_window.reset();
    m_toy.reset();
}

void TestMainWindow::startsWithoutAProject()
{
    QCOMPARE(m_window->currentPage(), QString("start"));
    QVERIFY(!m_window->session());
    QVERIFY(!action("close-project")->isEnabled());
    showWindow();
    QVERIFY(m_window->startPage().isVisible());
}

void TestMainWindow::aFileThatIsNoProjectIsToldOnTheStartPage()
{
    const QString path = m_toy->folder.filePath("text.attune");
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("no project");
    file.close();
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(".*is not an Attune project.*"));
    QVERIFY(!m_window->openProject(path.toStdString()));
    QCOMPARE(m_window->currentPage(), QString("start"));
    QVERIFY(m_window->startPage().trouble().contains("text.attune"));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(".*moved.attune.*"));
    QVERIFY(!m_window->openProject(m_toy->folder.filePath("moved.attune").toStdString()));
    QVERIFY(m_window->startPage().trouble().contains("not there any more"));
    QVERIFY(!m_window->startPage().trouble().contains("attune init")); // no word of the command line
    QVERIFY(m_window->openProject(m_toy->path()));
    QVERIFY(m_window->startPage().trouble().isEmpty());
}

void TestMainWindow::theSampleProjectIsMadeOnceAndOpened()
{
    m_window->openSample();
    QTRY_VERIFY_WITH_TIMEOUT(m_window->session(), 30000);
    QVERIFY(m_window->session()->path() == sampleProjectPath());
    m_window->closeProject();
    m_window->openSample();
    QVERIFY(m_window->session());
}

void TestMainWindow::theFirstWindowFitsTheScreen()
{
    m_window->showFitting();
    const QSize room = m_window->screen()->availableGeometry().size();
    // The screen of the offscreen platform is smaller than the usual window.
    QVERIFY(room.width() < 1440);
    QVERIFY(m_window->isMaximized());
    QVERIFY(m_window->normalGeometry().width() <= room.width());
    QVERIFY(m_window->normalGeometry().height() < room.height()); // there is a title bar too
}

void TestMainWindow::aWindowIsShownAsItWasLeft()
{
    m_window->resize(760, 500);
    m_window->show();
    QVERIFY(m_window->close());
    QVERIFY(!m_window->isVisible());
    MainWindow again;
    again.showFitting();
    QVERIFY(!again.isMaximized());
    QCOMPARE(again.size(), QSize(760, 500));
}

void TestMainWindow::theNumberKeysChangeThePage()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    for (const auto &[key, page] : {std::pair(Qt::Key_2, "train"), std::pair(Qt::Key_3, "compare"),
                                    std::pair(Qt::Key_Comma, "settings"), std::pair(Qt::Key_1, "data")}) {
        QTest::keyClick(m_window.get(), key, Qt::ControlModifier);
        QCOMPARE(m_window->currentPage(), QString(page));
    }
}

void TestMainWindow::thePaletteFindsAndRunsAnAction()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    QTest::keyClick(m_window.get(), Qt::Key_K, Qt::ControlModifier);
    QVERIFY(m_window->palette().isVisible());
    auto *field = m_window->findChild<QLineEdit *>("paletteText");
    QTest::keyClicks(field, "go to comp");
    QTest::keyClick(field, Qt::Key_Return);
    QVERIFY(!m_window->palette().isVisible());
    QCOMPARE(m_window->currentPage(), QString("compare"));
    QCOMPARE(Preferences().recentActions().value(0), QString("go-compare"));
}

void TestMainWindow::thePaletteFindsRowsAndRuns()
{
    {
        auto project = Project::open(m_toy->path());
        m_toy->addRun(*project, "toy", RunState::Finished);
    }
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    const auto has = [&](PaletteEntry::Kind kind, const QString &text) {
        const PaletteModel &model = m_window->palette().model();
        for (int i = 0; i < model.rowCount(); ++i)
            if (model.entry(i).kind == kind && model.entry(i).text.contains(text))
                return true;
        return false;
    };
    m_window->palette().openWith("#3");
    QTRY_VERIFY(has(PaletteEntry::Row, "Row 3"));
    m_window->palette().openWith("#question");
    QTRY_VERIFY(has(PaletteEntry::Row, "Row 5"));
    m_window->palette().openWith("@1");
    QTRY_VERIFY(has(PaletteEntry::Run, "Run 1"));
    m_window->palette().openWith("@run");
    QTRY_VERIFY(has(PaletteEntry::Run, "Run 1"));
    m_window->palette().openWith("zzzzz");
    QTRY_VERIFY(has(PaletteEntry::Nothing, "Nothing called that"));
}

void TestMainWindow::aDisabledActionOfThePaletteDoesNothing()
{
    showWindow();
    m_window->palette().openWith(">close project");
    const PaletteEntry entry = m_window->palette().model().entry(m_window->palette().model().firstChoice());
    QCOMPARE(entry.text, QString("Close project"));
    QVERIFY(!entry.enabled);
    QVERIFY(entry.detail.contains("open a project first"));
    QTest::keyClick(m_window->findChild<QLineEdit *>("paletteText"), Qt::Key_Return);
    QVERIFY(m_window->palette().isVisible());
}

void TestMainWindow::escapeGivesTheFocusBack()
{
    showWindow();
    auto *before = m_window->findChild<QWidget *>("newProject");
    before->setFocus();
    QTest::keyClick(m_window.get(), Qt::Key_K, Qt::ControlModifier);
    auto *field = m_window->findChild<QLineEdit *>("paletteText");
    QVERIFY(field->hasFocus());
    QTest::keyClick(field, Qt::Key_Escape);
    QVERIFY(!m_window->palette().isVisible());
    QTRY_VERIFY(before->hasFocus());
}

void TestMainWindow::undoKeysWorkThroughTheSession()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    QTRY_VERIFY(action("undo")->isEnabled()); // the rows' import
    QVERIFY(action("undo")->text().startsWith("Undo: "));
    m_window->findChild<QWidget *>("rail-data")->setFocus();
    QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
    QTRY_VERIFY(action("redo")->isEnabled());
    QVERIFY(m_window->statusLine().shownText().startsWith("Undone: "));
    QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_VERIFY(!action("redo")->isEnabled());
}

void TestMainWindow::aToastOffersItsAction()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    int acted = 0;
    Toast toast;
    toast.text = "Row 2 approved";
    toast.action = "Undo";
    toast.act = [&] { ++acted; };
    toast.key = "u";
    m_window->session()->toast(toast);
    QCOMPARE(m_window->statusLine().shownText(), QString("Row 2 approved"));
    auto *link = m_window->findChild<QAbstractButton *>("toastAction");
    QVERIFY(link->isVisible());
    link->click();
    QCOMPARE(acted, 1);
    QVERIFY(m_window->statusLine().shownText().isEmpty());
    m_window->session()->toast({"Row 3 approved"});
    QVERIFY(!link->isVisible());
}

void TestMainWindow::badNewsStay()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression("It broke.*"));
    m_window->session()->report({ErrorCode::Io, "It broke.", "why"});
    QCOMPARE(m_window->statusLine().shownText(), QString("It broke."));
}

void TestMainWindow::theMenusFoldWhereItIsNarrow()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    auto *menuBar = m_window->findChild<QMenuBar *>();
    auto *button = m_window->findChild<QWidget *>("menuButton");
    m_window->resize(1440, 900);
    QTRY_VERIFY(menuBar->isVisible());
    QVERIFY(!button->isVisible());
    m_window->resize(1024, 700);
    QTRY_VERIFY(button->isVisible());
    QVERIFY(!menuBar->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_2, Qt::ControlModifier); // shortcuts work on
    QCOMPARE(m_window->currentPage(), QString("train"));
    QTest::keyClick(m_window.get(), Qt::Key_V, Qt::AltModifier); // a menu opens by its letter all the same
    QMenu *view = m_window->book().menu(Menu::View);
    QTRY_VERIFY(view->isVisible());
    view->close();
    for (const char *name : {"projectChip", "modelChip", "paletteField"}) {
        const auto *widget = m_window->findChild<QWidget *>(name);
        QVERIFY2(widget->width() >= widget->sizeHint().width(), name);
    }
}

void TestMainWindow::aThemeSwitchTakesEffectAtOnce()
{
    showWindow();
    action("theme-dark")->trigger();
    QVERIFY(Theme::instance().dark());
    const QImage dark = m_window->grab().toImage();
    action("theme-light")->trigger();
    QVERIFY(!Theme::instance().dark());
    const QImage light = m_window->grab().toImage();
    QVERIFY(light.pixelColor(5, light.height() - 5).lightness() > dark.pixelColor(5, dark.height() - 5).lightness());
    Preferences().applyLook();
    QVERIFY(!Theme::instance().dark()); // it was kept
}

void TestMainWindow::textSizeFollowsTheKeys()
{
    showWindow();
    const int before = m_window->findChild<QWidget *>("rail-settings")->height();
    action("text-larger")->trigger();
    QCOMPARE(Theme::instance().textScale(), 1.25);
    QTRY_VERIFY(m_window->findChild<QWidget *>("rail-settings")->height() > before);
    action("text-usual")->trigger();
    QCOMPARE(Theme::instance().textScale(), 1.0);
}

void TestMainWindow::theRunChipFollowsTheStore()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    auto *chip = m_window->findChild<RunChip *>();
    QVERIFY(!chip->isVisible());
    auto other = Project::open(m_toy->path()); // as the command line would
    Run run = m_toy->addRun(*other, "toy");
    const std::vector<Metric> steps{{0, "total_steps", 40}, {1, "loss", 2.0}, {1, "seconds", 2.0},
                                    {2, "loss", 2.0},       {2, "seconds", 2.0}};
    QVERIFY(other->addMetrics(run.id, steps));
    QTRY_VERIFY(chip->isVisible() && chip->status().step == 2);
    QCOMPARE(chip->status().steps, 40);
    QCOMPARE(chip->accessibleName(), QString("Run 1 2/40 loss 2.00 1 min left"));
    chip->setSaving(true);
    QCOMPARE(chip->accessibleName(), QString("Run 1 2/40 saving checkpoint"));
    chip->setSaving(false);
    run.state = RunState::Stopped;
    QVERIFY(other->updateRun(run));
    RunBook &book = m_window->findChild<TrainWorkspace *>()->book();
    QTRY_VERIFY(book.entry(run.id) && book.entry(run.id)->phase == RunPhase::Stopped);
    QTRY_COMPARE(chip->status().state, RunStatus::Stopped);
    book.setPaused(run.id);
    QCOMPARE(chip->accessibleName(), QString("Run 1 2/40 paused"));
    m_window->showPage("train");
    QVERIFY(chip->isVisible()); // it has not ended
    m_window->showPage("data");
    book.setPaused(0);
    QVERIFY(chip->accessibleName().contains("stopped at step 2"));
    run.state = RunState::Failed;
    run.error = "loss is not finite";
    QVERIFY(other->updateRun(run));
    QTRY_COMPARE(chip->status().state, RunStatus::Failed);
    QVERIFY(chip->isVisible());
    QCOMPARE(chip->toolTip(), QString("loss is not finite"));
    QTest::mouseClick(chip, Qt::LeftButton);
    QCOMPARE(m_window->currentPage(), QString("train"));
    QVERIFY(!chip->isVisible()); // it has been seen
}

void TestMainWindow::aRunThatWentSilentIsCalledInterrupted()
{
    {
        auto project = Project::open(m_toy->path());
        Run run = m_toy->addRun(*project, "toy");
        run.heartbeat -= 100;
        QVERIFY(project->updateRun(run));
    }
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    auto *chip = m_window->findChild<RunChip *>();
    QTRY_COMPARE(chip->status().state, RunStatus::Interrupted);
    QVERIFY(chip->isVisible());
}

void TestMainWindow::aRunWhoseProcessWasKilledIsSoonCalledInterrupted()
{
    QProcess gone; // a process number of the past
    gone.start("true", QStringList());
    QVERIFY(gone.waitForStarted());
    const qint64 pid = gone.processId();
    QVERIFY(gone.waitForFinished());
    {
        auto project = Project::open(m_toy->path());
        Run run = m_toy->addRun(*project, "toy");
        run.pid = pid;
        run.heartbeat -= 4; // not long enough for a process that lives
        QVERIFY(project->updateRun(run));
    }
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    QTRY_COMPARE(m_window->findChild<RunChip *>()->status().state, RunStatus::Interrupted);
}

void TestMainWindow::anotherWindowSeesTheChange()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    MainWindow second;
    QVERIFY(second.openProject(m_toy->path()));
    QSignalSpy seen(second.session(), &Session::examplesChanged);
    QTRY_VERIFY(action("undo")->isEnabled());
    m_window->session()->undo();
    QVERIFY(seen.wait());
    QTRY_VERIFY(!second.session()->redoText().isEmpty());
}

void TestMainWindow::closingTheProjectLeavesNoSession()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    action("close-project")->trigger();
    QVERIFY(!m_window->session());
    QCOMPARE(m_window->currentPage(), QString("start"));
    QVERIFY(m_window->workspaces().isEmpty());
    QVERIFY(!m_window->findChild<QWidget *>("rail-data"));
    QVERIFY(m_window->openProject(m_toy->path())); // and it opens again
}

void TestMainWindow::recentProjectsAreKept()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    QCOMPARE(Preferences().recentProjects(), QStringList{QString::fromStdString(m_toy->path().string())});
}

void TestMainWindow::aRecentProjectThatIsGoneCanBeTakenFromTheList()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    m_window->closeProject();
    const QString moved = m_toy->folder.filePath("elsewhere.attune");
    QVERIFY(QFile::rename(QString::fromStdString(m_toy->path().string()), moved));
    m_window = std::make_unique<MainWindow>();
    showWindow();
    auto *recents = m_window->findChild<QListView *>("recents");
    QCOMPARE(recents->model()->rowCount(), 1); // its disk may be back tomorrow
    QVERIFY(recents->model()->index(0, 0).data(Qt::AccessibleTextRole).toString().contains("not there"));
    recents->setFocus();
    recents->setCurrentIndex(recents->model()->index(0, 0));
    QTest::keyClick(recents, Qt::Key_Return);
    QVERIFY(m_window->startPage().trouble().contains("not there"));
    QCOMPARE(recents->model()->rowCount(), 1);
    recents->setFocus();
    recents->setCurrentIndex(recents->model()->index(0, 0));
    QTest::keyClick(recents, Qt::Key_Delete);
    QCOMPARE(recents->model()->rowCount(), 0);
    QVERIFY(Preferences().recentProjects().isEmpty());
}

void TestMainWindow::theWindowThatIsSeenMakesItsPagesInTurns()
{
    showWindow();
    Preferences().setWorkspace("train");
    QVERIFY(m_window->openProject(m_toy->path()));
    QCOMPARE(m_window->currentPage(), QString("start"));
    QTRY_COMPARE(m_window->currentPage(), QString("train"));
    QVERIFY(action("newRun")->isEnabled());
    QTRY_VERIFY(m_window->findChild<QWidget *>("rail-compare"));
    QVERIFY(!action("data.new")->isEnabled()); // of a page that is not shown
    m_window->closeProject();

    QVERIFY(m_window->openProject(m_toy->path()));
    m_window->showPage("compare"); // before it was made
    QCOMPARE(m_window->currentPage(), QString("compare"));
    QCOMPARE(m_window->workspaces().size(), 3);
    m_window->closeProject();

    QVERIFY(m_window->openProject(m_toy->path()));
    m_window->closeProject(); // before any was made
    QTest::qWait(20);
    QCOMPARE(m_window->currentPage(), QString("start"));
    QVERIFY(!m_window->findChild<QWidget *>("rail-data"));
}

void TestMainWindow::whatIsDroppedIsOpenedOrImported()
{
    showWindow();
    const auto drop = [&](const QString &file) {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(file)});
        QDragEnterEvent enter(QPoint(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(m_window.get(), &enter);
        if (!enter.isAccepted())
            return false;
        QDropEvent dropped(QPointF(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(m_window.get(), &dropped);
        return dropped.isAccepted();
    };
    QVERIFY(drop(QString::fromStdString(m_toy->path().string())));
    QTRY_COMPARE(m_window->currentPage(), QString("data"));
    m_window->showPage("compare");
    const QString table = m_toy->folder.filePath("mails.csv");
    QFile file(table);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("mail,reply\nWhere is it?,On its way.\n");
    file.close();
    QVERIFY(drop(table));
    QCOMPARE(m_window->currentPage(), QString("data"));
    auto *wizard = m_window->findChild<ImportWizard *>();
    QVERIFY(wizard && wizard->isVisible());
    QTRY_VERIFY(wizard->checked());
}

void TestMainWindow::panelsAreHiddenAndShownByTheirKeys()
{
    m_window->resize(1440, 900);
    showWindow();
    QVERIFY(m_window->openProject(m_toy->path()));
    QTRY_COMPARE(m_window->currentPage(), QString("data"));
    auto *left = m_window->findChild<QWidget *>("facets");
    auto *right = m_window->findChild<QWidget *>("exampleEditor");
    QVERIFY(left && right);
    QTRY_VERIFY(left->isVisible() && right->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_Backslash, Qt::ControlModifier);
    QVERIFY(!left->isVisible() && right->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_Backslash, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(!right->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_Backslash, Qt::ControlModifier);
    QTest::keyClick(m_window.get(), Qt::Key_Backslash, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(left->isVisible() && right->isVisible());
}

void TestMainWindow::f6WalksTheParts()
{
    showWindow();
    m_window->findChild<QWidget *>("rail-settings")->setFocus();
    QStringList parts;
    for (int i = 0; i < 2; ++i) {
        QTest::keyClick(m_window.get(), Qt::Key_F6);
        QWidget *now = QApplication::focusWidget();
        QVERIFY(now);
        parts.append(m_window->findChild<TopBar *>()->isAncestorOf(now)     ? "top"
                     : m_window->startPage().isAncestorOf(now) ? "page"
                                                               : now->objectName());
    }
    QCOMPARE(parts, QStringList({"top", "page"}));
}

void TestMainWindow::theLastPageIsShownAgain()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    m_window->showPage("compare");
    m_window->closeProject();
    QVERIFY(m_window->openProject(m_toy->path()));
    QCOMPARE(m_window->currentPage(), QString("compare"));
}

void TestMainWindow::aBackupIsAProject()
{
    const std::filesystem::path copy =
        m_toy->folder.filePath(QFileInfo(nameForCopy(m_toy->path())).fileName()).toStdString();
    {
        auto project = Project::open(m_toy->path());
        QVERIFY(project->backupTo(copy));
        QVERIFY(!project->backupTo(copy)); // never over another file
    }
    QCOMPARE(*Project::open(copy)->exampleCount(), std::int64_t(5));
    const auto found = newestCopy(m_toy->path());
    QVERIFY(found);
    QCOMPARE(found->path.toStdString(), copy.string());
}

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
