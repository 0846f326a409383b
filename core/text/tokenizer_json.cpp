#include "core/text/tokenizer_json.h"

namespace attune {

std::string jsonType(const Json &object)
{
    if (object.is_null())
        return {};
    const Json &type = jsonMember(object, "type");
    return type.is_string() ? type.get<std::string>() : "of unknown type";
}

const Json &jsonMember(const Json &object, const char *key)
{
    static const Json Null;
    if (!object.is_object())
        return Null;
    const auto found = object.find(key);
    return found == object.end() ? Null : *found;
}

tl::unexpected<Error> unsupportedInJson(std::string_view where, const std::string &what)
{
    return fail(ErrorCode::InvalidInput, std::string(where) + ": " + what + " is not supported.");
}

Result<void> forEachPart(const Json &json, const char *list, const std::function<Result<void>(const Json &)> &take)
{
    if (json.is_null())
        return {};
    const Json &parts = jsonMember(json, list);
    if (jsonType(json) != "Sequence" || !parts.is_array())
        return take(json);
    for (const Json &part : parts)
        ATTUNE_CHECK(forEachPart(part, list, take));
    return {};
}

Result<std::string> prefixToken(const Json &tokenizer, std::string_view where)
{
    std::string prefix;
    ATTUNE_CHECK(
        forEachPart(jsonMember(tokenizer, "post_processor"), "processors", [&](const Json &part) -> Result<void> {
            const std::string type = jsonType(part);
            if (type == "ByteLevel")
                return {};
            const Json &single = jsonMember(part, "single");
            if (type != "TemplateProcessing" || !single.is_array())
                return unsupportedInJson(where, "the post-processor " + type);
            if (!single.empty() && single[0].is_object() && single[0].contains("SpecialToken")) {
                ATTUNE_TRY(prefix, jsonValue<std::string>(single[0]["SpecialToken"], "id", "", where));
            }
            return {};
        }));
    return prefix;
}

std::optional<std::pair<std::string, std::string>> mergePair(const Json &merge)
{
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
        return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
    if (!merge.is_string())
        return std::nullopt;
    const auto text = merge.get<std::string>();
    const auto space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
        return std::nullopt;
    return std::pair(text.substr(0, space), text.substr(space + 1));
}

Result<std::vector<AddedToken>> addedTokensOf(const Json &tokenizer, std::string_view where)
{
    std::vector<AddedToken> added;
    const Json &list = jsonMember(tokenizer, "added_tokens");
    if (list.is_null())
        return added;
    if (!list.is_array())
        return fail(ErrorCode::InvalidInput, std::string(where) + ": \"added_tokens\" must be a list.");
    for (const Json &entry : list) {
        ATTUNE_TRY(const auto id, jsonValue<std::int64_t>(entry, "id", -1, where));
        if (id < 0 || id >= MaxVocabulary)
            return fail(ErrorCode::Corrupt, std::string(where) + ": an added token has no valid id.");
        ATTUNE_TRY(added.emplace_back(), parseAddedToken(entry, static_cast<TokenId>(id), where));
    }
    return added;
}

} // namespace attune
