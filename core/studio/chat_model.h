#pragma once

#include "core/text/chat.h"

#include <filesystem>

namespace attune {

/// The tokenizer of a model with its chat template, as training, evaluating and prompting need it. Fails with
/// InvalidInput where the model has no template.
Result<ChatEncoder> loadChatEncoder(const std::filesystem::path &model);

/// Where the prompt of a conversation ends: the index of its last assistant turn; none where it has no such turn.
std::optional<std::size_t> lastAnswer(std::span<const Message> messages);

/// The messages to answer: an assistant turn at the end is left out.
std::span<const Message> promptOf(std::span<const Message> messages);

} // namespace attune
