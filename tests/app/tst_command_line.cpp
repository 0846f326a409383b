#include "attune_process.h"

#include <QTest>
#include <csignal>

class TestCommandLine : public QObject {
    Q_OBJECT

    Workplace m_place; // with a project and a trained run, which most tests share

    static QStringList quick(const QString &project, const QString &name)
    {
        return {"train",   project,
                "--model", Workplace::model(),
                "--name",  name,
                "--set",   "max_steps=4",
                "--set",   "lora_r=4",
                "--set",   "max_length=64",
                "--set",   "learning_rate=0.01"};
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_place.write("rows.jsonl",
                      Workplace::rows("train", 8) + Workplace::rows("validation", 2) + Workplace::rows("test", 3));
        QCOMPARE(m_place.attune({"init", "p.attune"}).status, 0);
        QCOMPARE(m_place.attune({"import", "p.attune", "rows.jsonl"}).status, 0);
        const auto train = m_place.attune(quick("p.attune", "first") << "--events"
                                                                     << "events.jsonl");
        QVERIFY2(train.status == 0, qPrintable(train.error));
    }

    void wrongUsageIsStatusTwoAndOneLine_data()
    {
        QTest::addColumn<QStringList>("arguments");
        const auto row = [](const QString &line) { QTest::newRow(qPrintable(line)) << line.split(' '); };
        QTest::newRow("no verb") << QStringList();
        row("dance");
        row("import p.attune rows.jsonl --split elsewhere");
        row("train p.attune");
        row("train p.attune --resume first --set lora_r=2");
        row("generate --prompt hello");
        row("generate --model m --prompt a --ids 1");
        row("generate --prompt hello --run first");
        row("eval p.attune");
        row("eval p.attune --run first --base");
        row("compare p.attune --run a --run b --base --prompts f");
        row("export p.attune --run first --as clay out");
        row("run p.attune first rename");
        row("data p.attune export");
        row("bench sing --model m");
    }
    void wrongUsageIsStatusTwoAndOneLine()
    {
        QFETCH(QStringList, arguments);
        const auto outcome = m_place.attune(arguments);
        QCOMPARE(outcome.status, 2);
        QCOMPARE(outcome.errorLines().size(), 1);
        QVERIFY(outcome.error.startsWith("attune: "));
        QVERIFY(outcome.out.isEmpty());
    }

    void aFailureIsStatusOneAndNamesWhatFailed_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("named");
        const auto row = [](const QString &line, const char *named) {
            QTest::newRow(qPrintable(line)) << line.split(' ') << QString(named);
        };
        row("init p.attune", "p.attune");
        row("import p.attune none.jsonl", "none.jsonl");
        row("import rows.jsonl rows.jsonl", "rows.jsonl");
        row("train p.attune --model nobody", "nobody");
        row("train p.attune --model nobody --set lora_rr=2", "lora_r");
        row("train p.attune --resume second", "second");
        row("generate --model nobody --prompt hello", "nobody");
        row("generate --project p.attune --run first --prompt a --temperature -1", "temperature");
        row("eval p.attune --run second", "second");
        row("eval p.attune --run first --checkpoint 77", "77");
        row("eval p.attune --run first --gate none.json", "none.json");
        row("export p.attune --run first --as gguf out", "gguf");
        row("run p.attune second show", "second");
        row("data p.attune split --validation 2", "2");
    }
    void aFailureIsStatusOneAndNamesWhatFailed()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, named);
        const auto outcome = m_place.attune(arguments);
        QCOMPARE(outcome.status, 1);
        QVERIFY2(outcome.errorLines().size() == 1, qPrintable(outcome.error));
        QVERIFY2(outcome.error.contains(named), qPrintable(outcome.error));
        QVERIFY(outcome.out.isEmpty());
    }

    void aVerbHasHelp_data()
    {
        QTest::addColumn<QString>("verb");
        for (const char *verb :
             {"demo", "data", "train", "generate", "eval"}) // each start of the program takes a while
            QTest::newRow(verb) << QString(verb);
    }
    void aVerbHasHelp()
    {
        QFETCH(QString, verb);
        const auto outcome = m_place.attune({verb, "--help"});
        QCOMPARE(outcome.status, 0);
        QVERIFY(outcome.out.contains("Usage"));
        if (verb == "train")
            QVERIFY(outcome.out.contains("early_stopping_patience"));
    }

    void withJsonThereIsNothingButJson_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("key"); // of the last object
        const QString model = Workplace::model();
        QTest::newRow("init") << QStringList{"init", "j.attune", "--json"} << "project";
        QTest::newRow("import") << QStringList{"import", "p.attune", "rows.jsonl", "--json"} << "imported";
        QTest::newRow("data list") << QStringList{"data", "p.attune", "list", "--json"} << "messages";
        QTest::newRow("data check") << QStringList{"data", "p.attune", "check", "--json", "--model", model}
                                    << "tokens";
        QTest::newRow("data split") << QStringList{"data", "p.attune", "split", "--json"} << "assigned";
        QTest::newRow("data export") << QStringList{"data", "p.attune", "export", "o.jsonl", "--json"} << "rows";
        QTest::newRow("train") << (quick("p.attune", "json") << "--json") << "best_step";
        QTest::newRow("runs") << QStringList{"runs", "p.attune", "--json"} << "state";
        QTest::newRow("run show") << QStringList{"run", "p.attune", "first", "show", "--json"} << "checkpoints";
        QTest::newRow("run config") << QStringList{"run", "p.attune", "first", "config", "--json"} << "lora_r";
        QTest::newRow("generate") << QStringList{"generate", "--project", "p.attune",         "--run", "first",
                                                 "--prompt", "a",         "--max-new-tokens", "3",     "--json"}
                                  << "ids";
        QTest::newRow("compare") << QStringList{"compare",    "p.attune",         "--run", "first", "--prompts",
                                                "rows.jsonl", "--max-new-tokens", "2",     "--json"}
                                 << "answers";
        QTest::newRow("eval") << QStringList{"eval", "p.attune", "--run", "first", "--max-new-tokens", "2", "--json"}
                              << "perplexity";
        QTest::newRow("export") << QStringList{"export", "p.attune", "--run", "first", "o", "--json"} << "path";
        QTest::newRow("models info") << QStringList{"models", "info", model, "--json"} << "fingerprint";
    }
    void withJsonThereIsNothingButJson()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, key);
        const auto outcome = m_place.attune(arguments);
        QVERIFY2(outcome.status == 0, qPrintable(outcome.error));
        const auto json = outcome.json();
        QVERIFY2(!json.isEmpty(), qPrintable(outcome.out));
        QVERIFY2(json.back().contains(key), qPrintable(outcome.out));
    }

    void eventsFollowTheContract()
    {
        QMap<QString, int> count;
        QJsonObject last;
        for (const QByteArray &line : m_place.read("events.jsonl").split('\n')) {
            if (line.isEmpty())
                continue;
            last = QJsonDocument::fromJson(line).object();
            const QString event = last["event"].toString();
            ++count[event];
            if (event == "step")
                for (const char *key : {"step", "loss", "learning_rate", "grad_norm", "supervised_tokens",
                                        "tokens_per_second", "memory_gib"})
                    QVERIFY2(last[key].isDouble(), key);
            if (event == "eval")
                QVERIFY(last["validation_loss"].isDouble() && last["perplexity"].isDouble());
            if (event == "checkpoint")
                QVERIFY(last["step"].isDouble() && last["best"].isBool());
        }
        QCOMPARE(count["step"], 4);
        QVERIFY(count["eval"] >= 1);
        QVERIFY(count["checkpoint"] >= 1);
        QCOMPARE(last["event"].toString(), QString("finished"));
    }

    void aFailedRunEndsItsEventsWithTheReason()
    {
        const auto outcome =
            m_place.attune({"train", "p.attune", "--model", m_place.path("none"), "--events", "failed.jsonl"});
        QCOMPARE(outcome.status, 1);
        const auto event = QJsonDocument::fromJson(m_place.read("failed.jsonl")).object();
        QCOMPARE(event["event"].toString(), QString("failed"));
        QVERIFY(event["error"].toString().contains("none"));
    }

    void aGateDecidesOnTheStatus()
    {
        m_place.write("open.json", R"({"loss": {"max": 1000}})");
        m_place.write("shut.json", R"({"loss": {"max": 1000}, "fields.order": {"min": 1.5}})");
        const QStringList eval = {"eval", "p.attune", "--base", "--max-new-tokens", "2", "--json", "--gate"};
        QCOMPARE(m_place.attune(QStringList(eval) << "open.json").status, 0);
        const auto shut = m_place.attune(QStringList(eval) << "shut.json");
        QCOMPARE(shut.status, 1);
        QVERIFY(shut.error.contains("fields.order"));
        QVERIFY(!shut.error.contains("loss"));
        QCOMPARE(shut.json().size(), 1); // the figures are printed all the same
    }

    void rejectsAreNamedAndTheRestIsKept()
    {
        m_place.write("odd.jsonl", Workplace::rows("train", 1) + "{\"nothing\": 1}\n");
        QCOMPARE(m_place.attune({"init", "odd.attune"}).status, 0);
        const auto outcome = m_place.attune({"import", "odd.attune", "odd.jsonl"});
        QCOMPARE(outcome.status, 0);
        QVERIFY(outcome.out.contains("imported 1"));
        QVERIFY(outcome.out.contains("rejected 1"));
        QVERIFY(outcome.error.contains("odd.jsonl line 2"));
    }

    void aRunIsRenamedTaggedAndRemoved()
    {
        QCOMPARE(m_place.attune(quick("p.attune", "short-lived")).status, 0);
        QCOMPARE(m_place.attune({"run", "p.attune", "short-lived", "rename", "kept"}).status, 0);
        QCOMPARE(m_place.attune({"run", "p.attune", "kept", "tag", "good", "small"}).status, 0);
        const auto json = m_place.attune({"runs", "p.attune", "--json"}).json();
        QCOMPARE(json.back()["name"].toString(), QString("kept"));
        QCOMPARE(json.back()["tags"].toArray().size(), 2);
        QVERIFY(m_place.attune({"export", "p.attune", "--run", "kept", "kept-adapter"}).status == 0);
        QVERIFY(QFile::exists(m_place.path("kept-adapter/adapter_model.safetensors")));
        QCOMPARE(m_place.attune({"run", "p.attune", "kept", "rm"}).status, 0);
        QCOMPARE(m_place.attune({"run", "p.attune", "kept", "show"}).status, 1);
    }

    void anExportedAdapterAnswersAsItsRun()
    {
        QCOMPARE(m_place.attune({"export", "p.attune", "--run", "first", "--as", "peft", "adapter"}).status, 0);
        const QStringList common = {"--ids", "5,6,7,8", "--max-new-tokens", "8", "--ignore-eos", "--json"};
        const auto run = m_place.attune(QStringList{"generate", "--project", "p.attune", "--run", "first"} + common);
        const auto folder =
            m_place.attune(QStringList{"generate", "--model", Workplace::model(), "--adapter", "adapter"} + common);
        const auto base = m_place.attune(QStringList{"generate", "--model", Workplace::model()} + common);
        QCOMPARE(run.json().size(), 1);
        QCOMPARE(folder.json().back()["ids"], run.json().back()["ids"]);
        QCOMPARE(run.json().back()["ids"].toArray().size(), 8);
        QVERIFY(base.json().size() == 1);
    }

    void modelsAreAddedAndForgottenByName()
    {
        QCOMPARE(m_place.attune({"models", "add", Workplace::model(), "--name", "toy"}).status, 0);
        QVERIFY(m_place.attune({"models", "list"}).out.contains("toy"));
        QCOMPARE(m_place.attune({"generate", "--model", "toy", "--ids", "1", "--max-new-tokens", "1"}).status, 0);
        QCOMPARE(m_place.attune({"models", "rm", "toy"}).status, 0);
        QVERIFY(!m_place.attune({"models", "list"}).out.contains("toy"));
    }

    void anInterruptedTrainingLeavesACheckpointAndStatus130()
    {
        QProcess process;
        m_place.prepare(process);
        process.setArguments(quick("p.attune", "endless") << "--set"
                                                          << "max_steps=1000000"
                                                          << "--set"
                                                          << "early_stopping_patience=0"
                                                          << "--events"
                                                          << "endless.jsonl");
        process.start();
        QTRY_VERIFY_WITH_TIMEOUT(m_place.read("endless.jsonl").contains("\"step\""), 60'000);
        QCOMPARE(::kill(static_cast<pid_t>(process.processId()), SIGINT), 0);
        QVERIFY(process.waitForFinished(60'000 * Patience));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 130);
        const auto run = m_place.attune({"run", "p.attune", "endless", "show", "--json"}).json();
        QCOMPARE(run.back()["state"].toString(), QString("stopped"));
        QVERIFY(run.back()["checkpoints"].toArray().last().toObject()["resumable"].toBool());
        QVERIFY(m_place.read("endless.jsonl").trimmed().split('\n').last().contains("stopped"));
    }

    void anInterruptedAnswerIsStatus130()
    {
        QProcess process;
        m_place.prepare(process);
        process.setArguments({"generate", "--model", Workplace::model(), "--ids", "1,2,3", "--ignore-eos",
                              "--max-new-tokens", "1000000"});
        process.start();
        QVERIFY(process.waitForReadyRead(60'000 * Patience));
        QCOMPARE(::kill(static_cast<pid_t>(process.processId()), SIGINT), 0);
        QVERIFY(process.waitForFinished(60'000 * Patience));
        QCOMPARE(process.exitCode(), 130);
    }
};

QTEST_GUILESS_MAIN(TestCommandLine)
#include "tst_command_line.moc"
