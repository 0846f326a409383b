// tokenizer.json, then a text to encode after a NUL.

#include "core/text/bpe_tokenizer.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    const auto json = parseJson(fuzz::takePart(input), "tokenizer.json");
    if (!fuzz::accepted(json))
        return;
    TokenizerConfig config;
    config.where = "tokenizer_config.json";
    const auto tokenizer = BpeTokenizer::fromJson(*json, "tokenizer.json", config);
    if (!fuzz::accepted(tokenizer))
        return;
    for (const std::string_view text :
         {std::string_view("Hello w\xc3\xb6rld 123\n\n  \xf0\x9f\x98\x80\xff"), input}) {
        std::int64_t before = 0;
        std::vector<TokenId> ids;
        for (const Token &token : (*tokenizer)->encode(text)) {
            fuzz::require(token.begin >= before && token.begin < static_cast<std::int64_t>(text.size()),
                          "tokens begin in the text, in order");
            before = token.begin;
            ids.push_back(token.id);
        }
        (*tokenizer)->decode(ids, true);
    }
}
