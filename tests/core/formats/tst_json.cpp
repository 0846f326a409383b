#include "core/formats/json.h"

#include <QtTest>

using namespace attune;

class TestJson : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aMistakeNamesFileAndByte();
    void anEmptyTextIsCalledEmpty();
    void aDepthThatWouldOverflowTheStackIsRefused();
    void bracketsInsideTextsAreNoDepth();
    void numbersBeyondADoubleAreRefused();
    void anAbsentOrNullMemberIsTheFallback();
    void aMemberOfAnotherTypeNamesKeyAndFile();
    void wholeNumbersMayBeWrittenWithAPoint();
};

void TestJson::aMistakeNamesFileAndByte()
{
    const auto result = parseJson(R"({"a": nope})", "config.json");
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::InvalidInput);
    QVERIFY(result.error().message.starts_with("config.json is not valid JSON: byte 8"));
    QVERIFY(!parseJson("", "empty"));
    QVERIFY(!parseJson("{} {}", "two"));
    QVERIFY(!parseJson("\"\xff\"", "no UTF-8"));
}

void TestJson::anEmptyTextIsCalledEmpty()
{
    const auto result = parseJson(" \r\n", "config.json");
    QVERIFY(!result);
    QCOMPARE(result.error().message, std::string("config.json is empty, where JSON was expected."));
}

void TestJson::aDepthThatWouldOverflowTheStackIsRefused()
{
    const std::size_t many = 1'000'000;
    QVERIFY(!parseJson(std::string(many, '[') + std::string(many, ']'), "deep"));
    QVERIFY(parseJson(std::string(500, '[') + std::string(500, ']'), "not so deep"));
}

void TestJson::bracketsInsideTextsAreNoDepth()
{
    QVERIFY(parseJson("[\"\\\"" + std::string(2000, '[') + "\"]", "text"));
}

void TestJson::numbersBeyondADoubleAreRefused()
{
    QVERIFY(!parseJson("[1e999]", "number"));
}

void TestJson::anAbsentOrNullMemberIsTheFallback()
{
    const Json object = {{"null", nullptr}, {"flag", true}};
    QCOMPARE(jsonValue<std::int64_t>(object, "absent", 7, "x").value(), std::int64_t(7));
    QCOMPARE(jsonValue<double>(object, "null", 0.5, "x").value(), 0.5);
    QCOMPARE(jsonValue<bool>(object, "flag", false, "x").value(), true);
}

void TestJson::aMemberOfAnotherTypeNamesKeyAndFile()
{
    const Json object = {{"a", "text"}, {"b", 1.5}, {"c", 18446744073709551615u}};
    const auto a = jsonValue<std::int64_t>(object, "a", 0, "config.json");
    QVERIFY(!a);
    QCOMPARE(a.error().message, std::string("config.json: \"a\" must be a whole number, not \"text\"."));
    QVERIFY(!jsonValue<std::int64_t>(object, "b", 0, "x"));
    QVERIFY(!jsonValue<std::int64_t>(object, "c", 0, "x"));
    QVERIFY(!jsonValue<bool>(object, "b", false, "x"));
    QVERIFY(!jsonValue<std::string>(object, "b", "", "x"));
    QVERIFY(!jsonValue<double>(object, "a", 0, "x"));
    QVERIFY(!jsonValue<double>(Json::array(), "a", 0, "x"));
}

void TestJson::wholeNumbersMayBeWrittenWithAPoint()
{
    const Json object = {{"a", 512.0}, {"b", -3}, {"c", 2}};
    QCOMPARE(jsonValue<std::int64_t>(object, "a", 0, "x").value(), std::int64_t(512));
    QCOMPARE(jsonValue<std::int64_t>(object, "b", 0, "x").value(), std::int64_t(-3));
    QCOMPARE(jsonValue<double>(object, "c", 0, "x").value(), 2.0);
}

QTEST_APPLESS_MAIN(TestJson)
#include "tst_json.moc"
