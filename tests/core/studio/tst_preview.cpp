#include "core/studio/preview.h"
#include "core/data/messages_json.h"
#include "core/studio/chat_model.h"
#include "tests/core/studio/previewed.h"
#include "tests/core/text/byte_tokenizer.h"
#include "tests/core/text/toy_tokenizers.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace attune;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t Uncut = 1 << 20;

const std::string ChatMl = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
                           "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// Bytes as tokens, with ChatML's two specials; the second one ends answers.
ChatEncoder byteEncoder(const std::string &source = ChatMl, bool addBos = false)
{
    Tokenizer::Config config;
    config.eos = 301;
    config.stop = {301};
    config.eosText = "<|im_end|>";
    config.addBos = addBos;
    if (addBos)
        config.bos = 302;
    auto encoder = ChatEncoder::create(
        std::make_shared<ByteTokenizer>(std::vector<std::string>{"<|im_start|>", "<|im_end|>", "<s>"}, config),
        source);
    if (!encoder)
        qFatal("%s", encoder.error().message.c_str());
    return std::move(*encoder);
}

ExamplePreview shown(const ChatEncoder &encoder, const std::vector<Message> &messages, std::int64_t maxLength = Uncut,
                     bool assistantOnlyLoss = true)
{
    auto preview = previewExample(encoder, messages, maxLength, assistantOnlyLoss);
    if (!preview)
        qFatal("%s", preview.error().message.c_str());
    return std::move(*preview);
}

std::vector<ProblemKind> kindsOf(const ExamplePreview &preview)
{
    std::vector<ProblemKind> kinds;
    for (const PreviewProblem &problem : preview.problems)
        kinds.push_back(problem.kind);
    return kinds;
}

using Kinds = std::vector<ProblemKind>;
const std::vector<Message> Pair{{"system", "Be brief"}, {"user", "Hi"}, {"assistant", "Hello"}};

} // namespace

class TestPreview : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void itShowsWhatTrainingSees_data();
    void itShowsWhatTrainingSees();
    void tokensKnowTheirPlaceAndTheirMessage();
    void whatIsCutCountsAsCutOnly();
    void theLengthThatAnswersNeedIsToldFromThatOfTheWhole();
    void aBosThatIsAddedHasNoPlace();
    void anEndTokenThatIsMissingOrMaskedIsSaid();
    void aTurnThatTheTemplateDropsIsSaid();
    void aRowThatTrainsNothingIsSaid();
    void aRefusalIsAProblemAndNoError();
    void withoutATokenizerItIsAnError();

private:
    QTemporaryDir m_folder;
};

void TestPreview::itShowsWhatTrainingSees_data()
{
    QTest::addColumn<QString>("model");
    for (const char *model : {"bytes", "gpt2", "qwen2", "llama-gqa", "mistral-window"})
        QTest::newRow(model) << model;
}

void TestPreview::itShowsWhatTrainingSees()
{
    QFETCH(QString, model);
    const auto chats = readJson(fs::path(ATTUNE_TEST_DATA) / "text/chats.json");
    QVERIFY(chats);
    std::shared_ptr<const Tokenizer> tokenizer;
    if (model == "bytes") {
        tokenizer = byteEncoder().tokenizer();
    } else {
        const fs::path parity = fs::path(ATTUNE_TEST_DATA) / "parity" / model.toStdString() / "model";
        auto loaded = fs::exists(parity)
                          ? Tokenizer::load(parity)
                          : loadToy(m_folder.filePath(model).toStdString(),
                                    toyTokenizers()[model.toStdString()]["tokenizer"]);
        QVERIFY2(loaded, loaded ? "" : loaded.error().message.c_str());
        tokenizer = *loaded;
    }
    int compared = 0;
    for (const auto &item : (*chats)["templates"].items()) {
        const auto encoder = ChatEncoder::create(tokenizer, item.value().get<std::string>());
        QVERIFY2(encoder, item.key().c_str());
        for (const Json &conversation : (*chats)["conversations"]) {
            const auto messages = parseMessages(Json{{"messages", conversation}}, "conversation");
            QVERIFY(messages);
            for (const std::int64_t maxLength : {Uncut, std::int64_t(40), std::int64_t(9), std::int64_t(1)}) {
                for (const bool answersOnly : {true, false}) {
                    const std::string difference = differenceToTraining(*encoder, *messages, maxLength, answersOnly);
                    QVERIFY2(difference.empty(),
                             (item.key() + ", " + conversation.dump() + ": " + difference).c_str());
                    ++compared;
                }
            }
        }
    }
    QVERIFY(compared > 500);
}

void TestPreview::tokensKnowTheirPlaceAndTheirMessage()
{
    const ExamplePreview preview = shown(byteEncoder(), Pair);
    QCOMPARE(preview.text, std::string("<|im_start|>system\nBe brief<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                                       "<|im_start|>assistant\nHello<|im_end|>\n"));
    QCOMPARE(preview.messageTokens, (std::vector<std::int64_t>{8, 2, 5}));
    QCOMPARE(preview.trained, 6); // Hello and the end token
    QCOMPARE(preview.cut, 0);
    QCOMPARE(preview.endToken, EndToken::Trained);
    QCOMPARE(kindsOf(preview), Kinds{});
    std::string trained;
    for (const PreviewToken &token : preview.tokens) {
        QCOMPARE(preview.text.substr(std::size_t(token.begin), std::size_t(token.end - token.begin)), token.text);
        QCOMPARE(token.special, token.id >= 300);
        if (token.message >= 0)
            QVERIFY(Pair[std::size_t(token.message)].content.find(token.text) != std::string::npos);
        trained += token.trained ? token.text : "";
    }
    QCOMPARE(trained, std::string("Hello<|im_end|>"));
}

void TestPreview::whatIsCutCountsAsCutOnly()
{
    const ExamplePreview whole = shown(byteEncoder(), Pair);
    const std::int64_t length = whole.total() - 4; // "l", "o", the end token and the line break are lost
    const ExamplePreview preview = shown(byteEncoder(), Pair, length);
    QCOMPARE(preview.total(), whole.total());
    QCOMPARE(preview.cut, 4);
    QCOMPARE(preview.trained, 3);
    QCOMPARE(preview.masked, whole.masked - 1);
    QCOMPARE(preview.endToken, EndToken::Cut);
    QCOMPARE(kindsOf(preview), Kinds{ProblemKind::Cut});
    QCOMPARE(preview.problems[0].message, std::optional<std::size_t>(2));
    QVERIFY2(preview.problems[0].sentence.find("at least " + std::to_string(preview.lengthForAnswers)) !=
                 std::string::npos,
             preview.problems[0].sentence.c_str());
}

void TestPreview::theLengthThatAnswersNeedIsToldFromThatOfTheWhole()
{
    const ExamplePreview whole = shown(byteEncoder(), Pair);
    QCOMPARE(whole.lengthForAnswers, whole.total() - 1); // all but the line break at the end
    const ExamplePreview enough = shown(byteEncoder(), Pair, whole.lengthForAnswers);
    QCOMPARE(enough.endToken, EndToken::Trained);
    QCOMPARE(enough.cut, 1);
    const ExamplePreview short1 = shown(byteEncoder(), Pair, whole.lengthForAnswers - 1);
    QCOMPARE(short1.endToken, EndToken::Cut);
}

void TestPreview::aBosThatIsAddedHasNoPlace()
{
    const ExamplePreview preview = shown(byteEncoder(ChatMl, true), Pair, Uncut, false);
    QCOMPARE(preview.tokens[0].id, 302);
    QCOMPARE(preview.tokens[0].begin, std::int64_t(-1));
    QCOMPARE(preview.tokens[0].text, std::string("<s>"));
    QVERIFY(!preview.tokens[0].trained); // nothing predicts it
    QVERIFY(preview.tokens[1].trained);
    QCOMPARE(preview.masked, 1);
}

void TestPreview::anEndTokenThatIsMissingOrMaskedIsSaid()
{
    const std::vector<Message> two{{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}};
    const auto missing = shown(byteEncoder("{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}"
                                           "{% if add_generation_prompt %}[assistant]{% endif %}"),
                               two);
    QCOMPARE(missing.endToken, EndToken::Missing);
    QCOMPARE(kindsOf(missing), (Kinds{ProblemKind::EndTokenMissing, ProblemKind::EndTokenMissing}));
    QCOMPARE(missing.problems[0].message, std::optional<std::size_t>(1));
    // Written with the turn that follows: it is not part of the answer, and the last answer gets none.
    const auto masked = shown(
        byteEncoder("{% for m in messages %}{% if m.role == 'user' and not loop.first %}{{ eos_token }}{% endif %}"
                    "[{{ m.role }}]{{ m.content }}\n{% endfor %}"
                    "{% if add_generation_prompt %}[assistant]{% endif %}"),
        two);
    QCOMPARE(masked.endToken, EndToken::Missing);
    QVERIFY2(masked.problems[0].sentence.find("not trained on") != std::string::npos,
             masked.problems[0].sentence.c_str());
    QVERIFY2(masked.problems[1].sentence.find("no end token") != std::string::npos,
             masked.problems[1].sentence.c_str());
}

void TestPreview::aTurnThatTheTemplateDropsIsSaid()
{
    const auto preview =
        shown(byteEncoder("{% for m in messages %}{% if m.role != 'system' %}<|im_start|>{{ m.role }}\n"
                          "{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
                          "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"),
              Pair);
    QCOMPARE(kindsOf(preview), Kinds{ProblemKind::DropsTurn});
    QCOMPARE(preview.problems[0].message, std::optional<std::size_t>(0));
    QCOMPARE(preview.messageTokens[0], std::int64_t(0));
    // An empty turn has nothing to drop.
    QCOMPARE(kindsOf(shown(byteEncoder(), {{"system", " "}, {"user", "a"}, {"assistant", "b"}})), Kinds{});
}

void TestPreview::aRowThatTrainsNothingIsSaid()
{
    const auto noAnswer = shown(byteEncoder(), {{"user", "a"}});
    QCOMPARE(kindsOf(noAnswer), Kinds{ProblemKind::NothingTrained});
    const auto cut = shown(byteEncoder(), Pair, 20);
    QCOMPARE(kindsOf(cut), (Kinds{ProblemKind::NothingTrained, ProblemKind::Cut}));
    QVERIFY(cut.problems[0].sentence.find("max_length") != std::string::npos);
}

void TestPreview::aRefusalIsAProblemAndNoError()
{
    const auto preview = shown(byteEncoder("{{ raise_exception('No system turns here') }}"), Pair);
    QVERIFY(preview.tokens.empty());
    QCOMPARE(kindsOf(preview), Kinds{ProblemKind::RoleOrder});
    QVERIFY(preview.problems[0].sentence.find("No system turns here") != std::string::npos);
    QCOMPARE(preview.messageTokens.size(), Pair.size());
}

void TestPreview::withoutATokenizerItIsAnError()
{
    const auto encoder = ChatEncoder::create(ChatMl, "", "");
    QVERIFY(encoder);
    QVERIFY(!previewExample(*encoder, Pair, Uncut));
}

QTEST_APPLESS_MAIN(TestPreview)
#include "tst_preview.moc"
