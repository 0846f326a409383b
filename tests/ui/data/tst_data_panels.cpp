#include "tests/ui/data/data_project.h"
#include "ui/data/bulk_bar.h"
#include "ui/data/bulk_edit.h"
#include "ui/data/find_replace.h"
#include "ui/data/health_checks.h"
#include "ui/data/health_panel.h"
#include "ui/data/health_review.h"
#include "ui/data/snapshots_panel.h"
#include "ui/data/split_panel.h"
#include "ui/theme/theme.h"

#include <QAbstractButton>
#include <QApplication>
#include <QLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStandardPaths>
#include <QElapsedTimer>
#include <QTextBrowser>

using namespace attune;
using namespace attune::ui;

class TestDataPanels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void replacementsAreShownBeforeTheyAreMade();
    void aWrongExpressionIsSaidInPlace();
    void versionsAreComparedAndRestored();
    void theWholeIsDividedAnewInOneStep();
    void sharesOfAHundredAreRefusedInPlace();
    void aProjectIsCheckedWithoutBeingAsked();
    void anEditThatMakesANearDuplicateIsInTheLedgerSoon_data();
    void anEditThatMakesANearDuplicateIsInTheLedgerSoon();
    void nearDuplicatesAreMergedInOneStep();
    void aLeakIsMovedToTheOtherPart();
    void theBarOfSelectedRowsIsOneLine();
};

namespace {

template <typename Panel>
struct Shown {
    explicit Shown(const DataProject &project) : session(project.session()), panel(std::make_unique<Panel>(*session))
    {
        panel->resize(700, 800);
        panel->show();
        panel->activateWindow();
        if (!QTest::qWaitForWindowActive(panel.get()))
            qFatal("not active");
        panel->opened();
    }
    ~Shown() { panel.reset(); }
    template <typename T>
    T *find(const char *name) const
    {
        return panel->template findChild<T *>(QLatin1String(name));
    }
    std::unique_ptr<Session> session;
    std::unique_ptr<Panel> panel;
};

constexpr auto Mail = "Hello, I ordered the folding desk lamp three weeks ago and it arrived with a cracked hinge, "
                      "please send me a new one before Friday";

} // namespace

void TestDataPanels::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    qputenv("ATTUNE_CACHE", "/nonexistent");
    applyTheme(*qApp);
}

void TestDataPanels::replacementsAreShownBeforeTheyAreMade()
{
    DataProject project;
    project.add({rowOf("a lamp", "the lamp, the Lamp"), rowOf("a chair", "a chair"), rowOf("my lamp", "yes")});
    Shown<FindReplacePanel> shown(project);
    shown.panel->setRows({1, 2, 3}, {1});
    QTest::keyClicks(shown.find<QLineEdit>("findText"), QStringLiteral("lamp"));
    QTest::keyClicks(shown.find<QLineEdit>("replaceText"), QStringLiteral("desk"));
    auto *list = shown.find<QListWidget>("foundList");
    QTRY_COMPARE(list->count(), 2);
    auto *apply = shown.find<QPushButton>("replaceAll");
    QTRY_COMPARE(apply->text(), QStringLiteral("Replace in 2 rows"));
    QTRY_VERIFY(shown.find<QTextBrowser>("foundText")->toPlainText().contains(QLatin1String("desk")));
    QCOMPARE(project.row(1).messages[0].content, std::string("a lamp")); // nothing is done yet
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(project.row(1).messages[1].content, std::string("the desk, the desk"));
    QCOMPARE(project.row(3).messages[0].content, std::string("my desk"));
    QTRY_COMPARE(list->count(), 0);
    shown.session->undo();
    QTRY_COMPARE(project.row(3).messages[0].content, std::string("my lamp"));
    QCOMPARE(project.row(1).messages[1].content, std::string("the lamp, the Lamp"));
}

void TestDataPanels::aWrongExpressionIsSaidInPlace()
{
    DataProject project;
    project.add(plainRows(2));
    Shown<FindReplacePanel> shown(project);
    shown.panel->setRows({1, 2}, {1});
    shown.find<QAbstractButton>("useRegex")->setChecked(true);
    QTest::keyClicks(shown.find<QLineEdit>("findText"), QStringLiteral("quest(ion"));
    QTRY_VERIFY(shown.find<QWidget>("replaceAll") && !shown.find<QWidget>("replaceAll")->isEnabled());
    QTest::keyClicks(shown.find<QLineEdit>("findText"), QStringLiteral(") \\d"));
    QTRY_VERIFY(shown.find<QWidget>("replaceAll")->isEnabled());
}

void TestDataPanels::versionsAreComparedAndRestored()
{
    DataProject project;
    project.add(plainRows(5));
    Shown<SnapshotsPanel> shown(project);
    QTest::keyClicks(shown.find<QLineEdit>("versionName"), QStringLiteral("before"));
    QTest::keyClick(shown.find<QLineEdit>("versionName"), Qt::Key_Return);
    auto *list = shown.find<QListWidget>("versionList");
    QTRY_COMPARE(list->count(), 1);
    QCOMPARE(list->item(0)->text(), QStringLiteral("before"));
    project.with([](Project &open) {
        std::vector<ExampleEdit> edits{
            {.id = 2, .messages = std::vector<Message>{{"user", "other"}, {"assistant", "words"}}},
            {.id = 4, .deleted = true}};
        QVERIFY(Labelling(open).apply("some edits", edits));
    });
    auto *changes = shown.find<QListWidget>("changeList");
    QTRY_VERIFY(changes->count() == 1 && changes->item(0)->text().startsWith(QLatin1String("Row 2")));
    QTRY_VERIFY(shown.find<QTextBrowser>("changeText")->toPlainText().contains(QLatin1String("words")));
    shown.find<QAbstractButton>("restoreVersion")->click();
    QTRY_COMPARE(project.row(2).messages[1].content, std::string("answer 1"));
    QCOMPARE(project.ids().size(), std::size_t(5));
    shown.session->undo();
    QTRY_COMPARE(project.row(2).messages[1].content, std::string("words"));
    QCOMPARE(project.ids().size(), std::size_t(4));
}

void TestDataPanels::theWholeIsDividedAnewInOneStep()
{
    DataProject project;
    auto rows = plainRows(60);
    for (Example &row : rows)
        row.part = {};
    project.add(rows);
    Shown<SplitPanel> shown(project);
    QTRY_VERIFY(shown.panel->loaded());
    shown.find<QSpinBox>("validationShare")->setValue(0);
    shown.find<QSpinBox>("testShare")->setValue(0);
    shown.find<QAbstractButton>("splitNow")->click();
    QTRY_COMPARE(project.row(60).part, std::optional(Part::Train));
    QCOMPARE(project.row(1).part, std::optional(Part::Train));
    shown.session->undo();
    QTRY_COMPARE(project.row(60).part, std::optional<Part>());
    QCOMPARE(project.row(1).part, std::optional<Part>());
}

void TestDataPanels::sharesOfAHundredAreRefusedInPlace()
{
    DataProject project;
    project.add(plainRows(3));
    Shown<SplitPanel> shown(project);
    QTRY_VERIFY(shown.panel->loaded());
    shown.find<QSpinBox>("validationShare")->setValue(50);
    shown.find<QSpinBox>("testShare")->setValue(50);
    QVERIFY(!shown.find<QWidget>("splitAnew")->isEnabled());
    shown.find<QSpinBox>("testShare")->setValue(10);
    QVERIFY(shown.find<QWidget>("splitAnew")->isEnabled());
}

void TestDataPanels::aProjectIsCheckedWithoutBeingAsked()
{
    DataProject project;
    auto rows = plainRows(8);
    rows.push_back(rowOf(Mail, ""));
    project.add(rows);
    const auto session = project.session();
    HealthChecks checks(*session);
    QSignalSpy reported(&checks, &HealthChecks::reported);
    QTRY_COMPARE_WITH_TIMEOUT(reported.count(), 1, 20'000);
    project.with([](Project &open) {
        ExampleQuery query;
        query.problems = {ProblemKind::NoAnswer};
        QCOMPARE(Labelling(open).ids(query).value(), (std::vector<std::int64_t>{9}));
    });
    QTest::qWait(2500); // what it wrote itself is no reason to check again
    QCOMPARE(reported.count(), 1);
    // One row alone: what an edit and its undo change is looked at again at once.
    const auto noAnswers = [&project] {
        std::vector<std::int64_t> found;
        project.with([&found](Project &open) {
            ExampleQuery query;
            query.problems = {ProblemKind::NoAnswer};
            found = Labelling(open).ids(query).value();
        });
        return found;
    };
    setStateOf(*session, {9}, LabelState::Rejected);
    QTRY_COMPARE(noAnswers(), std::vector<std::int64_t>());
    session->undo();
    QTRY_COMPARE(noAnswers(), (std::vector<std::int64_t>{9}));
    QCOMPARE(reported.count(), 1);
    HealthChecks again(*session); // nor is opening the project once more
    QSignalSpy second(&again, &HealthChecks::checkingChanged);
    QTest::qWait(2500);
    QCOMPARE(second.count(), 0);
}

void TestDataPanels::anEditThatMakesANearDuplicateIsInTheLedgerSoon_data()
{
    QTest::addColumn<int>("others");
    QTest::newRow("a small project") << 10;
    QTest::newRow("one that is read by a job") << 2500;
}

/// Before the check of all rows would begin, which waits for eight seconds of rest at least.
void TestDataPanels::anEditThatMakesANearDuplicateIsInTheLedgerSoon()
{
    QFETCH(int, others);
    DataProject project;
    auto rows = plainRows(others);
    rows.push_back(rowOf(Mail, "One", Part::Validation));
    project.add(rows);
    project.markChecked();
    const auto session = project.session();
    HealthChecks checks(*session);
    QSignalSpy reported(&checks, &HealthChecks::reported);
    QTRY_VERIFY(session->idle());
    const auto rowsWith = [&project](ProblemKind kind) {
        ExampleQuery query;
        query.problems = {kind};
        return project.ids(query);
    };
    const auto write = [&session](const std::string &text) {
        session->change<EditStep>(
            nullptr,
            [text](Project &open) {
                const std::vector<ExampleEdit> edit{
                    {.id = 1, .messages = std::vector<Message>{{"user", text}, {"assistant", "Two"}}}};
                return Labelling(open).apply("Row 1 edited", edit);
            },
            {});
    };
    const Ids both{1, others + 1};
    for (int round = 0; round < 2; ++round) { // the index is read with the first edit
        QElapsedTimer timer;
        timer.start();
        write(std::string(Mail) + ", thanks" + (round ? "!" : ""));
        QTRY_COMPARE(rowsWith(ProblemKind::NearDuplicate), both);
        QTRY_COMPARE(rowsWith(ProblemKind::Leak), (Ids{others + 1}));
        qInfo("found after %lld ms", static_cast<long long>(timer.elapsed()));
        write("Something quite different");
        QTRY_COMPARE(rowsWith(ProblemKind::NearDuplicate), Ids());
        QTRY_COMPARE(rowsWith(ProblemKind::Leak), Ids());
    }
    QCOMPARE(reported.count(), 0);
}

void TestDataPanels::nearDuplicatesAreMergedInOneStep()
{
    DataProject project;
    project.add({rowOf(Mail, "one", Part::Train, {"refund"}),
                 rowOf("something else altogether, about an invoice", "two"),
                 rowOf(std::string(Mail) + "!", "three", Part::Train, {"lamp"})});
    project.with([](Project &open) { QVERIFY(checkProject(open, nullptr, {})); });
    Shown<HealthPanel> shown(project);
    QTRY_VERIFY(shown.panel->loaded());
    auto *review = shown.panel->review();
    auto *link = shown.find<QAbstractButton>(
        ("review." + std::to_string(static_cast<int>(ProblemKind::NearDuplicate))).c_str());
    QVERIFY(link);
    link->click();
    QTRY_VERIFY(review->loaded() && review->groupCount() == 1);
    QCOMPARE(review->rows(), (std::vector<std::int64_t>{1, 3}));
    QTRY_VERIFY(shown.find<QTextBrowser>("reviewRight")->toPlainText().contains(QLatin1String("three")));
    QTest::keyClick(review, Qt::Key_W); // keep the other one
    QTRY_VERIFY(shown.find<QTextBrowser>("reviewLeft")->toPlainText().contains(QLatin1String("three")));
    QTest::keyClick(review, Qt::Key_M);
    QTRY_COMPARE(project.ids(), (std::vector<std::int64_t>{2, 3}));
    QCOMPARE(project.row(3).tags, (std::vector<std::string>{"lamp", "refund"}));
    shown.session->undo();
    QTRY_COMPARE(project.ids().size(), std::size_t(3));
    QCOMPARE(project.row(3).tags, (std::vector<std::string>{"lamp"}));
}

void TestDataPanels::aLeakIsMovedToTheOtherPart()
{
    DataProject project;
    project.add({rowOf(Mail, "one", Part::Train), rowOf(std::string(Mail) + " at the latest", "two", Part::Test)});
    project.with([](Project &open) { QVERIFY(checkProject(open, nullptr, {})); });
    Shown<HealthPanel> shown(project);
    QTRY_VERIFY(shown.panel->loaded());
    shown.panel->reviewKind(ProblemKind::Leak);
    auto *review = shown.panel->review();
    QTRY_VERIFY(review->loaded() && review->groupCount() == 1);
    QTRY_COMPARE(shown.find<QAbstractButton>("reviewMoveRight")->text(), QStringLiteral("Move row 2 to train"));
    QTest::keyClick(review, Qt::Key_R);
    QTRY_COMPARE(project.row(2).part, std::optional(Part::Train));
}

void TestDataPanels::theBarOfSelectedRowsIsOneLine()
{
    BulkBar bar;
    bar.setCount(1024);
    const int needed = bar.layout()->sizeHint().width();
    QVERIFY2(needed <= scaled(452), qPrintable(QString::number(needed))); // the list's usual width
}

QTEST_MAIN(TestDataPanels)
#include "tst_data_panels.moc"
