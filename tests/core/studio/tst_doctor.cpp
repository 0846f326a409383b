#include "core/studio/doctor.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace attune;

class TestDoctor : public QObject {
    Q_OBJECT

    /// A machine that lacks nothing but a GPU.
    static DoctorReport good()
    {
        DoctorReport report;
        report.level = "avx2";
        report.levels = {"avx2", "plain"};
        report.threads = 2;
        report.memory = {16LL << 30, 8LL << 30, 16LL << 30};
        report.cacheFree = 100LL << 30;
        report.models = {"smollm2-135m-instruct"};
        report.selfTest = {{"avx2", {{"dropout", 0, 0.01}}}, {"plain", {{"dropout", 0, 0.01}}}};
        return report;
    }

    static QString noted(const DoctorReport &report)
    {
        QString text;
        for (const DoctorNote &note : doctorNotes(report))
            text += QString::fromStdString(note.what + " " + note.how) + "\n";
        return text;
    }

private Q_SLOTS:
    void thisMachineIsExaminedAndItsKernelsPass()
    {
        const DoctorReport report = examineMachine();
        QVERIFY(!report.levels.empty() && report.levels.back() == "plain");
        QVERIFY(std::find(report.levels.begin(), report.levels.end(), report.level) != report.levels.end());
        QVERIFY(report.selfTest.size() >= report.levels.size()); // and the cards
        for (const LevelChecks &level : report.selfTest) {
            QVERIFY2(level.passed(), level.level.c_str());
            QVERIFY(level.checks.size() > 8);
        }
        QVERIFY(report.memory.total > 0 && report.memory.available > 0);
        for (const auto &[name, version] : report.libraries)
            QVERIFY2(!version.empty() && version[0] >= '0' && version[0] <= '9', (name + " " + version).c_str());
        QVERIFY(report.healthy());
    }

    void aFailedCheckIsWrongAndSaysWhatToDo()
    {
        DoctorReport report = good();
        QVERIFY(!noted(report).contains("wrongly"));
        report.selfTest[0].checks[0].worst = 0.5;
        report.notes = doctorNotes(report);
        QVERIFY(!report.healthy());
        QVERIFY(noted(report).contains("avx2 kernels compute dropout wrongly"));
        QVERIFY(noted(report).contains("ATTUNE_CPU_LEVEL"));
        report.selfTest.push_back({"cuda:0", {{"AdamW", 1, 0.01}}});
        QVERIFY(noted(report).contains("cuda:0 computes this wrongly: AdamW"));
        QVERIFY(noted(report).contains("device=cpu"));
    }

    void whatIsMissingIsNamedWithAWayToGetIt()
    {
        DoctorReport report = good();
        QVERIFY(noted(report).contains("installer/setup")); // for a GPU
        report.gpu.driver = "535.104";
        QVERIFY(noted(report).contains("too old"));
        report.gpu.driver = "580.1";
        QVERIFY(noted(report).contains("training runs on the processor"));
        report.cudaTrouble = "libtorch's CUDA part is not installed.";
        QVERIFY(noted(report).contains("CUDA part is not installed"));
        report.gpuUsed = true;
        QVERIFY(noted(report).isEmpty());
        report.cudaKernelTrouble = "There is no NVRTC.";
        QVERIFY(noted(report).contains("slower: There is no NVRTC."));
        QVERIFY(noted(report).contains("installer/setup"));
        report.cudaKernelTrouble = "ATTUNE_CUDA_KERNELS is 0.";
        report.cudaKernelsOff = true; // somebody wanted it so: nothing is missing
        QVERIFY(noted(report).contains("Unset it"));
        QVERIFY(!noted(report).contains("installer/setup"));
        report.cudaKernelsOff = false;
        report.cudaKernelTrouble.clear();
        report.models.clear();
        QVERIFY(noted(report).contains("attune models add"));
        report.level = "plain";
        QVERIFY(noted(report).contains("held at plain"));
        report.cacheFree = 1 << 20;
        QVERIFY(noted(report).contains("little room"));
        report.memory.total = 1LL << 30;
        QVERIFY(noted(report).contains("1.0 GiB"));
        report.processor.quota = 1;
        QVERIFY(noted(report).contains("OMP_NUM_THREADS=1"));
        report.notes = doctorNotes(report);
        QVERIFY(report.healthy()); // missing, not wrong
    }

    void theHomeFolderIsATilde()
    {
        QCOMPARE(withoutHome("/home/ann/.cache/attune", "/home/ann"), std::string("~/.cache/attune"));
        QCOMPARE(withoutHome("can't read /home/ann/x and /home/ann", "/home/ann"),
                 std::string("can't read ~/x and ~"));
        QCOMPARE(withoutHome("/home/annabel/x", "/home/ann"), std::string("/home/annabel/x"));
        QCOMPARE(withoutHome("/etc/x", "/"), std::string("/etc/x"));
        QCOMPARE(withoutHome("/etc/x", ""), std::string("/etc/x"));
    }

    void ofOtherPathsTheLastNameIsLeft()
    {
        QCOMPARE(withoutPaths("/srv/ann/data/models.json is not valid JSON.", "/home/bob"),
                 std::string("…/models.json is not valid JSON."));
        QCOMPARE(withoutPaths("/home/bob/x: \"/opt/ann/lib.so.2\" lacks 1/2 of /", "/home/bob"),
                 std::string("~/x: \"…/lib.so.2\" lacks 1/2 of …"));
    }

    void aCacheElsewhereIsNotNamed()
    {
        const QTemporaryDir elsewhere;
        const QByteArray before = qgetenv("ATTUNE_CACHE");
        qputenv("ATTUNE_CACHE", elsewhere.path().toUtf8());
        const DoctorReport report = examineMachine();
        if (before.isEmpty())
            qunsetenv("ATTUNE_CACHE");
        else
            qputenv("ATTUNE_CACHE", before);
        QVERIFY(report.cache.empty());
        QVERIFY(report.cacheFree.has_value());
    }
};

QTEST_APPLESS_MAIN(TestDoctor)
#include "tst_doctor.moc"
