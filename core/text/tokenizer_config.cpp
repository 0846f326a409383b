#include "core/text/tokenizer_config.h"

#include "core/base/files.h"

#include <algorithm>
#include <charconv>

namespace attune {

namespace {

constexpr std::int64_t MaxId = 1 << 22; // far beyond any vocabulary, and small enough for tables by id

/// The file as JSON; an empty object where it is missing.
Result<Json> readOptional(const std::filesystem::path &path)
{
    std::error_code error;
    if (!std::filesystem::exists(path, error))
        return Json::object();
    ATTUNE_TRY(Json json, readJson(path));
    if (!json.is_object())
        return fail(ErrorCode::InvalidInput, path.string() + " must hold a JSON object.");
    return json;
}

/// A special token is written as its text or as an object with it.
Result<std::optional<std::string>> tokenText(const Json &object, const char *key, std::string_view where)
{
    const auto found = object.find(key);
    if (found == object.end() || found->is_null())
        return std::optional<std::string>();
    const Json &text = found->is_object() && found->contains("content") ? (*found)["content"] : *found;
    if (!text.is_string())
        return fail(ErrorCode::InvalidInput, std::string(where) + ": \"" + key + "\" must be a text.");
    return std::optional(text.get<std::string>());
}

Result<std::optional<bool>> optionalBool(const Json &object, const char *key, std::string_view where)
{
    if (!object.contains(key) || object[key].is_null())
        return std::optional<bool>();
    ATTUNE_TRY(const bool value, jsonValue<bool>(object, key, false, where));
    return std::optional(value);
}

std::optional<TokenId> asId(const Json &value)
{
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() >= MaxId)
        return std::nullopt;
    return value.get<TokenId>();
}

Result<std::string> chatTemplateOf(const Json &config, const std::filesystem::path &folder, std::string_view where)
{
    const std::filesystem::path file = folder / "chat_template.jinja";
    std::error_code error;
    if (std::filesystem::exists(file, error))
        return readFile(file, std::size_t(1) << 20);
    const auto found = config.find("chat_template");
    if (found == config.end() || found->is_null())
        return std::string();
    if (found->is_string())
        return found->get<std::string>();
    if (found->is_array()) { // several, by name
        for (const Json &entry : *found) {
            if (entry.is_object() && entry.value("name", Json()) == "default" && entry.contains("template") &&
                entry["template"].is_string())
                return entry["template"].get<std::string>();
        }
        return std::string();
    }
    return fail(ErrorCode::InvalidInput,
                std::string(where) + ": \"chat_template\" must be a text or a list of named templates.");
}

Result<void> readAddedTokens(const Json &config, const std::filesystem::path &folder, TokenizerConfig &result)
{
    // The older file has texts and ids only; what stands there is no special token.
    const std::filesystem::path path = folder / "added_tokens.json";
    ATTUNE_TRY(const Json older, readOptional(path));
    for (const auto &[text, value] : older.items()) {
        const auto id = asId(value);
        if (!id)
            return fail(ErrorCode::InvalidInput, path.string() + ": the id of " + text + " is not valid.");
        result.added.push_back({.id = *id, .content = text});
    }
    const auto decoder = config.find("added_tokens_decoder");
    if (decoder == config.end() || decoder->is_null())
        return {};
    if (!decoder->is_object())
        return fail(ErrorCode::InvalidInput, result.where + ": \"added_tokens_decoder\" must be an object.");
    for (const auto &[key, entry] : decoder->items()) {
        TokenId id = -1;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
        if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= MaxId)
            return fail(ErrorCode::InvalidInput,
                        result.where + ": \"added_tokens_decoder\" has the entry " + key + ", which is no token id.");
        ATTUNE_TRY(AddedToken token, parseAddedToken(entry, id, result.where));
        result.added.push_back(std::move(token));
    }
    return {};
}

Result<void> readStops(const std::filesystem::path &folder, TokenizerConfig &result)
{
    const std::filesystem::path path = folder / "generation_config.json";
    ATTUNE_TRY(const Json generation, readOptional(path));
    const auto found = generation.find("eos_token_id");
    if (found == generation.end() || found->is_null())
        return {};
    const Json list = found->is_array() ? *found : Json::array({*found});
    for (const Json &value : list) {
        const auto id = asId(value);
        if (!id)
            return fail(ErrorCode::InvalidInput,
                        path.string() + ": \"eos_token_id\" must be a token id or a list of them.");
        addStop(result.stop, *id);
    }
    return {};
}

} // namespace

Result<AddedToken> parseAddedToken(const Json &entry, TokenId id, std::string_view where)
{
    AddedToken token;
    token.id = id;
    if (entry.is_string()) {
        token.content = entry.get<std::string>();
        return token;
    }
    ATTUNE_TRY(token.content, jsonValue<std::string>(entry, "content", "", where));
    ATTUNE_TRY(token.special, jsonValue<bool>(entry, "special", false, where));
    ATTUNE_TRY(token.stripLeft, jsonValue<bool>(entry, "lstrip", false, where));
    ATTUNE_TRY(token.stripRight, jsonValue<bool>(entry, "rstrip", false, where));
    ATTUNE_TRY(const bool singleWord, jsonValue<bool>(entry, "single_word", false, where));
    if (singleWord)
        return fail(ErrorCode::InvalidInput, std::string(where) + ": the added token " + token.content +
                                                 " is marked \"single_word\", which is not supported.");
    return token;
}

void addStop(std::vector<TokenId> &stop, TokenId id)
{
    if (std::find(stop.begin(), stop.end(), id) == stop.end())
        stop.push_back(id);
}

Result<TokenizerConfig> TokenizerConfig::read(const std::filesystem::path &folder)
{
    TokenizerConfig result;
    const std::filesystem::path path = folder / "tokenizer_config.json";
    result.where = path.string();
    ATTUNE_TRY(const Json config, readOptional(path));
    const std::filesystem::path mapPath = folder / "special_tokens_map.json";
    ATTUNE_TRY(const Json map, readOptional(mapPath));
    const auto special = [&](const char *key) -> Result<std::optional<std::string>> {
        if (config.contains(key))
            return tokenText(config, key, result.where);
        return tokenText(map, key, mapPath.string());
    };
    ATTUNE_TRY(result.bosText, special("bos_token"));
    ATTUNE_TRY(result.eosText, special("eos_token"));
    ATTUNE_TRY(result.unkText, special("unk_token"));
    ATTUNE_TRY(result.addBos, optionalBool(config, "add_bos_token", result.where));
    ATTUNE_TRY(result.legacy, optionalBool(config, "legacy", result.where));
    ATTUNE_TRY(result.addPrefixSpace, optionalBool(config, "add_prefix_space", result.where));
    ATTUNE_TRY(result.chatTemplate, chatTemplateOf(config, folder, result.where));
    ATTUNE_CHECK(readAddedTokens(config, folder, result));
    ATTUNE_CHECK(readStops(folder, result));
    return result;
}

} // namespace attune
