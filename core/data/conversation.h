#pragma once

#include "core/data/record_reader.h"

namespace attune {

/// The text of a message's content: a string, or a list of parts of which each is a text.
tl::expected<std::string, Problem> contentText(const Json &content, const std::string &field);

/// Collects the turns of a conversation with the field that each came from, and checks the whole.
class ConversationBuilder {
public:
    /// Any of the names that data sets use for a role.
    void add(std::string role, std::string content, const std::string &field);
    /// A list of {"role", "content"} or {"from", "value"}; `field` is the list's own path.
    tl::expected<void, Problem> addMessages(const Json &messages, const std::string &field);
    /// Alpaca's earlier turns: a list of [question, answer].
    tl::expected<void, Problem> addHistory(const Json &history, const std::string &field);

    /// The messages, if they are a conversation to learn from: a system turn first or nowhere, something asked,
    /// something answered, and no NUL.
    tl::expected<std::vector<Message>, Problem> finish();

private:
    struct Turn {
        Message message;
        std::string roleField;
        std::string contentField;
    };
    std::vector<Turn> m_turns;
};

} // namespace attune
