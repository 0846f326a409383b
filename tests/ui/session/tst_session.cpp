#include "tests/ui/session/toy_session.h"

#include "core/store/labelling.h"
#include "core/store/row_import.h"

#include <QSemaphore>
#include <QSignalSpy>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace attune;
using namespace attune::ui;

class TestSession : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void questionsWithoutKeyAreAnsweredInOrder();
    void ofOneKeyOnlyTheLatestIsAnswered();
    void aSlowQuestionHoldsUpNoOther();
    void aReceiverThatIsGoneIsNotCalled();
    void anExceptionBecomesAnError();
    void changesAreMadeInOrderAndAnnounced();
    void aChangeIsMadeThoughItsReceiverIsGone();
    void changesAreWrittenBeforeTheSessionEnds();
    void aJobShowsItsProgressAndEnds();
    void aJobCanBeCancelled();
    void aSessionThatEndsStopsItsJobs();
    void rowsOfAnotherConnectionAreNoticed();
    void stepsOfAnotherConnectionAreNoticedAsRuns();
    void undoTakesBackAndRedoBringsAgain();
    void aLargeUndoLetsOtherChangesThroughAndCanBeCancelled();
    void aLargeUndoIsEndedWhereTheProjectWasClosed();
    void sharedValuesAreKept();
    void ofManyLengthsTheLastIsKept();
    void valuesOfAnotherWindowArrive();
    void theLatestRunNamesTheBaseModel();
    void aModelThatIsMissingSaysWhy();
    void aFileThatIsNoProjectIsRefused();
};

namespace {

Result<void> approve(Project &project, std::int64_t row, const std::string &label)
{
    ExampleEdit edit;
    edit.id = row;
    edit.state = LabelState::Approved;
    ATTUNE_CHECK(Labelling(project).apply(label, std::span(&edit, 1)));
    return {};
}

LabelState stateOf(const std::filesystem::path &path, std::int64_t row)
{
    auto project = Project::open(path);
    return (*project->example(row))->state;
}

} // namespace

void TestSession::questionsWithoutKeyAreAnsweredInOrder()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QObject receiver;
    std::vector<int> answers;
    for (int i = 0; i < 50; ++i)
        session->ask<int>(
            &receiver, {}, [i](Project &) -> Result<int> { return i; },
            [&answers](Result<int> answer) { answers.push_back(*answer); });
    QTRY_COMPARE(answers.size(), std::size_t(50));
    for (int i = 0; i < 50; ++i)
        QCOMPARE(answers[static_cast<std::size_t>(i)], i);
}

void TestSession::ofOneKeyOnlyTheLatestIsAnswered()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QObject receiver;
    QSemaphore begun;
    QSemaphore mayGoOn;
    std::atomic<int> asked = 0;
    std::vector<int> answers;
    for (int i = 0; i < 10; ++i) {
        session->ask<int>(
            &receiver, "key",
            [&, i](Project &) -> Result<int> {
                ++asked;
                if (i == 0) {
                    begun.release();
                    mayGoOn.acquire();
                }
                return i;
            },
            [&answers](Result<int> answer) { answers.push_back(*answer); });
        if (i == 0)
            begun.acquire();
    }
    mayGoOn.release();
    QTRY_COMPARE(answers.size(), std::size_t(1));
    QCOMPARE(answers.front(), 9);
    QTRY_VERIFY(session->idle());
    QCOMPARE(asked.load(), 2); // the first, which had begun, and the last
}

void TestSession::aSlowQuestionHoldsUpNoOther()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QObject receiver;
    QSemaphore mayGoOn;
    bool slow = false;
    bool quick = false;
    session->ask<int>(
        &receiver, "slow",
        [&](Project &) -> Result<int> {
            mayGoOn.acquire();
            return 0;
        },
        [&](Result<int>) { slow = true; });
    session->ask<int>(
        &receiver, "quick", [](Project &) -> Result<int> { return 0; }, [&](Result<int>) { quick = true; });
    QTRY_VERIFY(quick);
    QVERIFY(!slow);
    mayGoOn.release();
    QTRY_VERIFY(slow);
}

void TestSession::aReceiverThatIsGoneIsNotCalled()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    auto receiver = std::make_unique<QObject>();
    QSemaphore begun;
    QSemaphore mayGoOn;
    bool called = false;
    session->ask<int>(
        receiver.get(), {},
        [&](Project &) -> Result<int> {
            begun.release();
            mayGoOn.acquire();
            return 1;
        },
        [&](Result<int>) { called = true; });
    begun.acquire();
    receiver.reset();
    mayGoOn.release();
    QTRY_VERIFY(session->idle());
    QVERIFY(!called);
}

void TestSession::anExceptionBecomesAnError()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QObject receiver;
    std::string detail;
    session->ask<int>(
        &receiver, {}, [](Project &) -> Result<int> { throw std::runtime_error("broken"); },
        [&](Result<int> answer) { detail = answer ? "" : answer.error().detail; });
    QTRY_COMPARE(detail, std::string("broken"));
}

void TestSession::changesAreMadeInOrderAndAnnounced()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QSignalSpy changed(session.get(), &Session::examplesChanged);
    QObject receiver;
    std::vector<int> made;
    for (int i = 0; i < 20; ++i)
        session->change<void>(
            &receiver, [i](Project &project) { return project.setSetting("order", std::to_string(i)); },
            [&made, i](Result<void> done) {
                QVERIFY(done);
                made.push_back(i);
            });
    QTRY_COMPARE(made.size(), std::size_t(20));
    QVERIFY(std::is_sorted(made.begin(), made.end()));
    QTRY_VERIFY(changed.count() >= 20);
    auto project = Project::open(toy.path());
    QCOMPARE(**project->setting("order"), std::string("19"));
}

void TestSession::aChangeIsMadeThoughItsReceiverIsGone()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    auto receiver = std::make_unique<QObject>();
    session->change<void>(receiver.get(), [](Project &project) { return approve(project, 1, "Row 1 approved"); }, {});
    receiver.reset();
    QTRY_VERIFY(session->idle());
    QCOMPARE(stateOf(toy.path(), 1), LabelState::Approved);
}

void TestSession::changesAreWrittenBeforeTheSessionEnds()
{
    ToyProject toy;
    auto session = openSession(toy.path());
    for (const int row : {1, 2, 3})
        session->change<void>(nullptr, [row](Project &project) { return approve(project, row, "approved"); }, {});
    session.reset();
    for (const int row : {1, 2, 3})
        QCOMPARE(stateOf(toy.path(), row), LabelState::Approved);
}

void TestSession::aJobShowsItsProgressAndEnds()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QSignalSpy ended(session.get(), &Session::jobEnded);
    QSemaphore mayGoOn;
    int answer = 0;
    const int id = session->startJob<int>(
        this, "Counting",
        [&](Project &project, std::stop_token, const Session::JobProgress &progress) -> Result<int> {
            progress(0.5, "2 of 4");
            mayGoOn.acquire();
            ATTUNE_TRY(const auto rows, project.exampleCount());
            return static_cast<int>(rows);
        },
        [&](Result<int> result) { answer = *result; });
    QCOMPARE(session->jobs().size(), 1);
    QTRY_COMPARE(session->jobs().first().share, 0.5);
    QCOMPARE(session->jobs().first().title, QString("Counting"));
    QCOMPARE(session->jobs().first().detail, QString("2 of 4"));
    mayGoOn.release();
    QTRY_COMPARE(answer, 3);
    QTRY_COMPARE(ended.count(), 1);
    QCOMPARE(ended.first().first().toInt(), id);
    QVERIFY(session->jobs().isEmpty());
}

void TestSession::aJobCanBeCancelled()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    bool interrupted = false;
    const int id = session->startJob<void>(
        this, "Waiting",
        [](Project &, std::stop_token stop, const Session::JobProgress &) -> Result<void> {
            while (!stop.stop_requested())
                std::this_thread::yield();
            return fail(ErrorCode::Interrupted, "Stopped.");
        },
        [&](Result<void> result) { interrupted = !result && result.error().code == ErrorCode::Interrupted; });
    session->cancelJob(id);
    QTRY_VERIFY(interrupted);
}

void TestSession::aSessionThatEndsStopsItsJobs()
{
    ToyProject toy;
    auto session = openSession(toy.path());
    std::atomic<bool> stopped = false;
    session->startJob<void>(
        this, "Waiting",
        [&](Project &, std::stop_token stop, const Session::JobProgress &) -> Result<void> {
            while (!stop.stop_requested())
                std::this_thread::yield();
            stopped = true;
            return {};
        },
        {});
    session.reset();
    QVERIFY(stopped);
}

void TestSession::rowsOfAnotherConnectionAreNoticed()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QSignalSpy rows(session.get(), &Session::examplesChanged);
    QSignalSpy runs(session.get(), &Session::runsChanged);
    QSignalSpy undo(session.get(), &Session::undoChanged);
    QVERIFY(undo.wait()); // the first look at the file: the rows' import can be undone
    auto other = Project::open(toy.path());
    QVERIFY(other);
    toy.add(*other, 1);
    QTRY_COMPARE(rows.count(), 1);
    QCOMPARE(runs.count(), 0);
}

void TestSession::stepsOfAnotherConnectionAreNoticedAsRuns()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QSignalSpy rows(session.get(), &Session::examplesChanged);
    QSignalSpy runs(session.get(), &Session::runsChanged);
    QSignalSpy undo(session.get(), &Session::undoChanged);
    QVERIFY(undo.wait());
    auto other = Project::open(toy.path());
    const Run run = toy.addRun(*other, "toy");
    QTRY_COMPARE(runs.count(), 1);
    const Metric step{1, "loss", 2.5};
    QVERIFY(other->addMetrics(run.id, std::span(&step, 1)));
    QTRY_COMPARE(runs.count(), 2);
    QCOMPARE(rows.count(), 0);
}

namespace {

constexpr int Many = 30'000;

std::int64_t rowsIn(const ToyProject &toy)
{
    auto project = Project::open(toy.path());
    return project ? project->exampleCount().value_or(-1) : -2;
}

void importMany(const ToyProject &toy)
{
    auto import = RowImport::begin(toy.path(), "Import");
    std::vector<Example> rows;
    for (int i = 0; i < Many; ++i) {
        Example row;
        row.messages = {{"user", "imported " + std::to_string(i)}, {"assistant", "yes"}};
        rows.push_back(std::move(row));
    }
    if (!import || !import->add(rows) || !import->finish())
        qFatal("no import");
}

} // namespace

void TestSession::aLargeUndoLetsOtherChangesThroughAndCanBeCancelled()
{
    ToyProject toy;
    importMany(toy);
    const auto session = openSession(toy.path());
    QTRY_COMPARE(session->undoText(), QString("Import"));
    QSignalSpy walked(session.get(), &Session::stepWalked);
    QSignalSpy toasts(session.get(), &Session::toasted);
    session->undo();
    QTRY_VERIFY(!session->jobs().isEmpty());
    QCOMPARE(session->redoText(), QString("Import")); // it counts at once
    session->cancelJob(session->jobs().first().id);
    QTRY_COMPARE(walked.size(), 1);
    QCOMPARE(toasts.last().at(0).value<Toast>().text, QString("Not undone: Import"));
    QTRY_VERIFY(session->idle());
    QCOMPARE(rowsIn(toy), Many + 3);
    QTRY_COMPARE(session->undoText(), QString("Import"));

    session->undo();
    QTRY_VERIFY(!session->jobs().isEmpty());
    bool changed = false;
    bool meanwhile = false;
    session->change<EditStep>(
        this,
        [](Project &project) {
            return Labelling(project).apply("Rated", std::vector<ExampleEdit>{{.id = 1, .rating = 4}});
        },
        [&](Result<EditStep> step) {
            changed = step.has_value();
            meanwhile = !session->jobs().isEmpty();
        });
    QTRY_VERIFY(changed);
    QVERIFY(meanwhile);
    QTRY_COMPARE(walked.size(), 2);
    QCOMPARE(walked.last().at(0).value<std::vector<std::int64_t>>().size(), std::size_t(Many));
    QTRY_VERIFY(session->idle());
    QCOMPARE(rowsIn(toy), 3);
    QTRY_COMPARE(session->undoText(), QString("Rated"));
    QCOMPARE(session->redoText(), QString());
}

void TestSession::aLargeUndoIsEndedWhereTheProjectWasClosed()
{
    ToyProject toy;
    importMany(toy);
    auto session = openSession(toy.path());
    QTRY_COMPARE(session->undoText(), QString("Import"));
    session->undo();
    QTRY_VERIFY(!session->jobs().isEmpty());
    session.reset();
    session = openSession(toy.path());
    QTRY_COMPARE(session->redoText(), QString("Import"));
    QCOMPARE(rowsIn(toy), 3);
    session->redo();
    QTRY_COMPARE_WITH_TIMEOUT(rowsIn(toy), Many + 3, 30'000);
    QTRY_VERIFY(session->idle());
}

void TestSession::undoTakesBackAndRedoBringsAgain()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    QSignalSpy toasts(session.get(), &Session::toasted);
    session->change<void>(this, [](Project &project) { return approve(project, 2, "Row 2 approved"); }, {});
    QTRY_COMPARE(session->undoText(), QString("Row 2 approved"));
    session->undo();
    QTRY_COMPARE(session->redoText(), QString("Row 2 approved"));
    QCOMPARE(stateOf(toy.path(), 2), LabelState::ToLabel);
    QTRY_COMPARE(toasts.count(), 1);
    QCOMPARE(toasts.first().first().value<Toast>().text, QString("Undone: Row 2 approved"));
    session->redo();
    QTRY_COMPARE(session->undoText(), QString("Row 2 approved"));
    QCOMPARE(stateOf(toy.path(), 2), LabelState::Approved);
}

void TestSession::sharedValuesAreKept()
{
    ToyProject toy;
    {
        const auto session = openSession(toy.path());
        session->setBaseModel("some-model");
        session->setMaxLength(640);
        QCOMPARE(session->baseModel(), QString("some-model"));
    }
    const auto session = openSession(toy.path());
    QCOMPARE(session->baseModel(), QString("some-model"));
    QCOMPARE(session->maxLength(), std::int64_t(640));
}

void TestSession::ofManyLengthsTheLastIsKept()
{
    ToyProject toy;
    {
        const auto session = openSession(toy.path());
        QSignalSpy changed(session.get(), &Session::maxLengthChanged);
        for (int length = 100; length <= 500; ++length)
            session->setMaxLength(length);
        QCOMPARE(changed.count(), 401);
        QTRY_VERIFY(session->idle());
        QTest::qWait(700); // a poll that looks at the file must not bring an older length back
        QCOMPARE(session->maxLength(), std::int64_t(500));
        QCOMPARE(changed.count(), 401);
    }
    QCOMPARE(openSession(toy.path())->maxLength(), std::int64_t(500));
}

void TestSession::valuesOfAnotherWindowArrive()
{
    ToyProject toy;
    const auto first = openSession(toy.path());
    const auto second = openSession(toy.path());
    first->setMaxLength(333);
    first->setBaseModel("other-model");
    QTRY_COMPARE(second->maxLength(), std::int64_t(333));
    QTRY_COMPARE(second->baseModel(), QString("other-model"));
}

void TestSession::theLatestRunNamesTheBaseModel()
{
    ToyProject toy;
    {
        auto project = Project::open(toy.path());
        toy.addRun(*project, "first", RunState::Finished);
        toy.addRun(*project, "second", RunState::Finished);
    }
    QCOMPARE(openSession(toy.path())->baseModel(), QString("second"));
}

void TestSession::aModelThatIsMissingSaysWhy()
{
    ToyProject toy;
    const auto session = openSession(toy.path());
    session->setBaseModel("nowhere");
    QTRY_VERIFY(!session->encoderError().isEmpty());
    QVERIFY(session->encoderError().contains("nowhere"));
    QVERIFY(!session->encoder());
}

void TestSession::aFileThatIsNoProjectIsRefused()
{
    ToyProject toy;
    const auto path = toy.folder.filePath("text.attune").toStdString();
    QFile file(QString::fromStdString(path));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("no project");
    file.close();
    const auto session = Session::open(path);
    QVERIFY(!session);
    QVERIFY(session.error().message.find("text.attune") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestSession)
#include "tst_session.moc"
