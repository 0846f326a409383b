#include "core/formats/gguf.h"
#include "core/text/gguf_pretokenizers.h"
#include "tests/core/formats/gguf_builder.h"
#include "tests/core/text/rendered.h"
#include "tests/core/text/toy_tokenizers.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace attune;
using B = GgufBuilder;

class TestGgufTokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void aVocabularyGivesTheIdsOfItsTokenizerJson_data();
    void aVocabularyGivesTheIdsOfItsTokenizerJson();
    void aSentencepieceVocabularyGivesTheIdsOfItsModel();
    void aDamagedSentencepieceVocabularyIsNamed();
    void paddingMayCallItselfUnknown();
    void textIsCutAsTheNameSays_data();
    void textIsCutAsTheNameSays();
    void specialTokensAndTemplateComeFromTheMetadata();
    void controlTokensAreSpecialAndUserTokensOnlyMatch();
    void wrongMetadataIsNamed_data();
    void wrongMetadataIsNamed();

private:
    /// The vocabulary of a toy as llama.cpp's converter writes it.
    B vocabulary(const std::string &toy, const std::string &pre);
    /// The same of a sentencepiece model with byte fallback, whose scores are its order.
    static B sentencepieces(const Tokenizer &model);
    Result<std::shared_ptr<const Tokenizer>> load(const B &builder)
    {
        const std::string path = m_folder.filePath("test.gguf").toStdString();
        builder.write(path);
        return Tokenizer::load(path);
    }
    QTemporaryDir m_folder;
    Json m_toys;
};

void TestGgufTokenizer::initTestCase()
{
    m_toys = toyTokenizers();
}

B TestGgufTokenizer::vocabulary(const std::string &toy, const std::string &pre)
{
    const Json &json = m_toys[toy]["tokenizer"];
    std::map<std::size_t, std::string> byId;
    std::map<std::size_t, std::int32_t> types;
    for (const auto &[token, id] : json["model"]["vocab"].items())
        byId[id.get<std::size_t>()] = token;
    for (const Json &added : json["added_tokens"]) {
        byId[added["id"].get<std::size_t>()] = added["content"].get<std::string>();
        types[added["id"].get<std::size_t>()] = added["special"].get<bool>() ? 3 : 4;
    }
    std::vector<std::string> tokens;
    std::vector<std::int32_t> kinds;
    for (const auto &[id, token] : byId) {
        tokens.push_back(token);
        kinds.push_back(types.contains(id) ? types[id] : 1);
    }
    std::vector<std::string> merges;
    for (const Json &merge : json["model"]["merges"])
        merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
    B b;
    b.text("tokenizer.ggml.model", "gpt2");
    b.text("tokenizer.ggml.pre", pre);
    b.texts("tokenizer.ggml.tokens", tokens);
    b.numbers("tokenizer.ggml.token_type", B::I32, kinds);
    b.texts("tokenizer.ggml.merges", merges);
    return b;
}

void TestGgufTokenizer::aVocabularyGivesTheIdsOfItsTokenizerJson_data()
{
    QTest::addColumn<QString>("toy");
    QTest::addColumn<QString>("pre");
    QTest::newRow("gpt-2") << "gpt2"
                           << "gpt-2";
    QTest::newRow("llama-bpe") << "llama3"
                               << "llama-bpe";
}

void TestGgufTokenizer::aVocabularyGivesTheIdsOfItsTokenizerJson()
{
    QFETCH(QString, toy);
    QFETCH(QString, pre);
    const auto tokenizer = load(vocabulary(toy.toStdString(), pre.toStdString()));
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    for (const Json &one : m_toys[toy.toStdString()]["cases"])
        QVERIFY2(idsOf((*tokenizer)->encode(one["text"].get<std::string>())) ==
                     one["ids"].get<std::vector<TokenId>>(),
                 one.dump().c_str());
}

B TestGgufTokenizer::sentencepieces(const Tokenizer &model)
{
    std::vector<std::string> tokens;
    std::vector<float> scores;
    std::vector<std::int32_t> types;
    for (TokenId id = 0; id < model.size(); ++id) {
        const std::string piece = model.piece(id);
        tokens.push_back(piece);
        const bool byte = piece.size() == 6 && piece.starts_with("<0x");
        types.push_back(id == 0 ? 2 : id < 3 ? 3 : byte ? 6 : 1);
        scores.push_back(types.back() == 1 ? static_cast<float>(259 - id) : 0.0F);
    }
    B b;
    b.text("tokenizer.ggml.model", "llama");
    b.texts("tokenizer.ggml.tokens", tokens);
    b.numbers("tokenizer.ggml.scores", B::F32, scores);
    b.numbers("tokenizer.ggml.token_type", B::I32, types);
    b.value("tokenizer.ggml.bos_token_id", B::U32, 1U);
    b.value("tokenizer.ggml.eos_token_id", B::U32, 2U);
    return b;
}

void TestGgufTokenizer::aSentencepieceVocabularyGivesTheIdsOfItsModel()
{
    const std::string folder = ATTUNE_TEST_DATA "/parity/llama-gqa";
    const auto model = Tokenizer::load(folder + "/model");
    QVERIFY2(model, model ? "" : model.error().message.c_str());
    const auto rebuilt = load(sentencepieces(**model));
    QVERIFY2(rebuilt, rebuilt ? "" : rebuilt.error().message.c_str());
    QCOMPARE((*rebuilt)->size(), (*model)->size());
    QCOMPARE((*rebuilt)->config().bos, std::optional<TokenId>(1));
    QCOMPARE((*rebuilt)->config().stop, std::vector<TokenId>{2});
    const auto cases = readJson(folder + "/tokens.json");
    QVERIFY(cases && cases->size() > 10);
    for (const Json &one : *cases) {
        const auto text = one["text"].get<std::string>();
        const auto ids = idsOf((*rebuilt)->encode(text));
        QVERIFY2(ids == idsOf((*model)->encode(text)), text.c_str());
        QCOMPARE((*rebuilt)->decode(ids), (*model)->decode(ids));
    }
}

void TestGgufTokenizer::aDamagedSentencepieceVocabularyIsNamed()
{
    const auto damaged = [&](const std::vector<std::string> &tokens, const std::vector<std::int32_t> &types) {
        B b;
        b.text("tokenizer.ggml.model", "llama");
        b.texts("tokenizer.ggml.tokens", tokens);
        b.numbers("tokenizer.ggml.scores", B::F32, std::vector<float>(tokens.size(), 0.0F));
        b.numbers("tokenizer.ggml.token_type", B::I32, types);
        const auto tokenizer = load(b);
        return tokenizer ? std::string() : tokenizer.error().message;
    };
    QVERIFY(damaged({"<unk>", "a"}, {2}).find("differ in length") != std::string::npos);
    QVERIFY(damaged({"<unk>", "a"}, {1, 1}).find("one unknown token") != std::string::npos);
    QVERIFY(damaged({"<unk>", "a"}, {2, 9}).find("token_type 1 is 9") != std::string::npos);
    QVERIFY(damaged({"<unk>", ""}, {2, 1}).find("no sentencepiece model") != std::string::npos);
    QVERIFY(damaged({"<unk>", "a", "a"}, {2, 1, 1}).find("no sentencepiece model") != std::string::npos);
    QVERIFY(damaged({"<unk>", "<0x00>"}, {2, 6}).find("no sentencepiece model") != std::string::npos);
}

void TestGgufTokenizer::paddingMayCallItselfUnknown()
{
    B b;
    b.text("tokenizer.ggml.model", "llama");
    b.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "\xe2\x96\x81", "a", "\xe2\x96\x81" "a", "[PAD5]", "[PAD6]"});
    b.numbers("tokenizer.ggml.scores", B::F32, std::vector<float>{0, 0, -3, -2, -1, 0, 0});
    b.numbers("tokenizer.ggml.token_type", B::I32, std::vector<std::int32_t>{3, 3, 1, 1, 1, 2, 2});
    QVERIFY(!load(b)); // nothing says which
    b.value("tokenizer.ggml.unknown_token_id", B::U32, 0U);
    const auto tokenizer = load(b);
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    QCOMPARE(idsOf((*tokenizer)->encode("aa a")), (std::vector<TokenId>{4, 3, 4}));
    QCOMPARE(idsOf((*tokenizer)->encode("x")), (std::vector<TokenId>{2, 0}));
}

void TestGgufTokenizer::textIsCutAsTheNameSays_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("words");
    const QString mixed = "Hello 12345 wörld, 东京\n";
    QTest::newRow("deepseek-llm") << mixed
                                  << QStringList{"Hello", " ", "12345", " w", "ö", "rld", ",", " ", "东京", "\n"};
    QTest::newRow("deepseek-v3") << mixed << QStringList{"Hello", " ", "123", "45", " wörld", ",", " ", "东京", "\n"};
    QTest::newRow("deepseek-coder") << "ab 12" << QStringList{"ab", " ", "1", "2"};
    QTest::newRow("tekken") << "helloWorld 12" << QStringList{"hello", "World", " ", "1", "2"};
    QTest::newRow("gpt-4o") << "I'll 1234" << QStringList{"I'll", " ", "123", "4"};
    QTest::newRow("qwen35") << QString::fromUtf8("a\u0301b 12")
                            << QStringList{QString::fromUtf8("a\u0301b"), " ", "1", "2"};
    QTest::newRow("falcon") << "ab, 12345" << QStringList{"ab", ",", " ", "123", "45"};
    QTest::newRow("llama-bpe") << "it'S 1234" << QStringList{"it", "'S", " ", "123", "4"};
    QTest::newRow("starcoder") << "it's 12" << QStringList{"it", "'s", " ", "1", "2"};
}

void TestGgufTokenizer::textIsCutAsTheNameSays()
{
    QFETCH(QString, text);
    QFETCH(QStringList, words);
    const auto made = ggufPreTokenizer(QTest::currentDataTag(), "test");
    QVERIFY(made);
    const std::string utf8 = text.toStdString();
    QStringList cut;
    made->preTokenizer.split(utf8, [&](std::size_t begin, std::size_t end) {
        cut.append(QString::fromStdString(utf8.substr(begin, end - begin)));
    });
    QVERIFY2(cut == words, qPrintable(cut.join('|')));
}

void TestGgufTokenizer::specialTokensAndTemplateComeFromTheMetadata()
{
    B b = vocabulary("gpt2", "gpt-2");
    const auto plain = load(b);
    QVERIFY(!(*plain)->config().bos && !(*plain)->config().addBos && (*plain)->config().stop.empty());
    const auto a = std::uint32_t((*plain)->encode("<|a|>")[0].id);
    const auto other = std::uint32_t((*plain)->encode("<|b|>")[0].id);
    b.value("tokenizer.ggml.bos_token_id", B::U32, a);
    b.value("tokenizer.ggml.eos_token_id", B::U32, other);
    b.value("tokenizer.ggml.eot_token_id", B::U32, a);
    b.value("tokenizer.ggml.add_bos_token", B::Bool, std::uint8_t(1));
    b.text("tokenizer.chat_template", "T");
    const auto tokenizer = load(b);
    const auto &config = (*tokenizer)->config();
    QCOMPARE(config.bosText, std::string("<|a|>"));
    QCOMPARE(config.eosText, std::string("<|b|>"));
    QCOMPARE(config.stop, (std::vector<TokenId>{TokenId(other), TokenId(a)}));
    QCOMPARE(config.chatTemplate, std::string("T"));
    QVERIFY(config.addBos);
}

void TestGgufTokenizer::controlTokensAreSpecialAndUserTokensOnlyMatch()
{
    const auto tokenizer = load(vocabulary("llama3", "llama-bpe"));
    const auto ids = idsOf((*tokenizer)->encode("<|a|>user"));
    QCOMPARE(ids.size(), std::size_t(2));
    QVERIFY((*tokenizer)->isSpecial(ids[0]) && !(*tokenizer)->isSpecial(ids[1]));
    QCOMPARE((*tokenizer)->decode(ids, true), std::string("user"));
}

void TestGgufTokenizer::wrongMetadataIsNamed_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("named");
    const auto row = [](const char *name, const B &builder, const char *named) {
        QTest::newRow(name) << QByteArray::fromStdString(builder.bytes()) << named;
    };
    row("no tokenizer", B(), "tokenizer.ggml.model");
    for (const auto &[model, named] :
         {std::pair("llama", "tokenizer.ggml.scores"), {"bert", "bert"}}) {
        B b;
        b.text("tokenizer.ggml.model", model);
        row(model, b, named);
    }
    {
        B b;
        b.text("tokenizer.ggml.model", "gpt2");
        row("no tokens", b, "tokenizer.ggml.tokens");
    }
    row("unknown pre-tokenizer", vocabulary("gpt2", "exotic"), "exotic");
    {
        B b = vocabulary("gpt2", "gpt-2");
        b.value("tokenizer.ggml.eos_token_id", B::U32, 1'000'000u);
        row("id out of range", b, "tokenizer.ggml.eos_token_id");
    }
    const auto built = [](const std::vector<std::string> &merges, const std::vector<std::int32_t> &types) {
        B b;
        b.text("tokenizer.ggml.model", "gpt2");
        b.texts("tokenizer.ggml.tokens", {"a", "b", "ab"});
        b.texts("tokenizer.ggml.merges", merges);
        b.numbers("tokenizer.ggml.token_type", B::I32, types);
        return b;
    };
    row("merge of one", built({"ab"}, {1, 1, 1}), "\"ab\" is not two tokens");
    row("merge of strangers", built({"a c"}, {1, 1, 1}), "merge 1");
    row("types cut short", built({"a b"}, {1, 1}), "differ in length");
}

void TestGgufTokenizer::wrongMetadataIsNamed()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, named);
    const std::string path = m_folder.filePath("wrong.gguf").toStdString();
    writeText(path, bytes.toStdString());
    const auto tokenizer = Tokenizer::load(path);
    QVERIFY(!tokenizer);
    const std::string &message = tokenizer.error().message;
    QVERIFY2(message.find(named.toStdString()) != std::string::npos, message.c_str());
    QVERIFY2(message.find("wrong.gguf") != std::string::npos, message.c_str());
}

QTEST_APPLESS_MAIN(TestGgufTokenizer)
#include "tst_gguf_tokenizer.moc"
