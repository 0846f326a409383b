#include "core/text/sentencepiece_tokenizer.h"

#include "core/text/sentencepiece_check.h"

#include <algorithm>
#include <charconv>
#include <sentencepiece_processor.h>

namespace attune {

namespace {

constexpr std::string_view SpaceMark = "\xe2\x96\x81"; // U+2581

/// Field 3 of the model (normalizer_spec) with its own field 3 (add_dummy_prefix) set to false. Protocol buffers
/// merge a message that comes twice, so these bytes at the end of a model switch its dummy space off; the library has
/// no call for it.
constexpr std::string_view NoDummyPrefix("\x1a\x02\x18\x00", 4);

void encodeWith(const sentencepiece::SentencePieceProcessor &model, std::string_view text, std::int64_t offset,
                std::vector<Token> &tokens)
{
    const auto pieces = model.EncodeAsImmutableProto({text.data(), text.size()});
    for (std::size_t i = 0; i < pieces.pieces_size(); ++i) {
        const auto piece = pieces.pieces(static_cast<int>(i));
        tokens.push_back({static_cast<TokenId>(piece.id()), offset + std::int64_t(piece.begin())});
    }
}

std::string withSpaces(std::string_view piece)
{
    std::string text;
    while (!piece.empty()) {
        const bool mark = piece.starts_with(SpaceMark);
        text += mark ? ' ' : piece.front();
        piece.remove_prefix(mark ? SpaceMark.size() : 1);
    }
    return text;
}

/// "<0x0A>"
char byteOf(std::string_view piece)
{
    unsigned value = 0;
    if (piece.size() == 6)
        std::from_chars(piece.data() + 3, piece.data() + 5, value, 16);
    return static_cast<char>(value);
}

Result<std::unique_ptr<sentencepiece::SentencePieceProcessor>> loadModel(const std::string &model,
                                                                         const std::string &where)
{
    auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
    if (!characterMapsAreSound(model))
        return fail(ErrorCode::Corrupt,
                    where + " is damaged: its table of characters leads out of itself; fetch it again.");
    const auto damaged = [&](const std::string &why) {
        return fail(ErrorCode::Corrupt, where + " is no sentencepiece model, or it is damaged; fetch it again.", why);
    };
    try {
        if (const auto status = processor->LoadFromSerializedProto(model); !status.ok())
            return damaged(status.ToString());
    } catch (const std::exception &error) { // of its trie, for a token that begins with NUL
        return damaged(error.what());
    }
    return processor;
}

} // namespace

SentencePieceTokenizer::SentencePieceTokenizer() = default;
SentencePieceTokenizer::~SentencePieceTokenizer() = default;

Result<std::shared_ptr<const Tokenizer>>
SentencePieceTokenizer::create(const std::string &model, const std::string &where, const TokenizerConfig &config)
{
    std::shared_ptr<SentencePieceTokenizer> self(new SentencePieceTokenizer);
    const std::string bare = model + std::string(NoDummyPrefix);
    ATTUNE_TRY(self->m_model, loadModel(config.addPrefixSpace.value_or(true) ? model : bare, where));
    ATTUNE_TRY(self->m_bare, loadModel(bare, where));
    const auto sample = self->m_model->EncodeAsImmutableProto("a");
    self->m_prefixes = sample.pieces_size() > 0 && sample.pieces(0).piece().starts_with(SpaceMark);
    self->m_legacy = config.legacy.value_or(true); // transformers' own default
    ATTUNE_CHECK(self->setSpecialTokens(config, where));
    return std::shared_ptr<const Tokenizer>(std::move(self));
}

Result<void> SentencePieceTokenizer::setSpecialTokens(const TokenizerConfig &config, const std::string &where)
{
    const int pieces = m_model->GetPieceSize();
    for (const AddedToken &token : config.added)
        m_added.add(token);

    // BOS, EOS and the unknown token are special whether or not they are listed.
    const auto resolve = [&](const std::optional<std::string> &text, int modelId,
                             const char *key) -> Result<std::optional<TokenId>> {
        AddedToken token;
        if (text) {
            token.content = *text;
            const AddedToken *listed = m_added.find(std::string_view(*text));
            token.id = listed ? listed->id : m_model->PieceToId(*text);
            if (listed)
                token = *listed;
            else if (m_model->IdToPiece(token.id) != *text)
                return fail(ErrorCode::InvalidInput, config.where + ": \"" + key + "\" is " + *text +
                                                         ", which the vocabulary in " + where + " lacks.");
            token.special = true;
        } else if (modelId >= 0) {
            token.id = modelId;
            token.content = m_model->IdToPiece(modelId);
        } else {
            return std::optional<TokenId>();
        }
        m_added.add(token);
        return std::optional(token.id);
    };
    ATTUNE_CHECK(resolve(config.unkText, m_model->unk_id(), "unk_token"));
    ATTUNE_TRY(m_config.bos, resolve(config.bosText, m_model->bos_id(), "bos_token"));
    ATTUNE_TRY(m_config.eos, resolve(config.eosText, m_model->eos_id(), "eos_token"));

    m_size = std::max<std::int64_t>(pieces, m_added.idEnd());
    m_config.bosText = m_config.bos ? m_added.find(*m_config.bos)->content : "";
    m_config.eosText = m_config.eos ? m_added.find(*m_config.eos)->content : "";
    m_config.addBos = config.addBos.value_or(true) && m_config.bos;
    m_config.chatTemplate = config.chatTemplate;
    if (m_config.eos)
        addStop(m_config.stop, *m_config.eos);
    for (const TokenId id : config.stop)
        addStop(m_config.stop, id);
    return {};
}

std::vector<Token> SentencePieceTokenizer::encode(std::string_view text) const
{
    std::vector<Token> tokens;
    encodeWith(*m_model, text, 0, tokens);
    return tokens;
}

std::vector<Token> SentencePieceTokenizer::encodeRendered(std::string_view text,
                                                          std::span<const TextSpan> spans) const
{
    std::vector<Token> tokens;
    for (const AddedTokens::Section &section : m_added.cut(text, spans)) {
        if (section.token) {
            tokens.push_back({section.token->id, section.begin});
            continue;
        }
        const bool first = tokens.empty();
        encodeWith(first || m_legacy ? *m_model : *m_bare,
                   text.substr(std::size_t(section.begin), std::size_t(section.end - section.begin)), section.begin,
                   tokens);
    }
    return tokens;
}

std::string SentencePieceTokenizer::decode(std::span<const TokenId> ids, bool skipSpecial) const
{
    std::string text;
    bool first = m_prefixes;
    for (const TokenId id : ids) {
        if (skipSpecial && isSpecial(id))
            continue;
        const std::string bytes = tokenBytes(id);
        const bool dummy = first && !m_added.find(id) && bytes.starts_with(' ') && piece(id).starts_with(SpaceMark);
        text += std::string_view(bytes).substr(dummy ? 1 : 0);
        first = false;
    }
    return text;
}

std::string SentencePieceTokenizer::tokenBytes(TokenId id) const
{
    if (const AddedToken *added = m_added.find(id); added && id != m_model->unk_id())
        return added->content;
    if (id < 0 || id >= m_model->GetPieceSize())
        return {};
    if (m_model->IsByte(id))
        return std::string(1, byteOf(m_model->IdToPiece(id)));
    if (m_model->IsUnknown(id))
        return m_model->DecodeIds({id});
    return withSpaces(m_model->IdToPiece(id));
}

std::string SentencePieceTokenizer::piece(TokenId id) const
{
    if (const AddedToken *added = m_added.find(id))
        return added->content;
    return id >= 0 && id < m_model->GetPieceSize() ? m_model->IdToPiece(id) : std::string();
}

bool SentencePieceTokenizer::isSpecial(TokenId id) const
{
    if (const AddedToken *added = m_added.find(id))
        return added->special;
    return id >= 0 && id < m_model->GetPieceSize() && (m_model->IsControl(id) || m_model->IsUnknown(id));
}

} // namespace attune
