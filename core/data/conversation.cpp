#include "core/data/conversation.h"

#include "core/formats/json_text.h"
#include "core/text/white_space.h"

#include <algorithm>
#include <array>

namespace attune {

namespace {

tl::unexpected<Problem> problem(std::string field, std::string reason)
{
    return tl::unexpected(Problem{std::move(field), std::move(reason)});
}

bool isEmptyList(const Json &value)
{
    return value.is_null() || (value.is_array() && value.empty());
}

std::string at(const std::string &field, std::size_t index)
{
    return field + "[" + std::to_string(index) + "]";
}

/// The three roles under the names that ShareGPT data gives them; others stay as they are.
std::string_view plainRole(std::string_view role)
{
    if (role == "human")
        return "user";
    for (const std::string_view name : {"gpt", "chatgpt", "bard", "bing", "model"}) {
        if (role == name)
            return "assistant";
    }
    return role;
}

tl::expected<void, Problem> checkRole(const std::string &role, const std::string &field)
{
    if (role == "system" || role == "user" || role == "assistant")
        return {};
    constexpr std::array<std::string_view, 5> Tools{"tool", "function", "function_call", "observation", "ipython"};
    if (std::find(Tools.begin(), Tools.end(), role) != Tools.end())
        return problem(field, "Turns of the role \"" + role + "\" are not supported yet.");
    return problem(field, shown(role) + " is no role that is known: use system, user or assistant.");
}

/// Parts of an OpenAI message that would be lost, and with them the sense of the answer.
tl::expected<void, Problem> checkExtras(const Json &message, const std::string &field)
{
    for (const char *key : {"tool_calls", "function_call"}) {
        if (const auto found = message.find(key); found != message.end() && !isEmptyList(*found))
            return problem(field + "." + key, "Tool calls are not supported yet.");
    }
    if (const auto weight = message.find("weight"); weight != message.end() && *weight == 0)
        return problem(field + ".weight",
                       "Answers with weight 0, which are not to be trained on, are not supported yet.");
    return {};
}

} // namespace

tl::expected<std::string, Problem> contentText(const Json &content, const std::string &field)
{
    if (content.is_string())
        return content.get_ref<const std::string &>();
    if (content.is_null())
        return problem(field, "The value is null, but a text is needed.");
    if (!content.is_array())
        return problem(field, std::string("The value is ") + (content.is_object() ? "an object" : "no text") +
                                  ", but a text is needed.");
    std::string text;
    for (std::size_t i = 0; i < content.size(); ++i) {
        const Json &part = content[i];
        if (part.is_string()) {
            text += part.get_ref<const std::string &>();
            continue;
        }
        if (!part.is_object())
            return problem(at(field, i), "The part is no text.");
        if (const auto type = part.find("type"); type != part.end() && *type != "text")
            return problem(at(field, i) + ".type", "The part is of type " +
                                                       shown(*type) + ", but only text can be used.");
        const auto inner = part.find("text");
        if (inner == part.end() || !inner->is_string())
            return problem(at(field, i) + ".text", "The part holds no text.");
        text += inner->get_ref<const std::string &>();
    }
    return text;
}

void ConversationBuilder::add(std::string role, std::string content, const std::string &field)
{
    m_turns.push_back({{std::move(role), std::move(content)}, field, field});
}

tl::expected<void, Problem> ConversationBuilder::addMessages(const Json &messages, const std::string &field)
{
    if (!messages.is_array())
        return problem(field, "A list of messages is needed.");
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::string here = at(field, i);
        const Json &message = messages[i];
        if (!message.is_object())
            return problem(here, "The message is no object.");
        const bool shareGpt = message.contains("from") && !message.contains("role");
        const std::string roleKey = shareGpt ? "from" : "role";
        const std::string contentKey = shareGpt && !message.contains("content") ? "value" : "content";
        const auto role = message.find(roleKey);
        if (role == message.end())
            return problem(here + "." + roleKey, "This field is missing.");
        if (!role->is_string())
            return problem(here + "." + roleKey, "The role must be a text.");
        std::string plain(plainRole(role->get_ref<const std::string &>()));
        if (auto checked = checkRole(plain, here + "." + roleKey); !checked)
            return checked;
        if (auto checked = checkExtras(message, here); !checked)
            return checked;
        const auto content = message.find(contentKey);
        if (content == message.end())
            return problem(here + "." + contentKey, "This field is missing.");
        auto text = contentText(*content, here + "." + contentKey);
        if (!text)
            return tl::unexpected(std::move(text.error()));
        m_turns.push_back({{std::move(plain), std::move(*text)}, here + "." + roleKey, here + "." + contentKey});
    }
    return {};
}

tl::expected<void, Problem> ConversationBuilder::addHistory(const Json &history, const std::string &field)
{
    if (!history.is_array())
        return problem(field, "A list of [question, answer] is needed.");
    for (std::size_t i = 0; i < history.size(); ++i) {
        const std::string here = at(field, i);
        const Json &pair = history[i];
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
            return problem(here, "Each entry must be a question and its answer.");
        add("user", pair[0].get<std::string>(), at(here, 0));
        add("assistant", pair[1].get<std::string>(), at(here, 1));
    }
    return {};
}

tl::expected<std::vector<Message>, Problem> ConversationBuilder::finish()
{
    const Turn *user = nullptr;
    const Turn *answer = nullptr;
    bool asked = false;
    bool answered = false;
    for (std::size_t i = 0; i < m_turns.size(); ++i) {
        const Turn &turn = m_turns[i];
        const auto &[role, content] = turn.message;
        if (role == "system" && i > 0)
            return problem(turn.roleField, "A system turn can only come first.");
        if (content.find('\0') != std::string::npos)
            return problem(turn.contentField, "The text holds a NUL character.");
        if (role == "user") {
            user = user ? user : &turn;
            asked = asked || !isBlank(content);
        } else if (role == "assistant") {
            answer = answer ? answer : &turn;
            answered = answered || !isBlank(content);
        }
    }
    if (!answered)
        return problem(answer ? answer->contentField : std::string(), "There is no assistant answer.");
    if (!asked)
        return problem(user ? user->contentField : std::string(), "There is no user turn with text in it.");

    std::vector<Message> messages;
    messages.reserve(m_turns.size());
    for (Turn &turn : m_turns)
        messages.push_back(std::move(turn.message));
    return messages;
}

} // namespace attune
