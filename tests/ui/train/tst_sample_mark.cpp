#include "ui/train/sample_mark.h"

#include <QTest>

using namespace attune;
using namespace attune::ui;

class TestSampleMark : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void fieldsAreCountedWhereJsonIsExpected_data();
    void fieldsAreCountedWhereJsonIsExpected();
};

void TestSampleMark::fieldsAreCountedWhereJsonIsExpected_data()
{
    QTest::addColumn<QString>("expected");
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("complete");
    QTest::addColumn<QString>("fields");
    QTest::addColumn<Tone>("tone");
    const QString expected = R"({"a": "x, {y}", "b": null, "c": "z"})";
    QTest::newRow("all but one") << expected << R"({"a": "x, {y}", "b": null, "c": "other"})" << true << "2/3"
                                 << Tone::Warn;
    QTest::newRow("a missing one is wrong") << expected << R"({"a": "x, {y}"})" << true << "1/3" << Tone::Warn;
    QTest::newRow("none") << expected << R"({"d": 1})" << true << "0/3" << Tone::Bad;
    QTest::newRow("no JSON") << expected << "I am sorry." << true << "" << Tone::Bad;
    QTest::newRow("an end that never came") << expected << R"({"a": "x, {y}", "b": nu)" << true << "" << Tone::Bad;
    QTest::newRow("cut in the last one")
        << expected << R"({"a": "x, {y}", "b": null, "c": "ot)" << false << "2/2" << Tone::Ok;
    QTest::newRow("cut in the first one") << expected << R"({"a": "x, {)" << false << "" << Tone::Bad;
    QTest::newRow("text") << "delivery" << "refund" << true << "" << Tone::Bad;
}

void TestSampleMark::fieldsAreCountedWhereJsonIsExpected()
{
    QFETCH(QString, expected);
    QFETCH(QString, text);
    QFETCH(bool, complete);
    SampleAnswer answer;
    answer.expected = expected.toStdString();
    answer.text = text.toStdString();
    answer.complete = complete;
    const SampleMark mark = markOf(answer);
    QTEST(mark.fields, "fields");
    QTEST(mark.tone, "tone");
    QVERIFY(!mark.words.isEmpty());
    answer.asExpected = true;
    QCOMPARE(markOf(answer).tone, Tone::Ok);
}

QTEST_GUILESS_MAIN(TestSampleMark)
#include "tst_sample_mark.moc"
