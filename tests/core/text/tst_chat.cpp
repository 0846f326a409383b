#include "core/text/chat.h"

#include "core/base/files.h"
#include "tests/core/text/byte_tokenizer.h"
#include "tests/patience.h"

#include <QElapsedTimer>
#include <QtTest>

using namespace attune;
namespace fs = std::filesystem;

namespace {

const fs::path testData = ATTUNE_TEST_DATA;
const std::string chatml =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

std::vector<Message> messagesOf(const Json &json)
{
    std::vector<Message> messages;
    for (const Json &one : json)
        messages.push_back({one["role"], one["content"]});
    return messages;
}

/// What a mask of the conversation covers, one part a run.
std::string trained(const std::string &chatTemplate, const std::vector<Message> &messages, bool generation = false)
{
    const std::vector<std::string> special = {"<s>",           "</s>",   "<|im_start|>", "<|im_end|>",   "<|user|>",
                                              "<|assistant|>", "[INST]", "[/INST]",      "<end_of_turn>"};
    Tokenizer::Config config;
    config.bosText = "<s>";
    config.eosText = "</s>";
    const auto tokenizer = std::make_shared<ByteTokenizer>(special, config);
    const auto encoder = ChatEncoder::create(tokenizer, chatTemplate);
    if (!encoder)
        return encoder.error().message;
    const auto chat = encoder->encode(messages, generation);
    if (!chat)
        return chat.error().message;
    std::string result;
    for (std::size_t i = 0; i < chat->ids.size(); ++i) {
        if (!chat->assistantMask[i])
            continue;
        if (!result.empty() && !chat->assistantMask[i - 1])
            result += "|";
        result += tokenizer->tokenBytes(chat->ids[i]);
    }
    return result;
}

} // namespace

class TestChat : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void textsAndRefusalsAreThoseOfJinja();
    void textsOfTheRealModelAreThoseOfTransformers();
    void contentsAreShieldedAndKnownRolesAreNot();
    void answersAreTrainedOnWithTheirEnd_data();
    void answersAreTrainedOnWithTheirEnd();
    void answersAreFoundWhereTheTemplateRewritesTheConversation();
    void whatToTrainOnIsRefusedWhereItCantBeTold();
    void aTokenThatBeginsBeforeTheAnswerIsNotTrainedOn();
    void specialTokensComeFromTheTemplateOnly();
    void bosIsAddedOnce();
    void aRefusalNamesWhereTheConversationWasCut();
    void theGenerationPromptIsNotTrainedOn();
    void missingPartsAreErrors();
    void aLongConversationIsEncodedInTime();
    void aConversationOfThousandsOfTurnsIsRefusedInTime();
    void parityChatsHaveIdsAndMasksOfTheReference_data();
    void parityChatsHaveIdsAndMasksOfTheReference();
    void paritySpecialTokensHaveIdsAndMasksOfTheReference_data();
    void paritySpecialTokensHaveIdsAndMasksOfTheReference();

private:
    std::string templateOf(const char *name) const { return m_chats["templates"][name].get<std::string>(); }
    std::vector<Message> conversation(std::size_t i) const { return messagesOf(m_chats["conversations"][i]); }
    Json m_chats;
};

void TestChat::initTestCase()
{
    auto chats = readJson(testData / "text/chats.json");
    QVERIFY(chats);
    m_chats = std::move(*chats);
}

void TestChat::textsAndRefusalsAreThoseOfJinja()
{
    QVERIFY(m_chats["cases"].size() > 100);
    for (const Json &one : m_chats["cases"]) {
        const std::string name = one["template"];
        const auto encoder = ChatEncoder::create(templateOf(name.c_str()), "<s>", "</s>");
        QVERIFY2(encoder, name.c_str());
        const auto chat = encoder->render(conversation(one["conversation"]), one["generation"]);
        const std::string where = name + ", conversation " + one["conversation"].dump();
        QVERIFY2(chat.has_value() == one.contains("text"),
                 (where + (chat ? "" : ": " + chat.error().message)).c_str());
        if (chat)
            QCOMPARE(chat->text, one["text"].get<std::string>());
        else
            QVERIFY2(chat.error().message.starts_with("The chat template "), chat.error().message.c_str());
    }
}

void TestChat::textsOfTheRealModelAreThoseOfTransformers()
{
    const auto reference = readJson(testData / "smollm2-135m.json");
    QVERIFY(reference);
    const auto encoder = ChatEncoder::create((*reference)["chat_template"], "<|im_start|>", "<|im_end|>");
    QVERIFY(encoder);
    QCOMPARE((*reference)["chats"].size(), std::size_t(7));
    for (const Json &one : (*reference)["chats"]) {
        const auto plain = encoder->render(messagesOf(one["messages"]), false);
        const auto prompt = encoder->render(messagesOf(one["messages"]), true);
        QVERIFY(plain && prompt);
        QCOMPARE(plain->text, one["text"].get<std::string>());
        QCOMPARE(prompt->text, one["text_with_generation_prompt"].get<std::string>());
    }
}

void TestChat::contentsAreShieldedAndKnownRolesAreNot()
{
    const auto encoder =
        ChatEncoder::create("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}", "", "");
    QVERIFY(encoder);
    const auto chat = encoder->render(std::vector<Message>{{"user", "ab"}, {"tool", "cd"}, {"other", "ef"}}, false);
    QVERIFY(chat);
    QCOMPARE(chat->text, std::string("<user>ab<tool>cd<other>ef"));
    std::string shielded;
    std::int64_t end = 0;
    for (const TextSpan &span : chat->spans) {
        QCOMPARE(span.begin, end);
        end = span.end;
        if (span.shielded)
            shielded += chat->text.substr(std::size_t(span.begin), std::size_t(span.end - span.begin)) + "|";
    }
    QCOMPARE(end, std::int64_t(chat->text.size()));
    QCOMPARE(shielded, std::string("ab|cd|other|ef|"));
}

void TestChat::answersAreTrainedOnWithTheirEnd_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<int>("conversation");
    QTest::addColumn<QByteArray>("expected");
    const auto row = [](const char *name, int conversation, const char *expected) {
        QTest::addRow("%s %d", name, conversation) << QByteArray(name) << conversation << QByteArray(expected);
    };
    row("chatml", 0, "");
    row("chatml", 1, "{\"order\": 48213}<|im_end|>");
    // Its first new line is part of a token of the header.
    row("chatml", 2, "Hello!<|im_end|>|Starts and ends with a new line.\n<|im_end|>");
    row("chatml", 3, "<b>&amp;</b> {{ no tag }} {% nor this %}<|im_end|>");
    row("chatml", 4, "b<|im_end|>|d<|im_end|>");
    row("chatml", 6, "An assistant begins.<|im_end|>");
    row("zephyr-like", 2, "Hello!</s>|Starts and ends with a new line.\n</s>");
    row("zephyr-like", 5, "<think>\nlet me see\n</think>\n\nYes.</s>|</s>"); // an empty answer has an end
    row("llama2-like", 2, " Hello! </s>| Starts and ends with a new line. </s>");
    row("llama2-like", 4, " b </s>| d </s>");
    row("mistral-like", 2, "Hello!</s>|Starts and ends with a new line.</s>");
    row("mistral-like", 8, "<s>[INST] x [/INST]</s></s>");
    row("llama3-like", 1, "{\"order\": 48213}<|eot_id|>");
    row("gemma-like", 2, "Hello!<end_of_turn>|Starts and ends with a new line.<end_of_turn>");
    // The first answer loses its thinking once a user follows.
    row("thinking", 2, "Hello!<|im_end|>|<think>\n\n</think>\n\n\nStarts and ends with a new line.\n<|im_end|>");
    row("thinking", 5, "Yes.<|im_end|>|<think>\n\n</think>\n\n<|im_end|>");
}

void TestChat::answersAreTrainedOnWithTheirEnd()
{
    QFETCH(QByteArray, name);
    QFETCH(int, conversation);
    QFETCH(QByteArray, expected);
    const auto messages = this->conversation(std::size_t(conversation));
    QCOMPARE(QByteArray::fromStdString(trained(templateOf(name), messages)), expected);
}

void TestChat::answersAreFoundWhereTheTemplateRewritesTheConversation()
{
    const std::vector<Message> messages = {
        {"system", "Be brief."}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}};
    // The generation prompt opens a thought, which the turn itself leaves out.
    QCOMPARE(
        trained("{% for m in messages %}<{{ m.role[0] }}>{{ m.content }}{% if m.role == 'assistant' %}</s>{% endif %}"
                "{% endfor %}{% if add_generation_prompt %}<a><think>\n{% endif %}",
                messages),
        std::string("b</s>|d</s>"));
    // The system message moves to the last user.
    QCOMPARE(trained("{% set last = (messages | selectattr('role', 'eq', 'user') | list)[-1] %}"
                     "{% for m in messages[1:] %}{% if m.role == 'user' %}[INST]"
                     "{{ messages[0].content + ' ' if m == last }}{{ m.content }}[/INST]"
                     "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}",
                     messages),
             std::string("b</s>|d</s>"));
    // The number of turns stands at the top.
    QCOMPARE(trained("{{ messages | length }}{% for m in messages %}[{{ m.content }}]\n{% endfor %}", messages),
             std::string("[b]|[d]"));
}

void TestChat::whatToTrainOnIsRefusedWhereItCantBeTold()
{
    const std::string reversed = "{% for m in messages | reverse %}[{{ m.content }}]{% endfor %}";
    const std::vector<Message> messages = {{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}};
    QCOMPARE(
        trained(reversed, messages),
        std::string("The chat template renders this conversation differently when it is cut at message 2, so what to "
                    "train on can't be told; end the conversation there or use another template."));
    const std::string dropped =
        "{{ messages | length }}{% for m in messages %}[{{ m.content if loop.last }}]{% endfor %}";
    QVERIFY(trained(dropped, messages).find("cut at message 2") != std::string::npos);
}

void TestChat::aTokenThatBeginsBeforeTheAnswerIsNotTrainedOn()
{
    // The new line of the header and that of the content are one token.
    QCOMPARE(trained(chatml, {{"user", "a"}, {"assistant", "\nb\n"}}), std::string("b\n<|im_end|>"));
    QCOMPARE(trained(chatml, {{"user", "a"}, {"assistant", "\n\nb"}}), std::string("\nb<|im_end|>"));
}

void TestChat::specialTokensComeFromTheTemplateOnly()
{
    Tokenizer::Config config;
    config.eosText = "</s>";
    const std::vector<std::string> special = {"</s>", "<|user|>", "<|other|>"};
    const auto tokenizer = std::make_shared<ByteTokenizer>(special, config);
    const auto encoder = ChatEncoder::create(
        tokenizer, "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + eos_token }}{% endfor %}");
    QVERIFY(encoder);
    const auto chat = encoder->encode(std::vector<Message>{{"user", "</s>"}, {"other", "<|user|>"}});
    QVERIFY(chat);
    QCOMPARE(chat->text, std::string("<|user|></s></s><|other|><|user|></s>"));
    std::string found;
    for (const TokenId id : chat->ids)
        found += tokenizer->isSpecial(id) ? "(" + tokenizer->tokenBytes(id) + ")" : tokenizer->tokenBytes(id);
    QCOMPARE(found, std::string("(<|user|>)</s>(</s>)<|other|><|user|>(</s>)"));
}

void TestChat::bosIsAddedOnce()
{
    Tokenizer::Config config;
    config.bosText = "<s>";
    config.bos = 300;
    const auto idsWith = [&](bool addBos, const char *chatTemplate) {
        config.addBos = addBos;
        const std::vector<std::string> special = {"<s>"};
        const auto encoder = ChatEncoder::create(std::make_shared<ByteTokenizer>(special, config), chatTemplate);
        const auto chat = encoder->encode(std::vector<Message>{{"user", "<s>a"}});
        return chat.value();
    };
    const std::vector<TokenId> shielded = {'<', 's', '>', 'a'};
    std::vector<TokenId> whole = shielded;
    whole.insert(whole.begin(), 300);
    QCOMPARE(idsWith(false, "{{ messages[0].content }}").ids, shielded);
    QCOMPARE(idsWith(true, "{{ bos_token + messages[0].content }}").ids, whole);
    const EncodedChat added = idsWith(true, "{{ messages[0].content }}"); // begins with "<s>", but not with BOS
    QCOMPARE(added.ids, whole);
    QCOMPARE(added.begins, (std::vector<std::int64_t>{-1, 0, 1, 2, 3}));
    QCOMPARE(added.assistantMask, std::vector<std::uint8_t>(5, 0));
    QCOMPARE(added.text, std::string("<s>a"));
}

void TestChat::aRefusalNamesWhereTheConversationWasCut()
{
    const auto encoder = ChatEncoder::create(std::make_shared<ByteTokenizer>(std::vector<std::string>{}),
                                             "{% if messages | length == 3 %}{{ raise_exception('three is a crowd') "
                                             "}}{% endif %}{{ messages[0].content }}");
    QVERIFY(encoder);
    std::vector<Message> messages = {{"user", "a"}, {"assistant", "b"}, {"user", "c"}};
    const auto whole = encoder->encode(messages);
    QVERIFY(!whole);
    QCOMPARE(whole.error().message, std::string("The chat template refuses this conversation: three is a crowd"));
    messages.push_back({"assistant", "d"});
    const auto cut = encoder->encode(messages);
    QVERIFY(!cut);
    QCOMPARE(cut.error().code, ErrorCode::InvalidInput);
    QCOMPARE(cut.error().message,
             std::string("The chat template refuses this conversation cut after message 3: three is a crowd"));
}

void TestChat::theGenerationPromptIsNotTrainedOn()
{
    QCOMPARE(trained(chatml, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}}, true), std::string("b<|im_end|>"));
    QCOMPARE(trained(chatml, {{"user", "a"}, {"assistant", "b"}}, true), std::string("b<|im_end|>"));
    QCOMPARE(trained(chatml, {{"user", "a"}}, true), std::string());
}

void TestChat::missingPartsAreErrors()
{
    QVERIFY(!ChatEncoder::create("", "", ""));
    QVERIFY(!ChatEncoder::create("{% if %}", "", ""));
    const auto encoder = ChatEncoder::create(nullptr, chatml);
    QVERIFY(encoder);
    QVERIFY(encoder->render(std::vector<Message>{{"user", "a"}}, true));
    QVERIFY(!encoder->encode(std::vector<Message>{{"user", "a"}}));
    // A token that the model lacks is not defined, as in transformers.
    const auto undefined = ChatEncoder::create("{{ bos_token is defined }}{{ eos_token is defined }}", "", "</s>");
    QVERIFY(undefined);
    QCOMPARE(undefined->render({}, false).value().text, std::string("FalseTrue"));
    const auto noTools = ChatEncoder::create("{% for tool in tools %}{{ tool }}{% endfor %}none", "", "");
    QVERIFY(noTools);
    QCOMPARE(noTools->render({}, false).value().text, std::string("none"));
}

void TestChat::aLongConversationIsEncodedInTime()
{
    std::vector<Message> messages;
    for (int i = 0; i < 200; ++i)
        messages.push_back({i % 2 ? "assistant" : "user", std::string(1000, 'x')});
    QElapsedTimer timer;
    timer.start();
    const std::string text = trained(chatml, messages);
    QCOMPARE(std::count(text.begin(), text.end(), '|'), std::ptrdiff_t(99 + 200)); // two in each "<|im_end|>"
    QVERIFY2(timer.elapsed() < 5000 * Patience, std::to_string(timer.elapsed()).c_str());
}

void TestChat::aConversationOfThousandsOfTurnsIsRefusedInTime()
{
    std::vector<Message> messages;
    for (int i = 0; i < 20'000; ++i)
        messages.push_back({i % 2 ? "assistant" : "user", "x"});
    const std::string text = trained(chatml, messages);
    QVERIFY2(text.starts_with("To tell the answers of a conversation of 20000 messages apart"),
             text.substr(0, 200).c_str());
}

void TestChat::parityChatsHaveIdsAndMasksOfTheReference_data()
{
    QTest::addColumn<QString>("shape");
    for (const char *shape : {"llama-gqa", "llama-sharded-bias", "mistral-window"})
        QTest::newRow(shape) << QString(shape);
}

namespace {

void compareToReference(const std::string &shape, const char *file, std::size_t count)
{
    const fs::path folder = testData / "parity" / shape;
    const auto tokenizer = Tokenizer::load(folder / "model");
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    const auto reference = readJson(folder / file);
    QVERIFY(reference);
    QCOMPARE(reference->size(), count);
    for (const Json &one : *reference) {
        const std::string source = one.value("chat_template", (*tokenizer)->config().chatTemplate);
        const auto encoder = ChatEncoder::create(*tokenizer, source);
        QVERIFY(encoder);
        const auto chat = encoder->encode(messagesOf(one["messages"]));
        QVERIFY2(chat, chat ? "" : chat.error().message.c_str());
        QCOMPARE(chat->text, one["text"].get<std::string>());
        QCOMPARE(chat->ids, one["ids"].get<std::vector<TokenId>>());
        QVERIFY2(chat->assistantMask == one["assistant_mask"].get<std::vector<std::uint8_t>>(),
                 one["text"].dump().c_str());
    }
}

} // namespace

void TestChat::parityChatsHaveIdsAndMasksOfTheReference()
{
    QFETCH(QString, shape);
    compareToReference(shape.toStdString(), "chat.json", 20);
}

void TestChat::paritySpecialTokensHaveIdsAndMasksOfTheReference_data()
{
    parityChatsHaveIdsAndMasksOfTheReference_data();
}

void TestChat::paritySpecialTokensHaveIdsAndMasksOfTheReference()
{
    QFETCH(QString, shape);
    compareToReference(shape.toStdString(), "special.json", 14);
}

QTEST_APPLESS_MAIN(TestChat)
#include "tst_chat.moc"
