#pragma once

#include "core/formats/gguf.h"
#include "core/text/tokenizer.h"

namespace attune {

/// The token that the metadata names under `key` ("tokenizer.ggml.bos_token_id"); none where the key is missing. Fails
/// with Corrupt where a vocabulary of `size` tokens has no such id.
Result<std::optional<TokenId>> ggufTokenId(const GgufFile &file, const std::string &key, std::size_t size);

} // namespace attune
