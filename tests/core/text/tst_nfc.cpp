#include "core/text/nfc.h"

#include <QString>
#include <QtTest>

using namespace attune;

class TestNfc : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyDecompositionComposesAsQtSays();
    void marksAreOrdered();
    void aHundredThousandMarksOnOneLetterAreOrderedAtOnce();
    void textInNormalFormIsLeftAlone();
    void originsPointToTheFirstOfWhatWasComposed();
    void invalidBytesStay();
};

namespace {

std::string normal(const std::string &text)
{
    const auto result = toNfc(text);
    return result ? result->text : text;
}

std::string composedByQt(const QString &text)
{
    return text.normalized(QString::NormalizationForm_C).toStdString();
}

} // namespace

void TestNfc::everyDecompositionComposesAsQtSays()
{
    for (char32_t c = 0; c <= 0x10ffff; ++c) {
        if ((c >= 0xd800 && c < 0xe000) || (c >= 0xac00 + 2000 && c < 0xd7a4))
            continue;
        const QString text = QString::fromUcs4(&c, 1);
        const QString apart = text.normalized(QString::NormalizationForm_D);
        if (apart == text)
            continue;
        const QString framed = "x" + apart + "y" + apart;
        QVERIFY2(normal(framed.toStdString()) == composedByQt(framed), QByteArray::number(uint(c), 16));
    }
}

void TestNfc::marksAreOrdered()
{
    for (const QString &text :
         {QString("a\u0301\u0323"), QString("q\u0307\u0323x"), QString("\n\u0301\u0323"),
          QString("\u1100\u1161\u11a8"), QString("\u0915\u093c"), QString("\u09c7\u09be"), QString("e\u0301 \u0301")})
        QCOMPARE(normal(text.toStdString()), composedByQt(text));
}

/// In steps by the square of their number it would be a minute.
void TestNfc::aHundredThousandMarksOnOneLetterAreOrderedAtOnce()
{
    const std::string above = "\u0307", below = "\u0323";
    std::string text = "q", first, second;
    for (int i = 0; i < 50'000; ++i) {
        text += above + below;
        first += below;
        second += above;
    }
    QVERIFY(normal(text) == "q" + first + second);
}

void TestNfc::textInNormalFormIsLeftAlone()
{
    for (const char *text : {"", "plain", "café naïve", "東京 🙂 한국어", "q\u0323"})
        QVERIFY2(!toNfc(text), text);
}

void TestNfc::originsPointToTheFirstOfWhatWasComposed()
{
    const auto result = toNfc("ab e\u0301 東");
    QVERIFY(result);
    QCOMPARE(result->text, std::string("ab é 東"));
    QCOMPARE(result->origin, (std::vector<std::size_t>{0, 1, 2, 3, 3, 6, 7, 8, 9}));
}

void TestNfc::invalidBytesStay()
{
    QCOMPARE(normal("\xff"
                    "e\u0301\xe6\x9d"),
             std::string("\xff"
                         "é\xe6\x9d"));
}

QTEST_APPLESS_MAIN(TestNfc)
#include "tst_nfc.moc"
