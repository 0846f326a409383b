#include "core/text/chat.h"

#include "core/base/files.h"

#include <QtTest>

using namespace attune;
namespace fs = std::filesystem;

/// Conversations through the tokenizer and the template of the model that installer/setup fetches.
class TestChatModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void chatsHaveIdsAndMasksOfTheReference();
};

void TestChatModel::chatsHaveIdsAndMasksOfTheReference()
{
    const fs::path path = cacheFolder() / "models/SmolLM2-135M-Instruct.Q4_1.gguf";
    if (!fs::exists(path))
        QSKIP("run installer/setup first: the model is not there");
    const auto tokenizer = Tokenizer::load(path);
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    const auto reference = readJson(fs::path(ATTUNE_TEST_DATA) / "smollm2-135m.json");
    QVERIFY(reference);
    QCOMPARE((*tokenizer)->config().chatTemplate, (*reference)["chat_template"].get<std::string>());
    const auto encoder = ChatEncoder::create(*tokenizer, (*tokenizer)->config().chatTemplate);
    QVERIFY(encoder);
    QCOMPARE((*reference)["chats"].size(), std::size_t(7));
    for (const Json &one : (*reference)["chats"]) {
        std::vector<Message> messages;
        for (const Json &message : one["messages"])
            messages.push_back({message["role"], message["content"]});
        const auto chat = encoder->encode(messages);
        const auto prompt = encoder->encode(messages, true);
        QVERIFY(chat && prompt);
        QCOMPARE(chat->text, one["text"].get<std::string>());
        QCOMPARE(chat->ids, one["ids"].get<std::vector<TokenId>>());
        QVERIFY2(chat->assistantMask == one["assistant_mask"].get<std::vector<std::uint8_t>>(),
                 one["text"].dump().c_str());
        QCOMPARE(prompt->text, one["text_with_generation_prompt"].get<std::string>());
        QCOMPARE(prompt->ids, one["ids_with_generation_prompt"].get<std::vector<TokenId>>());
    }
}

QTEST_APPLESS_MAIN(TestChatModel)
#include "tst_chat_model.moc"
