#include "core/formats/gguf.h"
#include "core/text/bpe_tokenizer.h"
#include "core/text/gguf_pretokenizers.h"
#include "core/text/gguf_token_id.h"

namespace attune {

namespace {

enum TokenType : std::int64_t { Control = 3, UserDefined = 4 };

Result<void> setConfig(const GgufFile &file, BpeModel &model)
{
    Tokenizer::Config &config = model.config;
    const std::size_t size = model.tokens.size();
    ATTUNE_TRY(config.bos, ggufTokenId(file, "tokenizer.ggml.bos_token_id", size));
    ATTUNE_TRY(config.eos, ggufTokenId(file, "tokenizer.ggml.eos_token_id", size));
    config.bosText = config.bos ? model.tokens[std::size_t(*config.bos)] : "";
    config.eosText = config.eos ? model.tokens[std::size_t(*config.eos)] : "";
    if (config.eos)
        addStop(config.stop, *config.eos);
    for (const char *key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
        ATTUNE_TRY(const auto id, ggufTokenId(file, key, size));
        if (id)
            addStop(config.stop, *id);
    }
    ATTUNE_TRY(const auto addBos, file.boolean("tokenizer.ggml.add_bos_token"));
    config.addBos = addBos.value_or(false) && config.bos;
    ATTUNE_TRY(const auto chatTemplate, file.string("tokenizer.chat_template"));
    config.chatTemplate = chatTemplate.value_or("");
    return {};
}

} // namespace

Result<std::shared_ptr<const Tokenizer>> BpeTokenizer::fromGguf(const GgufFile &file)
{
    BpeModel model;
    model.where = file.path().string();
    const auto *tokens = file.strings("tokenizer.ggml.tokens");
    const auto *merges = file.strings("tokenizer.ggml.merges");
    if (!tokens || !merges)
        return fail(ErrorCode::InvalidInput, model.where + " lacks tokenizer.ggml.tokens or tokenizer.ggml.merges, "
                                                           "which its tokenizer needs.");
    model.tokens = *tokens;
    for (const std::string &merge : *merges) {
        const auto space = merge.find(' ', 1);
        if (space == std::string::npos)
            return fail(ErrorCode::Corrupt, model.where + ": the merge \"" + merge + "\" is not two tokens.");
        model.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
    }

    ATTUNE_CHECK(setConfig(file, model));
    if (const auto *types = file.integers("tokenizer.ggml.token_type")) {
        if (types->size() != tokens->size())
            return fail(ErrorCode::Corrupt, model.where +
                                                ": tokenizer.ggml.token_type and tokenizer.ggml.tokens differ "
                                                "in length.");
        for (std::size_t i = 0; i < types->size(); ++i) {
            if ((*types)[i] == Control || (*types)[i] == UserDefined)
                model.added.add(
                    {.id = static_cast<TokenId>(i), .content = model.tokens[i], .special = (*types)[i] == Control});
        }
    }
    ATTUNE_TRY(const auto pre, file.string("tokenizer.ggml.pre"));
    ATTUNE_TRY(auto cut, ggufPreTokenizer(pre.value_or("default"), model.where));
    model.preTokenizer = std::move(cut.preTokenizer);
    model.wholeWords = cut.wholeWords;
    return create(std::move(model));
}

} // namespace attune
