#include "toy_project.h"

#include "core/store/labelling.h"
#include "core/studio/run_model.h"
#include "core/studio/run_settings.h"

#include <QDateTime>
#include <QTest>

using namespace attune;
namespace fs = std::filesystem;

namespace {

std::int64_t stepOf(const TrainEvent &event)
{
    const auto *step = std::get_if<StepDone>(&event);
    return step ? step->step : 0;
}

/// Trains and asks to stop once a step was seen.
Result<TrainOutcome> trainUntil(const TrainRequest &request, std::int64_t step)
{
    std::stop_source stop;
    return runTraining(request, stop.get_token(), [&](const TrainEvent &event, const Run &) {
        if (stepOf(event) >= step)
            stop.request_stop();
    });
}

TrainRequest resumed(const TrainRequest &request)
{
    TrainRequest again;
    again.project = request.project;
    again.resume = request.name;
    return again;
}

/// As if the process had been killed right after a checkpoint: the state that the file then has.
void forgetEnd(Project &project, const std::string &name)
{
    auto run = project.findRun(name);
    QVERIFY(run);
    run->state = RunState::Running;
    run->pid = 1 << 30; // of no process
    run->heartbeat = 0;
    QVERIFY(project.updateRun(*run));
}

} // namespace

class TestTrainingRun : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunIsRecordedWithItsCurveAndCheckpoints()
    {
        ToyProject toy;
        toy.addRows(10, Part::Train);
        toy.addRows(3, Part::Validation);
        std::vector<TrainEvent> events;
        const auto outcome = runTraining(toy.request("one"), {}, [&](const TrainEvent &event, const Run &run) {
            events.push_back(event);
            QCOMPARE(run.name, std::string("one"));
        });
        QVERIFY2(outcome, outcome ? "" : outcome.error().message.c_str());
        QCOMPARE(outcome->step, std::int64_t(12));
        QVERIFY(outcome->bestLoss);
        QVERIFY(std::holds_alternative<Ended>(events.back()));

        const auto run = toy.project->findRun("one");
        QVERIFY(run);
        QCOMPARE(run->state, RunState::Finished);
        QVERIFY(!run->endedAt.empty());
        QVERIFY(!run->fingerprint.empty());
        QVERIFY(fs::path(run->modelPath).is_absolute());
        const auto settings = settingsOf(*run);
        QVERIFY(settings);
        QVERIFY(settings->toJson() == toy.request("one").settings.toJson());

        std::int64_t losses = 0;
        std::int64_t validations = 0;
        for (const auto &[step, name, value] : toy.curve("one")) {
            losses += name == "loss";
            validations += name == "validation_loss";
        }
        QCOMPARE(losses, std::int64_t(12));
        QCOMPARE(validations, std::int64_t(3));
        const auto checkpoints = toy.project->checkpoints(run->id);
        QVERIFY(checkpoints);
        QVERIFY(std::any_of(checkpoints->begin(), checkpoints->end(), [](const auto &c) { return c.best; }));
        QVERIFY(checkpoints->back().resumable);
        QVERIFY(!toy.project->log(run->id)->empty());
    }

    void aStoppedRunGoesOnBitForBit_data()
    {
        QTest::addColumn<qint64>("stopAt");
        QTest::newRow("at once") << qint64(1);
        QTest::newRow("at a validation") << qint64(4);
        QTest::newRow("between checkpoints") << qint64(7);
    }
    void aStoppedRunGoesOnBitForBit()
    {
        QFETCH(qint64, stopAt);
        ToyProject toy;
        toy.addRows(10, Part::Train);
        toy.addRows(3, Part::Validation);
        QVERIFY(runTraining(toy.request("whole")));

        TrainRequest request = toy.request("broken");
        request.settings.max_steps = 12;
        auto outcome = trainUntil(request, stopAt);
        QVERIFY(outcome);
        if (outcome->stopped) { // the toy may be quicker than the request
            QCOMPARE(toy.project->findRun("broken")->state, RunState::Stopped);
            outcome = runTraining(resumed(request));
            QVERIFY(outcome);
        }
        QVERIFY(!outcome->stopped);
        QCOMPARE(toy.project->findRun("broken")->state, RunState::Finished);
        QVERIFY(toy.lastAdapter("broken") == toy.lastAdapter("whole"));
        QVERIFY(!toy.lastAdapter("whole").empty());
        QCOMPARE(toy.curve("broken").size(), toy.curve("whole").size());
        QVERIFY(toy.curve("broken") == toy.curve("whole"));
    }

    void aKilledRunGoesOnFromItsFirstCheckpointBitForBit()
    {
        ToyProject toy;
        toy.addRows(6, Part::Train);
        TrainRequest request = toy.request("whole");
        request.settings.save_steps = 1000; // nothing but the checkpoint of step 0, and the last one
        request.initAdapter = fs::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/lora/adapter_in";
        request.settings.lora_alpha = 8;
        QVERIFY(runTraining(request));

        // A run as a kill in its first steps leaves it: the checkpoint of step 0 and some metrics.
        const auto whole = toy.project->findRun("whole");
        QVERIFY(whole);
        Run broken = *whole;
        broken.name = "broken";
        broken.state = RunState::Running;
        const auto made = toy.project->createRun(broken);
        QVERIFY(made);
        const std::vector<Metric> leftOver = {{1, "loss", 123.0}, {2, "loss", 456.0}, {99, "loss", 789.0}};
        QVERIFY(toy.project->addMetrics(made->id, leftOver));
        const auto start = readPeftAdapter(request.initAdapter);
        QVERIFY(start);
        CheckpointInfo first;
        first.run = made->id;
        QVERIFY(toy.project->saveCheckpoint(first, {peftTensorBytes(*start), TrainState{}.toBytes()}));
        forgetEnd(*toy.project, "broken");
        request.name = "broken";
        const auto outcome = runTraining(resumed(request));
        QVERIFY2(outcome, outcome ? "" : outcome.error().message.c_str());
        QVERIFY(toy.lastAdapter("broken") == toy.lastAdapter("whole"));
        QVERIFY(toy.curve("broken") == toy.curve("whole"));
    }

    void aRunWithoutAnyCheckpointStartsAgainFromTheSameAdapter()
    {
        ToyProject toy;
        toy.addRows(6, Part::Train);
        QVERIFY(runTraining(toy.request("whole")));
        Run broken = *toy.project->findRun("whole");
        broken.name = "broken";
        broken.state = RunState::Running;
        QVERIFY(toy.project->createRun(broken));
        forgetEnd(*toy.project, "broken");
        TrainRequest request = toy.request("broken");
        QVERIFY(runTraining(resumed(request)));
        QVERIFY(toy.lastAdapter("broken") == toy.lastAdapter("whole"));
    }

    void aFinishedRunHasNothingLeftToDo()
    {
        ToyProject toy;
        toy.addRows(6, Part::Train);
        const auto request = toy.request("one");
        QVERIFY(runTraining(request));
        const std::string before = toy.lastAdapter("one");
        bool said = false;
        const auto outcome = runTraining(resumed(request), {}, [&](const TrainEvent &event, const Run &) {
            if (const auto *log = std::get_if<TrainLog>(&event))
                said = log->text.find("finished") != std::string::npos;
        });
        QVERIFY(outcome);
        QVERIFY(said);
        QCOMPARE(outcome->step, std::int64_t(12));
        QVERIFY(toy.lastAdapter("one") == before);
    }

    void anotherBaseModelIsRefusedOnResuming()
    {
        ToyProject toy;
        toy.addRows(6, Part::Train);
        const auto request = toy.request("one");
        const auto stopped = trainUntil(request, 1);
        QVERIFY(stopped);
        if (!stopped->stopped)
            QSKIP("the toy was quicker than the request to stop");
        TrainRequest again = resumed(request);
        again.model = (fs::path(ATTUNE_TEST_DATA) / "parity/mistral-window/model").string();
        const auto outcome = runTraining(again);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::InvalidInput);
        QVERIFY(outcome.error().message.find("fingerprint") != std::string::npos);
        QCOMPARE(toy.project->findRun("one")->state, RunState::Failed);
        QVERIFY(runTraining(resumed(request))); // and it can still go on with the right one
    }

    void theAdapterToStartFromDecidesItsShape()
    {
        ToyProject toy;
        toy.addRows(6, Part::Train);
        TrainRequest request = toy.request("one");
        request.initAdapter = fs::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/lora/adapter_in";
        request.settings.lora_r = TrainSettings{}.lora_r; // not said
        request.settings.lora_alpha = TrainSettings{}.lora_alpha;
        request.settings.max_steps = 1;
        QVERIFY(runTraining(request));
        const auto run = toy.project->findRun("one");
        QCOMPARE(run->settings["lora_r"].get<int>(), 4);
        QCOMPARE(run->settings["lora_alpha"].get<double>(), 8.0);

        request.name = "two";
        request.settings.lora_r = 3;
        const auto refused = runTraining(request);
        QVERIFY(!refused);
        QVERIFY(refused.error().message.find("lora_r") != std::string::npos);
        QVERIFY(!toy.project->findRun("two"));
    }

    void aRejectedRowIsNotTrainedOn()
    {
        ToyProject toy;
        toy.addRows(4, Part::Train);
        QVERIFY(toy.project->setLabelState(2, LabelState::Rejected));
        TrainRequest request = toy.request("one");
        request.settings.max_steps = 1;
        QVERIFY(runTraining(request));
        const auto run = toy.project->findRun("one");
        const auto rows = toy.project->snapshotExamples(run->snapshot, Part::Train);
        QVERIFY(rows);
        QCOMPARE(rows->size(), std::size_t(3));
    }

    void whatCanNotBeTrainedLeavesNoRun()
    {
        ToyProject toy;
        const auto empty = runTraining(toy.request("one"));
        QVERIFY(!empty);
        QVERIFY(empty.error().message.find("row") != std::string::npos);
        toy.addRows(4, Part::Train);
        TrainRequest request = toy.request("one");
        request.model = "no-such-model";
        QVERIFY(!runTraining(request));
        request = toy.request("one");
        request.initAdapter = toy.path("no-adapter");
        QVERIFY(!runTraining(request));
        request = toy.request("one");
        request.settings.max_length = 8; // cuts every answer
        const auto cut = runTraining(request);
        QVERIFY(!cut);
        QVERIFY(cut.error().message.find("max_length (8)") != std::string::npos);
        std::stop_source stop;
        stop.request_stop();
        const auto interrupted = runTraining(toy.request("one"), stop.get_token());
        QVERIFY(!interrupted);
        QCOMPARE(interrupted.error().code, ErrorCode::Interrupted);
        QVERIFY(toy.project->runs()->empty());
        QVERIFY(Labelling(*toy.project).snapshots()->empty()); // nor a version of the rows that nobody asked for
    }

    void rowsThatChangeWhileTheModelIsLoadingAreTrainedOnAsTheyAreThen()
    {
        ToyProject toy;
        toy.addRows(4, Part::Train);
        TrainRequest request = toy.request("one");
        request.settings.max_steps = 1;
        bool rejected = false;
        std::string said;
        const auto outcome = runTraining(
            request, {},
            [&](const TrainEvent &event, const Run &) {
                if (const auto *log = std::get_if<TrainLog>(&event))
                    said += log->text + "\n";
            },
            [&](std::string_view, double) {
                if (!std::exchange(rejected, true))
                    QVERIFY(toy.project->setLabelState(2, LabelState::Rejected));
            });
        QVERIFY(outcome);
        QVERIFY(rejected);
        QVERIFY2(said.find("3 rows to train on") != std::string::npos, said.c_str());
        QCOMPARE(toy.project->snapshotExamples(toy.project->findRun("one")->snapshot, Part::Train)->size(),
                 std::size_t(3));
    }

    void aRunIsNotTrainedByTwoProcesses()
    {
        ToyProject toy;
        toy.addRows(4, Part::Train);
        Run run;
        run.name = "held";
        run.modelPath = ToyProject::model().string();
        QVERIFY(toy.project->createRun(run));
        auto held = *toy.project->findRun("held");
        held.pid = 1; // of a process that lives, on this machine or not told
        held.heartbeat = static_cast<double>(QDateTime::currentSecsSinceEpoch());
        QVERIFY(toy.project->updateRun(held));
        TrainRequest request = toy.request("held");
        const auto outcome = runTraining(resumed(request));
        QVERIFY(!outcome);
        QCOMPARE(toy.project->findRun("held")->state, RunState::Running);
    }

    void lostDataIsSaidInTheLog()
    {
        ToyProject toy;
        toy.addRows(4, Part::Train);
        TrainRequest request = toy.request("one");
        request.settings.max_steps = 1;
        request.settings.max_length = 56;
        QVERIFY(runTraining(request));
        const auto log = toy.project->log(toy.project->findRun("one")->id);
        QVERIFY(log);
        QVERIFY(std::any_of(log->begin(), log->end(), [](const std::string &line) {
            return line.find("cut at max_length 56") != std::string::npos;
        }));
    }
};

QTEST_APPLESS_MAIN(TestTrainingRun)
#include "tst_training_run.moc"
