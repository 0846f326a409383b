#pragma once

#include "core/formats/json.h"
#include "core/text/chat.h"

#include <string_view>
#include <vector>

namespace attune {

/// The messages of an object that holds {"messages": [{"role", "content"}]}. Fails with InvalidInput naming the
/// field.
Result<std::vector<Message>> parseMessages(const Json &object, std::string_view where);
Json messagesJson(std::span<const Message> messages);

} // namespace attune
