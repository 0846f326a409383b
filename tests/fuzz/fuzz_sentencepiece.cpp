// tokenizer.model, a protocol buffer that the sentencepiece library reads.

#include "core/text/sentencepiece_tokenizer.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    TokenizerConfig config;
    config.where = "tokenizer_config.json";
    config.added = {{.id = 7, .content = "<|end|>", .special = true}};
    const auto tokenizer = SentencePieceTokenizer::create(std::string(input), "tokenizer.model", config);
    if (!fuzz::accepted(tokenizer))
        return;
    const std::string_view text = "Hello  <s>w\xc3\xb6rld<|end|> 123\n\n \xef\xbd\xb1\xf0\x9f\x98\x80\xff";
    const TextSpan whole{0, static_cast<std::int64_t>(text.size()), false};
    std::vector<TokenId> ids = {-1, 0, static_cast<TokenId>((*tokenizer)->size())};
    for (const Token &token : (*tokenizer)->encodeRendered(text, std::span(&whole, 1))) {
        fuzz::require(token.begin >= 0 && token.begin <= whole.end, "tokens begin in the text");
        ids.push_back(token.id);
    }
    (*tokenizer)->decode(ids);
    for (const TokenId id : ids)
        (*tokenizer)->piece(id);
}
