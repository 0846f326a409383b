#include "core/text/gguf_token_id.h"

namespace attune {

Result<std::optional<TokenId>> ggufTokenId(const GgufFile &file, const std::string &key, std::size_t size)
{
    ATTUNE_TRY(const auto value, file.integer(key));
    if (!value)
        return std::optional<TokenId>();
    if (*value < 0 || std::size_t(*value) >= size)
        return fail(ErrorCode::Corrupt, file.path().string() + ": " + key + " is " + std::to_string(*value) +
                                            ", outside the vocabulary of " + std::to_string(size) + " tokens.");
    return std::optional(static_cast<TokenId>(*value));
}

} // namespace attune
