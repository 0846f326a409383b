#include "core/formats/gguf.h"
#include "core/text/sentencepiece_tokenizer.h"

#include <algorithm>
#include <array>
#include <bit>

namespace attune {

namespace {

/// The kinds of pieces, in sentencepiece's numbering and llama.cpp's alike.
enum PieceType : std::int64_t { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };

/// A protocol buffer as it is written: only what a sentencepiece model needs of the format.
class Message {
public:
    void integer(unsigned field, std::uint64_t value)
    {
        varint(field << 3U);
        varint(value);
    }
    void number(unsigned field, float value)
    {
        varint(field << 3U | 5U);
        const auto bits = std::bit_cast<std::uint32_t>(value);
        for (unsigned shift = 0; shift < 32; shift += 8)
            m_bytes += static_cast<char>(bits >> shift & 255U);
    }
    void bytes(unsigned field, std::string_view content)
    {
        varint(field << 3U | 2U);
        varint(content.size());
        m_bytes += content;
    }
    const std::string &content() const { return m_bytes; }

private:
    void varint(std::uint64_t value)
    {
        for (; value > 127; value >>= 7U)
            m_bytes += static_cast<char>((value & 127U) | 128U);
        m_bytes += static_cast<char>(value);
    }

    std::string m_bytes;
};

struct Vocabulary {
    std::vector<std::string> tokens;
    std::vector<double> scores;
    std::vector<std::int64_t> types;
};

Result<Vocabulary> readVocabulary(const GgufFile &file)
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
    if (std::count(types->begin(), types->end(), std::int64_t(Unknown)) != 1)
        return fail(ErrorCode::Corrupt, where + ": tokenizer.ggml.token_type does not name one unknown token.");
    for (std::size_t i = 0; i < types->size(); ++i)
        if ((*types)[i] < Normal || (*types)[i] > Byte)
            return fail(ErrorCode::Corrupt, where + ": tokenizer.ggml.token_type " + std::to_string(i) + " is " +
                                                std::to_string((*types)[i]) + ", expected 1 to 6.");
    return Vocabulary{*tokens, *scores, *types};
}

/// The fields of sentencepiece_model.proto, by their numbers there.
std::string serializedModel(const Vocabulary &vocabulary, bool prefixSpace, std::span<const std::int64_t> specials)
{
    Message model;
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        Message piece;
        piece.bytes(1, vocabulary.tokens[i]);
        piece.number(2, static_cast<float>(vocabulary.scores[i]));
        piece.integer(3, static_cast<std::uint64_t>(vocabulary.types[i]));
        model.bytes(1, piece.content());
    }
    Message trainer;
    trainer.integer(3, 2); // model_type: BPE
    trainer.integer(35, std::find(vocabulary.types.begin(), vocabulary.types.end(), std::int64_t(Byte)) !=
                            vocabulary.types.end()); // byte_fallback
    for (unsigned i = 0; i < specials.size(); ++i)
        trainer.integer(40 + i, static_cast<std::uint64_t>(specials[i])); // unk_id, bos_id, eos_id, pad_id; -1: none
    model.bytes(2, trainer.content());
    Message normalizer;
    normalizer.bytes(1, "identity");
    normalizer.integer(3, prefixSpace ? 1 : 0); // add_dummy_prefix
    normalizer.integer(4, 0);                   // remove_extra_whitespaces
    model.bytes(3, normalizer.content());
    return model.content();
}

} // namespace

Result<std::shared_ptr<const Tokenizer>> SentencePieceTokenizer::fromGguf(const GgufFile &file)
{
    const std::string where = file.path().string();
    ATTUNE_TRY(const Vocabulary vocabulary, readVocabulary(file));
    const auto size = static_cast<std::int64_t>(vocabulary.tokens.size());

    TokenizerConfig config;
    config.where = where;
    std::array<std::int64_t, 4> specials = {-1, -1, -1, -1};
    specials[0] = std::find(vocabulary.types.begin(), vocabulary.types.end(), std::int64_t(Unknown)) -
                  vocabulary.types.begin();
    constexpr std::array<const char *, 2> named = {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"};
    constexpr std::array<const char *, 2> stops = {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"};
    const auto idOf = [&](const char *key) -> Result<std::int64_t> {
        ATTUNE_TRY(const auto id, file.integer(key));
        if (id && (*id < 0 || *id >= size))
            return fail(ErrorCode::Corrupt, where + ": " + key + " is " + std::to_string(*id) +
                                                ", outside the vocabulary of " + std::to_string(size) + " tokens.");
        return id.value_or(-1);
    };
    for (std::size_t i = 0; i < named.size(); ++i) {
        ATTUNE_TRY(specials[i + 1], idOf(named[i]));
    }
    for (const char *key : stops) {
        ATTUNE_TRY(const auto id, idOf(key));
        if (id >= 0)
            addStop(config.stop, static_cast<TokenId>(id));
    }
    for (std::size_t i = 0; i < vocabulary.types.size(); ++i)
        if (vocabulary.types[i] == Control || vocabulary.types[i] == UserDefined)
            config.added.push_back({.id = static_cast<TokenId>(i),
                                    .content = vocabulary.tokens[i],
                                    .special = vocabulary.types[i] == Control});
    ATTUNE_TRY(config.addBos, file.boolean("tokenizer.ggml.add_bos_token"));
    ATTUNE_TRY(config.addPrefixSpace, file.boolean("tokenizer.ggml.add_space_prefix"));
    ATTUNE_TRY(const auto chatTemplate, file.string("tokenizer.chat_template"));
    config.chatTemplate = chatTemplate.value_or("");
    // llama.cpp puts a space before the text after a special token too.
    config.legacy = true;
    return create(serializedModel(vocabulary, config.addPrefixSpace.value_or(true), specials), where, config);
}

} // namespace attune
