#include "core/data/import_preview.h"
#include "tests/core/data/imported.h"

#include <QtTest>

using namespace attune;

namespace {

constexpr std::string_view Table = "question,answer\nGrüße an 你好,Ja – „gut“ 🙂\n";

std::string utf16(std::string_view text, bool bigEndian)
{
    std::string bytes;
    for (const char16_t unit : QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())).toStdU16String()) {
        const char low = static_cast<char>(unit & 0xFF);
        const char high = static_cast<char>(unit >> 8);
        bytes += bigEndian ? high : low;
        bytes += bigEndian ? low : high;
    }
    return bytes;
}

Imported importAs(const std::string &content, TextEncoding encoding, const ImportOptions &options = {})
{
    const Files files;
    ImportSource source(files.write("a.csv", content));
    source.encoding = encoding == TextEncoding::Auto ? encodingOf(source) : encoding;
    return importFile(source, options);
}

} // namespace

class TestTextEncoding : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theEncodingIsGuessed_data();
    void theEncodingIsGuessed();
    void aMarkedFileNeedsNoGuess();
    void charactersAreWholeAcrossPieces();
    void windowsLettersAreRead();
    void aCutCharacterIsAReplacement();
    void theFirstLineMayBeARow();
};

void TestTextEncoding::theEncodingIsGuessed_data()
{
    QTest::addColumn<QByteArray>("start");
    QTest::addColumn<int>("encoding");
    const auto row = [](const char *name, const std::string &start, TextEncoding encoding) {
        QTest::newRow(name) << QByteArray::fromStdString(start) << static_cast<int>(encoding);
    };
    row("ascii", "a,b\n", TextEncoding::Utf8);
    row("empty", "", TextEncoding::Utf8);
    row("utf-8", "Größe", TextEncoding::Utf8);
    row("utf-8, cut within a letter", "Gr\xc3", TextEncoding::Utf8);
    row("utf-8 with one bad byte", "Größe \xff Maß", TextEncoding::Utf8);
    row("latin-1", "Gr\xf6\xdf" "e,Ma\xdf\n", TextEncoding::Latin1);
    row("utf-16", "\xff\xfe" + utf16("a", false), TextEncoding::Utf16);
    row("utf-16 without a mark", utf16("question,answer", false), TextEncoding::Utf16);
}

void TestTextEncoding::theEncodingIsGuessed()
{
    QFETCH(QByteArray, start);
    QFETCH(int, encoding);
    QCOMPARE(static_cast<int>(guessEncoding(start.toStdString())), encoding);
}

void TestTextEncoding::aMarkedFileNeedsNoGuess()
{
    for (const bool big : {false, true}) {
        const std::string mark = big ? "\xfe\xff" : "\xff\xfe";
        const Imported all = importText("a.csv", mark + utf16(Table, big));
        QVERIFY2(all.result, all.error().c_str());
        QCOMPARE(all.examples.size(), std::size_t(1));
        QCOMPARE(all.examples[0].messages[0].content, std::string("Grüße an 你好"));
        QCOMPARE(all.examples[0].messages[1].content, std::string("Ja – „gut“ 🙂"));
    }
    const Imported marked = importText("a.csv", "\xef\xbb\xbf" + std::string(Table));
    QCOMPARE(marked.examples.size(), std::size_t(1));
}

void TestTextEncoding::charactersAreWholeAcrossPieces()
{
    // Longer than what is read at once, and shifted by one byte, so that a unit lies on the border.
    std::string text = "question,answer\n";
    for (int i = 0; i < 9000; ++i)
        text += "frage 🙂 " + std::to_string(i) + ",antwort ß " + std::to_string(i) + "\n";
    for (const std::string &shift : {std::string(), std::string("x")}) {
        ImportOptions options;
        options.columns = {{"user", shift + "question"}, {"assistant", "answer"}};
        const Imported all = importAs("\xff\xfe" + utf16(shift + text, false), TextEncoding::Auto, options);
        QVERIFY2(all.result, all.error().c_str());
        QVERIFY(all.rejects.empty());
        QCOMPARE(all.examples.size(), std::size_t(9000));
        QCOMPARE(all.examples[8999].messages[0].content, std::string("frage 🙂 8999"));
    }
}

void TestTextEncoding::windowsLettersAreRead()
{
    const Imported all = importAs("question,answer\nGr\xf6\xdf" "e \x80,\x84" "gut\x93\r\n", TextEncoding::Auto);
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples[0].messages[0].content, std::string("Größe €"));
    QCOMPARE(all.examples[0].messages[1].content, std::string("„gut“"));
}

void TestTextEncoding::aCutCharacterIsAReplacement()
{
    std::string text = utf16("question,answer\na,b", false);
    text.pop_back();
    const Imported all = importAs(text, TextEncoding::Utf16);
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples[0].messages[1].content, std::string("\xef\xbf\xbd"));
}

void TestTextEncoding::theFirstLineMayBeARow()
{
    for (const char *text : {"Where is it,Here\nAnd now,There\n", "Where is it;Here\nAnd now;There\n"}) {
        const Files files;
        ImportOptions options;
        options.namesFirst = false;
        const auto preview = previewImport(files.write("a.csv", text), options);
        QVERIFY(preview);
        QCOMPARE(preview->columns.size(), std::size_t(2));
        QCOMPARE(preview->columns[0].name, std::string("column 1"));
        QCOMPARE(preview->first.size(), std::size_t(2));
        options.columns = {{"user", "column 1"}, {"assistant", "column 2"}};
        const Imported all = importText("a.csv", text, options);
        QVERIFY2(all.result, all.error().c_str());
        QCOMPARE(all.examples.size(), std::size_t(2));
        QCOMPARE(all.examples[0].messages[0].content, std::string("Where is it"));
        QCOMPARE(all.examples[0].origin.line, std::int64_t(1));
        QCOMPARE(all.examples[1].messages[1].content, std::string("There"));
    }
}

QTEST_APPLESS_MAIN(TestTextEncoding)
#include "tst_text_encoding.moc"
