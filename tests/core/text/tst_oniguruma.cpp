#include "core/text/oniguruma.h"
#include "core/text/pretokenizer.h"

#include <QtTest>

using namespace attune;

namespace {

using Words = std::vector<std::string>;

} // namespace

class TestOniguruma : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void patternsCutAsTheTokenizersLibraryDoes_data();
    void patternsCutAsTheTokenizersLibraryDoes();
    void whatIsReadOtherwiseIsRefused_data();
    void whatIsReadOtherwiseIsRefused();
};

// The words are those of tokenizers 0.23.3, Split(Regex(pattern), "isolated").pre_tokenize_str(text).
void TestOniguruma::patternsCutAsTheTokenizersLibraryDoes_data()
{
    QTest::addColumn<std::string>("pattern");
    QTest::addColumn<std::string>("text");
    QTest::addColumn<Words>("words");
    const auto row = [](const char *name, const char *pattern, const char *text, Words words) {
        QTest::newRow(name) << std::string(pattern) << std::string(text) << std::move(words);
    };
    row("a line's end", R"(\s+$)", "a \nb  ", {"a", " ", "\nb", "  "});
    row("a line's begin", "^b", "a\nb\n", {"a\n", "b", "\n"});
    row("the last end", R"(a\Z)", "a\na\n", {"a\n", "a", "\n"});
    row("any but a line feed", ".+", "a\r\nb\u2028c\u0085d", {"a\r", "\n", "b\u2028c\u0085d"});
    row("word characters", R"(\w+)", "a\u0301\u0915\u093f_1\u203f\u24b6\u2160\u00b2x-\u200d",
        {"a\u0301\u0915\u093f_1\u203f\u24b6\u2160\u00b2x", "-\u200d"});
    row("word characters in a class", R"([\w]+)", "a\u0915\u093f-", {"a\u0915\u093f", "-"});
    row("digits", R"(\d+)", "1\u0968\u00b2", {"1\u0968", "\u00b2"});
    row("a bracket first in a class", "[]a]+", "a]]b", {"a]]", "b"});
    row("a class by name", "[[:alpha:]]+", "ab\u00e91", {"ab\u00e9", "1"});
    row("possessive", "a++", "aaa", {"aaa"});
    row("between two and three", R"(\d{2,3})", "1234567", {"123", "456", "7"});
    row("the fewest of two and three", R"(\d{2,3}?)", "12345", {"12", "34", "5"});
    row("without case", "'(?i:[sdmt]|ll|ve|re)", "it'S we'Re", {"it", "'S", " we", "'Re"});
}

void TestOniguruma::patternsCutAsTheTokenizersLibraryDoes()
{
    QFETCH(const std::string, pattern);
    QFETCH(const std::string, text);
    QFETCH(const Words, words);
    PreTokenizer pre;
    QVERIFY(pre.addPattern(pattern, PreTokenizer::Gaps::Keep, "test"));
    Words found;
    pre.split(text, [&](std::size_t begin, std::size_t end) { found.push_back(text.substr(begin, end - begin)); });
    QCOMPARE(found, words);
}

void TestOniguruma::whatIsReadOtherwiseIsRefused_data()
{
    QTest::addColumn<std::string>("pattern");
    QTest::addColumn<std::string>("named");
    const auto row = [](const char *pattern, const char *named) {
        QTest::newRow(pattern) << std::string(pattern) << std::string(named);
    };
    row(R"(\p{N}{1,3}+)", "{1,3}+ at byte 5"); // there: repeated
    row(R"(\d{2}?)", "{2}? at byte 2");        // there: twice or not at all
    row("a{,2}", "{,2} at byte 1");            // there: at most two
    row("[a-z&&[^b]]+", "&& at byte 4");
    row("[a[bc]]+", "[ at byte 2");
    row(R"(\h+)", R"(\h at byte 0)"); // there: a hexadecimal digit
    row(R"(\v)", R"(\v at byte 0)");  // there: U+000B alone
    row(R"(\bab)", R"(\b at byte 0)");
    row("(?m:a.b)", "(?m at byte 0");
    row("a(?i)b|c", "(?i at byte 1");
}

void TestOniguruma::whatIsReadOtherwiseIsRefused()
{
    QFETCH(const std::string, pattern);
    QFETCH(const std::string, named);
    const auto translated = pcre2FromOniguruma(pattern, "x/tokenizer.json");
    QVERIFY(!translated);
    QCOMPARE(translated.error().message, "x/tokenizer.json: the pattern of the pre-tokenizer can't be used: it has " +
                                             named + " of " + pattern + ", which is not known here.");
}

QTEST_APPLESS_MAIN(TestOniguruma)
#include "tst_oniguruma.moc"
