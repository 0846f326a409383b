// A GGUF file: its header, its tokenizer, its shape and the first block of each tensor.

#include "core/formats/gguf.h"
#include "core/model/model_config.h"
#include "core/text/tokenizer.h"
#include "tests/fuzz/fuzz.h"

#include <vector>

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    const fuzz::MemoryFile memory(input);
    const auto file = GgufFile::open(memory.path());
    if (!fuzz::accepted(file))
        return;
    for (const auto &[name, tensor] : file->tensors()) {
        const bool isInteger = tensor.dtype >= DType::I64 && tensor.dtype <= DType::Bool;
        if (isInteger || tensor.elements() == 0)
            continue;
        std::vector<float> values(static_cast<std::size_t>(layout(tensor.dtype).elements));
        toFloat(tensor, 0, layout(tensor.dtype).elements, values.data());
    }
    fuzz::accepted(modelConfigFromGguf(*file));
    const auto tokenizer = Tokenizer::fromGguf(*file);
    if (!fuzz::accepted(tokenizer))
        return;
    const auto tokens = (*tokenizer)->encode("Hello <s> w\xc3\xb6rld 123\n\n  \xf0\x9f\x98\x80\xff");
    std::vector<TokenId> ids = {-1, 0, 1, static_cast<TokenId>((*tokenizer)->size())};
    for (const Token &token : tokens)
        ids.push_back(token.id);
    (*tokenizer)->decode(ids);
    for (const TokenId id : ids)
        (*tokenizer)->piece(id);
}
