#include "core/studio/chat_model.h"

namespace attune {

Result<ChatEncoder> loadChatEncoder(const std::filesystem::path &model)
{
    ATTUNE_TRY(auto tokenizer, Tokenizer::load(model));
    std::string source = tokenizer->config().chatTemplate;
    if (source.empty())
        return fail(ErrorCode::InvalidInput,
                    model.string() +
                        " has no chat template, so it can't be told what a conversation looks like; use an "
                        "instruction-tuned model, or put a chat_template.jinja into its folder.");
    return ChatEncoder::create(std::move(tokenizer), std::move(source));
}

std::optional<std::size_t> lastAnswer(std::span<const Message> messages)
{
    for (std::size_t i = messages.size(); i > 0; --i)
        if (messages[i - 1].role == "assistant")
            return i - 1;
    return std::nullopt;
}

std::span<const Message> promptOf(std::span<const Message> messages)
{
    return !messages.empty() && messages.back().role == "assistant" ? messages.first(messages.size() - 1) : messages;
}

} // namespace attune
