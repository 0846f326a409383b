#include "train_fixture.h"

#include "ui/train/training_job.h"

#include <sys/resource.h>

using namespace attune;
using namespace attune::ui;

class TestTrainingJob : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunTellsItsStepsAndItsEnd()
    {
        ToyProject toy;
        toy.addRows(10, Part::Train);
        toy.addRows(3, Part::Validation);
        TrainingJob job;
        QSignalSpy stored(&job, &TrainingJob::stored);
        std::optional<Result<TrainOutcome>> outcome;
        connect(&job, &TrainingJob::ended, this,
                [&](qint64, const Result<TrainOutcome> &result) { outcome = result; });
        QVERIFY(job.start(toy.request("one")));
        QVERIFY(job.isBusy());
        QVERIFY(!job.start(toy.request("two"))); // one at a time
        QTRY_VERIFY(outcome);
        QVERIFY(*outcome);
        QCOMPARE((*outcome)->step, std::int64_t(12));
        QCOMPARE(job.step(), std::int64_t(12));
        QCOMPARE(job.steps(), std::int64_t(12));
        QCOMPARE(job.run(), std::int64_t(1));
        QVERIFY(!stored.isEmpty());
        QVERIFY(!job.isBusy());
        QVERIFY(job.start(toy.request("two"))); // and then the next
        outcome.reset();
        QTRY_VERIFY(outcome);
    }

    void whatCanNotStartIsASentence()
    {
        ToyProject toy;
        TrainingJob job;
        std::optional<Error> error;
        connect(&job, &TrainingJob::ended, this, [&](qint64 run, const Result<TrainOutcome> &result) {
            QCOMPARE(run, qint64(0));
            QVERIFY(!result);
            error = result.error();
        });
        QVERIFY(job.start(toy.request("one")));
        QTRY_VERIFY(error);
        QVERIFY(error->message.ends_with('.'));
    }

    void stoppingLeavesACheckpointToGoOnFrom()
    {
        ToyProject toy;
        toy.addRows(10, Part::Train);
        toy.addRows(3, Part::Validation);
        TrainRequest request = toy.request("long");
        request.settings.max_steps = 100000;
        request.settings.early_stopping_patience = 0;
        request.settings.eval_steps = 1000;
        std::optional<Result<TrainOutcome>> outcome;
        TrainingJob job;
        connect(&job, &TrainingJob::ended, this,
                [&](qint64, const Result<TrainOutcome> &result) { outcome = result; });
        QVERIFY(job.start(request));
        QTRY_VERIFY(job.step() > 3);
        job.stop();
        QCOMPARE(job.state(), TrainingJob::State::Stopping);
        QTRY_VERIFY(outcome);
        QVERIFY((*outcome)->stopped);
        const auto checkpoints = toy.project->checkpoints(1);
        QVERIFY(checkpoints);
        QVERIFY(checkpoints->back().resumable);
        QCOMPARE(checkpoints->back().step, (*outcome)->step);
    }

    void theWindowKeepsItsPriority()
    {
        ToyProject toy;
        toy.addRows(4, Part::Train);
        const int before = getpriority(PRIO_PROCESS, 0);
        TrainingJob job;
        QSignalSpy ended(&job, &TrainingJob::ended);
        QVERIFY(job.start(toy.request("one")));
        QTRY_COMPARE(ended.size(), 1);
        QCOMPARE(getpriority(PRIO_PROCESS, 0), before);
    }
};

QTEST_MAIN(TestTrainingJob)
#include "tst_training_job.moc"
