#pragma once

#include "core/text/chat.h"

#include <filesystem>

namespace attune {

/// The prompts of a file: JSON Lines, or one JSON object or list, of {"messages": [...]} or {"prompt": "..."}. An
/// assistant turn at the end of a conversation, as rows to train on have it, is left out.
Result<std::vector<std::vector<Message>>> readPrompts(const std::filesystem::path &file);

} // namespace attune
