#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"
#include "core/text/added_tokens.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// What the small files beside a tokenizer say: tokenizer_config.json, special_tokens_map.json, added_tokens.json,
/// chat_template.jinja, generation_config.json. Every one of them may be missing.
struct TokenizerConfig {
    std::string where; ///< tokenizer_config.json, for messages
    std::optional<std::string> bosText;
    std::optional<std::string> eosText;
    std::optional<std::string> unkText;
    std::optional<bool> addBos;
    std::optional<bool> legacy;
    std::optional<bool> addPrefixSpace;
    std::vector<AddedToken> added;
    std::vector<TokenId> stop; ///< generation_config.json's eos_token_id
    std::string chatTemplate;

    static Result<TokenizerConfig> read(const std::filesystem::path &folder);
};

/// One entry of a list of added tokens, in tokenizer.json or added_tokens_decoder.
Result<AddedToken> parseAddedToken(const Json &entry, TokenId id, std::string_view where);

/// Appends `id` unless it is there.
void addStop(std::vector<TokenId> &stop, TokenId id);

} // namespace attune
