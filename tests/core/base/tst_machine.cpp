#include "core/base/gpus.h"
#include "core/base/machine.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using namespace attune;

namespace {

constexpr std::int64_t MiB = 1 << 20;

/// A root folder with a /proc and a /sys of our own.
class Root {
public:
    Root() { write("proc/meminfo", "MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:   20000000 kB\n"); }

    void write(const QString &name, const QByteArray &content)
    {
        const QString path = m_folder.filePath(name);
        QDir().mkpath(QFileInfo(path).path());
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
            qFatal("can't write a file of the test");
    }
    std::filesystem::path path() const { return m_folder.path().toStdString(); }

private:
    QTemporaryDir m_folder;
};

} // namespace

class TestMachine : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void withoutAGroupItIsTheMachines()
    {
        Root root;
        root.write("proc/self/cgroup", "0::/\n");
        const MachineMemory memory = machineMemory(root.path());
        QCOMPARE(memory.total, 24'000'000 * 1024LL);
        QCOMPARE(memory.available, 20'000'000 * 1024LL);
        QVERIFY(!memory.limited());
    }

    void theGroupThatLeavesLeastDecidesAndFilesInMemoryGiveWay()
    {
        Root root;
        root.write("proc/self/cgroup", "0::/a/b\n");
        const auto group = [&](const QString &folder, int limit, int used, int files) {
            root.write(folder + "memory.max", QByteArray::number(limit * MiB));
            root.write(folder + "memory.current", QByteArray::number(used * MiB));
            root.write(folder + "memory.stat", "anon 1\ninactive_file " + QByteArray::number(files * MiB) + "\n");
        };
        group("sys/fs/cgroup/a/b/", 4000, 1, 0);
        group("sys/fs/cgroup/a/", 8000, 7999, 0);
        QCOMPARE(machineMemory(root.path()).total, 4000 * MiB);
        QCOMPARE(machineMemory(root.path()).available, 1 * MiB);
        group("sys/fs/cgroup/a/", 8000, 7999, 3000);
        QCOMPARE(machineMemory(root.path()).available, 3001 * MiB);
    }

    void aGroupsLimitCounts_data()
    {
        QTest::addColumn<QString>("group");
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("limit");
        QTest::addColumn<QString>("used");
        QTest::newRow("version 2") << "0::/a/b\n"
                                   << "sys/fs/cgroup/a/b/"
                                   << "memory.max"
                                   << "memory.current";
        QTest::newRow("version 2, a group around it") << "0::/a/b\n"
                                                      << "sys/fs/cgroup/a/"
                                                      << "memory.max"
                                                      << "memory.current";
        QTest::newRow("version 2, in a container") << "0::/of/the/host\n"
                                                   << "sys/fs/cgroup/"
                                                   << "memory.max"
                                                   << "memory.current";
        QTest::newRow("version 1") << "5:cpu,cpuacct:/x\n4:memory:/job\n0::/\n"
                                   << "sys/fs/cgroup/memory/job/"
                                   << "memory.limit_in_bytes"
                                   << "memory.usage_in_bytes";
    }
    void aGroupsLimitCounts()
    {
        QFETCH(QString, group);
        QFETCH(QString, folder);
        QFETCH(QString, limit);
        QFETCH(QString, used);
        Root root;
        root.write("proc/self/cgroup", group.toUtf8());
        root.write(folder + limit, QByteArray::number(500 * MiB) + "\n");
        root.write(folder + used, QByteArray::number(200 * MiB) + "\n");
        const MachineMemory memory = machineMemory(root.path());
        QCOMPARE(memory.total, 500 * MiB);
        QCOMPARE(memory.available, 300 * MiB);
        QVERIFY(memory.limited());
    }

    void noLimitIsNone_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("max") << QByteArray("max\n");
        QTest::newRow("version 1's largest") << QByteArray("9223372036854771712\n");
        QTest::newRow("empty") << QByteArray();
    }
    void noLimitIsNone()
    {
        QFETCH(QByteArray, text);
        Root root;
        root.write("proc/self/cgroup", "0::/\n");
        root.write("sys/fs/cgroup/memory.max", text);
        QVERIFY(!machineMemory(root.path()).limited());
    }

    void nothingIsKnownOfASystemThatSaysNothing()
    {
        const QTemporaryDir empty;
        const MachineMemory memory = machineMemory(empty.path().toStdString());
        QCOMPARE(memory.total, 0);
        QVERIFY(!memory.limited());
        QVERIFY(processor(empty.path().toStdString()).name.empty());
        QVERIFY(systemName(empty.path().toStdString()).empty());
    }

    void theProcessorIsTheFirstOnes()
    {
        Root root;
        root.write("proc/self/cgroup", "3:cpu,cpuacct:/job\n");
        root.write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "150000\n");
        root.write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
        root.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some Chip\nflags\t\t: fpu avx2 fma\n\n"
                                   "processor\t: 1\nmodel name\t: Other\nflags\t\t: avx512f\n\n");
        const Processor chip = processor(root.path());
        QCOMPARE(chip.name, std::string("Some Chip"));
        QCOMPARE(chip.features, (std::vector<std::string>{"fma", "avx2"}));
        QVERIFY(chip.cores >= 1);
        QCOMPARE(chip.quota.value_or(0), 1.5);
    }

    void roomIsKnownForAFolderThatIsNotThereYet()
    {
        const QTemporaryDir folder;
        const auto here = freeDisk(folder.path().toStdString());
        QVERIFY(here && *here > 0);
        QVERIFY(freeDisk((folder.path() + "/not/yet/there").toStdString()).has_value());
    }

    void askingForGpusNeedsNone()
    {
        const GpuReport report = gpuReport();
        QVERIFY(report.gpus.empty() || !report.driver.empty());
    }
};

QTEST_APPLESS_MAIN(TestMachine)
#include "tst_machine.moc"
