#include "core/model/weight_source.h"
#include "core/studio/chat_model.h"
#include "core/studio/run_plan.h"
#include "tests/core/studio/toy_project.h"

#include <QtTest>

using namespace attune;

namespace {

constexpr std::int64_t GiB = 1LL << 30;

MachineMemory machine(std::int64_t total, std::int64_t available)
{
    return {total, available, total};
}

/// One row of so many tokens.
std::vector<TrainRow> row(std::size_t length)
{
    return {{1, std::vector<TokenId>(length, 5), std::vector<std::uint8_t>(length, 1)}};
}

} // namespace

class TestRunPlan : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunThatCanNotFitIsRefusedWithWhatWould()
    {
        TrainSettings settings;
        settings.per_device_train_batch_size = 4096;
        settings.max_length = 8192;
        const auto refused =
            checkMemory(ToyProject::model(), settings, lengthsOf(row(8192)), machine(4 * GiB, 3 * GiB));
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::OutOfMemory);
        const QString message = QString::fromStdString(refused.error().message);
        QVERIFY2(message.contains("4.0 GiB") && message.contains("per_device_train_batch_size="),
                 qPrintable(message));
        QVERIFY(message.count('.') >= 1 && message.endsWith('.'));

        // What it names, applied, is let through.
        for (const QString &word : message.split(QRegularExpression("[ ;,]"), Qt::SkipEmptyParts))
            if (word.contains('=') && !word.startsWith('='))
                QVERIFY2(settings.setPair(word.toStdString()), qPrintable(word));
        const auto allowed =
            checkMemory(ToyProject::model(), settings, lengthsOf(row(8192)), machine(4 * GiB, 4 * GiB));
        QVERIFY2(allowed && !*allowed, allowed ? (*allowed)->c_str() : allowed.error().message.c_str());
    }

    void aRunThatFitsOnlyWithoutOthersIsWarnedOf()
    {
        const auto warned = checkMemory(ToyProject::model(), {}, lengthsOf(row(64)), machine(64 * GiB, 0));
        QVERIFY(warned);
        // This process' own memory counts as free to it, so a toy fits into that or is told of.
        TrainSettings large;
        large.per_device_train_batch_size = 256;
        large.max_length = 2048;
        const auto told = checkMemory(ToyProject::model(), large, lengthsOf(row(2048)), machine(64 * GiB, 0));
        QVERIFY2(told && *told, told ? "no warning" : told.error().message.c_str());
        QVERIFY(QString::fromStdString(**told).contains("free"));
    }

    void whatFitsIsSilent()
    {
        const auto checked = checkMemory(ToyProject::model(), {}, lengthsOf(row(64)), machine(64 * GiB, 32 * GiB));
        QVERIFY(checked && !*checked);
    }

    void whereNobodySaysHowMuchThereIsNothingIsRefused()
    {
        TrainSettings settings;
        settings.per_device_train_batch_size = 4096;
        const auto checked = checkMemory(ToyProject::model(), settings, lengthsOf(row(1024)), machine(0, 0));
        QVERIFY(checked && !*checked);
    }

    void aProjectsLongestRowIsPlannedFor()
    {
        ToyProject toy;
        toy.addRows(4, Part::Train);
        TrainSettings settings;
        settings.max_length = 4096;
        const auto byLimit = planRun(ToyProject::model(), settings);
        const auto byRows = planRun(ToyProject::model(), settings, toy.project->path());
        QVERIFY(byLimit && byRows);
        QCOMPARE(byLimit->rowLength, std::int64_t(4096));
        QVERIFY(byRows->rowLength > 8 && byRows->rowLength < 200);
        QCOMPARE(byRows->rows.value_or(0), std::size_t(4));
        QVERIFY(byRows->device().plan.total() < byLimit->device().plan.total());
        QCOMPARE(byRows->devices.front().device, std::string("cpu"));
    }

    void rowsThatWereMeasuredGiveTheSamePlan()
    {
        ToyProject toy;
        toy.addRows(4, Part::Train);
        toy.addRows(1, Part::Test);
        const TrainSettings settings;
        const auto encoder = loadChatEncoder(ToyProject::model());
        QVERIFY(encoder);
        const auto lengths = measureTrainRows(*toy.project, *encoder, settings);
        QVERIFY(lengths);
        QCOMPARE(lengths->rows, std::size_t(4));
        const auto direct = planRun(ToyProject::model(), settings, toy.project->path());
        const auto measured = planRun(ToyProject::model(), settings, *lengths);
        QVERIFY(direct && measured);
        QCOMPARE(measured->rowLength, direct->rowLength);
        for (std::size_t i = 0; i < memoryParts; ++i)
            if (static_cast<MemoryPart>(i) != MemoryPart::Process) // what this test has in memory at that moment
                QCOMPARE(measured->device().plan.parts[i], direct->device().plan.parts[i]);

        std::stop_source stop;
        stop.request_stop();
        const auto stopped = measureTrainRows(*toy.project, *encoder, settings, stop.get_token());
        QVERIFY(!stopped && stopped.error().code == ErrorCode::Interrupted);
    }

    void anEmptyProjectIsAnError()
    {
        ToyProject toy;
        const auto plan = planRun(ToyProject::model(), {}, toy.project->path());
        QVERIFY(!plan);
        QVERIFY(plan.error().message.find("no row") != std::string::npos);
    }

    void trainingRefusesBeforeItLoads()
    {
        ToyProject toy;
        toy.addRows(2, Part::Train);
        TrainRequest request = toy.request("huge");
        request.settings.lora_r = 4096; // the adapter alone: hundreds of times the toy
        request.settings.per_device_train_batch_size = 4096;
        request.settings.packing = true;
        request.settings.max_length = 1048576;
        const auto outcome = runTraining(request);
        QVERIFY(!outcome);
        QVERIFY2(outcome.error().code == ErrorCode::OutOfMemory, outcome.error().message.c_str());
        QVERIFY(!toy.project->findRun("huge")); // no run is left behind
    }
};

QTEST_APPLESS_MAIN(TestRunPlan)
#include "tst_run_plan.moc"
