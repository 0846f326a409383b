#include "core/eval/gate.h"
#include "core/eval/scorers.h"

#include <QTest>

using namespace attune;

namespace {

std::vector<AnswerScore> scoresOf(std::initializer_list<std::pair<const char *, const char *>> pairs)
{
    std::vector<AnswerScore> scores;
    for (const auto &[answer, reference] : pairs)
        scores.push_back(scoreAnswer(answer, reference));
    return scores;
}

} // namespace

class TestScorers : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void exactMatchIgnoresOnlyOuterWhiteSpace()
    {
        QVERIFY(scoreAnswer(" yes\n", "yes").exactMatch);
        QVERIFY(!scoreAnswer("Yes", "yes").exactMatch);
        QVERIFY(!scoreAnswer("y es", "yes").exactMatch);
    }

    void onlyAWholeObjectOrListIsValidJson_data()
    {
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<bool>("valid");
        QTest::newRow("object") << QByteArray(" {\"a\": 1}\n") << true;
        QTest::newRow("list") << QByteArray("[1, 2]") << true;
        QTest::newRow("text around it") << QByteArray("Here: {\"a\": 1}") << false;
        QTest::newRow("two of them") << QByteArray("{} {}") << false;
        QTest::newRow("cut off") << QByteArray("{\"a\": ") << false;
        QTest::newRow("a number") << QByteArray("42") << false;
        QTest::newRow("a text") << QByteArray("\"a\"") << false;
        QTest::newRow("code fence") << QByteArray("```json\n{}\n```") << false;
        QTest::newRow("nothing") << QByteArray("") << false;
    }
    void onlyAWholeObjectOrListIsValidJson()
    {
        QFETCH(QByteArray, answer);
        QFETCH(bool, valid);
        QCOMPARE(scoreAnswer(answer.toStdString(), "{}").validJson, valid);
    }

    void fieldsAreComparedByValue()
    {
        const auto score = scoreAnswer(R"({"b": " x ", "a": 1.0, "c": null, "e": [1]})",
                                       R"({"a": 1, "b": "x", "c": null, "d": 2, "e": [1, 2]})");
        QCOMPARE(score.fields.size(), std::size_t(5));
        QVERIFY(score.fields.at("a"));
        QVERIFY(score.fields.at("b"));
        QVERIFY(score.fields.at("c"));
        QVERIFY(!score.fields.at("d")); // missing
        QVERIFY(!score.fields.at("e"));
        QVERIFY(!score.exactMatch);
    }

    void anAbsentKeyIsNotTheSameAsNull() { QVERIFY(!scoreAnswer("{}", R"({"a": null})").fields.at("a")); }

    void everyFieldOfABrokenAnswerIsWrong()
    {
        const auto score = scoreAnswer(R"({"a": 1)", R"({"a": 1, "b": 2})");
        QVERIFY(!score.fields.at("a"));
        QVERIFY(!score.fields.at("b"));
    }

    void aReferenceThatIsNoObjectHasNoFields()
    {
        QVERIFY(scoreAnswer("{}", "plain text").fields.empty());
        QVERIFY(scoreAnswer("[1]", "[1]").fields.empty());
    }

    void sharesAreOverTheRowsThatHaveTheKey()
    {
        const auto scores = scoresOf({{R"({"a": 1})", R"({"a": 1})"},
                                      {R"({"a": 2})", R"({"a": 1, "b": 3})"},
                                      {"no", R"({"a": 1})"},
                                      {"ok", "ok"}});
        const EvalSummary summary = summarise(scores, 0.5);
        QCOMPARE(summary.rows, std::int64_t(4));
        QCOMPARE(summary.exactMatch, 0.5);
        QCOMPARE(summary.validJson, 0.5);
        QCOMPARE(summary.fields.at("a"), 1.0 / 3);
        QCOMPARE(summary.fields.at("b"), 0.0);
        QCOMPARE(summary.perplexity, std::exp(0.5));
    }

    void theSummaryNamesFieldsOnlyWhereThereAreAny()
    {
        const auto plain = summarise(scoresOf({{"a", "a"}}), 0).toJson();
        QVERIFY(!plain.contains("fields"));
        const auto structured = summarise(scoresOf({{"{}", R"({"k": 1})"}}), 0).toJson();
        QCOMPARE(structured["fields"]["k"].get<double>(), 0.0);
    }

    void noRowsGiveZeroAndNotANumberThatIsNone()
    {
        const EvalSummary summary = summarise({}, 0);
        QCOMPARE(summary.exactMatch, 0.0);
        QCOMPARE(summary.validJson, 0.0);
    }

    void aGateSaysWhichBoundDoesNotHold()
    {
        const EvalSummary summary = summarise(scoresOf({{R"({"a": 1})", R"({"a": 1})"}, {"x", R"({"a": 1})"}}), 2.0);
        const auto rules = parseGate(
            Json::parse(R"({"valid_json": {"min": 0.5}, "loss": {"max": 1.5}, "fields.a": {"min": 0.9, "max": 1}})"),
            "gate.json");
        QVERIFY(rules);
        const auto failed = failedRules(*rules, summary);
        QCOMPARE(failed.size(), std::size_t(2));
        QVERIFY(failed[0].starts_with("fields.a is 0.5"));
        QVERIFY(failed[1].starts_with("loss is 2.0"));
    }

    void aGateOnAFigureThatIsNotThereFails()
    {
        const auto rules = parseGate(Json::parse(R"({"fields.zip": {"min": 0}})"), "gate.json");
        QVERIFY(rules);
        QCOMPARE(failedRules(*rules, summarise({}, 0)).size(), std::size_t(1));
    }

    void aGateOnALossThatIsNotANumberFails()
    {
        const auto rules = parseGate(Json::parse(R"({"loss": {"max": 100}})"), "gate.json");
        QVERIFY(rules);
        QCOMPARE(failedRules(*rules, summarise({}, std::nan(""))).size(), std::size_t(1));
    }

    void aGateThatIsNoneIsRefusedByName()
    {
        for (const char *text :
             {"[]", "{}", R"({"loss": 1})", R"({"loss": {"most": 1}})", R"({"loss": {"max": "1"}})"}) {
            const auto rules = parseGate(Json::parse(text), "gate.json");
            QVERIFY(!rules);
            QVERIFY(rules.error().message.starts_with("gate.json"));
        }
    }
};

QTEST_APPLESS_MAIN(TestScorers)
#include "tst_scorers.moc"
