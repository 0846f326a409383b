#include "tests/patience.h"
#include "core/studio/import_files.h"
#include "tests/ui/data/data_project.h"
#include "ui/data/data_query.h"
#include "ui/data/data_workspace.h"
#include "ui/data/editor.h"
#include "ui/data/example_list_panel.h"
#include "ui/data/facets_panel.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QListView>
#include <QScrollBar>
#include <QSettings>
#include <QTextStream>
#include <QTimer>

#include <ctime>
#include <fstream>
#include <utility>

using namespace attune;
using namespace attune::ui;

// Prints figures, asserts none: how fast it is depends on the machine.

namespace {

constexpr int Rows = 100'000 / (Patience > 1 ? 10 : 1); // a sanitizer takes half an hour over so many

/// The longest time in which the event loop did not come round, by a timer that wants to fire every millisecond, and
/// how much of such a time the thread computed at most: the rest it waited, for a core or for something else.
class StallWatch {
public:
    StallWatch()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { round(); });
        m_timer.start(1);
        begin();
    }
    /// Of what happened since the last call.
    QString take()
    {
        round();
        const QString words =
            QStringLiteral("ms, at most %1 of them computing").arg(std::exchange(m_busiest, 0), 0, 'f', 1);
        m_told = std::exchange(m_longest, 0);
        return words;
    }
    double longest() const { return m_told; } ///< ms, of what take() spoke of

private:
    static double computed()
    {
        timespec t{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
    }
    void begin()
    {
        m_since.start();
        m_computed = computed();
    }
    void round()
    {
        m_longest = std::max(m_longest, static_cast<double>(m_since.nsecsElapsed()) / 1e6);
        m_busiest = std::max(m_busiest, computed() - m_computed);
        begin();
    }

    QTimer m_timer;
    QElapsedTimer m_since;
    double m_computed = 0;
    double m_longest = 0;
    double m_busiest = 0;
    double m_told = 0;
};

double residentMb()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:"))
            return std::stod(line.substr(6)) / 1024;
    return 0;
}

void print(const QString &what, double value, const char *unit)
{
    QTextStream(stdout) << QStringLiteral("%1 %2 %3\n").arg(what, -42).arg(value, 8, 'f', 1).arg(QLatin1String(unit));
}

void print(const QString &what, StallWatch &watch)
{
    const QString words = watch.take();
    QTextStream(stdout) << QStringLiteral("%1 %2 %3\n").arg(what, -42).arg(watch.longest(), 8, 'f', 1).arg(words);
}

/// Events are handled for so long, as between two strokes of a hand.
void handle(int milliseconds)
{
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < milliseconds)
        QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
}

/// About a hundred tokens: some seventy words of some two thousand, drawn by a fixed generator.
std::string text(std::uint32_t &seed, int words)
{
    std::string all;
    for (int i = 0; i < words; ++i) {
        seed = seed * 1664525u + 1013904223u;
        std::uint32_t word = (seed >> 12) % 2000;
        for (int c = 0; c < 4; ++c, word /= 7)
            all += static_cast<char>('a' + (word * 5 + static_cast<std::uint32_t>(c)) % 26);
        all += i + 1 == words ? '.' : ' ';
    }
    return all;
}

} // namespace

class TestLargeList : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void opensFiltersScrollsAndEdits();
    void staysQuickWhileRowsComeIn();

private:
    std::unique_ptr<DataProject> m_project;
};

void TestLargeList::initTestCase()
{
    applyTheme(*qApp);
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope,
                       QDir::tempPath() + QStringLiteral("/attune-no-settings"));
    qputenv("ATTUNE_CACHE",
            "/nonexistent"); // no tokenizer: a check of all rows in the background is not the point here
    QElapsedTimer timer;
    timer.start();
    m_project = std::make_unique<DataProject>();
    m_project->with([](Project &project) {
        std::uint32_t seed = 1;
        const auto added = project.addExamples([&](const Project::AddExample &add) -> Result<void> {
            for (int i = 0; i < Rows; ++i) {
                Example row = rowOf("Order " + std::to_string(i) + " " + text(seed, 50), text(seed, 18),
                                    i % 10 == 0   ? Part::Validation
                                    : i % 10 == 1 ? Part::Test
                                                  : Part::Train);
                row.tags = {i % 3 ? "refund" : "delivery"};
                ATTUNE_CHECK(add(row));
            }
            return {};
        });
        if (!added)
            qFatal("%s", added.error().message.c_str());
        std::vector<TokenCount> counts;
        (void)project.forEachExample({}, [&](const StoredExample &row) -> Result<void> {
            counts.push_back({row.id, row.contentHash, 60 + (row.id * 7919) % 90, 25});
            return {};
        });
        if (!Labelling(project).setTokenCounts("bench", counts))
            qFatal("no counts");
    });
    m_project->markChecked();
    print(QStringLiteral("rows made"), static_cast<double>(timer.elapsed()) / 1000, "s");
}

void TestLargeList::opensFiltersScrollsAndEdits()
{
    const double before = residentMb();
    StallWatch watch;
    QElapsedTimer timer;
    timer.start();
    const auto session = m_project->session();
    DataWorkspace workspace(*session);
    workspace.resize(1440, 900);
    workspace.show();
    QTRY_VERIFY_WITH_TIMEOUT(workspace.list().model().rowCount() > 0 && workspace.list().model().summaryAt(0),
                             60'000);
    workspace.list().view()->viewport()->repaint();
    print(QStringLiteral("open to usable (first rows shown)"), static_cast<double>(timer.elapsed()), "ms");
    QTRY_VERIFY_WITH_TIMEOUT(workspace.ready(), 60'000);
    print(QStringLiteral("open to counts, histogram, editor"), static_cast<double>(timer.elapsed()), "ms");
    print(QStringLiteral("longest stall while opening"), watch);
    handle(300);
    watch.take();

    QLineEdit *search = workspace.facets().searchField();
    search->setFocus();
    for (const QChar c : QStringLiteral("order 123 tokens>80")) {
        QTest::keyClick(search, c.toLatin1());
        handle(70);
    }
    QTRY_VERIFY_WITH_TIMEOUT(workspace.ready(), 60'000);
    QVERIFY(workspace.list().model().rowCount() > 0);
    QVERIFY(workspace.list().model().rowCount() < Rows);
    print(QStringLiteral("longest stall while typing in the filter"), watch);
    for (int i = 0; i < 19; ++i) {
        QTest::keyClick(search, Qt::Key_Backspace);
        handle(70);
    }
    QTRY_VERIFY_WITH_TIMEOUT(workspace.ready() && workspace.list().model().rowCount() > Rows * 8 / 10, 60'000);
    print(QStringLiteral("longest stall while deleting the filter"), watch);

    QAbstractItemView *view = workspace.list().view();
    view->setFocus();
    QScrollBar *bar = view->verticalScrollBar();
    for (int i = 1; i <= 100; ++i) {
        bar->setValue(static_cast<int>(static_cast<qint64>(bar->maximum()) * i / 100));
        handle(16);
    }
    const int last = workspace.list().model().rowCount() - 1;
    QTRY_VERIFY(workspace.list().model().summaryAt(last));
    QTest::keyClick(view, Qt::Key_End);
    handle(200);
    QTRY_COMPARE_WITH_TIMEOUT(workspace.list().currentRow(), last, 60'000);
    print(QStringLiteral("longest stall while scrolling to the end"), watch);

    for (const auto sort : {ExampleQuery::Sort::Tokens, ExampleQuery::Sort::Prompt, ExampleQuery::Sort::Number}) {
        workspace.query().setSort(sort, true);
        handle(300);
        QTRY_VERIFY_WITH_TIMEOUT(workspace.ready(), 60'000);
    }
    workspace.query().setSort(ExampleQuery::Sort::Number, false);
    handle(300);
    QTRY_VERIFY_WITH_TIMEOUT(workspace.ready(), 60'000);
    print(QStringLiteral("longest stall while sorting"), watch);
    QTest::keyClick(view, Qt::Key_End);
    handle(200);
    QTRY_COMPARE_WITH_TIMEOUT(workspace.list().currentRow(), workspace.list().model().rowCount() - 1, 60'000);
    watch.take();

    const auto id = workspace.list().currentId();
    for (int i = 0; i < 10; ++i) {
        QTest::keyClick(view, i % 2 ? Qt::Key_F : Qt::Key_3);
        handle(120);
        QTest::keyClick(view, Qt::Key_K);
        handle(120);
    }
    QTRY_COMPARE_WITH_TIMEOUT(m_project->row(id).rating, 3, 60'000);
    print(QStringLiteral("longest stall while labelling ten rows"), watch);
    workspace.editor().startTyping();
    for (const QChar c : QStringLiteral("a better answer, typed in one go")) {
        QTest::keyClick(QApplication::focusWidget(), c.toLatin1());
        handle(40);
    }
    handle(1500);
    print(QStringLiteral("longest stall while typing an answer"), watch);
    view->setFocus();
    QTest::keyClick(view, Qt::Key_A, Qt::ControlModifier);
    handle(100);
    print(QStringLiteral("longest stall while selecting all"), watch);
    QTest::keyClick(view, Qt::Key_T, Qt::ControlModifier);
    handle(400);
    print(QStringLiteral("longest stall while changing to the table"), watch);
    print(QStringLiteral("memory"), residentMb(), "MB");
    print(QStringLiteral("memory before the workspace"), before, "MB");
}

/// As the wizard imports, more rows; meanwhile someone works. Rows come in short transactions, so that 20,000 of them
/// hold up nobody less or more than the 100,000 of ATTUNE_SLOW_TESTS, which take a minute.
void TestLargeList::staysQuickWhileRowsComeIn()
{
    const int more = qEnvironmentVariableIsSet("ATTUNE_SLOW_TESTS") ? Rows : Rows / 5;
    const auto file = m_project->file("more.jsonl");
    {
        std::ofstream lines(file);
        std::uint32_t seed = 7;
        for (int i = 0; i < more; ++i)
            lines << R"({"prompt": "More )" << i << ' ' << text(seed, 50) << R"(", "completion": ")" << text(seed, 18)
                  << "\"}\n";
    }
    const auto session = m_project->session();
    DataWorkspace workspace(*session);
    workspace.resize(1440, 900);
    workspace.show();
    QTRY_VERIFY_WITH_TIMEOUT(workspace.ready(), 60'000);
    QAbstractItemView *view = workspace.list().view();
    QLineEdit *search = workspace.facets().searchField();
    handle(500);

    bool over = false;
    QElapsedTimer importing;
    importing.start();
    StallWatch watch;
    session->startJob<ImportReport>(
        &workspace, QStringLiteral("Import"),
        [file](Project &project, std::stop_token stop, const Session::JobProgress &progress) {
            return importFiles(project, {{file}, {}, {}, {}}, stop,
                               [&](std::string_view stage, double share) { progress(share, std::string(stage)); });
        },
        [&](Result<ImportReport> report) {
            over = true;
            if (!report)
                qFatal("%s", report.error().message.c_str());
        });
    double slowest = 0;
    int edits = 0;
    while (!over) {
        bool answered = false;
        QElapsedTimer edit;
        edit.start();
        session->change<EditStep>(
            &workspace,
            [edits](Project &project) {
                const std::vector<ExampleEdit> note{
                    {.id = edits % 1000 + 1, .notes = "note " + std::to_string(edits)}};
                return Labelling(project).apply("Note", note);
            },
            [&](Result<EditStep> step) {
                answered = true;
                if (!step)
                    qFatal("%s", step.error().message.c_str());
            });
        view->verticalScrollBar()->setValue(view->verticalScrollBar()->maximum() * (edits % 10) / 10);
        while (!answered)
            handle(1);
        slowest = std::max(slowest, static_cast<double>(edit.nsecsElapsed()) / 1e6);
        if (edits % 4 == 0)
            QTest::keyClicks(search, QStringLiteral("o"));
        else if (edits % 4 == 2)
            search->clear();
        handle(100);
        ++edits;
    }
    print(QStringLiteral("import of %1 rows, someone working").arg(more),
          static_cast<double>(importing.elapsed()) / 1000, "s");
    print(QStringLiteral("edits meanwhile"), edits, "");
    print(QStringLiteral("slowest edit meanwhile"), slowest, "ms");
    print(QStringLiteral("longest stall meanwhile"), watch);
    print(QStringLiteral("memory, %1 rows").arg(Rows + more), residentMb(), "MB");
    QVERIFY(edits > 5);
    QCOMPARE(m_project->ids().size(), std::size_t(Rows + more));
}

QTEST_MAIN(TestLargeList)
#include "tst_large_list.moc"
