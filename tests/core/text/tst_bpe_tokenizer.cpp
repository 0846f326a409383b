#include "tests/core/text/rendered.h"
#include "tests/core/text/toy_tokenizers.h"
#include "tests/patience.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

using namespace attune;

class TestBpeTokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void idsAreThoseOfTheReferenceLibrary_data();
    void idsAreThoseOfTheReferenceLibrary();
    void wordsMergeAsTheSimplestLoopMergesThem();
    void decodingGivesTheTextBack();
    void anyBytesEncode();
    void specialTokensInShieldedTextAreOrdinary();
    void mergesCrossTheBordersOfSpans();
    void composedCharactersBeginWhereTheirFirstPartDoes();
    void aLongWordTakesNoQuadraticTime();
    void threadsMayShareIt();

private:
    std::shared_ptr<const Tokenizer> load(const std::string &name)
    {
        auto tokenizer = loadToy(m_folder.filePath(name.c_str()).toStdString(), m_toys[name]["tokenizer"]);
        if (!tokenizer)
            qFatal("%s", tokenizer.error().message.c_str());
        return *tokenizer;
    }
    QTemporaryDir m_folder;
    Json m_toys;
};

void TestBpeTokenizer::initTestCase()
{
    m_toys = toyTokenizers();
    QVERIFY(m_toys.size() >= 6);
}

void TestBpeTokenizer::idsAreThoseOfTheReferenceLibrary_data()
{
    QTest::addColumn<QString>("name");
    for (const auto &[name, toy] : m_toys.items())
        QTest::newRow(name.c_str()) << QString::fromStdString(name);
}

void TestBpeTokenizer::idsAreThoseOfTheReferenceLibrary()
{
    QFETCH(QString, name);
    const auto tokenizer = load(name.toStdString());
    for (const Json &one : m_toys[name.toStdString()]["cases"]) {
        const auto text = one["text"].get<std::string>();
        const auto tokens = tokenizer->encode(text);
        QVERIFY2(idsOf(tokens) == one["ids"].get<std::vector<TokenId>>(), one.dump().c_str());
        if (one["begins"].is_null())
            continue;
        auto begins = beginsOf(tokens);
        for (std::int64_t &begin : begins) // the library counts characters
            while (begin > 0 && begin < std::int64_t(text.size()) && (text[std::size_t(begin)] & 0xc0) == 0x80)
                --begin;
        QVERIFY2(begins == one["begins"].get<std::vector<std::int64_t>>(), one.dump().c_str());
    }
}

void TestBpeTokenizer::wordsMergeAsTheSimplestLoopMergesThem()
{
    const auto tokenizer = load("inverted");
    std::map<std::pair<std::string, std::string>, std::size_t> ranks;
    std::set<std::string> letters;
    for (const Json &merge : m_toys["inverted"]["tokenizer"]["model"]["merges"]) {
        const auto pair = std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
        ranks.emplace(pair, ranks.size());
        for (const char c : pair.first + pair.second)
            if (c >= 'a' && c <= 'z')
                letters.insert(std::string(1, c));
    }
    const std::vector<std::string> alphabet(letters.begin(), letters.end());
    std::mt19937 random(3);
    for (int round = 0; round < 500; ++round) {
        std::string word;
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < 1 + random() % 60; ++i) {
            parts.push_back(alphabet[random() % alphabet.size()]);
            word += parts.back();
        }
        while (true) {
            std::size_t best = parts.size();
            std::size_t bestRank = ranks.size();
            for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
                const auto found = ranks.find({parts[i], parts[i + 1]});
                if (found != ranks.end() && found->second < bestRank) {
                    best = i;
                    bestRank = found->second;
                }
            }
            if (best == parts.size())
                break;
            parts[best] += parts[best + 1];
            parts.erase(parts.begin() + std::ptrdiff_t(best) + 1);
        }
        std::vector<std::string> pieces;
        for (const Token &token : tokenizer->encode(word))
            pieces.push_back(tokenizer->piece(token.id));
        QCOMPARE(pieces, parts);
    }
}

void TestBpeTokenizer::decodingGivesTheTextBack()
{
    const auto tokenizer = load("gpt2");
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (std::size_t i = 0; i < random() % 50; ++i)
            bytes += static_cast<char>(random());
        const auto tokens = tokenizer->encode(bytes);
        QCOMPARE(tokenizer->decode(idsOf(tokens)), bytes);
        std::string joined;
        for (const Token &token : tokens) {
            QCOMPARE(token.begin, std::int64_t(joined.size()));
            joined += tokenizer->tokenBytes(token.id);
        }
    }
    const auto ids = idsOf(tokenizer->encode("a<|a|>b"));
    QCOMPARE(tokenizer->decode(ids, true), std::string("ab"));
    QCOMPARE(tokenizer->decode(std::vector<TokenId>{-1, 1 << 30}), std::string());
}

void TestBpeTokenizer::anyBytesEncode()
{
    std::mt19937 random(2);
    for (const char *name : {"gpt2", "smollm", "llama3", "qwen2", "inverted", "literal"}) {
        const auto tokenizer = load(name);
        for (int round = 0; round < 60; ++round) {
            std::string bytes;
            for (std::size_t i = 0; i < random() % 80; ++i)
                bytes += static_cast<char>(random() % 3 ? random() : 0x20 + random() % 0x60);
            std::int64_t before = 0;
            for (const Token &token : tokenizer->encode(bytes)) {
                QVERIFY(token.id >= 0 && token.id < tokenizer->size());
                QVERIFY(token.begin >= before && token.begin < std::int64_t(bytes.size()));
                before = token.begin;
            }
        }
    }
}

void TestBpeTokenizer::specialTokensInShieldedTextAreOrdinary()
{
    const auto tokenizer = load("gpt2");
    const std::string text = "<|a|>x<|a|>y<|b|>";
    const std::vector<TextSpan> spans = {{0, 6, false}, {6, 11, true}, {11, 17, false}};
    const auto tokens = tokenizer->encodeRendered(text, spans);
    const TokenId a = tokenizer->encode("<|a|>")[0].id;
    const auto ids = idsOf(tokens);
    QCOMPARE(std::count(ids.begin(), ids.end(), a), std::ptrdiff_t(1));
    QCOMPARE(tokenizer->decode(ids), text);
    QCOMPARE(tokens.back().begin, std::int64_t(12));
    // One that only begins or ends in the open is ordinary too, and so is all that no span covers.
    for (const auto &partly :
         {std::vector<TextSpan>{{0, 3, false}, {3, 17, true}},
          std::vector<TextSpan>{{0, 3, true}, {3, 5, false}, {5, 17, true}}, std::vector<TextSpan>{}}) {
        const auto found = idsOf(tokenizer->encodeRendered(text, partly));
        QCOMPARE(std::count(found.begin(), found.end(), a), std::ptrdiff_t(0));
    }
    // Open neighbours are one stretch.
    const std::vector<TextSpan> open = {{0, 3, false}, {3, 17, false}};
    QCOMPARE(idsOf(tokenizer->encodeRendered(text, open)), idsOf(tokenizer->encode(text)));
}

void TestBpeTokenizer::mergesCrossTheBordersOfSpans()
{
    const auto tokenizer = load("gpt2");
    const std::string text = "the order";
    const std::vector<TextSpan> spans = {{0, 2, false}, {2, 6, true}, {6, 9, false}};
    QCOMPARE(idsOf(tokenizer->encodeRendered(text, spans)), idsOf(tokenizer->encode(text)));
}

void TestBpeTokenizer::composedCharactersBeginWhereTheirFirstPartDoes()
{
    const auto tokenizer = load("qwen2");
    const auto tokens = tokenizer->encode("<|a|>cafe\u0301 x");
    QCOMPARE(idsOf(tokens), idsOf(tokenizer->encode("<|a|>café x")));
    QCOMPARE(tokens.back().begin, std::int64_t(11)); // the space, which the x took along
}

void TestBpeTokenizer::aLongWordTakesNoQuadraticTime()
{
    const auto tokenizer = load("gpt2");
    std::string text;
    std::mt19937 random(4);
    for (int i = 0; i < 200'000; ++i)
        text += static_cast<char>('a' + random() % 26);
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(tokenizer->decode(idsOf(tokenizer->encode(text))), text);
    QVERIFY2(timer.elapsed() < 5000 * Patience,
             std::to_string(timer.elapsed()).c_str()); // a quadratic loop takes minutes
}

void TestBpeTokenizer::threadsMayShareIt()
{
    const auto one = load("gpt2");
    const auto other = load("llama3");
    const std::string text = "the order of the parcel is late, we'll refund it 42 times\n";
    const auto wantedOne = idsOf(one->encode(text));
    const auto wantedOther = idsOf(other->encode(text));
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < 200; ++round) {
                wrong += idsOf(one->encode(text)) != wantedOne;
                wrong += idsOf(other->encode(text)) != wantedOther;
            }
        });
    threads.clear();
    QCOMPARE(wrong.load(), 0);
}

QTEST_APPLESS_MAIN(TestBpeTokenizer)
#include "tst_bpe_tokenizer.moc"
