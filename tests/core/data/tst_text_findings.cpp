#include "core/data/text_findings.h"

#include <QtTest>

using namespace attune;

class TestTextFindings : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void personalDataIsFoundWhereItStands_data();
    void personalDataIsFoundWhereItStands();
    void whatOnlyLooksLikeItIsLeftAlone_data();
    void whatOnlyLooksLikeItIsLeftAlone();
    void aWrongEncodingIsNamed_data();
    void aWrongEncodingIsNamed();
    void textsOfManyLanguagesAreNoWrongEncoding();
};

void TestTextFindings::personalDataIsFoundWhereItStands_data()
{
    QTest::addColumn<QString>("text"); // with [ ] around what is to be found
    QTest::addColumn<QString>("kind");
    const auto row = [](const char *text, const char *kind) { QTest::newRow(text) << text << kind; };
    row("write to [jo.smith+shop@mail.provider.co.uk], please", "e-mail address");
    row("<[a_b@web.de]>.", "e-mail address");
    row("Card [4111 1111 1111 1111] 12/27", "card number");
    row("card:[5500005555555559]", "card number");
    row("Amex [3782 822463 10005].", "card number");
    row("[6011-1111-1111-1117]", "card number");
    row("ring [+49 (30) 123456-78] today", "phone number");
    row("[+4915112345678]", "phone number");
    row("call [(503) 555-0177] or", "phone number");
    row("mobile [416-555-0119]", "phone number");
    row("Tel. [030 1234567]", "phone number");
    row("Mobil [0171/1234567]", "phone number");
    row("[020 7946 0958]", "phone number");
    row("appelez le [06 12 34 56 78].", "phone number");
    row("My mobile is [0048 600 555 014].", "phone number");
}
void TestTextFindings::personalDataIsFoundWhereItStands()
{
    QFETCH(QString, text);
    QFETCH(QString, kind);
    std::string marked = text.toStdString();
    const auto begin = marked.find('[');
    marked.erase(begin, 1);
    const auto end = marked.find(']');
    marked.erase(end, 1);
    const auto found = findPersonalData(marked);
    QCOMPARE(found.size(), std::size_t(1));
    QCOMPARE(QString::fromStdString(std::string(name(found[0].kind))), kind);
    QCOMPARE(found[0].begin, begin);
    // A card's expiry date may be taken with it.
    QVERIFY(found[0].end >= end);
}

void TestTextFindings::whatOnlyLooksLikeItIsLeftAlone_data()
{
    QTest::addColumn<QString>("text");
    for (const char *text :
         {"order KT-64205 and A-10482", "order no. 0123 4567 890", "order 62091458", "#4111111111111111",
          "4111 1111 1111 1112", "article 4006381333931", "ISBN 978-3-16-148410-0", "on 01-02-2023 10:30",
          "2023-11-25 10:15:00", "2024/8812", "DE89 3704 0044 0532 0130 00", "1,234,567.89", "version 10.20.300.4000",
          "192.168.100.200", "me@example.com", "@everyone and foo@bar", "10000000 times", "00340434161094015902",
          "M-Aspen/2 2020-08", "3.14159265358979", "555 0177", "ABN 51 000 417 229", "C++11+12345678x"})
        QTest::newRow(text) << text;
}
void TestTextFindings::whatOnlyLooksLikeItIsLeftAlone()
{
    QFETCH(QString, text);
    const std::string plain = text.toStdString();
    for (const PersonalData &data : findPersonalData(plain))
        QFAIL((std::string(name(data.kind)) + ": " + plain.substr(data.begin, data.end - data.begin)).c_str());
}

void TestTextFindings::aWrongEncodingIsNamed_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("named");
    QTest::newRow("umlaut") << "ein schÃ¶nes Haus"
                            << "\"Ã¶\"";
    QTest::newRow("apostrophe") << "donâ€™t"
                                << "\"â€™\"";
    QTest::newRow("pound") << "Â£5"
                           << "\"Â£\"";
    QTest::newRow("emoji") << "well done ðŸ˜€"
                           << "\"ðŸ˜€\"";
    QTest::newRow("replacement") << QStringLiteral("caf\uFFFD") << "U+FFFD";
    QTest::newRow("replacement after a lead byte") << QStringLiteral("\u00C3\uFFFD") << "U+FFFD";
    QTest::newRow("bell") << QStringLiteral("ding\u0007") << "U+0007";
    QTest::newRow("c1") << QStringLiteral("a\u0085b") << "U+0085";
}
void TestTextFindings::aWrongEncodingIsNamed()
{
    QFETCH(QString, text);
    QFETCH(QString, named);
    const auto odd = oddEncoding(text.toStdString());
    QVERIFY(odd);
    QVERIFY2(QString::fromStdString(*odd).contains(named), odd->c_str());
}

void TestTextFindings::textsOfManyLanguagesAreNoWrongEncoding()
{
    for (const char *text : {"Ein schönes Haus, »Menü«", "NÃO É ASSIM, «AMANHû", "«MENÂ» DE CÂMARA",
                             "L’été à Noël – «déjà»", "€ 5, 20 °C, ½", "Ðetta er íslenska", "Привет, мир",
                             "東京は晴れ", "😀👍🏽", "a\tb\r\nc", "Łódź, Żółw", "İstanbul’da"}) {
        const auto odd = oddEncoding(text);
        QVERIFY2(!odd, (std::string(text) + ": " + odd.value_or("")).c_str());
    }
}

QTEST_APPLESS_MAIN(TestTextFindings)
#include "tst_text_findings.moc"
