#include "tests/core/text/rendered.h"
#include "tests/core/text/toy_tokenizers.h"

#include <QByteArray>
#include <QTemporaryDir>
#include <QtTest>

using namespace attune;

/// tokenizer.json files that were made of sentencepiece models, held to those models.
class TestSentencePieceJson : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void idsAreThoseOfTheModel_data();
    void idsAreThoseOfTheModel();
    void renderedChatsAreThoseOfTheModel();
    void onlyThePrefixOfTheFirstTextDependsOnTheForm();
    void whatNoModelSaysIsNamed_data();
    void whatNoModelSaysIsNamed();

private:
    Result<std::shared_ptr<const Tokenizer>> ofJson(const Json &one, const Json &config = {})
    {
        return loadToy(std::filesystem::path(m_folder.filePath("json").toStdString()), one["tokenizer"], config);
    }
    Result<std::shared_ptr<const Tokenizer>> ofModel(const Json &one)
    {
        if (one.contains("of"))
            return Tokenizer::load(ATTUNE_TEST_DATA "/parity/" + one["of"].get<std::string>() + "/model");
        const std::filesystem::path folder = m_folder.filePath("model").toStdString();
        const auto bytes = QByteArray::fromBase64(QByteArray::fromStdString(one["model"].get<std::string>()));
        writeText(folder / "tokenizer.model", bytes.toStdString());
        return Tokenizer::load(folder);
    }
    QTemporaryDir m_folder;
    Json m_all;
};

void TestSentencePieceJson::initTestCase()
{
    const auto all = readJson(std::filesystem::path(ATTUNE_TEST_DATA) / "text/sentencepieces.json");
    QVERIFY(all);
    for (const Json &one : *all)
        m_all[one["name"].get<std::string>()] = one;
    QVERIFY(m_all.size() > 8);
}

void TestSentencePieceJson::idsAreThoseOfTheModel_data()
{
    QTest::addColumn<QString>("name");
    for (const auto &one : m_all.items())
        QTest::newRow(one.key().c_str()) << QString::fromStdString(one.key());
}

void TestSentencePieceJson::idsAreThoseOfTheModel()
{
    QFETCH(QString, name);
    const Json &one = m_all[name.toStdString()];
    const auto model = ofModel(one);
    const auto json = ofJson(one);
    QVERIFY2(model, model ? "" : model.error().message.c_str());
    QVERIFY2(json, json ? "" : json.error().message.c_str());
    QCOMPARE((*json)->size(), (*model)->size());
    QCOMPARE((*json)->config().bos, std::optional<TokenId>(1));
    QVERIFY((*json)->config().addBos);
    for (const Json &text : one["cases"]) {
        const auto ids = text["ids"].get<std::vector<TokenId>>();
        const auto given = text["text"].get<std::string>();
        const std::vector<Token> ours = (*json)->encode(given);
        QVERIFY2(idsOf(ours) == ids, text.dump().c_str());
        const std::vector<Token> models = (*model)->encode(given);
        QVERIFY2(idsOf(models) == ids && beginsOf(models) == beginsOf(ours), given.c_str());
        QVERIFY2((*json)->decode(ids) == (*model)->decode(ids), given.c_str());
    }
}

void TestSentencePieceJson::renderedChatsAreThoseOfTheModel()
{
    const std::string folder = ATTUNE_TEST_DATA "/parity/llama-gqa";
    const auto cases = readJson(folder + "/special.json");
    QVERIFY(cases && cases->size() > 10);
    const auto json = ofJson(m_all["llama-gqa first"], {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
    QVERIFY2(json, json ? "" : json.error().message.c_str());
    for (const Json &one : *cases) {
        const auto text = one["text"].get<std::string>();
        std::vector<TokenId> ids = idsOf((*json)->encodeRendered(text, shieldedContents(text, one["messages"])));
        const bool rendersBos = !ids.empty() && ids.front() == 1;
        if (!rendersBos)
            ids.insert(ids.begin(), 1);
        QVERIFY2(ids == one["ids"].get<std::vector<TokenId>>(), text.c_str());
    }
}

void TestSentencePieceJson::onlyThePrefixOfTheFirstTextDependsOnTheForm()
{
    const std::string text = "hello</s>hello";
    const TextSpan whole{0, std::int64_t(text.size()), false};
    const auto pieces = [&](const char *name) {
        const auto tokenizer = ofJson(m_all[name]);
        std::string all;
        for (const Token &token : (*tokenizer)->encodeRendered(text, std::span(&whole, 1)))
            all += (*tokenizer)->piece(token.id);
        return all;
    };
    QCOMPARE(pieces("llama"), std::string("▁hello</s>▁hello"));
    QCOMPARE(pieces("llama-metaspace"), std::string("▁hello</s>hello"));
    QCOMPARE(pieces("gemma"), std::string("hello</s>hello"));
}

void TestSentencePieceJson::whatNoModelSaysIsNamed_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("named");
    const auto row = [](const char *name, const char *path, const char *value, const char *named) {
        QTest::newRow(name) << path << value << named;
    };
    row("pre-tokenizer", "/pre_tokenizer", R"({"type":"Whitespace"})", "Whitespace");
    row("normalizer", "/normalizer", R"({"type":"Lowercase"})", "Lowercase");
    row("replacement", "/normalizer", R"({"type":"Replace","pattern":{"String":"a"},"content":"b"})",
        "\"a\" by \"b\"");
    row("half of a normalizer", "/normalizer",
        R"({"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":" "},"content":"▁"},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]})",
        "extra spaces");
    row("spaces as they are", "/normalizer", R"({"type":"Prepend","prepend":"▁"})", "marks its spaces");
    row("another mark", "/pre_tokenizer", R"({"type":"Metaspace","replacement":"_"})", "\"_\"");
    row("another scheme", "/pre_tokenizer", R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"last"})",
        "last");
    row("charsmap", "/normalizer", R"({"type":"Precompiled","precompiled_charsmap":"%"})", "base64");
    row("decoder", "/decoder", R"({"type":"WordPiece"})", "WordPiece");
    row("merge of one", "/merges/0", R"("ab")", "merge 1 is not two tokens");
    row("missing merge", "/model/merges", "[]", "never joined");
    row("no merges", "/model/merges", "null", "\"merges\"");
    row("dropout", "/model/dropout", "0.5", "dropout");
    row("byte without token", "/model/vocab/<0x41>", "null", "<0x41>");
    row("a byte less", "/model/vocab", R"({"<unk>":0,"<0x41>":1})", "256 bytes");
    row("huge id", "/model/vocab/<0x41>", "9000000000", "<0x41>");
    row("same id", "/model/vocab/<0x41>", "3", "same id");
    row("nothing unknown", "/model/vocab", R"({"a":0})", "unknown token");
}

void TestSentencePieceJson::whatNoModelSaysIsNamed()
{
    QFETCH(QString, path);
    QFETCH(QString, value);
    QFETCH(QString, named);
    Json one = m_all["llama"];
    if (path == "/merges/0")
        one["tokenizer"]["model"]["merges"][0] = Json::parse(value.toStdString());
    else
        one["tokenizer"][Json::json_pointer(path.toStdString())] = Json::parse(value.toStdString());
    if (named == "256 bytes" || named == "unknown token")
        one["tokenizer"]["added_tokens"] = Json::array();
    const auto tokenizer = ofJson(one);
    QVERIFY(!tokenizer);
    const std::string &message = tokenizer.error().message;
    QVERIFY2(message.find(named.toStdString()) != std::string::npos, message.c_str());
    QVERIFY2(message.find("tokenizer.json") != std::string::npos, message.c_str());
}

QTEST_APPLESS_MAIN(TestSentencePieceJson)
#include "tst_sentencepiece_json.moc"
