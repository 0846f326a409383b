#include "core/text/utf8.h"

#include <QtTest>

using namespace attune;

class TestUtf8 : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyCodePointIsWholeAndItsBeginningsAreIncomplete();
    void whatNoCharacterBeginsWithIsInvalid_data();
    void whatNoCharacterBeginsWithIsInvalid();
    void oneMarkStandsForEachBrokenSequence();
    void theFastPathSeesEveryByte();
};

namespace {

std::string encoded(char32_t c)
{
    if (c < 0x80)
        return {char(c)};
    if (c < 0x800)
        return {char(0xc0 | c >> 6), char(0x80 | (c & 63))};
    if (c < 0x10000)
        return {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
    return {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
}

} // namespace

void TestUtf8::everyCodePointIsWholeAndItsBeginningsAreIncomplete()
{
    for (char32_t c = 0; c <= 0x10ffff; ++c) {
        if (c >= 0xd800 && c < 0xe000)
            continue;
        const std::string bytes = encoded(c);
        const Utf8Step step = utf8Step(bytes + "x");
        QVERIFY(step.kind == Utf8Step::Kind::Whole && step.length == bytes.size());
        for (std::size_t size = 1; size < bytes.size(); ++size) {
            const Utf8Step cut = utf8Step(std::string_view(bytes).substr(0, size));
            QVERIFY(cut.kind == Utf8Step::Kind::Incomplete && cut.length == size);
        }
    }
}

void TestUtf8::whatNoCharacterBeginsWithIsInvalid_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("length");
    QTest::newRow("continuation") << QByteArray("\x80") << 1;
    QTest::newRow("overlong slash") << QByteArray("\xc0\xaf") << 1;
    QTest::newRow("overlong in three") << QByteArray("\xe0\x9f\xbf") << 1;
    QTest::newRow("overlong in four") << QByteArray("\xf0\x8f\xbf\xbf") << 1;
    QTest::newRow("surrogate") << QByteArray("\xed\xa0\x80") << 1;
    QTest::newRow("beyond") << QByteArray("\xf4\x90\x80\x80") << 1;
    QTest::newRow("five bytes") << QByteArray("\xf8\x88\x80\x80\x80") << 1;
    QTest::newRow("cut by a letter") << QByteArray("\xe6\x9d"
                                                   "a")
                                     << 2;
    QTest::newRow("cut by another") << QByteArray("\xf0\x9f\x99\xe6") << 3;
}

void TestUtf8::whatNoCharacterBeginsWithIsInvalid()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, length);
    const std::string text = bytes.toStdString();
    const Utf8Step step = utf8Step(text);
    QVERIFY(step.kind == Utf8Step::Kind::Invalid);
    QCOMPARE(int(step.length), length);
    QVERIFY(!isUtf8(text));
}

void TestUtf8::oneMarkStandsForEachBrokenSequence()
{
    QCOMPARE(replacedInvalidUtf8("a\xe6\x9d"
                                 "b\xff\xff"
                                 "c\xf0\x9f"),
             std::string("a\uFFFDb\uFFFD\uFFFDc\uFFFD"));
    QCOMPARE(replacedInvalidUtf8("naïve 東京"), std::string("naïve 東京"));
}

void TestUtf8::theFastPathSeesEveryByte()
{
    for (std::size_t size = 0; size < 40; ++size) {
        QVERIFY(isUtf8(std::string(size, 'a')));
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            text[at] = '\xff';
            QVERIFY(!isUtf8(text));
            QCOMPARE(invalidUtf8(text), at);
        }
    }
}

QTEST_APPLESS_MAIN(TestUtf8)
#include "tst_utf8.moc"
