#include "tests/core/text/rendered.h"
#include "tests/core/text/toy_tokenizers.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace attune;
namespace fs = std::filesystem;

class TestTokenizerFolder : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { m_toy = toyTokenizers()["gpt2"]["tokenizer"]; }
    void specialTokensComeFromTheConfig();
    void theOlderMapOfSpecialTokensCounts();
    void bosIsAddedAsTheConfigOrElseTheTemplateSays();
    void aSpecialTokenThatNoVocabularyHasIsAnError();
    void generationStopsJoinEos();
    void theChatTemplateIsFoundInEachPlace();
    void listedTokensOfTheConfigJoinThoseOfTheTokenizer();
    void mergesMayBeTextsOrPairs();
    void whatIsNotSupportedIsNamed_data();
    void whatIsNotSupportedIsNamed();
    void everyPrefixOfATokenizerIsRefused();
    void aFolderWithoutTokenizerIsNotFound();

private:
    Result<std::shared_ptr<const Tokenizer>> load(const Json &tokenizer, const Json &config = Json::object())
    {
        return loadToy(path(), tokenizer, config);
    }
    fs::path path() const { return fs::path(m_folder.path().toStdString()) / QTest::currentTestFunction(); }
    std::string chatTemplate(const Json &value)
    {
        const auto tokenizer = load(m_toy, {{"chat_template", value}});
        return tokenizer ? (*tokenizer)->config().chatTemplate : "error: " + tokenizer.error().message;
    }
    QTemporaryDir m_folder;
    Json m_toy;
};

void TestTokenizerFolder::specialTokensComeFromTheConfig()
{
    const auto tokenizer = load(m_toy, {{"bos_token", "<|a|>"}, {"eos_token", {{"content", "<|b|>"}}}});
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    const auto &config = (*tokenizer)->config();
    QCOMPARE(config.bosText, std::string("<|a|>"));
    QCOMPARE(config.eosText, std::string("<|b|>"));
    QCOMPARE((*tokenizer)->piece(*config.bos), std::string("<|a|>"));
    QCOMPARE((*tokenizer)->piece(*config.eos), std::string("<|b|>"));
    QCOMPARE(config.stop, std::vector<TokenId>{*config.eos});
    QVERIFY(!config.addBos);
    const auto bare = load(m_toy, {{"bos_token", nullptr}});
    QVERIFY(!(*bare)->config().bos && !(*bare)->config().eos && (*bare)->config().bosText.empty());
    // An ordinary token of the vocabulary that is named becomes special.
    const auto named = load(m_toy, {{"eos_token", "!"}});
    QVERIFY((*named)->isSpecial(*(*named)->config().eos));
}

void TestTokenizerFolder::theOlderMapOfSpecialTokensCounts()
{
    writeText(path() / "special_tokens_map.json", R"({"eos_token":{"content":"<|b|>"},"bos_token":"<|b|>"})");
    const auto tokenizer = load(m_toy, {{"bos_token", "<|a|>"}});
    QCOMPARE((*tokenizer)->config().bosText, std::string("<|a|>"));
    QCOMPARE((*tokenizer)->config().eosText, std::string("<|b|>"));
}

void TestTokenizerFolder::bosIsAddedAsTheConfigOrElseTheTemplateSays()
{
    Json toy = m_toy;
    toy["post_processor"] = {{"type", "TemplateProcessing"},
                             {"single", {{{"SpecialToken", {{"id", "<|a|>"}}}}, {{"Sequence", {{"id", "A"}}}}}}};
    QVERIFY((*load(toy, {{"bos_token", "<|a|>"}}))->config().addBos);
    QVERIFY((*load(toy))->config().addBos);
    QCOMPARE((*load(toy))->config().bosText, std::string("<|a|>"));
    QVERIFY(!(*load(toy, {{"bos_token", "<|a|>"}, {"add_bos_token", false}}))->config().addBos);
    QVERIFY(!(*load(toy, {{"bos_token", "<|b|>"}}))->config().addBos);
    QVERIFY((*load(m_toy, {{"bos_token", "<|a|>"}, {"add_bos_token", true}}))->config().addBos);
    QVERIFY(!(*load(m_toy, {{"add_bos_token", true}}))->config().addBos);
}

void TestTokenizerFolder::aSpecialTokenThatNoVocabularyHasIsAnError()
{
    const auto tokenizer = load(m_toy, {{"eos_token", "<|nowhere|>"}});
    QVERIFY(!tokenizer);
    QVERIFY(tokenizer.error().message.find("\"eos_token\" is <|nowhere|>") != std::string::npos);
    QVERIFY(!load(m_toy, {{"eos_token", 2}}));
}

void TestTokenizerFolder::generationStopsJoinEos()
{
    const auto stops = [&](const char *value) {
        writeText(path() / "generation_config.json", std::string("{\"eos_token_id\": ") + value + "}");
        const auto tokenizer = load(m_toy, {{"eos_token", "!"}});
        return tokenizer ? (*tokenizer)->config().stop : std::vector<TokenId>{-1};
    };
    const TokenId eos = stops("null")[0];
    QCOMPARE(stops("7"), (std::vector<TokenId>{eos, 7}));
    QCOMPARE(stops("[8, 7, 8]"), (std::vector<TokenId>{eos, 8, 7}));
    QCOMPARE(stops("\"x\""), std::vector<TokenId>{-1});
    QCOMPARE(stops("[-2]"), std::vector<TokenId>{-1});
}

void TestTokenizerFolder::theChatTemplateIsFoundInEachPlace()
{
    QCOMPARE(chatTemplate(nullptr), std::string());
    QCOMPARE(chatTemplate("T"), std::string("T"));
    QCOMPARE(chatTemplate({{{"name", "tool_use"}, {"template", "U"}}, {{"name", "default"}, {"template", "D"}}}),
             std::string("D"));
    QVERIFY(chatTemplate(7).starts_with("error: "));
    writeText(path() / "chat_template.jinja", "J\n");
    QCOMPARE(chatTemplate("T"), std::string("J\n"));
}

void TestTokenizerFolder::listedTokensOfTheConfigJoinThoseOfTheTokenizer()
{
    const auto size = (*load(m_toy))->size();
    const Json decoder = {{std::to_string(size + 1), {{"content", "<new>"}, {"special", true}}}};
    const auto tokenizer = load(m_toy, {{"added_tokens_decoder", decoder}});
    QCOMPARE((*tokenizer)->size(), size + 2);
    QCOMPARE(idsOf((*tokenizer)->encode("<new>")), std::vector<TokenId>{TokenId(size) + 1});
    QVERIFY(!load(m_toy, {{"added_tokens_decoder", {{"x", {{"content", "y"}}}}}}));
    QVERIFY(!load(m_toy, {{"added_tokens_decoder", {{"9999999999", {{"content", "y"}}}}}}));
    const Json word = {{std::to_string(size), {{"content", "w"}, {"single_word", true}}}};
    const auto refused = load(m_toy, {{"added_tokens_decoder", word}});
    QVERIFY(!refused && refused.error().message.find("\"single_word\"") != std::string::npos);
}

void TestTokenizerFolder::mergesMayBeTextsOrPairs()
{
    Json toy = m_toy;
    for (Json &merge : toy["model"]["merges"])
        merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
    const std::string text = "the order of the parcel";
    QCOMPARE(idsOf((*load(toy))->encode(text)), idsOf((*load(m_toy))->encode(text)));
}

void TestTokenizerFolder::whatIsNotSupportedIsNamed_data()
{
    QTest::addColumn<QString>("place"); // a JSON pointer
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("named");
    QTest::newRow("unigram") << "/model/type"
                             << "\"Unigram\""
                             << "Unigram";
    QTest::newRow("word piece") << "/model/type"
                                << "\"WordPiece\""
                                << "WordPiece";
    QTest::newRow("byte fallback") << "/model/byte_fallback"
                                   << "true"
                                   << "byte_fallback";
    QTest::newRow("dropout") << "/model/dropout"
                             << "0.1"
                             << "dropout";
    QTest::newRow("prefix") << "/model/continuing_subword_prefix"
                            << "\"##\""
                            << "continuing_subword_prefix";
    QTest::newRow("suffix") << "/model/end_of_word_suffix"
                            << "\"</w>\""
                            << "end_of_word_suffix";
    QTest::newRow("byte without token") << "/model"
                                        << R"({"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"a"})"
                                        << "unk_token";
    QTest::newRow("normalizer") << "/normalizer"
                                << R"({"type":"NFKC"})"
                                << "NFKC";
    QTest::newRow("normalizers") << "/normalizer"
                                 << R"({"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Lowercase"}]})"
                                 << "Lowercase";
    QTest::newRow("no pre-tokenizer") << "/pre_tokenizer"
                                      << "null"
                                      << "without pre-tokenizer";
    QTest::newRow("metaspace") << "/pre_tokenizer"
                               << R"({"type":"Metaspace"})"
                               << "fuse_unk";
    QTest::newRow("no byte level") << "/pre_tokenizer"
                                   << R"({"type":"Digits","individual_digits":true})"
                                   << "without \"ByteLevel\"";
    QTest::newRow("prefix space") << "/pre_tokenizer/add_prefix_space"
                                  << "true"
                                  << "add_prefix_space";
    QTest::newRow("after byte level")
        << "/pre_tokenizer"
        << R"({"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false},{"type":"Digits"}]})"
        << "after \"ByteLevel\"";
    QTest::newRow("split behavior")
        << "/pre_tokenizer"
        << R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"a"},"behavior":"MergedWithNext","invert":false},{"type":"ByteLevel","add_prefix_space":false}]})"
        << "MergedWithNext";
    QTest::newRow("split pattern")
        << "/pre_tokenizer"
        << R"({"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated","invert":false})"
        << "(a";
    QTest::newRow("decoder") << "/decoder"
                             << R"({"type":"WordPiece"})"
                             << "WordPiece";
    QTest::newRow("post-processor") << "/post_processor"
                                    << R"({"type":"RobertaProcessing"})"
                                    << "RobertaProcessing";
    QTest::newRow("no model") << "/model"
                              << "null"
                              << "\"model\"";
    QTest::newRow("no vocabulary") << "/model/vocab"
                                   << "null"
                                   << "\"vocab\"";
    QTest::newRow("no merges") << "/model/merges"
                               << "null"
                               << "\"merges\"";
    QTest::newRow("negative id") << "/model/vocab/!"
                                 << "-1"
                                 << "!";
    QTest::newRow("huge id") << "/model/vocab/!"
                             << "9000000000"
                             << "!";
    QTest::newRow("same id twice") << "/model/vocab/!"
                                   << "1"
                                   << "the same id";
    QTest::newRow("merge of three") << "/model/merges/0"
                                    << "\"a b c\""
                                    << "merge 1";
    QTest::newRow("merge of a number") << "/model/merges/0"
                                       << "[1,2]"
                                       << "merge 1";
    QTest::newRow("merge of strangers") << "/model/merges/0"
                                        << "[\"zzz\",\"yyy\"]"
                                        << "zzz";
    QTest::newRow("added without id") << "/added_tokens/0"
                                      << R"({"content":"x"})"
                                      << "no valid id";
    QTest::newRow("added word") << "/added_tokens/0/single_word"
                                << "true"
                                << "single_word";
}

void TestTokenizerFolder::whatIsNotSupportedIsNamed()
{
    QFETCH(QString, place);
    QFETCH(QString, value);
    QFETCH(QString, named);
    Json toy = m_toy;
    toy[Json::json_pointer(place.toStdString())] = Json::parse(value.toStdString());
    const auto tokenizer = load(toy);
    QVERIFY(!tokenizer);
    const std::string &message = tokenizer.error().message;
    QVERIFY2(message.find(named.toStdString()) != std::string::npos, message.c_str());
    QVERIFY2(message.find("tokenizer.json") != std::string::npos, message.c_str());
}

void TestTokenizerFolder::everyPrefixOfATokenizerIsRefused()
{
    const std::string whole = m_toy.dump();
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 8) {
        writeText(path() / "tokenizer.json", whole.substr(0, size));
        QVERIFY2(!Tokenizer::fromFolder(path()), std::to_string(size).c_str());
    }
}

void TestTokenizerFolder::aFolderWithoutTokenizerIsNotFound()
{
    fs::create_directories(path());
    QCOMPARE(Tokenizer::load(path()).error().code, ErrorCode::NotFound);
    QCOMPARE(Tokenizer::load(path() / "missing").error().code, ErrorCode::NotFound);
}

QTEST_APPLESS_MAIN(TestTokenizerFolder)
#include "tst_tokenizer_folder.moc"
