#include "core/store/process.h"
#include "tests/core/store/project_files.h"

#include <QtTest>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace attune;

namespace {

/// A process that claims run 1 of a project and then waits to be killed.
class Holder {
public:
    explicit Holder(const std::filesystem::path &path)
    {
        int ready[2];
        if (::pipe(ready) != 0)
            return;
        m_pid = ::fork();
        if (m_pid == 0) {
            auto project = Project::open(path);
            const char answer = project && project->claimRun(1) ? 'y' : 'n';
            if (::write(ready[1], &answer, 1) == 1)
                ::pause();
            ::_exit(0);
        }
        char answer = 0;
        m_holds = ::read(ready[0], &answer, 1) == 1 && answer == 'y';
        ::close(ready[0]);
        ::close(ready[1]);
    }
    ~Holder()
    {
        kill();
        bury();
    }
    bool holds() const { return m_holds; }
    pid_t pid() const { return m_pid; }
    void kill()
    {
        ::kill(m_pid, SIGKILL);
        siginfo_t info;
        ::waitid(P_PID, id_t(m_pid), &info, WEXITED | WNOWAIT); // dead, but still in the table of processes
    }
    void bury()
    {
        if (m_pid > 0)
            ::waitpid(std::exchange(m_pid, -1), nullptr, 0);
    }

private:
    pid_t m_pid = -1;
    bool m_holds = false;
};

/// A project with one stopped run. Closed again, as a connection must not be carried through a fork.
void makeProject(const std::filesystem::path &path)
{
    auto project = Project::create(path);
    Run run;
    run.state = RunState::Stopped;
    QVERIFY(project->createRun(run));
}

} // namespace

class TestProjectRuns : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunComesBackAsItWasMade();
    void runsAreNamedByTheirNumber();
    void aTakenOrNumericNameIsRefused();
    void runsAreFoundByNumberAndName();
    void anUnknownRunNamesWhatThereIs();
    void aRunIsUpdated();
    void metricsComeInOrderOfSteps();
    void metricsNeedNotBeFinite();
    void metricsAfterAStepAreDropped();
    void metricsOfAnUnknownRunAreRefused();
    void theLogKeepsItsOrder();
    void aRunHeldByALivingProcessIsNotTaken();
    void aRunOfADeadProcessIsTaken();
    void aReusedProcessNumberHoldsNothing();
    void aRunElsewhereIsHeldWhileItsHeartBeats();
    void aProcessMayClaimItsOwnRunAgain();
    void aFinishedRunIsFree();
    void aRemovedRunTakesAllWithIt();
};

void TestProjectRuns::aRunComesBackAsItWasMade()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 2));
    Run run;
    run.name = "first try";
    run.snapshot = *project->takeSnapshot();
    run.settings = {{"learning_rate", 2e-4}, {"target_modules", "all-linear"}};
    run.model = "smollm2";
    run.modelPath = "/models/smollm2.gguf";
    run.fingerprint = "abc";
    run.machine = "cpu";
    run.tags = {"x", "y"};
    const auto made = project->createRun(run);
    QVERIFY(made);
    QCOMPARE(made->id, 1);
    QVERIFY(made->createdAt.size() == 20 && made->createdAt.ends_with('Z'));
    QCOMPARE(made->pid, std::int64_t(::getpid()));
    QVERIFY(made->heartbeat > 1.7e9);
    const auto read = project->findRun("1");
    QVERIFY(read);
    QCOMPARE(read->name, run.name);
    QVERIFY(read->state == RunState::Running);
    QCOMPARE(read->snapshot, run.snapshot);
    QVERIFY(read->settings == run.settings);
    QCOMPARE(read->model, run.model);
    QCOMPARE(read->modelPath, run.modelPath);
    QCOMPARE(read->fingerprint, run.fingerprint);
    QCOMPARE(read->machine, run.machine);
    QCOMPARE(read->tags, run.tags);
    QCOMPARE(read->createdAt, made->createdAt);
}

void TestProjectRuns::runsAreNamedByTheirNumber()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QCOMPARE(project->createRun({})->name, std::string("run-1"));
    Run taken;
    taken.name = "run-3";
    QVERIFY(project->createRun(taken));
    QCOMPARE(project->createRun({})->name, std::string("run-3b"));
    // A number is never given twice.
    QVERIFY(project->removeRun(3));
    QCOMPARE(project->createRun({})->name, std::string("run-4"));
}

void TestProjectRuns::aTakenOrNumericNameIsRefused()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    Run run;
    run.name = "a";
    QVERIFY(project->createRun(run));
    const auto twice = project->createRun(run);
    QVERIFY(!twice);
    QVERIFY2(contains(twice.error().message, "\"a\" already"), twice.error().message.c_str());
    run.name = "12";
    QVERIFY(project->createRun(run).error().code == ErrorCode::InvalidInput);
    auto other = *project->createRun({});
    other.name = "a";
    QVERIFY(!project->updateRun(other));
    other.name = "";
    QVERIFY(!project->updateRun(other));
    QCOMPARE(project->runs()->size(), std::size_t(2));
}

void TestProjectRuns::runsAreFoundByNumberAndName()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    Run run;
    run.name = "größer";
    QVERIFY(project->createRun({}) && project->createRun(run));
    QCOMPARE(project->findRun("2")->name, run.name);
    QCOMPARE(project->findRun("größer")->id, 2);
    QCOMPARE(project->findRun("run-1")->id, 1);
}

void TestProjectRuns::anUnknownRunNamesWhatThereIs()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(contains(project->findRun("1").error().message, "no runs yet"));
    QVERIFY(project->createRun({}) && project->createRun({}));
    for (const char *name : {"3", "run-3", "", "1x", "-1", "99999999999999999999"}) {
        const auto run = project->findRun(name);
        QVERIFY(!run);
        QVERIFY(run.error().code == ErrorCode::NotFound);
        QVERIFY2(contains(run.error().message, "2 (run-2), 1 (run-1)"), run.error().message.c_str());
    }
}

void TestProjectRuns::aRunIsUpdated()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    Run run = *project->createRun({});
    run.name = "better";
    run.tags = {"keep"};
    run.state = RunState::Failed;
    run.endedAt = "2025-01-31T12:00:00Z";
    run.error = "The loss is not finite.";
    run.pid = 0;
    QVERIFY(project->updateRun(run));
    const auto read = project->findRun("better");
    QVERIFY(read);
    QVERIFY(read->state == RunState::Failed);
    QCOMPARE(read->tags, run.tags);
    QCOMPARE(read->endedAt, run.endedAt);
    QCOMPARE(read->error, run.error);
    QCOMPARE(read->pid, 0);
    run.id = 99;
    run.name = "none";
    QVERIFY(project->updateRun(run).error().code == ErrorCode::NotFound);
}

void TestProjectRuns::metricsComeInOrderOfSteps()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project->createRun({}) && project->createRun({}));
    QVERIFY(
        project->addMetrics(1, std::vector<Metric>{{10, "loss", 1.0}, {2, "loss", 0.1 + 0.2}, {2, "grad_norm", 3}}));
    QVERIFY(project->addMetrics(2, std::vector<Metric>{{1, "loss", 9}}));
    QVERIFY(project->addMetrics(1, std::vector<Metric>{{1, "loss", 5}, {10, "loss", 4}}));
    const auto metrics = project->metrics(1);
    QVERIFY(metrics);
    std::string text;
    for (const Metric &metric : *metrics)
        text += std::to_string(metric.step) + metric.name + " ";
    QCOMPARE(text, std::string("1loss 2grad_norm 2loss 10loss "));
    QCOMPARE((*metrics)[2].value, 0.1 + 0.2); // every bit of it
    QCOMPARE((*metrics)[3].value, 4.0);
}

void TestProjectRuns::metricsNeedNotBeFinite()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project->createRun({}));
    QVERIFY(project->addMetrics(1, std::vector<Metric>{{1, "loss", std::nan("")}, {2, "loss", INFINITY}}));
    const auto metrics = project->metrics(1);
    QVERIFY(std::isnan((*metrics)[0].value));
    QVERIFY((*metrics)[1].value == INFINITY);
}

void TestProjectRuns::metricsAfterAStepAreDropped()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project->createRun({}) && project->createRun({}));
    for (std::int64_t run : {1, 2})
        QVERIFY(project->addMetrics(run, std::vector<Metric>{{1, "loss", 1}, {2, "loss", 2}, {3, "loss", 3}}));
    QVERIFY(project->dropMetricsAfter(1, 2));
    QCOMPARE(project->metrics(1)->size(), std::size_t(2));
    QCOMPARE(project->metrics(2)->size(), std::size_t(3));
}

void TestProjectRuns::metricsOfAnUnknownRunAreRefused()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    const auto added = project->addMetrics(5, std::vector<Metric>{{1, "loss", 1}});
    QVERIFY(!added);
    QVERIFY2(added.error().code == ErrorCode::NotFound, added.error().message.c_str());
}

void TestProjectRuns::theLogKeepsItsOrder()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project->createRun({}));
    QVERIFY(project->addLog(1, "info", "first"));
    QVERIFY(project->addLog(1, "warning", "second\nline"));
    const auto log = project->log(1);
    QCOMPARE(log->size(), std::size_t(2));
    QVERIFY((*log)[0].ends_with("Z info first"));
    QVERIFY((*log)[1].ends_with("Z warning second\nline"));
}

void TestProjectRuns::aRunHeldByALivingProcessIsNotTaken()
{
    const ProjectFolder folder;
    makeProject(folder.file());
    Holder holder(folder.file());
    QVERIFY(holder.holds());
    auto project = Project::open(folder.file());
    for (const auto &refused : {project->claimRun(1), project->removeRun(1)}) {
        QVERIFY(!refused);
        QVERIFY(refused.error().code == ErrorCode::InvalidInput);
        QVERIFY2(contains(refused.error().message, "process " + std::to_string(holder.pid())),
                 refused.error().message.c_str());
    }
    QCOMPARE(project->findRun("1")->pid, std::int64_t(holder.pid()));
    // A rename from here does not take it away from there.
    Run run = *project->findRun("1");
    run.name = "renamed";
    QVERIFY(project->updateRun(run));
    QVERIFY(!project->claimRun(1));
    QVERIFY(project->claimRun(9).error().code == ErrorCode::NotFound);
}

void TestProjectRuns::aRunOfADeadProcessIsTaken()
{
    const ProjectFolder folder;
    makeProject(folder.file());
    Holder holder(folder.file());
    QVERIFY(holder.holds());
    holder.kill(); // not yet buried by its parent: dead all the same
    auto project = Project::open(folder.file());
    const auto claimed = project->claimRun(1);
    QVERIFY2(claimed, claimed ? "" : claimed.error().message.c_str());
    QCOMPARE(project->findRun("1")->pid, std::int64_t(::getpid()));
    QVERIFY(project->findRun("1")->state == RunState::Running);
}

void TestProjectRuns::aReusedProcessNumberHoldsNothing()
{
    const ProjectFolder folder;
    makeProject(folder.file());
    Holder holder(folder.file());
    QVERIFY(holder.holds());
    auto project = Project::open(folder.file());
    // The same number, but a process that started at another time.
    QVERIFY(change(folder.file(), "UPDATE runs SET holder = holder || '1'"));
    QVERIFY(project->claimRun(1));
}

void TestProjectRuns::aRunElsewhereIsHeldWhileItsHeartBeats()
{
    const ProjectFolder folder;
    makeProject(folder.file());
    auto project = Project::open(folder.file());
    QVERIFY(
        change(folder.file(), "UPDATE runs SET state = 0, pid = 1, holder = 'another-boot/pid:[1] 5', heartbeat = " +
                                  std::to_string(secondsNow() - 10)));
    const auto early = project->claimRun(1);
    QVERIFY(!early);
    QVERIFY2(contains(early.error().message, "another machine"), early.error().message.c_str());
    QVERIFY(change(folder.file(), "UPDATE runs SET heartbeat = " + std::to_string(secondsNow() - 100)));
    QVERIFY(project->claimRun(1));
}

void TestProjectRuns::aProcessMayClaimItsOwnRunAgain()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project->createRun({}));
    QVERIFY(project->claimRun(1));
    QVERIFY(project->claimRun(1));
}

void TestProjectRuns::aFinishedRunIsFree()
{
    const ProjectFolder folder;
    makeProject(folder.file());
    Holder holder(folder.file());
    QVERIFY(holder.holds());
    auto project = Project::open(folder.file());
    Run run = *project->findRun("1");
    run.state = RunState::Finished;
    run.endedAt = timeNow();
    QVERIFY(project->updateRun(run));
    QVERIFY(project->claimRun(1)); // though that process still lives
    QCOMPARE(project->findRun("1")->endedAt, std::string());
}

void TestProjectRuns::aRemovedRunTakesAllWithIt()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project->createRun({}) && project->createRun({}));
    for (std::int64_t run : {1, 2}) {
        QVERIFY(project->addMetrics(run, std::vector<Metric>{{1, "loss", 1}}));
        QVERIFY(project->addLog(run, "info", "x"));
        QVERIFY(project->saveCheckpoint({.run = run, .step = 1, .validationLoss = {}}, {"adapter", "state"}));
        StoredEvaluation evaluation;
        evaluation.run = run;
        QVERIFY(project->addEvaluation(evaluation, std::vector<EvaluatedExample>{{1, "a", {}}}));
    }
    QVERIFY(project->removeRun(1));
    QCOMPARE(project->runs()->size(), std::size_t(1));
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
    for (const char *table : {"metrics", "run_log", "checkpoints", "evaluations", "evaluation_examples"})
        QCOMPARE(*database->number("SELECT count(*) FROM " + std::string(table), ""), 1);
    for (const char *table : {"blobs", "blob_chunks"})
        QCOMPARE(*database->number("SELECT count(*) FROM " + std::string(table), ""), 2);
    QVERIFY(project->checkpointBlobs(2));
    QVERIFY(project->removeRun(1).error().code == ErrorCode::NotFound);
}

QTEST_APPLESS_MAIN(TestProjectRuns)
#include "tst_project_runs.moc"
