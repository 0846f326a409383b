#include "core/base/files.h"
#include "core/deploy/export.h"
#include "core/deploy/run_adapter.h"

#include <QTemporaryDir>
#include <QTest>

using namespace attune;
namespace fs = std::filesystem;

/// A project with a run of two checkpoints: the best at step 4, the last at step 6.
class TestExport : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    Adapter m_adapter;
    std::optional<Project> m_project;

    fs::path path(const char *name) const { return fs::path(m_folder.path().toStdString()) / name; }

    void save(std::int64_t run, std::int64_t step, bool best, float mark)
    {
        Adapter adapter = m_adapter;
        adapter.pairs.begin()->second.a[0] = mark;
        CheckpointInfo info;
        info.run = run;
        info.step = step;
        info.best = best;
        QVERIFY(m_project->saveCheckpoint(info, {peftTensorBytes(adapter), "state"}));
    }

    static float markOf(const fs::path &folder)
    {
        const auto adapter = readPeftAdapter(folder);
        return adapter ? adapter->pairs.begin()->second.a[0] : -1.0F;
    }

private Q_SLOTS:
    void initTestCase()
    {
        auto adapter = readPeftAdapter(fs::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/lora/adapter_in");
        QVERIFY(adapter);
        m_adapter = std::move(*adapter);
        auto project = Project::create(path("p.attune"));
        QVERIFY(project);
        m_project = std::move(*project);
        Run run;
        run.name = "first";
        run.modelPath = "/models/tiny";
        run.settings = {{"lora_r", m_adapter.config.r}, {"lora_alpha", 8.0}, {"target_modules", "all-linear"}};
        const auto made = m_project->createRun(run);
        QVERIFY(made);
        save(made->id, 4, true, 4.0F);
        save(made->id, 6, false, 6.0F);
    }

    void theBestCheckpointIsTakenUnlessToldOtherwise()
    {
        const auto best = exportRun(*m_project, {"first", "", "peft", path("best")});
        QVERIFY(best);
        QCOMPARE(best->step, std::int64_t(4));
        QCOMPARE(markOf(path("best")), 4.0F);
        QVERIFY(exportRun(*m_project, {"1", "last", "peft", path("last")}));
        QCOMPARE(markOf(path("last")), 6.0F);
        QVERIFY(exportRun(*m_project, {"1", "6", "peft", path("six")}));
        QCOMPARE(markOf(path("six")), 6.0F);
    }

    void theConfigurationHoldsWhatPeftNeeds()
    {
        QVERIFY(exportRun(*m_project, {"first", "", "peft", path("config")}));
        const auto json = readJson(path("config") / "adapter_config.json");
        QVERIFY(json);
        QCOMPARE((*json)["r"].get<std::int64_t>(), m_adapter.config.r);
        QCOMPARE((*json)["lora_alpha"].get<std::int64_t>(), std::int64_t(8));
        QCOMPARE((*json)["base_model_name_or_path"].get<std::string>(), std::string("/models/tiny"));
        QCOMPARE((*json)["target_modules"].size(), std::size_t(7));
    }

    void anAdapterFolderIsWrittenOverAndNoOther()
    {
        QVERIFY(exportRun(*m_project, {"first", "last", "peft", path("again")}));
        QVERIFY(exportRun(*m_project, {"first", "best", "peft", path("again")}));
        QCOMPARE(markOf(path("again")), 4.0F);

        fs::create_directories(path("mine"));
        QVERIFY(writeFileAtomically(path("mine") / "letter.txt", "dear"));
        const auto refused = exportRun(*m_project, {"first", "", "peft", path("mine")});
        QVERIFY(!refused);
        QVERIFY(refused.error().message.find("mine") != std::string::npos);
        QCOMPARE(std::distance(fs::directory_iterator(path("mine")), fs::directory_iterator()), std::ptrdiff_t(1));
        QVERIFY(!exportRun(*m_project, {"first", "", "peft", path("mine") / "letter.txt"}));
    }

    void whatIsToComeIsSaidToBe()
    {
        for (const char *form : {"merged", "gguf", "bundle"}) {
            const auto result = exportRun(*m_project, {"first", "", form, path("later")});
            QVERIFY(!result);
            QVERIFY(result.error().message.find(form) != std::string::npos);
            QVERIFY(!fs::exists(path("later")));
        }
    }

    void aCheckpointThatIsNotThereIsNamedWithThoseThatAre()
    {
        const auto result = exportRun(*m_project, {"first", "5", "peft", path("none")});
        QVERIFY(!result);
        QVERIFY(result.error().message.find("4, 6") != std::string::npos);
        QVERIFY(!exportRun(*m_project, {"second", "", "peft", path("none")}));
        QVERIFY(!fs::exists(path("none")));
    }
};

QTEST_APPLESS_MAIN(TestExport)
#include "tst_export.moc"
