#include "tests/patience.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

/// The program itself, without a display.
class TestArguments : public QObject {
    Q_OBJECT

    struct Ended {
        int code = -1;
        bool crashed = false;
        QString out;
        QString err;
    };
    static Ended run(const QStringList &arguments, const QMap<QString, QString> &more = {})
    {
        QProcess process;
        const QTemporaryDir home;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        for (const char *name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"})
            environment.remove(name);
        environment.insert("ATTUNE_DATA", home.path());
        environment.insert("ATTUNE_CACHE", home.path());
        for (auto one = more.begin(); one != more.end(); ++one)
            environment.insert(one.key(), one.value());
        process.setProcessEnvironment(environment);
        process.start(ATTUNE_BINARY "-studio", arguments);
        if (!process.waitForFinished(30'000 * Patience)) {
            process.kill();
            process.waitForFinished();
        }
        return {process.exitCode(), process.exitStatus() == QProcess::CrashExit,
                QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }

private Q_SLOTS:
    void helpAndVersionNeedNoDisplay()
    {
        for (const char *word : {"--help", "-h"}) {
            const Ended help = run({word});
            QCOMPARE(help.code, 0);
            QVERIFY(help.out.contains("--tour"));
            QVERIFY(help.err.isEmpty());
        }
        const Ended version = run({"--version"});
        QCOMPARE(version.code, 0);
        QVERIFY(version.out.startsWith("attune-studio "));
    }

    void aWrongWordIsNamed_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("why");
        QTest::newRow("unknown") << QStringList{"--tuor", "x"} << "tuor";
        QTest::newRow("two projects") << QStringList{"a.attune", "b.attune"} << "one project";
        QTest::newRow("project and sample") << QStringList{"--sample", "a.attune"} << "not both";
        QTest::newRow("tour of nothing") << QStringList{"--tour"} << "tour";
        QTest::newRow("steps without tour") << QStringList{"--tour-steps", "9"} << "--tour";
        QTest::newRow("steps that are none") << QStringList{"--tour", "x", "--tour-steps", "few"} << "number";
    }
    void aWrongWordIsNamed()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, why);
        const Ended ended = run(arguments);
        QVERIFY(!ended.crashed);
        QCOMPARE(ended.code, 2);
        QVERIFY2(ended.err.section('\n', 0, 0).contains(why), qPrintable(ended.err));
        QVERIFY(ended.err.contains("Usage:"));
    }

    void withoutADisplayItSaysSo()
    {
        const Ended none = run({});
        QVERIFY(!none.crashed);
        QCOMPARE(none.code, 1);
        QVERIFY2(none.err.contains("no display"), qPrintable(none.err));
        const Ended dead = run({}, {{"DISPLAY", ":9999"}});
        QVERIFY(!dead.crashed);
        QCOMPARE(dead.code, 1);
        QVERIFY2(dead.err.contains("no display can be reached"), qPrintable(dead.err));
    }

    void theTourNeedsNoDisplay()
    {
        const QTemporaryDir folder;
        const Ended ended = run({"--tour", folder.filePath("shots")});
        QVERIFY(!ended.crashed);
        QCOMPARE(ended.code, 1); // there is no model in this home
        QVERIFY2(ended.err.contains("installer/setup"), qPrintable(ended.err));
    }

    void qtsOwnOptionsArePassedOver()
    {
        const Ended ended = run({"-platform", "offscreen", "--style=fusion", "--help"});
        QCOMPARE(ended.code, 0);
        QVERIFY(ended.out.contains("--sample"));
    }
};

QTEST_GUILESS_MAIN(TestArguments)
#include "tst_arguments.moc"
