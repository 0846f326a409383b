#include "toy_project.h"

#include "core/studio/run_recorder.h"

#include <QTest>

using namespace attune;

class TestRunRecorder : public QObject {
    Q_OBJECT

    static StepDone step(std::int64_t number)
    {
        StepDone done;
        done.step = number;
        done.loss = 1.0 / static_cast<double>(number);
        return done;
    }

private Q_SLOTS:
    void whatCouldNotBeStoredIsStoredLaterAndOnce()
    {
        ToyProject toy;
        EventQueue events;
        RunRecorder recorder(events, 1); // the run is not there yet, so that storing fails
        events.post(step(1));
        events.post(TrainLog{"info", "first"});
        events.post(EvalDone{1, 0.5, true});
        QVERIFY(!recorder.record(*toy.project));
        events.post(step(2));
        events.post(TrainLog{"info", "second"});
        QVERIFY(!recorder.record(*toy.project));

        const auto run = toy.project->createRun({});
        QVERIFY(run);
        QCOMPARE(run->id, std::int64_t(1));
        QVERIFY(recorder.record(*toy.project));
        QVERIFY(recorder.record(*toy.project));
        std::vector<std::int64_t> steps;
        for (const Metric &metric : toy.project->metrics(1).value_or(std::vector<Metric>{}))
            if (metric.name == "loss" || metric.name == "validation_loss")
                steps.push_back(metric.step);
        QCOMPARE(steps, (std::vector<std::int64_t>{1, 1, 2}));
        const auto log = toy.project->log(1);
        QVERIFY(log);
        QCOMPARE(log->size(), std::size_t(2));
        QVERIFY(log->front().ends_with("first"));
    }

    void watchersGetEveryEventOnceAndInOrderEvenWhereStoringFails()
    {
        ToyProject toy;
        EventQueue events;
        RunRecorder recorder(events, 1);
        events.post(step(1));
        events.post(step(2));
        QVERIFY(!recorder.record(*toy.project));
        events.post(Ended{});
        (void)recorder.record(*toy.project);
        const auto taken = recorder.take();
        QCOMPARE(taken.size(), std::size_t(3));
        QCOMPARE(std::get<StepDone>(taken[1]).step, std::int64_t(2));
        QVERIFY(std::holds_alternative<Ended>(taken[2]));
        QVERIFY(recorder.take().empty());
    }
};

QTEST_APPLESS_MAIN(TestRunRecorder)
#include "tst_run_recorder.moc"
