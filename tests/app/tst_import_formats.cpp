#include "attune_process.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QTest>
#include <csignal>

/// Files as people have them, through `attune import`.
class TestImportFormats : public QObject {
    Q_OBJECT

    Workplace m_place;

    Outcome imported(const QStringList &arguments) const
    {
        QFile::remove(m_place.path("p.attune"));
        if (m_place.attune({"init", "p.attune"}).status != 0)
            return {};
        return m_place.attune(QStringList{"import", "p.attune"} + arguments);
    }
    QList<QJsonObject> rows() const { return m_place.attune({"data", "p.attune", "list", "--json"}).json(); }

private Q_SLOTS:
    void latin1IsNamedAndRead()
    {
        m_place.write("old.csv", "question;answer\r\nGr\xf6\xdf"
                                 "e?;Ma\xdf\r\nok;fine\r\n");
        const auto asUtf8 = imported({"old.csv"});
        QCOMPARE(asUtf8.status, 0);
        QVERIFY(asUtf8.out.contains("rejected 1"));
        QVERIFY2(asUtf8.error.contains("old.csv seems to be in Latin-1"), qPrintable(asUtf8.error));
        QVERIFY(asUtf8.error.contains("--encoding latin-1"));
        const auto again = m_place.attune({"import", "p.attune", "old.csv", "--encoding", "latin-1"});
        QVERIFY(again.out.contains("imported 1") && again.out.contains("duplicates 1"));
        QVERIFY(!again.error.contains("Latin-1"));
        QCOMPARE(rows().last()["messages"].toArray()[0].toObject()["content"].toString(), QString("Größe?"));
    }

    void oneBrokenRowIsNotTakenForLatin1()
    {
        m_place.write("mixed.jsonl", "{\"prompt\": \"Gr\xc3\xb6\xc3\x9f"
                                     "e\", \"completion\": \"a\"}\n{\"prompt\": \"\xff\", \"completion\": \"b\"}\n");
        const auto outcome = imported({"mixed.jsonl"});
        QVERIFY(outcome.out.contains("rejected 1"));
        QVERIFY(!outcome.error.contains("Latin-1"));
    }

    void parquetIsReadOrTheCommandNamed()
    {
        const QString file = Workplace::data("parquet/chats.parquet");
        const auto outcome = imported({file, "--json"});
        if (outcome.status != 0) {
            QCOMPARE(outcome.errorLines().size(), 1);
            QVERIFY(outcome.error.contains("installer/setup --with-parquet"));
            QSKIP("built without Parquet: installer/setup --with-parquet fetches its libraries");
        }
        QCOMPARE(outcome.json().last()["imported"].toInt(), 4);
        QCOMPARE(outcome.json().last()["rejected"].toInt(), 2);
        const auto mapped =
            imported({Workplace::data("parquet/questions.parquet"), "--map", "user=frage,assistant=antwort"});
        QVERIFY2(mapped.out.contains("imported 2"), qPrintable(mapped.error));
        const auto damaged = imported({Workplace::data("parquet/cut.parquet")});
        QCOMPARE(damaged.status, 1);
        QCOMPARE(damaged.errorLines().size(), 1);
        QVERIFY(rows().isEmpty());
    }

    void stoppedInTheMiddleTheProjectIsAsBefore_data()
    {
        QTest::addColumn<int>("signal");
        QTest::newRow("Ctrl-C") << SIGINT;
        QTest::newRow("kill -9") << SIGKILL;
    }
    void stoppedInTheMiddleTheProjectIsAsBefore()
    {
        QFETCH(int, signal);
        QByteArray many;
        for (int i = 0; i < 20'000; ++i) {
            const QByteArray number = QByteArray::number(i);
            many += "{\"prompt\": \"order " + number + " of the day\", \"completion\": \"" +
                    QByteArray("word ").repeated(20) + number + "\"}\n";
        }
        m_place.write("many.jsonl", many);
        m_place.write("few.jsonl", Workplace::rows("train", 3));
        QCOMPARE(imported({"few.jsonl"}).status, 0);
        const auto before = rows();
        QCOMPARE(before.size(), 3);

        QProcess process;
        m_place.prepare(process);
        process.setArguments({"import", "p.attune", "many.jsonl"});
        process.start();
        QVERIFY(process.waitForStarted());
        // Its rows are on their way once the log beside the project has grown.
        QElapsedTimer waited;
        waited.start();
        while (QFileInfo(m_place.path("p.attune-wal")).size() < (1 << 20) && process.state() == QProcess::Running &&
               waited.elapsed() < 60'000 * Patience)
            QTest::qWait(5);
        QCOMPARE(process.state(), QProcess::Running);
        QCOMPARE(::kill(static_cast<pid_t>(process.processId()), signal), 0);
        QVERIFY(process.waitForFinished(60'000 * Patience));
        if (signal == SIGINT)
            QCOMPARE(process.exitCode(), 130);

        QCOMPARE(rows(), before);
        const auto next = m_place.attune({"import", "p.attune", "few.jsonl"});
        QVERIFY(next.out.contains("imported 0") && next.out.contains("duplicates 3"));
        QCOMPARE(rows(), before);
        QCOMPARE(m_place.attune({"data", "p.attune", "check", "--no-tokens"}).status, 0);
    }
};

QTEST_GUILESS_MAIN(TestImportFormats)
#include "tst_import_formats.moc"
