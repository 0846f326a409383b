#include "tests/core/text/rendered.h"
#include "tests/core/text/toy_tokenizers.h"

#include <QTemporaryDir>
#include <QtTest>
#include <random>

using namespace attune;
namespace fs = std::filesystem;

class TestSentencePieceTokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void plainTextHasTheIdsOfTheReferenceLibrary_data() { shapes(); }
    void plainTextHasTheIdsOfTheReferenceLibrary();
    void chatsHaveTheIdsAndTheMaskOfTheReference_data() { shapes(); }
    void chatsHaveTheIdsAndTheMaskOfTheReference();
    void specialTokensOfATemplateAreSingleIds_data() { shapes(); }
    void specialTokensOfATemplateAreSingleIds();
    void allBytesOfACharacterBeginWhereItDoes();
    void textAfterASpecialTokenHasNoDummySpace();
    void legacyModelsPutADummySpaceAfterSpecialTokens();
    void addedTokensOfTheConfigMatchInRenderedText();
    void decodingDropsOneLeadingSpaceAndKeepsBytes();
    void anyBytesEncode();
    void aDamagedModelIsAnError();

private:
    static void shapes()
    {
        QTest::addColumn<QString>("shape");
        for (const char *shape : {"llama-gqa", "llama-sharded-bias", "mistral-window"})
            QTest::newRow(shape) << shape;
    }
    static fs::path folder(const QString &shape)
    {
        return fs::path(ATTUNE_TEST_DATA) / "parity" / shape.toStdString();
    }
    static std::shared_ptr<const Tokenizer> given(const QString &shape = "llama-gqa")
    {
        auto tokenizer = Tokenizer::load(folder(shape) / "model");
        if (!tokenizer)
            qFatal("%s", tokenizer.error().message.c_str());
        return *tokenizer;
    }
    /// The given tokenizer.model with another tokenizer_config.json.
    std::shared_ptr<const Tokenizer> withConfig(const Json &config)
    {
        const fs::path path = m_folder.filePath("model").toStdString();
        fs::create_directories(path);
        fs::copy_file(folder("llama-gqa") / "model/tokenizer.model", path / "tokenizer.model",
                      fs::copy_options::overwrite_existing);
        writeText(path / "tokenizer_config.json", config.dump());
        auto tokenizer = Tokenizer::fromFolder(path);
        if (!tokenizer)
            qFatal("%s", tokenizer.error().message.c_str());
        return *tokenizer;
    }
    QTemporaryDir m_folder;
};

namespace {

std::vector<TextSpan> open(const std::string &text)
{
    return {{0, std::int64_t(text.size()), false}};
}

} // namespace

void TestSentencePieceTokenizer::plainTextHasTheIdsOfTheReferenceLibrary()
{
    QFETCH(QString, shape);
    const auto tokenizer = given(shape);
    const auto cases = readJson(folder(shape) / "tokens.json");
    QVERIFY(cases && cases->size() > 20);
    for (const Json &one : *cases) {
        const auto ids = idsOf(tokenizer->encode(one["text"].get<std::string>()));
        QVERIFY2(ids == one["sentencepiece_ids"].get<std::vector<TokenId>>(), one.dump().c_str());
        QCOMPARE(tokenizer->decode(ids), one["decoded"].get<std::string>());
    }
}

void TestSentencePieceTokenizer::chatsHaveTheIdsAndTheMaskOfTheReference()
{
    QFETCH(QString, shape);
    const auto tokenizer = given(shape);
    QVERIFY(tokenizer->config().addBos);
    const auto chats = readJson(folder(shape) / "chat.json");
    QVERIFY(chats && chats->size() > 16);
    for (const Json &chat : *chats) {
        const auto text = chat["text"].get<std::string>();
        const auto tokens = tokenizer->encodeRendered(text, shieldedContents(text, chat["messages"]));
        std::vector<TokenId> ids = {*tokenizer->config().bos};
        std::vector<int> mask = {0};
        for (const Token &token : tokens) {
            ids.push_back(token.id);
            std::size_t at = 0;
            bool inside = false;
            for (const Json &message : chat["messages"]) {
                at += std::string("<|im_start|>").size() + message["role"].get<std::string>().size() + 1;
                const std::size_t end = at + message["content"].get<std::string>().size() + 10;
                inside |= message["role"] == "assistant" && token.begin >= std::int64_t(at) &&
                          token.begin < std::int64_t(end);
                at = end + 1;
            }
            mask.push_back(inside);
        }
        QVERIFY2(ids == chat["ids"].get<std::vector<TokenId>>(), text.c_str());
        QVERIFY2(mask == chat["assistant_mask"].get<std::vector<int>>(), text.c_str());
    }
}

void TestSentencePieceTokenizer::specialTokensOfATemplateAreSingleIds()
{
    QFETCH(QString, shape);
    const auto tokenizer = given(shape);
    const auto chats = readJson(folder(shape) / "special.json");
    QVERIFY(chats && chats->size() > 10);
    for (const Json &chat : *chats) {
        const auto text = chat["text"].get<std::string>();
        auto ids = idsOf(tokenizer->encodeRendered(text, shieldedContents(text, chat["messages"])));
        if (!text.starts_with(tokenizer->config().bosText))
            ids.insert(ids.begin(), *tokenizer->config().bos);
        QVERIFY2(ids == chat["ids"].get<std::vector<TokenId>>(), text.c_str());
    }
}

void TestSentencePieceTokenizer::allBytesOfACharacterBeginWhereItDoes()
{
    const std::string text = "a東b";
    std::vector<std::int64_t> begins;
    for (const Token &token : given()->encode(text))
        if (given()->piece(token.id).starts_with("<0x"))
            begins.push_back(token.begin);
    QCOMPARE(begins, (std::vector<std::int64_t>{1, 1, 1}));
}

void TestSentencePieceTokenizer::textAfterASpecialTokenHasNoDummySpace()
{
    const auto tokenizer = given();
    std::mt19937 random(1);
    const std::vector<std::string> parts = {" ", "refund", "é", "東", "x", "  ", "▁", "1", "</", "s"};
    for (int round = 0; round < 200; ++round) {
        std::string text;
        for (std::size_t i = 0; i < 1 + random() % 6; ++i)
            text += parts[random() % parts.size()];
        if (text.find("</s>") != std::string::npos)
            continue;
        // Another way to the same ids: a newline before the text takes the dummy space, and both go.
        auto wanted = tokenizer->encode("\n" + text);
        wanted.erase(wanted.begin(), wanted.begin() + 2);
        const std::string rendered = "</s>" + text;
        auto tokens = tokenizer->encodeRendered(rendered, open(rendered));
        QCOMPARE(tokens.front().id, *tokenizer->config().eos);
        tokens.erase(tokens.begin());
        QCOMPARE(idsOf(tokens), idsOf(wanted));
        for (std::size_t i = 0; i < tokens.size(); ++i)
            QCOMPARE(tokens[i].begin, wanted[i].begin - 1 + 4);
    }
    QCOMPARE(idsOf(tokenizer->encodeRendered("order", open("order"))), idsOf(tokenizer->encode("order")));
}

void TestSentencePieceTokenizer::legacyModelsPutADummySpaceAfterSpecialTokens()
{
    const auto tokenizer = withConfig({{"legacy", true}});
    auto wanted = idsOf(tokenizer->encode("order"));
    wanted.insert(wanted.begin(), 2);
    QCOMPARE(idsOf(tokenizer->encodeRendered("</s>order", open("</s>order"))), wanted);
    QCOMPARE(withConfig(Json::object())->encodeRendered("</s>order", open("</s>order")).size(), wanted.size());
    QVERIFY(idsOf(withConfig({{"legacy", false}})->encodeRendered("</s>order", open("</s>order"))) != wanted);
}

void TestSentencePieceTokenizer::addedTokensOfTheConfigMatchInRenderedText()
{
    const Json decoder = {{"512", {{"content", "<|im_start|>"}, {"special", true}}},
                          {"513", {{"content", "<tool>"}, {"special", false}, {"rstrip", true}}}};
    const auto tokenizer = withConfig({{"legacy", false}, {"added_tokens_decoder", decoder}});
    QCOMPARE(tokenizer->size(), std::int64_t(514));
    const std::string text = "<|im_start|>a<tool>  b";
    const auto ids = idsOf(tokenizer->encodeRendered(text, open(text)));
    QCOMPARE(ids.size(), std::size_t(4));
    QCOMPARE(ids[0], 512);
    QCOMPARE(ids[2], 513);
    QCOMPARE(tokenizer->decode(ids), std::string("<|im_start|>a<tool>b"));
    QCOMPARE(tokenizer->decode(ids, true), std::string("a<tool>b"));
    QCOMPARE(tokenizer->piece(513), std::string("<tool>"));
    QVERIFY(tokenizer->isSpecial(512) && !tokenizer->isSpecial(513));
    const auto plain = idsOf(tokenizer->encode(text));
    QCOMPARE(std::count(plain.begin(), plain.end(), 512), std::ptrdiff_t(0));
}

void TestSentencePieceTokenizer::decodingDropsOneLeadingSpaceAndKeepsBytes()
{
    const auto tokenizer = given();
    const auto ids = idsOf(tokenizer->encode("  東"));
    QCOMPARE(tokenizer->decode(ids), std::string("  東"));
    const std::vector<TokenId> bytes(ids.end() - 3, ids.end() - 1);
    QCOMPARE(tokenizer->decode(bytes), std::string("\xe6\x9d"));
    std::vector<TokenId> framed = idsOf(tokenizer->encode("order"));
    framed.insert(framed.begin(), 1);
    framed.push_back(2);
    QCOMPARE(tokenizer->decode(framed, true), std::string("order"));
    QCOMPARE(tokenizer->decode(framed), std::string("<s> order</s>"));
    QCOMPARE(tokenizer->decode(std::vector<TokenId>{-1, 1 << 30}), std::string());
    QVERIFY(tokenizer->isSpecial(0) && tokenizer->isSpecial(1) && tokenizer->isSpecial(2) &&
            !tokenizer->isSpecial(3));
}

void TestSentencePieceTokenizer::anyBytesEncode()
{
    const auto tokenizer = given();
    std::mt19937 random(2);
    for (int round = 0; round < 200; ++round) {
        std::string bytes;
        for (std::size_t i = 0; i < random() % 60; ++i)
            bytes += static_cast<char>(random());
        for (const Token &token : tokenizer->encodeRendered(bytes, open(bytes)))
            QVERIFY(token.begin >= 0 && token.begin <= std::int64_t(bytes.size()));
    }
}

void TestSentencePieceTokenizer::aDamagedModelIsAnError()
{
    const fs::path path = m_folder.filePath("damaged").toStdString();
    std::ifstream in(folder("llama-gqa") / "model/tokenizer.model", std::ios::binary);
    const std::string whole(std::istreambuf_iterator<char>(in), {});
    for (const std::size_t size :
         {std::size_t(0), std::size_t(1), std::size_t(100), whole.size() / 2, whole.size() - 1}) {
        writeText(path / "tokenizer.model", whole.substr(0, size));
        const auto tokenizer = Tokenizer::fromFolder(path);
        QVERIFY2(!tokenizer, std::to_string(size).c_str());
        QVERIFY(tokenizer.error().message.find("tokenizer.model") != std::string::npos);
    }
}

QTEST_APPLESS_MAIN(TestSentencePieceTokenizer)
#include "tst_sentencepiece_tokenizer.moc"
