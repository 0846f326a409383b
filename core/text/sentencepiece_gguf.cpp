#include "core/formats/gguf.h"
#include "core/text/gguf_token_id.h"
#include "core/text/sentencepiece_model.h"
#include "core/text/sentencepiece_tokenizer.h"

namespace attune {

namespace {

using Type = SentencePieceModel::PieceType;

/// The pieces with the types that the file gives, in sentencepiece's numbering and llama.cpp's alike.
Result<std::vector<SentencePieceModel::Piece>> readPieces(const GgufFile &file)
{
    const std::string where = file.path().string();
    const auto *tokens = file.strings("tokenizer.ggml.tokens");
    const auto *scores = file.numbers("tokenizer.ggml.scores");
    const auto *types = file.integers("tokenizer.ggml.token_type");
    if (!tokens || !scores || !types)
        return fail(ErrorCode::InvalidInput, where + " lacks tokenizer.ggml.tokens, tokenizer.ggml.scores or "
                                                     "tokenizer.ggml.token_type, which its tokenizer needs.");
    if (scores->size() != tokens->size() || types->size() != tokens->size())
        return fail(ErrorCode::Corrupt, where + ": tokenizer.ggml.tokens, tokenizer.ggml.scores and "
                                                "tokenizer.ggml.token_type differ in length.");
    std::vector<SentencePieceModel::Piece> pieces(tokens->size());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if ((*types)[i] < std::int64_t(Type::Normal) || (*types)[i] > std::int64_t(Type::Byte))
            return fail(ErrorCode::Corrupt, where + ": tokenizer.ggml.token_type " + std::to_string(i) + " is " +
                                                std::to_string((*types)[i]) + ", expected 1 to 6.");
        pieces[i] = {(*tokens)[i], static_cast<float>((*scores)[i]), static_cast<Type>((*types)[i])};
    }
    return pieces;
}

/// The library wants one unknown piece. Converters call further ones so (padding up to the size of the embedding), or
/// the real one a control token; then the metadata says which it is.
Result<void> settleUnknown(std::vector<SentencePieceModel::Piece> &pieces, std::optional<TokenId> named,
                           const std::string &where)
{
    std::vector<std::size_t> unknown;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        if (pieces[i].type == Type::Unknown)
            unknown.push_back(i);
    if (!named && unknown.size() == 1)
        return {};
    if (!named)
        return fail(ErrorCode::Corrupt, where + ": tokenizer.ggml.token_type does not name one unknown token.");
    for (const std::size_t i : unknown)
        pieces[i].type = Type::Unused;
    pieces[static_cast<std::size_t>(*named)].type = Type::Unknown;
    return {};
}

} // namespace

Result<std::shared_ptr<const Tokenizer>> SentencePieceTokenizer::fromGguf(const GgufFile &file)
{
    const std::string where = file.path().string();
    SentencePieceModel model;
    ATTUNE_TRY(model.pieces, readPieces(file));

    TokenizerConfig config;
    config.where = where;
    const auto idOf = [&](const char *key) { return ggufTokenId(file, key, model.pieces.size()); };
    ATTUNE_TRY(const auto unknown, idOf("tokenizer.ggml.unknown_token_id"));
    ATTUNE_CHECK(settleUnknown(model.pieces, unknown, where));
    ATTUNE_TRY(const auto bos, idOf("tokenizer.ggml.bos_token_id"));
    ATTUNE_TRY(const auto eos, idOf("tokenizer.ggml.eos_token_id"));
    model.bos = bos.value_or(-1);
    model.eos = eos.value_or(-1);
    for (const char *key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
        ATTUNE_TRY(const auto id, idOf(key));
        if (id)
            addStop(config.stop, *id);
    }
    for (std::size_t i = 0; i < model.pieces.size(); ++i) {
        const SentencePieceModel::Piece &piece = model.pieces[i];
        if (piece.type == Type::Control || piece.type == Type::UserDefined)
            config.added.push_back(
                {.id = static_cast<TokenId>(i), .content = piece.text, .special = piece.type == Type::Control});
    }
    ATTUNE_TRY(config.addBos, file.boolean("tokenizer.ggml.add_bos_token"));
    ATTUNE_TRY(config.addPrefixSpace, file.boolean("tokenizer.ggml.add_space_prefix"));
    ATTUNE_TRY(const auto chatTemplate, file.string("tokenizer.chat_template"));
    config.chatTemplate = chatTemplate.value_or("");
    // llama.cpp puts a space before the text after a special token too.
    config.legacy = true;
    model.dummyPrefix = config.addPrefixSpace.value_or(true);
    return create(model.serialized(), where, config);
}

} // namespace attune
