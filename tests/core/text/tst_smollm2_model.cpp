#include "core/base/files.h"
#include "core/formats/gguf.h"
#include "core/text/utf8.h"
#include "tests/core/text/rendered.h"
#include "tests/core/text/toy_tokenizers.h"
#include "tests/patience.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

using namespace attune;
namespace fs = std::filesystem;

/// The tokenizer of the model that installer/setup fetches, against the values that come with it.
class TestSmolLm2 : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void textsHaveTheIdsOfTheReference();
    void chatsHaveTheIdsOfTheReference();
    void bytesWithoutTokenVanish();
    void theMetadataIsRead();
    void aTokenizerJsonOfTheSameVocabularyGivesTheSameIds();
    void tenMegabytesTakeLessThanSixSeconds();

private:
    void checkTexts(const Tokenizer &tokenizer);
    Json m_reference;
    fs::path m_path;
    std::shared_ptr<const Tokenizer> m_tokenizer;
};

void TestSmolLm2::initTestCase()
{
    m_path = cacheFolder() / "models/SmolLM2-135M-Instruct.Q4_1.gguf";
    if (!fs::exists(m_path))
        QSKIP("run installer/setup first: the model is not there");
    auto reference = readJson(fs::path(ATTUNE_TEST_DATA) / "smollm2-135m.json");
    QVERIFY(reference);
    m_reference = std::move(*reference);
    auto tokenizer = Tokenizer::load(m_path);
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    m_tokenizer = *tokenizer;
}

void TestSmolLm2::checkTexts(const Tokenizer &tokenizer)
{
    QCOMPARE(m_reference["tokens"].size(), std::size_t(44));
    for (const Json &one : m_reference["tokens"]) {
        const auto tokens = tokenizer.encode(one["text"].get<std::string>());
        std::vector<std::string> pieces;
        for (const Token &token : tokens)
            pieces.push_back(tokenizer.piece(token.id));
        QVERIFY2(idsOf(tokens) == one["ids"].get<std::vector<TokenId>>(), one.dump().c_str());
        QCOMPARE(pieces, one["pieces"].get<std::vector<std::string>>());
        QCOMPARE(replacedInvalidUtf8(tokenizer.decode(idsOf(tokens))), one["decoded"].get<std::string>());
    }
}

void TestSmolLm2::textsHaveTheIdsOfTheReference()
{
    checkTexts(*m_tokenizer);
}

void TestSmolLm2::chatsHaveTheIdsOfTheReference()
{
    for (const Json &chat : m_reference["chats"]) {
        for (const auto &[textKey, idsKey] :
             {std::pair("text", "ids"), std::pair("text_with_generation_prompt", "ids_with_generation_prompt")}) {
            const auto text = chat[textKey].get<std::string>();
            const auto tokens = m_tokenizer->encodeRendered(text, shieldedContents(text, chat["messages"]));
            QVERIFY2(idsOf(tokens) == chat[idsKey].get<std::vector<TokenId>>(), text.c_str());
        }
    }
}

void TestSmolLm2::bytesWithoutTokenVanish()
{
    std::vector<int> gone;
    for (int byte = 0; byte < 256; ++byte)
        if (m_tokenizer->encode(std::string(1, char(byte))).empty())
            gone.push_back(byte);
    QCOMPARE(gone, m_reference["bytes_without_token"].get<std::vector<int>>());
}

void TestSmolLm2::theMetadataIsRead()
{
    const auto &config = m_tokenizer->config();
    QCOMPARE(m_tokenizer->size(), std::int64_t(49152));
    QCOMPARE(config.bosText, std::string("<|im_start|>"));
    QCOMPARE(config.eosText, std::string("<|im_end|>"));
    QCOMPARE(config.stop, std::vector<TokenId>{2});
    QVERIFY(!config.addBos);
    QCOMPARE(config.chatTemplate, m_reference["chat_template"].get<std::string>());
    for (TokenId id = 0; id < 20; ++id)
        QCOMPARE(m_tokenizer->isSpecial(id), id < 17);
}

void TestSmolLm2::aTokenizerJsonOfTheSameVocabularyGivesTheSameIds()
{
    const auto file = GgufFile::open(m_path);
    QVERIFY(file);
    Json added = Json::array();
    Json vocabulary = Json::object();
    const auto &tokens = *file->strings("tokenizer.ggml.tokens");
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        vocabulary[tokens[i]] = i;
        if ((*file->integers("tokenizer.ggml.token_type"))[i] == 3)
            added.push_back({{"id", i}, {"content", tokens[i]}, {"special", true}});
    }
    const Json digits = {{"type", "Digits"}, {"individual_digits", true}};
    const Json level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
    const Json json = {
        {"added_tokens", added},
        {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", Json::array({digits, level})}}},
        {"decoder", {{"type", "ByteLevel"}}},
        {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", *file->strings("tokenizer.ggml.merges")}}},
    };
    QTemporaryDir folder;
    const auto tokenizer = loadToy(folder.path().toStdString(), json);
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    checkTexts(**tokenizer);
}

void TestSmolLm2::tenMegabytesTakeLessThanSixSeconds()
{
    std::string text;
    while (text.size() < 10'000'000)
        for (const Json &chat : m_reference["chats"])
            text += chat["text"].get<std::string>() + std::to_string(text.size());
    QElapsedTimer timer;
    timer.start();
    QVERIFY(m_tokenizer->encode(text).size() > text.size() / 10);
    const auto elapsed = timer.elapsed();
    qInfo("%.1f MB/s", double(text.size()) / 1000.0 / double(elapsed));
    QVERIFY(elapsed < 6000 * Patience); // 100 MB in a minute, in the slowest build
}

QTEST_APPLESS_MAIN(TestSmolLm2)
#include "tst_smollm2_model.moc"
