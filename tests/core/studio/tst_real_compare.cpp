// The bundled model in several columns: what is held in memory.

#include "core/model/registry.h"
#include "core/studio/compare_session.h"
#include "core/studio/run_settings.h"
#include "core/studio/sample_project.h"

#include <QTemporaryDir>
#include <QTest>

using namespace attune;

namespace {

/// A run with an adapter that nobody trained: its size is what counts here.
Result<Run> untrainedRun(Project &project, LanguageModel &model, std::uint64_t seed)
{
    const TrainSettings settings = demoSettings();
    ATTUNE_CHECK(model.startAdapter(settings.loraConfig(), seed));
    Run run;
    run.state = RunState::Finished;
    run.settings = runSettings(settings, {});
    run.model = sampleModel;
    run.modelPath = model.path().string();
    run.fingerprint = model.fingerprint();
    ATTUNE_TRY(run.snapshot, project.takeSnapshot());
    ATTUNE_TRY(run, project.createRun(run));
    CheckpointInfo info;
    info.run = run.id;
    info.step = 1;
    ATTUNE_TRY([[maybe_unused]] const auto checkpoint,
               project.saveCheckpoint(info, {peftTensorBytes(model.adapter()), {}}));
    return run;
}

MemoryHeld answered(CompareSession &session)
{
    MemoryHeld held;
    bool ended = false;
    const auto look = [&] {
        for (const CompareEvent &event : session.drain()) {
            if (const auto *memory = std::get_if<MemoryHeld>(&event))
                held = *memory;
            ended = ended || std::holds_alternative<QuestionEnded>(event);
        }
        return ended;
    };
    if (!QTest::qWaitFor(look, 120000))
        qFatal("No answer.");
    return held;
}

CompareQuestion question()
{
    CompareQuestion q;
    q.turns = {{"user", "Where is my parcel? It should have come on Monday."}};
    q.generation.maxNewTokens = 24;
    q.generation.ignoreEos = true;
    return q;
}

} // namespace

class TestRealCompare : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void threeColumnsHoldOneBase()
    {
        QTemporaryDir folder;
        const std::filesystem::path file = folder.path().toStdString() + "/p.attune";
        QVERIFY(createSampleProject(file));
        auto project = Project::open(file);
        QVERIFY(project);
        {
            const auto path = resolveModel(sampleModel);
            QVERIFY2(path, "installer/setup fetches this model");
            auto model = LanguageModel::load(*path, demoSettings().loadOptions());
            QVERIFY(model);
            QVERIFY(untrainedRun(*project, *model, 1));
            QVERIFY(untrainedRun(*project, *model, 2));
        }
        CompareSession session(file);
        session.setColumnCount(1);
        session.setBaseModel(sampleModel);
        session.setAnswerer(0, Answerer{});
        QVERIFY(session.ask(question()));
        const MemoryHeld alone = answered(session);
        QCOMPARE(session.columns()[0].error.message, std::string());
        const std::int64_t before = currentMemory();
        const double soloSpeed = session.columns()[0].figures.tokensPerSecond();

        session.setColumnCount(3);
        session.setAnswerer(1, Answerer{1, "last"});
        session.setAnswerer(2, Answerer{2, "last"});
        session.restart();
        QVERIFY(session.ask(question()));
        const MemoryHeld together = answered(session);
        const std::int64_t after = currentMemory();
        qInfo(
            "base %.0f MiB, adapters %.0f MiB; process %.0f, then %.0f MiB; alone %.0f tokens/s, in turns %.0f %.0f %.0f",
            double(together.base) / 1048576, double(together.adapters) / 1048576, double(before) / 1048576,
            double(after) / 1048576, soloSpeed, session.columns()[0].figures.tokensPerSecond(),
            session.columns()[1].figures.tokensPerSecond(), session.columns()[2].figures.tokensPerSecond());
        QCOMPARE(together.base, alone.base);
        QCOMPARE(together.adapterCount, 2);
        for (const CompareColumn &column : session.columns())
            QCOMPARE(column.figures.tokens, std::int64_t(24));
        // Two more columns cost their adapters and caches, far from two more bases.
        QVERIFY(after - before < 2 * together.adapters + (std::int64_t(64) << 20));

        session.unload();
        QVERIFY(QTest::qWaitFor([&] {
            const auto events = session.drain();
            return std::any_of(events.begin(), events.end(), [](const CompareEvent &event) {
                const auto *memory = std::get_if<MemoryHeld>(&event);
                return memory && memory->base == 0;
            });
        }));
        QVERIFY(currentMemory() < after - together.base / 2);
    }
};

QTEST_GUILESS_MAIN(TestRealCompare)
#include "tst_real_compare.moc"
