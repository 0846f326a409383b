#pragma once

#include "core/text/pretokenizer.h"

namespace attune {

/// How a byte-level vocabulary in a GGUF file cuts its text.
struct GgufPreTokenizer {
    PreTokenizer preTokenizer;
    bool wholeWords = false; ///< a word that is a token is that token, whatever the merges say
};

/// By the name in tokenizer.ggml.pre. Fails with InvalidInput, naming `where`, for a name that is not known: another
/// split would give other ids than the model was trained on.
Result<GgufPreTokenizer> ggufPreTokenizer(std::string_view name, std::string_view where);

} // namespace attune
