#include "core/data/messages_json.h"

namespace attune {

Result<std::vector<Message>> parseMessages(const Json &object, std::string_view where)
{
    const std::string at(where);
    const auto found = object.is_object() ? object.find("messages") : object.end();
    if (!object.is_object() || found == object.end() || !found->is_array())
        return fail(ErrorCode::InvalidInput, at + " has no \"messages\" list.");
    std::vector<Message> messages;
    for (std::size_t i = 0; i < found->size(); ++i) {
        const Json &entry = (*found)[i];
        const std::string field = at + ": messages[" + std::to_string(i) + "]";
        Message message;
        for (auto [key, to] : {std::pair{"role", &message.role}, {"content", &message.content}}) {
            if (!entry.is_object() || !entry.contains(key) || !entry[key].is_string())
                return fail(ErrorCode::InvalidInput, field + "." + key + " is not a string.");
            *to = entry[key].get<std::string>();
        }
        messages.push_back(std::move(message));
    }
    return messages;
}

Json messagesJson(std::span<const Message> messages)
{
    Json json = Json::array();
    for (const Message &message : messages)
        json.push_back({{"role", message.role}, {"content", message.content}});
    return json;
}

} // namespace attune
