#include "core/text/utf8.h"
#include "tests/core/text/rendered.h"
#include "tests/core/text/toy_tokenizers.h"

#include <QTemporaryDir>
#include <QtTest>
#include <random>

using namespace attune;

class TestStreamDecoder : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void onlyWholeCharactersComeOut_data() { tokenizers(); }
    void onlyWholeCharactersComeOut();
    void whatIsNeverCompletedIsReplaced_data() { tokenizers(); }
    void whatIsNeverCompletedIsReplaced();
    void anyIdsGiveTheTextOfDecode_data() { tokenizers(); }
    void anyIdsGiveTheTextOfDecode();
    void specialTokensAreSkippedOrShown();
    void theLeadingSpaceGoesOnce();

private:
    void tokenizers()
    {
        QTest::addColumn<QString>("name");
        for (const auto &[name, tokenizer] : m_tokenizers)
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }
    QTemporaryDir m_folder;
    std::map<std::string, std::shared_ptr<const Tokenizer>> m_tokenizers;
};

void TestStreamDecoder::initTestCase()
{
    const auto bpe = loadToy(m_folder.path().toStdString(), toyTokenizers()["gpt2"]["tokenizer"]);
    const auto pieces = Tokenizer::load(std::filesystem::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/model");
    QVERIFY(bpe && pieces);
    m_tokenizers = {{"byte-level BPE", *bpe}, {"sentencepiece", *pieces}};
}

void TestStreamDecoder::onlyWholeCharactersComeOut()
{
    QFETCH(QString, name);
    const auto tokenizer = m_tokenizers[name.toStdString()];
    for (const std::string text : {"Hello", "日本語🙂👨‍👩‍👧 x", " é", "𝟘", "  two", ""}) {
        StreamDecoder decoder(tokenizer);
        std::string all;
        bool waited = false;
        for (const Token &token : tokenizer->encode(text)) {
            const std::string part = decoder.push(token.id);
            QVERIFY(isUtf8(part));
            waited |= part.empty();
            all += part;
        }
        QCOMPARE(all, text);
        QCOMPARE(decoder.flush(), std::string());
        if (text.starts_with("𝟘"))
            QVERIFY(waited);
    }
}

void TestStreamDecoder::whatIsNeverCompletedIsReplaced()
{
    QFETCH(QString, name);
    const auto tokenizer = m_tokenizers[name.toStdString()];
    auto ids = idsOf(tokenizer->encode("x𝟘")); // four tokens for the digit in both
    ids.pop_back();
    StreamDecoder decoder(tokenizer);
    std::string all;
    for (const TokenId id : ids)
        all += decoder.push(id);
    QCOMPARE(all, std::string("x"));
    QCOMPARE(decoder.flush(), std::string("\uFFFD"));
    QCOMPARE(decoder.flush(), std::string());
    for (const TokenId id : ids)
        all += decoder.push(id);
    const TokenId letter = tokenizer->encode("x").back().id;
    QCOMPARE(decoder.push(letter), "\uFFFD" + tokenizer->tokenBytes(letter)); // it ends the wait
}

void TestStreamDecoder::anyIdsGiveTheTextOfDecode()
{
    QFETCH(QString, name);
    const auto tokenizer = m_tokenizers[name.toStdString()];
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<TokenId> ids(random() % 20);
        for (TokenId &id : ids)
            id = static_cast<TokenId>(random() % std::uint32_t(tokenizer->size()));
        for (const bool skip : {true, false}) {
            StreamDecoder decoder(tokenizer, skip);
            std::string all;
            for (const TokenId id : ids)
                all += decoder.push(id);
            all += decoder.flush();
            QCOMPARE(all, replacedInvalidUtf8(tokenizer->decode(ids, skip)));
        }
    }
}

void TestStreamDecoder::specialTokensAreSkippedOrShown()
{
    const auto tokenizer = m_tokenizers["byte-level BPE"];
    const TokenId special = tokenizer->encode("<|a|>")[0].id;
    QCOMPARE(StreamDecoder(tokenizer).push(special), std::string());
    QCOMPARE(StreamDecoder(tokenizer, false).push(special), std::string("<|a|>"));
}

void TestStreamDecoder::theLeadingSpaceGoesOnce()
{
    const auto tokenizer = m_tokenizers["sentencepiece"];
    const auto ids = idsOf(tokenizer->encode("a a")); // both begin with the space mark
    StreamDecoder decoder(tokenizer);
    QCOMPARE(decoder.push(*tokenizer->config().bos), std::string());
    std::string all;
    for (const TokenId id : ids)
        all += decoder.push(id);
    QCOMPARE(all, std::string("a a"));
}

QTEST_APPLESS_MAIN(TestStreamDecoder)
#include "tst_stream_decoder.moc"
