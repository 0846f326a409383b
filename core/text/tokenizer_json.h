#pragma once

#include "core/text/tokenizer_config.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace attune {

/// What the readers of the kinds of tokenizer.json share. `where` is the file, for messages.

inline constexpr std::int64_t MaxVocabulary = 1 << 22;

/// "BPE", "Sequence", ...; empty for null, "of unknown type" where it says none.
std::string jsonType(const Json &object);

/// The member, or null.
const Json &jsonMember(const Json &object, const char *key);

/// "WHERE: WHAT is not supported."
tl::unexpected<Error> unsupportedInJson(std::string_view where, const std::string &what);

/// Calls `take` for `json`, or, where it is a sequence, for each part of it, which stand in `list`; for none where it
/// is null.
Result<void> forEachPart(const Json &json, const char *list, const std::function<Result<void>(const Json &)> &take);

/// The special token that the post-processor puts before a text; empty: none.
Result<std::string> prefixToken(const Json &tokenizer, std::string_view where);

/// One entry of a BPE model's "merges", a list of two texts or one text "a b"; none where it is neither.
std::optional<std::pair<std::string, std::string>> mergePair(const Json &merge);

/// The list "added_tokens".
Result<std::vector<AddedToken>> addedTokensOf(const Json &tokenizer, std::string_view where);

} // namespace attune
