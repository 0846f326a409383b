#include "core/studio/import_files.h"
#include "tests/patience.h"
#include "tests/ui/data/data_project.h"
#include "ui/data/data_query.h"
#include "ui/data/data_workspace.h"
#include "ui/data/editor.h"
#include "ui/data/example_list_panel.h"
#include "ui/data/facets_panel.h"
#include "ui/data/histogram.h"
#include "ui/data/import_wizard.h"
#include "ui/theme/theme.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/panel_header.h"

#include <QAbstractButton>
#include <QApplication>
#include <QClipboard>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMimeData>
#include <QScrollBar>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTableView>
#include <QToolButton>

#include <fstream>

using namespace attune;
using namespace attune::ui;

class TestDataWorkspace : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void aFacetFiltersAndItsChipTakesItBack();
    void searchesAsOneTypes();
    void aWrongSearchIsSaidUnderItsField();
    void aSearchThatIsClearedElsewhereLeavesNoCross();
    void testRowsNeedAClickAndEachLookIsCounted();
    void deletingSeveralIsOneStep();
    void delActsWhereverNobodyTypes();
    void fiveThousandRowsAreLabelledAndComeBack();
    void labelKeysActOnTheSelection();
    void theSelectionOutlivesFilterAndTable();
    void aLabelledRowDoesNotVanishUnderTheHand();
    void aNewRowOpensForTyping();
    void theTableIsEditedByKeys();
    void theTableTakesTheRoomAndGivesItBack();
    void problemRowsAreWalked();
    void theLengthLineCountsWithoutAsking();
    void tagsAreAddedToAllSelected();
    void viewsAreSavedAndCalledBack();
    void savedViewsAreOpenedWithoutTheMouse();
    void exportsWhatIsListed();
    void everyExportIsReadBackAsItWas_data();
    void everyExportIsReadBackAsItWas();
    void aDroppedFileOpensTheImport();
    void whatIsPastedOpensTheImport();
    void importsThroughTheWizard();
    void anEmptyProjectSaysWhatToDo();
    void aNarrowWindowFoldsTheFacets();
    void largeTextTurnsButtonsIntoIcons();
    void everythingHasAName();
};

namespace {

struct Window {
    explicit Window(const DataProject &project, QSize size = {1440, 900}) : session(project.session())
    {
        workspace = std::make_unique<DataWorkspace>(*session);
        workspace->resize(size);
        workspace->show();
        workspace->activateWindow();
        if (!QTest::qWaitForWindowActive(workspace.get()) ||
            !QTest::qWaitFor([this] { return workspace->ready(); }, 5000 * Patience))
            qFatal("the workspace did not get ready");
        workspace->shown();
    }
    ~Window()
    {
        workspace.reset();
        session.reset();
    }
    ExampleListPanel &list() const { return workspace->list(); }
    QAbstractItemView *view() const { return list().view(); }
    bool settled() const
    {
        return QTest::qWaitFor([this] { return workspace->ready(); }, 5000 * Patience);
    }
    template <typename T>
    T *find(const char *name) const
    {
        return workspace->findChild<T *>(QLatin1String(name));
    }
    void trigger(const char *action) const
    {
        for (const WorkspaceAction &one : workspace->workspaceActions())
            if (one.action->objectName() == QLatin1String(action))
                return one.action->trigger();
        qFatal("no action %s", action);
    }

    std::unique_ptr<Session> session;
    std::unique_ptr<DataWorkspace> workspace;
};

std::vector<Example> mixedRows()
{
    auto rows = plainRows(20);
    for (int i = 0; i < 20; ++i) {
        Example &row = rows[static_cast<std::size_t>(i)];
        row.part = i < 14 ? Part::Train : i < 17 ? Part::Validation : Part::Test;
        row.tags = {i % 2 ? "odd" : "even"};
    }
    return rows;
}

QString caption(const Window &window)
{
    return window.list().findChild<PanelHeader *>()->captionLabel()->text();
}

} // namespace

void TestDataWorkspace::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    QSettings().clear();
    qputenv("ATTUNE_CACHE", "/nonexistent"); // no tokenizer of this machine: the same everywhere
    applyTheme(*qApp);
}

void TestDataWorkspace::aFacetFiltersAndItsChipTakesItBack()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    QCOMPARE(window.list().model().rowCount(), 17); // test rows are hidden
    window.workspace->facets().showFacet(Facet::Tag);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    QTRY_VERIFY(window.workspace->query().filtered());
    QVERIFY(window.settled());
    const int rows = window.list().model().rowCount();
    QVERIFY(rows == 8 || rows == 9);
    QTRY_VERIFY(caption(window).startsWith(QString::number(rows) + QStringLiteral(" of 20")));
    auto *chips = window.find<QWidget>("queryBar");
    QWidget *chip = nullptr;
    for (QAbstractButton *button : chips->findChildren<QAbstractButton *>())
        if (button->text().startsWith(QLatin1String("Tag: ")))
            chip = button;
    QVERIFY(chip);
    QTest::keyClick(chip, Qt::Key_Delete);
    QTRY_VERIFY(!window.workspace->query().filtered());
    QTRY_COMPARE(window.list().model().rowCount(), 17);
}

void TestDataWorkspace::searchesAsOneTypes()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    QTest::keyClick(window.view(), Qt::Key_Slash);
    QLineEdit *search = window.workspace->facets().searchField();
    QTRY_VERIFY(search->hasFocus());
    QTest::keyClicks(search, QStringLiteral("answer tag:odd"));
    QTRY_COMPARE(window.list().model().rowCount(), 8);
    QTest::keyClick(search, Qt::Key_Return);
    QTRY_VERIFY(window.view()->hasFocus());
    QTest::keyClick(window.view(), Qt::Key_F, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_COMPARE(window.list().model().rowCount(), 17);
    QVERIFY(search->text().isEmpty());
}

void TestDataWorkspace::aWrongSearchIsSaidUnderItsField()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    QLineEdit *search = window.workspace->facets().searchField();
    auto *error = window.find<InlineNotice>("searchError");
    QTest::keyClicks(search, QStringLiteral("rating<many"));
    QTRY_VERIFY(error->isVisible());
    QVERIFY(error->text().contains(QLatin1String("many")));
    QCOMPARE(window.list().model().rowCount(), 17); // what was there stays
    search->clear();
    QTRY_VERIFY(!error->isVisible());
}

void TestDataWorkspace::aSearchThatIsClearedElsewhereLeavesNoCross()
{
    DataProject project;
    project.add(plainRows(3));
    project.markChecked();
    Window window(project);
    QLineEdit *search = window.workspace->facets().searchField();
    const auto crossIsShown = [&] {
        const auto buttons = search->findChildren<QToolButton *>();
        return std::any_of(buttons.begin(), buttons.end(), [](const QToolButton *button) {
            return button->isVisible() && button->defaultAction() &&
                   button->defaultAction()->objectName() == QLatin1String("_q_qlineeditclearaction");
        });
    };
    QTest::keyClicks(search, QStringLiteral("lamp"));
    QTRY_COMPARE(window.workspace->query().value().search, std::string("lamp"));
    QVERIFY(crossIsShown());
    window.trigger("data.clearFilter");
    QCOMPARE(search->text(), QString());
    QTRY_VERIFY(!crossIsShown());
}

void TestDataWorkspace::testRowsNeedAClickAndEachLookIsCounted()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    FacetsPanel &facets = window.workspace->facets();
    QCOMPARE(facets.model().counts().parts[2], 3); // counted, not shown
    auto *notice = window.find<InlineNotice>("testNotice");
    QVERIFY(!notice->isVisible());
    facets.askForTestRows();
    QVERIFY(notice->isVisible());
    QCoreApplication::processEvents();
    for (const auto *link : notice->findChildren<QAbstractButton *>()) // whole, however narrow the panel is
        if (link->isVisible())
            QTRY_VERIFY2(notice->rect().contains(QRect(link->mapTo(notice, QPoint()), link->size())) &&
                             link->width() >= link->sizeHint().width(),
                         qPrintable(link->text()));
    QCOMPARE(window.list().model().rowCount(), 17);
    Q_EMIT facets.testRowsConfirmed();
    QTRY_COMPARE(window.list().model().rowCount(), 20);
    std::string looks;
    project.with([&](Project &open) {
        QTRY_COMPARE(open.setting("test_looks")->value_or(""), std::string("1"));
    });
    window.workspace->query().setTestRows(false);
    QTRY_COMPARE(window.list().model().rowCount(), 17);
    // By keys alone.
    window.trigger("data.testRows");
    QTRY_COMPARE(qobject_cast<QAbstractButton *>(QApplication::focusWidget())->text(),
                 QStringLiteral("Show test rows"));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    QTRY_COMPARE(window.list().model().rowCount(), 20);
    QVERIFY(facets.isAncestorOf(QApplication::focusWidget())); // and not at the window's other end
    project.with([&](Project &open) {
        QTRY_COMPARE(open.setting("test_looks")->value_or(""), std::string("2"));
    });
}

void TestDataWorkspace::deletingSeveralIsOneStep()
{
    DataProject project;
    project.add(plainRows(10));
    project.markChecked();
    Window window(project);
    QTest::keyClick(window.view(), Qt::Key_Space);
    QTest::keyClick(window.view(), Qt::Key_Space);
    QTest::keyClick(window.view(), Qt::Key_Space);
    QCOMPARE(window.list().selectedIds(), (Ids{1, 2, 3}));
    QTest::keyClick(window.view(), Qt::Key_Delete);
    QTRY_COMPARE(window.list().model().rowCount(), 7);
    QCOMPARE(window.list().currentId(), 4);
    QTRY_COMPARE(window.session->undoText(), QStringLiteral("3 rows deleted"));
    window.session->undo();
    QTRY_COMPARE(window.list().model().rowCount(), 10);
    window.session->redo();
    QTRY_COMPARE(window.list().model().rowCount(), 7);
}

void TestDataWorkspace::delActsWhereverNobodyTypes()
{
    DataProject project;
    project.add(plainRows(4));
    project.markChecked();
    Window window(project);
    QTest::keyClick(window.view(), Qt::Key_E);
    QTRY_VERIFY(window.workspace->editor().typing());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Home);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Delete); // a letter of the text
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    QTRY_COMPARE(project.row(1).messages[1].content, std::string("nswer 0"));
    QCOMPARE(window.list().model().rowCount(), 4);
    QVERIFY(window.workspace->editor().hasFocus());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Delete);
    QTRY_COMPARE(window.list().model().rowCount(), 3);
    window.session->undo();
    QTRY_COMPARE(window.list().model().rowCount(), 4);
}

void TestDataWorkspace::fiveThousandRowsAreLabelledAndComeBack()
{
    DataProject project;
    project.add(plainRows(5000));
    project.markChecked();
    Window window(project);
    const auto approved = [&project] {
        ExampleQuery query;
        query.states = {LabelState::Approved};
        return project.ids(query).size();
    };
    window.trigger("data.selectAll");
    QTRY_COMPARE(window.list().selectedIds().size(), std::size_t(5000));
    QElapsedTimer timer;
    timer.start();
    window.trigger("data.approveRows");
    QTRY_COMPARE_WITH_TIMEOUT(approved(), std::size_t(5000), 20'000);
    qInfo("5,000 rows approved in %lld ms", static_cast<long long>(timer.restart()));
    QTRY_VERIFY(!window.session->undoText().isEmpty());
    window.session->undo();
    QTRY_COMPARE_WITH_TIMEOUT(approved(), std::size_t(0), 20'000);
    qInfo("and undone in %lld ms", static_cast<long long>(timer.elapsed()));
    window.session->redo();
    QTRY_COMPARE_WITH_TIMEOUT(approved(), std::size_t(5000), 20'000);
}

void TestDataWorkspace::labelKeysActOnTheSelection()
{
    DataProject project;
    project.add(plainRows(6));
    project.markChecked();
    Window window(project);
    QTest::keyClick(window.view(), Qt::Key_Down, Qt::ShiftModifier);
    QTest::keyClick(window.view(), Qt::Key_Down, Qt::ShiftModifier);
    QCOMPARE(window.list().selectedIds(), (Ids{1, 2, 3}));
    QVERIFY(window.settled());
    QTest::keyClick(window.view(), Qt::Key_A);
    QTRY_COMPARE(project.row(3).state, LabelState::Approved);
    QCOMPARE(project.row(1).state, LabelState::Approved);
    QCOMPARE(project.row(4).state, LabelState::ToLabel);
    window.session->undo();
    QTRY_COMPARE(project.row(1).state, LabelState::ToLabel);
    QCOMPARE(project.row(3).state, LabelState::ToLabel);
}

void TestDataWorkspace::theSelectionOutlivesFilterAndTable()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    window.list().selectRow(5);
    QCOMPARE(window.list().currentId(), 6);
    window.workspace->query().toggle({Facet::Tag, 0, QStringLiteral("odd")}, false);
    QVERIFY(window.settled());
    QCOMPARE(window.list().currentId(), 6);
    QTest::keyClick(window.view(), Qt::Key_T, Qt::ControlModifier);
    QVERIFY(window.list().tableShown());
    QCOMPARE(window.list().currentId(), 6);
    QCOMPARE(window.view()->currentIndex().row(), window.list().currentRow());
    window.workspace->query().clear();
    QVERIFY(window.settled());
    QCOMPARE(window.list().currentId(), 6);
    QCOMPARE(window.workspace->editor().shownExample(), 6);
    window.workspace->query().setSort(ExampleQuery::Sort::Number, true);
    QVERIFY(window.settled());
    QCOMPARE(window.list().currentId(), 6);
    QTest::keyClick(window.view(), Qt::Key_G, Qt::ShiftModifier);
    QCOMPARE(window.list().currentId(), 1);
    QTest::keyClick(window.view(), Qt::Key_G);
    QTest::keyClick(window.view(), Qt::Key_G);
    QCOMPARE(window.list().currentId(), 17);
}

void TestDataWorkspace::aLabelledRowDoesNotVanishUnderTheHand()
{
    DataProject project;
    project.add(plainRows(6));
    project.markChecked();
    Window window(project);
    window.workspace->query().toggle({Facet::State, 0}, false);
    QVERIFY(window.settled());
    window.list().selectRow(1);
    QVERIFY(window.settled());
    QTest::keyClick(window.view(), Qt::Key_F); // flagging stays at the row
    QTRY_COMPARE(project.row(2).state, LabelState::Flagged);
    QTest::qWait(700); // the change comes round
    QCOMPARE(window.list().currentId(), 2);
    QTest::keyClick(window.view(), Qt::Key_J);
    QCOMPARE(window.list().currentId(), 3);
    QVERIFY(window.settled());
    QTest::keyClick(window.view(), Qt::Key_A); // approving goes on
    QTRY_COMPARE(window.list().currentId(), 4);
    QTRY_COMPARE(window.list().model().ids(), (std::vector<std::int64_t>{1, 4, 5, 6}));
    QCOMPARE(window.list().currentId(), 4);
}

void TestDataWorkspace::aNewRowOpensForTyping()
{
    DataProject project;
    project.add(plainRows(3));
    project.markChecked();
    Window window(project);
    QTest::keyClick(window.view(), Qt::Key_N, Qt::ControlModifier);
    QTRY_COMPARE(window.list().model().rowCount(), 4);
    QTRY_COMPARE(window.list().currentId(), 4);
    QCOMPARE(window.workspace->editor().shownExample(), 4);
    QTRY_VERIFY(window.workspace->editor().typing());
    QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("Does it float?")); // it begins with the question
    window.workspace->editor().keepTyped();
    QTRY_COMPARE(project.row(4).messages[0].content, std::string("Does it float?"));
    QCOMPARE(project.row(4).messages[1].content, std::string());
}

void TestDataWorkspace::theTableIsEditedByKeys()
{
    DataProject project;
    project.add(plainRows(4));
    project.markChecked();
    Window window(project);
    window.list().setTableShown(true);
    auto *table = window.find<QTableView>("rowTable");
    table->setFocus();
    QTRY_VERIFY(window.list().model().summaryAt(2));
    table->setCurrentIndex(window.list().model().index(2, ExampleListModel::Tags));
    QTest::keyClick(table, Qt::Key_Return);
    auto *field = qobject_cast<QLineEdit *>(QApplication::focusWidget());
    QVERIFY(field);
    QTest::keyClicks(field, QStringLiteral("refund, lamp"));
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_COMPARE(project.row(3).tags, (std::vector<std::string>{"refund", "lamp"}));
}

void TestDataWorkspace::theTableTakesTheRoomAndGivesItBack()
{
    DataProject project;
    project.add(plainRows(40));
    project.markChecked();
    Window window(project);
    const int before = window.list().width();
    window.trigger("data.table");
    auto *table = window.find<QTableView>("rowTable");
    QTRY_VERIFY(window.list().width() > before + 100);
    window.list().moveBy(30);
    QCOMPARE(table->horizontalScrollBar()->value(), 0); // going down does not shift it sideways
    window.trigger("data.table");
    QTRY_COMPARE(window.list().width(), before);
}

void TestDataWorkspace::problemRowsAreWalked()
{
    DataProject project;
    project.add(plainRows(30));
    project.markChecked();
    project.with([](Project &open) {
        const std::vector<ProblemKind> kinds{ProblemKind::NoAnswer, ProblemKind::NotJson};
        const std::vector<StoredProblem> problems{{.example = 7, .kind = ProblemKind::NoAnswer, .detail = {}},
                                                  {.example = 21, .kind = ProblemKind::NotJson, .detail = {}}};
        QVERIFY(Labelling(open).setProblems(kinds, problems));
    });
    Window window(project);
    QTest::keyClick(window.view(), Qt::Key_F8);
    QTRY_COMPARE(window.list().currentId(), 7);
    QTest::keyClick(window.view(), Qt::Key_F8);
    QTRY_COMPARE(window.list().currentId(), 21);
    QTest::keyClick(window.view(), Qt::Key_F8, Qt::ShiftModifier);
    QTRY_COMPARE(window.list().currentId(), 7);
    window.workspace->open({{QStringLiteral("problem"), QStringLiteral("no-answer")}});
    QTRY_COMPARE(window.list().model().ids(), (std::vector<std::int64_t>{7}));
}

void TestDataWorkspace::theLengthLineCountsWithoutAsking()
{
    DataProject project;
    project.add(plainRows(10));
    project.markChecked();
    project.with([&](Project &open) {
        std::vector<TokenCount> counts;
        QVERIFY(open.forEachExample({}, [&](const StoredExample &row) -> Result<void> {
            counts.push_back({row.id, row.contentHash, 100 * row.id, 10});
            return {};
        }));
        QVERIFY(Labelling(open).setTokenCounts("test", counts));
    });
    Window window(project);
    Histogram *histogram = window.list().histogram();
    QTRY_COMPARE(histogram->lengths().rows(), 10);
    window.session->setMaxLength(800);
    QTRY_COMPARE(histogram->cutText(), QStringLiteral("2 rows cut, 300 tokens lost"));
    QTest::keyClick(window.view(), Qt::Key_Left, Qt::AltModifier);
    QTRY_COMPARE(window.session->maxLength(), 784);
    QCOMPARE(histogram->cutText(), QStringLiteral("3 rows cut, 348 tokens lost"));
    Toast toast;
    connect(window.session.get(), &Session::toasted, this, [&toast](const Toast &said) { toast = said; });
    Q_EMIT histogram->maxLengthChosen(500); // as a drag ends
    QTRY_COMPARE(window.session->maxLength(), 500);
    disconnect(window.session.get(), &Session::toasted, this, nullptr);
    QCOMPARE(toast.action, QStringLiteral("Back to 784"));
    toast.act();
    QTRY_COMPARE(window.session->maxLength(), 784);
    window.workspace->query().toggle({Facet::Problem, static_cast<std::int64_t>(ProblemKind::Cut)}, false);
    QTRY_COMPARE(window.list().model().ids(), (std::vector<std::int64_t>{8, 9, 10}));
    window.session->setMaxLength(900); // rows turn whole, and leave the filter
    QTRY_COMPARE(window.list().model().ids(), (std::vector<std::int64_t>{10}));
    Q_EMIT histogram->rangeChosen(500, 699);
    window.workspace->query().remove({Facet::Problem, static_cast<std::int64_t>(ProblemKind::Cut)});
    QTRY_COMPARE(window.list().model().ids(), (std::vector<std::int64_t>{5, 6}));
}

void TestDataWorkspace::tagsAreAddedToAllSelected()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    QTest::keyClick(window.view(), Qt::Key_Down, Qt::ShiftModifier);
    QTest::keyClick(window.view(), Qt::Key_T, Qt::ShiftModifier);
    auto *field = window.find<QLineEdit>("askField");
    QTRY_VERIFY(field->hasFocus());
    QTest::keyClicks(field, QStringLiteral("urgent"));
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_COMPARE(project.row(2).tags, (std::vector<std::string>{"odd", "urgent"}));
    QCOMPARE(project.row(1).tags, (std::vector<std::string>{"even", "urgent"}));
    QVERIFY(window.view()->hasFocus()); // back where the hand was
    window.session->undo();
    QTRY_COMPARE(project.row(2).tags, (std::vector<std::string>{"odd"}));
}

void TestDataWorkspace::viewsAreSavedAndCalledBack()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    window.workspace->query().toggle({Facet::Tag, 0, QStringLiteral("odd")}, false);
    window.workspace->query().setSort(ExampleQuery::Sort::Number, true);
    window.trigger("data.saveView");
    auto *field = window.find<QLineEdit>("askField");
    QTest::keyClicks(field, QStringLiteral("Odd ones"));
    QTest::keyClick(field, Qt::Key_Return);
    auto *menu = window.find<QMenu>("viewsMenu");
    QAction *view = nullptr;
    QTRY_VERIFY(!menu->actions().isEmpty() && (view = menu->actions().front())->text() == QLatin1String("Odd ones"));
    window.workspace->query().clear();
    window.workspace->query().setSort(ExampleQuery::Sort::Number, false);
    QVERIFY(window.settled());
    view->trigger();
    QTRY_COMPARE(window.list().model().rowCount(), 8);
    QCOMPARE(window.list().model().idAt(0), 16);
}

void TestDataWorkspace::savedViewsAreOpenedWithoutTheMouse()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    project.with([](Project &open) {
        ExampleQuery odd;
        odd.tags = {"odd"};
        QVERIFY(Labelling(open).saveView({"Odd ones", toJson(odd).dump()}));
    });
    Window window(project);
    auto *menu = window.find<QMenu>("viewsMenu");
    QTRY_COMPARE(menu->actions().front()->text(), QStringLiteral("Odd ones"));
    window.trigger("data.views");
    QTRY_VERIFY(menu->isVisible());
    QTest::keyClick(menu, Qt::Key_Down);
    QTest::keyClick(menu, Qt::Key_Return);
    QTRY_COMPARE(window.list().model().rowCount(), 8); // the test part stays locked, whatever the view says
}

void TestDataWorkspace::exportsWhatIsListed()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project);
    window.workspace->query().toggle({Facet::Part, 1}, false);
    QVERIFY(window.settled());
    const auto file = project.file("out.jsonl");
    window.workspace->exportTo(QString::fromStdString(file.string()), ExportFormat::Chat, true);
    QTRY_VERIFY(std::filesystem::exists(file));
    std::ifstream in(file);
    int lines = 0;
    for (std::string line; std::getline(in, line); ++lines)
        QVERIFY(line.find("\"validation\"") != std::string::npos);
    QCOMPARE(lines, 3);
}

void TestDataWorkspace::everyExportIsReadBackAsItWas_data()
{
    QTest::addColumn<int>("format");
    QTest::addColumn<QString>("name");
    QTest::newRow("chat") << static_cast<int>(ExportFormat::Chat) << QStringLiteral("out.jsonl");
    QTest::newRow("alpaca") << static_cast<int>(ExportFormat::Alpaca) << QStringLiteral("out.jsonl");
    QTest::newRow("sharegpt") << static_cast<int>(ExportFormat::ShareGpt) << QStringLiteral("out.jsonl");
    QTest::newRow("csv") << static_cast<int>(ExportFormat::Csv) << QStringLiteral("out.csv");
}

void TestDataWorkspace::everyExportIsReadBackAsItWas()
{
    QFETCH(int, format);
    QFETCH(QString, name);
    DataProject project;
    auto rows = mixedRows();
    rows[1].messages[0].content = "Two lines,\n\"quoted\"; and a comma";
    rows[3].messages[1].content = "{\"intent\": \"refund\",\n \"product\": \"Wei\u00dfe Lampe \U0001F4A1\"}";
    project.add(rows);
    project.markChecked();
    Window window(project);
    window.workspace->query().toggle({Facet::Tag, 0, QStringLiteral("odd")}, false);
    QVERIFY(window.settled());
    const Ids listed = window.list().model().ids();
    QCOMPARE(listed.size(), std::size_t(8));
    const auto file = project.file(name.toStdString());
    QSignalSpy told(window.session.get(), &Session::toasted);
    window.workspace->exportTo(QString::fromStdString(file.string()), static_cast<ExportFormat>(format), true);
    QTRY_VERIFY(!told.isEmpty());
    DataProject other;
    other.with([&](Project &open) {
        const auto report = importFiles(open, {{file}, {}, {}, {}});
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        QCOMPARE(report->imported, std::int64_t(8));
        QCOMPARE(report->rejected, std::int64_t(0));
    });
    const auto back = other.ids();
    QCOMPARE(back.size(), listed.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
        const StoredExample a = project.row(listed[i]);
        const StoredExample b = other.row(back[i]);
        QVERIFY(a.messages == b.messages);
        QVERIFY(a.part == b.part && a.tags == b.tags);
    }
}

/// As a file manager does it.
void TestDataWorkspace::aDroppedFileOpensTheImport()
{
    DataProject project;
    Window window(project);
    const auto file = project.file("rows.csv");
    std::ofstream(file) << "question,reply\nWhere is my lamp?,On its way\n";
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(QString::fromStdString(file.string()))});
    QDragEnterEvent enter(QPoint(300, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(window.workspace.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(300, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(window.workspace.get(), &drop);
    QVERIFY(drop.isAccepted());
    ImportWizard &wizard = window.workspace->importWizard();
    QTRY_VERIFY(wizard.isVisible() && !wizard.checking() && wizard.checked());
    QTest::keyClick(&wizard, Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(window.list().model().rowCount(), 1);
    QTRY_COMPARE(project.row(1).messages[0].content, std::string("Where is my lamp?"));
}

void TestDataWorkspace::whatIsPastedOpensTheImport()
{
    DataProject project;
    Window window(project);
    QGuiApplication::clipboard()->setText(
        QStringLiteral("{\"prompt\": \"Where is it?\", \"completion\": \"Here\"}\n"));
    window.trigger("data.paste");
    ImportWizard &wizard = window.workspace->importWizard();
    QTRY_VERIFY(wizard.isVisible() && !wizard.checking() && wizard.checked());
    QTest::keyClick(&wizard, Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(window.list().model().rowCount(), 1);
    window.session->undo();
    QTRY_COMPARE(window.list().model().rowCount(), 0);
}

void TestDataWorkspace::importsThroughTheWizard()
{
    DataProject project;
    Window window(project);
    const auto file = project.file("rows.jsonl");
    std::ofstream(file)
        << R"({"messages": [{"role": "user", "content": "Where is my lamp"}, {"role": "assistant", "content": "On its way"}]})"
        << "\n{broken\n";
    window.workspace->startImport({QString::fromStdString(file.string())});
    ImportWizard &wizard = window.workspace->importWizard();
    QTRY_VERIFY(wizard.isVisible() && !wizard.checking() && wizard.checked());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Right, Qt::AltModifier); // wherever the focus is
    QTRY_VERIFY(wizard.step() == ImportStep::Check);
    auto *fix = qobject_cast<QAbstractButton *>(QApplication::focusWidget());
    QVERIFY(fix && fix->objectName() == QLatin1String("fixHere"));
    QTest::keyClick(fix, Qt::Key_Return);
    QTRY_VERIFY(QApplication::focusWidget() != fix); // in the record
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    QTest::keyClick(&wizard, Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(window.list().model().rowCount(), 1);
    QTRY_VERIFY(!wizard.isVisible());
    window.session->undo();
    QTRY_COMPARE(window.list().model().rowCount(), 0);
    window.trigger("data.import"); // Enter then asks for files
    QTRY_COMPARE(QApplication::focusWidget()->objectName(), QStringLiteral("chooseFiles"));
    const auto enabled = [&window](const char *name) {
        for (const WorkspaceAction &one : window.workspace->workspaceActions())
            if (one.action->objectName() == QLatin1String(name))
                return one.action->isEnabled();
        return false;
    };
    QVERIFY(!enabled("data.lengthUp") && !enabled("row.approve")); // no key acts on rows that nobody sees
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    QTRY_VERIFY(!wizard.isVisible());
    QVERIFY(enabled("data.lengthUp") && enabled("row.approve"));
}

void TestDataWorkspace::anEmptyProjectSaysWhatToDo()
{
    DataProject project;
    Window window(project);
    EmptyState *shown = nullptr;
    QTRY_VERIFY([&] {
        for (EmptyState *state : window.list().findChildren<EmptyState *>())
            if (state->isVisible())
                shown = state;
        return shown != nullptr;
    }());
    QVERIFY(shown->text().startsWith(QLatin1String("No rows yet.")));
    project.add(plainRows(3));
    QTRY_COMPARE(window.list().model().rowCount(), 3);
    QTRY_VERIFY(!shown->isVisible());
    window.workspace->query().setSearch(QStringLiteral("nothinglikethis"));
    QTRY_VERIFY([&] {
        for (EmptyState *state : window.list().findChildren<EmptyState *>())
            if (state->isVisible() && state->text() == QLatin1String("No row matches."))
                return true;
        return false;
    }());
}

void TestDataWorkspace::aNarrowWindowFoldsTheFacets()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project, {1024, 700});
    auto *strip = window.find<QWidget>("facetStrip");
    FacetsPanel &facets = window.workspace->facets();
    QVERIFY(strip->isVisible() && !facets.isVisible());
    QTest::keyClick(window.view(), Qt::Key_Slash);
    QTRY_VERIFY(facets.isVisible() && facets.searchField()->hasFocus());
    QTest::keyClick(facets.searchField(), Qt::Key_Escape);
    QTRY_VERIFY(!facets.isVisible());
    QTRY_VERIFY(window.view()->hasFocus());
    window.workspace->resize(1440, 900);
    QTRY_VERIFY(facets.isVisible() && !strip->isVisible());
}

void TestDataWorkspace::largeTextTurnsButtonsIntoIcons()
{
    DataProject project;
    project.add(mixedRows());
    project.markChecked();
    Window window(project, {1440, 900});
    auto *import = window.find<QAbstractButton>("import");
    QCOMPARE(import->text(), QString("Import"));
    Theme::instance().setTextScale(2);
    window.workspace->list().setFixedWidth(380);
    QTRY_COMPARE(import->text(), QString());
    QVERIFY(!import->accessibleName().isEmpty());
    Theme::instance().setTextScale(1);
    QTRY_COMPARE(import->text(), QString("Import"));
}

void TestDataWorkspace::everythingHasAName()
{
    DataProject project;
    project.add(mixedRows());
    Window window(project);
    for (const WorkspaceAction &one : window.workspace->workspaceActions()) {
        QVERIFY(!one.action->objectName().isEmpty());
        QVERIFY(!one.action->text().isEmpty());
    }
    QStringList seen;
    for (const WorkspaceAction &one : window.workspace->workspaceActions()) {
        const QString key = one.action->shortcut().toString();
        if (!key.isEmpty() && one.action->shortcutContext() == Qt::WindowShortcut)
            QVERIFY2(!seen.contains(key),
                     qPrintable(key + QStringLiteral(" is taken twice, by ") + one.action->objectName()));
        seen << key;
    }
    for (QWidget *widget : window.workspace->findChildren<QWidget *>()) {
        if (widget->focusPolicy() == Qt::NoFocus || widget->objectName().startsWith(QLatin1String("qt_")) ||
            widget->accessibleName().size() > 0)
            continue;
        const auto *button = qobject_cast<QAbstractButton *>(widget);
        const bool named =
            (button && !button->text().isEmpty()) || qobject_cast<QLabel *>(widget); // named by their text
        QVERIFY2(named, qPrintable(QStringLiteral("%1 \"%2\" in %3 has no name")
                                       .arg(QLatin1String(widget->metaObject()->className()), widget->objectName(),
                                            widget->parentWidget()
                                                ? QLatin1String(widget->parentWidget()->metaObject()->className())
                                                : QString())));
    }
}

QTEST_MAIN(TestDataWorkspace)
#include "tst_data_workspace.moc"
