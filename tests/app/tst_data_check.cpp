#include "attune_process.h"

#include <QTest>

/// The ledger of a project, as `attune data P check` prints it.
class TestDataCheck : public QObject {
    Q_OBJECT

    Workplace m_place;

    Outcome check(const QStringList &more) const
    {
        return m_place.attune(QStringList{"data", "p.attune", "check"} + more);
    }

    static QByteArray row(const QByteArray &prompt, const QByteArray &completion)
    {
        return "{\"messages\": [{\"role\": \"user\", \"content\": \"" + prompt +
               "\"}, {\"role\": \"assistant\", \"content\": \"" + completion + "\"}]}\n";
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_place.write("rows.jsonl", Workplace::rows("train", 6) + row("same question twice, please", "one answer") +
                                        row("same question twice, please", "another answer") +
                                        row("who", "write to jane.doe@gmail.com") +
                                        row("long", QByteArray("word ").repeated(60)));
        QCOMPARE(m_place.attune({"init", "p.attune"}).status, 0);
        QCOMPARE(m_place.attune({"import", "p.attune", "rows.jsonl"}).status, 0);
    }

    void everyKindIsCountedAndItsRowsNamed()
    {
        const auto outcome = check({"--model", Workplace::model(), "--max-length", "100", "--json"});
        QVERIFY2(outcome.status == 0, qPrintable(outcome.error));
        const auto lines = outcome.json();
        QVERIFY(!lines.isEmpty());
        const QJsonObject ledger = lines.last();
        const QJsonObject kinds = ledger["problems"].toObject();
        QCOMPARE(kinds.size(), 16);
        QVERIFY(kinds["near-duplicate"].toInt() >= 2 || kinds["duplicate"].toInt() >= 2);
        QCOMPARE(kinds["personal-data"].toInt(), 1);
        QCOMPARE(kinds["cut"].toInt(), ledger["cut_rows"].toInt());
        QCOMPARE(ledger["max_length"].toInt(), 100);
        QVERIFY(ledger["cut_tokens"].toInt() > 0);
        int cut = 0;
        for (const QJsonObject &line : lines) {
            const QJsonObject problem = line["problem"].toObject();
            cut += problem["kind"] == "cut";
            if (problem["kind"] == "personal-data")
                QCOMPARE(problem["row"].toInt(), 9);
        }
        QCOMPARE(cut, ledger["cut_rows"].toInt());
    }

    void peopleReadWhatIsLost()
    {
        const auto outcome = check({"--model", Workplace::model(), "--set", "max_length=100"});
        QCOMPARE(outcome.status, 0);
        QVERIFY2(outcome.out.contains("max_length 100 cuts "), qPrintable(outcome.out));
        QVERIFY(outcome.out.contains("cut "));
        QVERIFY(outcome.out.contains("personal-data"));
    }

    void tokensAreLeftOutOnRequest()
    {
        const auto ledger = check({"--no-tokens", "--json"}).json().last();
        QVERIFY(!ledger.contains("tokens"));
        QCOMPARE(ledger["rows"].toInt(), 10);
    }

    void aModelThatIsNotThereIsAnErrorOnlyIfNamed()
    {
        const auto named = check({"--model", "no-such-model"});
        QCOMPARE(named.status, 1);
        QCOMPARE(named.errorLines().size(), 1);
        qputenv("ATTUNE_CACHE", m_place.path("none").toUtf8()); // where the model of set-up is looked for
        const auto unnamed = check({"--json"});
        qunsetenv("ATTUNE_CACHE");
        QVERIFY2(unnamed.status == 0, qPrintable(unnamed.error));
        QVERIFY(unnamed.error.contains("Tokens are not counted"));
        QVERIFY(!unnamed.json().last().contains("tokens"));
    }
};

QTEST_GUILESS_MAIN(TestDataCheck)
#include "tst_data_check.moc"
