#include "attune_process.h"

#include <QTest>

/// `attune plan` and `attune doctor` from outside.
class TestPlanDoctor : public QObject {
    Q_OBJECT

    Workplace m_place;

private Q_SLOTS:
    void initTestCase()
    {
        m_place.write("rows.jsonl", Workplace::rows("train", 3));
        QCOMPARE(m_place.attune({"init", "p.attune"}).status, 0);
        QCOMPARE(m_place.attune({"import", "p.attune", "rows.jsonl"}).status, 0);
    }

    void aPlanNamesPartsAndDevices()
    {
        const auto plan = m_place.attune({"plan", "--model", Workplace::model()});
        QVERIFY2(plan.status == 0, qPrintable(plan.error));
        for (const char *word : {"program and libraries", "at the peak", "cpu", "fits", "1024 tokens"})
            QVERIFY2(plan.out.contains(word), word);
    }

    void aPlansJsonAddsUp()
    {
        const auto plan = m_place.attune({"plan", "--model", Workplace::model(), "--set", "lora_r=64", "--json"});
        QCOMPARE(plan.status, 0);
        QCOMPARE(plan.json().size(), 1);
        const QJsonObject json = plan.json().first();
        const QJsonObject device = json["devices"].toArray().first().toObject();
        double sum = 0;
        const QJsonObject parts = device["parts"].toObject();
        for (const auto &part : parts)
            sum += part.toDouble();
        QCOMPARE(sum, device["total_bytes"].toDouble());
        QCOMPARE(json["total_bytes"].toDouble(), sum);
        QVERIFY(json["fits"].toBool());
        QVERIFY(device["advice"].isNull());
    }

    void aPlanTakesTheProjectsLongestRow()
    {
        const auto plan = m_place.attune({"plan", "--model", Workplace::model(), "--project", "p.attune", "--json"});
        QVERIFY2(plan.status == 0, qPrintable(plan.error));
        const int length = plan.json().first()["row_length"].toInt();
        QVERIFY(length > 8 && length < 200);
    }

    void whatDoesNotFitGetsAdviceThatDoes()
    {
        const QStringList absurd = {"--set", "per_device_train_batch_size=4096", "--set", "max_length=8192",
                                    "--set", "gradient_accumulation_steps=1"};
        const auto plan = m_place.attune(QStringList{"plan", "--model", Workplace::model(), "--json"} + absurd);
        QCOMPARE(plan.status, 0);
        const QJsonObject device = plan.json().first()["devices"].toArray().first().toObject();
        QCOMPARE(device["fit"].toString(), QString("too large"));
        const QJsonArray changes = device["advice"].toObject()["set"].toArray();
        QVERIFY(!changes.isEmpty());
        QStringList applied = absurd;
        for (const auto &change : changes)
            applied << "--set" << change.toString();
        const auto again = m_place.attune(QStringList{"plan", "--model", Workplace::model(), "--json"} + applied);
        QCOMPARE(again.status, 0);
        QVERIFY(again.json().first()["fits"].toBool());
        const auto forPeople = m_place.attune(QStringList{"plan", "--model", Workplace::model()} + absurd);
        QVERIFY(forPeople.out.contains("fits with  --set per_device_train_batch_size="));
    }

    void trainRefusesWhatCanNotFit()
    {
        const QByteArray before = m_place.read("p.attune");
        const auto train = m_place.attune({"train", "p.attune", "--model", Workplace::model(), "--set",
                                           "per_device_train_batch_size=4096", "--set", "max_length=1048576", "--set",
                                           "packing=true", "--set", "lora_r=4096"});
        QCOMPARE(train.status, 1);
        QCOMPARE(train.errorLines().size(), 1);
        QVERIFY2(train.error.contains("needs") && train.error.contains("has"), qPrintable(train.error));
        QVERIFY(train.out.isEmpty());
        const auto runs = m_place.attune({"runs", "p.attune", "--json"});
        QVERIFY(runs.out.isEmpty());
    }

    void aPlanForNothingIsAnError()
    {
        QCOMPARE(m_place.attune({"plan"}).status, 2);
        const auto missing = m_place.attune({"plan", "--model", "nobody"});
        QCOMPARE(missing.status, 1);
        QVERIFY(missing.error.contains("nobody"));
        QCOMPARE(m_place.attune({"plan", "--model", Workplace::model(), "--set", "lora_rr=1"}).status, 1);
        const auto project = m_place.attune({"plan", "--model", Workplace::model(), "--project", "none.attune"});
        QCOMPARE(project.status, 1);
        QVERIFY(project.error.contains("none.attune"));
    }

    void theDoctorFindsThisMachineWell()
    {
        const auto doctor = m_place.attune({"doctor"});
        QVERIFY2(doctor.status == 0, qPrintable(doctor.out + doctor.error));
        for (const char *word :
             {"Processor", "Kernels", "Memory", "Disk", "GPU", "libtorch 2.", "SQLite 3.", "Models", "Self-test"})
            QVERIFY2(doctor.out.contains(word), word);
        const auto json = m_place.attune({"doctor", "--json"}).json();
        QCOMPARE(json.size(), 1);
        QVERIFY(json.first()["healthy"].toBool());
        const QJsonArray levels = json.first()["self_test"].toArray();
        QVERIFY(!levels.isEmpty());
        for (const auto &level : levels)
            QVERIFY(level.toObject()["passed"].toBool());
    }

    void theDoctorTellsNothingSecret()
    {
        // A home, a user and a host that would stand out, and a known model below that home.
        QProcess process;
        m_place.prepare(process);
        auto environment = process.processEnvironment();
        const QString home = m_place.path("home-of-zaphod");
        QVERIFY(QDir().mkpath(home + "/.local/share/attune"));
        environment.insert("HOME", home);
        environment.insert("USER", "zaphod");
        environment.insert("SECRET_TOKEN", "heart-of-gold");
        environment.remove("ATTUNE_DATA");
        environment.remove("ATTUNE_CACHE");
        environment.remove("XDG_DATA_HOME");
        environment.remove("XDG_CACHE_HOME");
        process.setProcessEnvironment(environment);
        m_place.write("home-of-zaphod/.local/share/attune/models.json",
                      R"([{"name": "mine", "path": ")" + (home + "/models/gone").toUtf8() + R"("}])");
        for (const QStringList &arguments : {QStringList{"doctor"}, QStringList{"doctor", "--json"}}) {
            process.setArguments(arguments);
            process.start();
            QVERIFY(process.waitForFinished(60'000 * Patience));
            QCOMPARE(process.exitCode(), 0);
            const QString out = process.readAllStandardOutput() + process.readAllStandardError();
            QVERIFY(out.contains("mine"));
            QVERIFY(out.contains("~/.cache/attune") || arguments.size() == 2);
            for (const QString &secret : {QString("zaphod"), QString("heart-of-gold"), QSysInfo::machineHostName()})
                QVERIFY2(secret.isEmpty() || !out.contains(secret), qPrintable(secret));
        }
    }
};

QTEST_GUILESS_MAIN(TestPlanDoctor)
#include "tst_plan_doctor.moc"
