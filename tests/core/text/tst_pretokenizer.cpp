#include "core/text/pretokenizer.h"

#include <QtTest>

using namespace attune;

class TestPreTokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void gpt2SplitsAsPublished();
    void theLookaheadEndsWithThePiece();
    void whiteSpaceIsUnicodes();
    void gapsAreKeptOrDropped();
    void invalidBytesAreCutLikeSymbols();
    void aWrongPatternNamesFileAndPlace();
    void withoutPatternsATextIsOneWord();
};

namespace {

using Words = std::vector<std::string>;

Words split(const PreTokenizer &pre, const std::string &text)
{
    Words words;
    pre.split(text, [&](std::size_t begin, std::size_t end) { words.push_back(text.substr(begin, end - begin)); });
    return words;
}

PreTokenizer made(const std::vector<std::string> &patterns, PreTokenizer::Gaps gaps = PreTokenizer::Gaps::Keep)
{
    PreTokenizer pre;
    for (const std::string &pattern : patterns)
        if (!pre.addPattern(pattern, gaps, "test"))
            qFatal("the pattern %s does not compile", pattern.c_str());
    return pre;
}

} // namespace

void TestPreTokenizer::gpt2SplitsAsPublished()
{
    const PreTokenizer pre = made({Gpt2Pattern});
    QCOMPARE(split(pre, "We're  here, it'S 42!\n\n x"),
             (Words{"We", "'re", " ", " here", ",", " it", "'", "S", " 42", "!", "\n\n", " x"}));
}

void TestPreTokenizer::theLookaheadEndsWithThePiece()
{
    const PreTokenizer pre = made({"\\p{N}", Gpt2Pattern});
    QCOMPARE(split(pre, "   42"), (Words{"   ", "4", "2"}));
    QCOMPARE(split(pre, "a  12"), (Words{"a", "  ", "1", "2"}));
    QCOMPARE(split(made({Gpt2Pattern}), "   42"), (Words{"  ", " 42"}));
    QCOMPARE(split(pre, "½²٣Ⅷ①一二"), (Words{"½", "²", "٣", "Ⅷ", "①", "一二"}));
}

void TestPreTokenizer::whiteSpaceIsUnicodes()
{
    const PreTokenizer pre = made({"\\s+", "[^\\s]+", "\\S+"});
    QCOMPARE(split(pre, "a\u00a0\u2003\u3000\u0085\u2028 b"), (Words{"a", "\u00a0\u2003\u3000\u0085\u2028 ", "b"}));
    QCOMPARE(split(pre, "a\u180e\u200b\x1c"
                        "b")
                 .size(),
             std::size_t(1)); // no white space today
}

void TestPreTokenizer::gapsAreKeptOrDropped()
{
    QCOMPARE(split(made({"b+"}), "abba"), (Words{"a", "bb", "a"}));
    QCOMPARE(split(made({"b+"}, PreTokenizer::Gaps::Drop), "abba"), (Words{"bb"}));
    PreTokenizer literal;
    QVERIFY(literal.addLiteral("b+", PreTokenizer::Gaps::Keep, "test"));
    QCOMPARE(split(literal, "abb+a"), (Words{"ab", "b+", "a"}));
}

void TestPreTokenizer::invalidBytesAreCutLikeSymbols()
{
    const PreTokenizer pre = made({Gpt2Pattern});
    QCOMPARE(split(pre, "ab\xff\xe6\x9d cd"), (Words{"ab", "\xff\xe6\x9d", " cd"}));
    std::string bytes;
    for (int i = 0; i < 256; ++i)
        (bytes += char(i)) += char(255 - i);
    std::string joined;
    for (const std::string &word : split(pre, bytes))
        joined += word;
    QCOMPARE(joined, bytes);
}

void TestPreTokenizer::aWrongPatternNamesFileAndPlace()
{
    PreTokenizer pre;
    const auto result = pre.addPattern("(a", PreTokenizer::Gaps::Keep, "x/tokenizer.json");
    QVERIFY(!result);
    QVERIFY(result.error().message.starts_with("x/tokenizer.json"));
    QVERIFY(result.error().message.find("at byte 2") != std::string::npos);
}

void TestPreTokenizer::withoutPatternsATextIsOneWord()
{
    QCOMPARE(split(PreTokenizer(), "a b"), (Words{"a b"}));
    QCOMPARE(split(PreTokenizer(), ""), Words());
}

QTEST_APPLESS_MAIN(TestPreTokenizer)
#include "tst_pretokenizer.moc"
