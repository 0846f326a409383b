#include "core/text/sentencepiece_model.h"
#include "core/text/sentencepiece_tokenizer.h"
#include "core/text/string_map.h"
#include "core/text/tokenizer_json.h"
#include "core/text/utf8.h"

#include <algorithm>

namespace attune {

namespace {

using Type = SentencePieceModel::PieceType;

constexpr std::string_view SpaceMark = "\xe2\x96\x81"; // U+2581

bool isBytePiece(std::string_view text)
{
    const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
    return text.size() == 6 && text.starts_with("<0x") && hex(text[3]) && hex(text[4]) && text[5] == '>';
}

std::optional<std::string> fromBase64(std::string_view text)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    while (text.ends_with('='))
        text.remove_suffix(1);
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos)
            return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        if (++count % 4 != 1)
            bytes += static_cast<char>(bits >> (6 - 2 * ((count - 1) % 4)) & 255U);
    }
    return bytes;
}

/// The way back from a tokenizer.json that was made of a sentencepiece model to that model, so that one library gives
/// the ids of both. What no such model says is an error that names it, as other ids than the model's would come of
/// it.
///
/// In one thing the model is followed and not the file: a text that begins with a space gets the dummy space too,
/// which "Metaspace" leaves out there.
class Reader {
public:
    Reader(const Json &json, const std::string &where, TokenizerConfig config)
        : m_json(json), m_where(where), m_config(std::move(config))
    {
    }

    Result<SentencePieceModel> read()
    {
        const Json &model = jsonMember(m_json, "model");
        ATTUNE_TRY(m_byteFallback, jsonValue<bool>(model, "byte_fallback", false, m_where));
        ATTUNE_CHECK(jsonType(model) == "Unigram" ? readUnigram(model) : readBpe(model));
        ATTUNE_CHECK(readAdded());
        ATTUNE_CHECK(settlePieces());
        if (m_model.kind == SentencePieceModel::Kind::Bpe)
            ATTUNE_CHECK(scoreByMerges(model));
        ATTUNE_CHECK(readSpaces());
        ATTUNE_CHECK(checkDecoder());
        ATTUNE_TRY(const std::string prefix, prefixToken(m_json, m_where));
        if (!m_config.bosText && !prefix.empty())
            m_config.bosText = prefix;
        m_config.addBos = m_config.addBos.value_or(!prefix.empty() && prefix == m_config.bosText);
        return std::move(m_model);
    }
    const TokenizerConfig &config() const { return m_config; }

private:
    tl::unexpected<Error> unsupported(const std::string &what) const { return unsupportedInJson(m_where, what); }
    tl::unexpected<Error> damaged(const std::string &what) const
    {
        return fail(ErrorCode::Corrupt, m_where + ": " + what + ".");
    }

    // ---- the pieces ----

    Result<void> readUnigram(const Json &model)
    {
        m_model.kind = SentencePieceModel::Kind::Unigram;
        const Json &vocabulary = jsonMember(model, "vocab");
        if (!vocabulary.is_array())
            return fail(ErrorCode::InvalidInput, m_where + ": the Unigram model has no list \"vocab\".");
        for (const Json &entry : vocabulary) {
            if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
                return damaged("entry " + std::to_string(m_model.pieces.size()) +
                               " of \"vocab\" is no piece with its score");
            m_model.pieces.push_back({entry[0].get<std::string>(), entry[1].get<float>(), Type::Normal});
        }
        const Json &unknown = jsonMember(model, "unk_id");
        if (unknown.is_null())
            return {};
        if (!unknown.is_number_integer() || unknown.get<std::int64_t>() < 0 ||
            unknown.get<std::int64_t>() >= static_cast<std::int64_t>(m_model.pieces.size()))
            return damaged("\"unk_id\" is no place in \"vocab\"");
        m_unknown = unknown.get<std::size_t>();
        return {};
    }

    Result<void> readBpe(const Json &model)
    {
        for (const char *key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
            const Json &value = jsonMember(model, key);
            if (!value.is_null() && value != "" && value != 0.0)
                return unsupported("\"" + std::string(key) + "\" in the model");
        }
        ATTUNE_TRY(const bool fuses, jsonValue<bool>(model, "fuse_unk", false, m_where));
        if (!fuses && !m_byteFallback)
            return unsupported("a BPE model with neither \"fuse_unk\" nor \"byte_fallback\"");
        const Json &vocabulary = jsonMember(model, "vocab");
        if (!vocabulary.is_object())
            return fail(ErrorCode::InvalidInput, m_where + ": the model has no \"vocab\".");
        for (const auto &[text, id] : vocabulary.items()) {
            if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= MaxVocabulary)
                return damaged("the id of the token " + text + " is not valid");
            const auto at = id.get<std::size_t>();
            m_model.pieces.resize(std::max(at + 1, m_model.pieces.size()));
            if (!m_model.pieces[at].text.empty())
                return damaged("the tokens " + m_model.pieces[at].text + " and " + text + " have the same id");
            m_model.pieces[at].text = text;
        }
        ATTUNE_TRY(const std::string unknown, jsonValue<std::string>(model, "unk_token", "", m_where));
        for (const std::string &name : {unknown, m_config.unkText.value_or(""), std::string("<unk>")}) {
            const auto found = std::find_if(m_model.pieces.begin(), m_model.pieces.end(),
                                            [&](const auto &piece) { return piece.text == name; });
            if (name.empty() || found == m_model.pieces.end())
                continue;
            m_unknown = static_cast<std::size_t>(found - m_model.pieces.begin());
            break;
        }
        return {};
    }

    Result<void> readAdded()
    {
        ATTUNE_TRY(auto listed, addedTokensOf(m_json, m_where));
        m_config.added.insert(m_config.added.end(), listed.begin(), listed.end());
        for (const AddedToken &token : m_config.added) {
            const auto id = static_cast<std::size_t>(token.id);
            if (id >= m_model.pieces.size())
                continue; // found before the model sees the text
            m_model.pieces[id].text = token.content;
            m_model.pieces[id].type = token.special ? Type::Control : Type::UserDefined;
        }
        return {};
    }

    Result<void> settlePieces()
    {
        if (!m_unknown)
            return unsupported("a vocabulary without unknown token");
        m_model.pieces[*m_unknown].type = Type::Unknown;
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < m_model.pieces.size(); ++i) {
            SentencePieceModel::Piece &piece = m_model.pieces[i];
            if (piece.text.empty()) // an id that nothing has
                piece = {"[unused id " + std::to_string(i) + "]", 0, Type::Unused};
            if (m_byteFallback && piece.type == Type::Normal && isBytePiece(piece.text)) {
                piece.type = Type::Byte;
                ++bytes;
            }
            if (piece.type == Type::Normal && !m_ids.emplace(piece.text, i).second)
                return damaged("the piece " + piece.text + " is there twice");
        }
        if (m_byteFallback && bytes != 256)
            return damaged("\"byte_fallback\" needs a token for each of the 256 bytes, and " + std::to_string(bytes) +
                           " are there");
        return {};
    }

    // ---- merges ----

    /// A sentencepiece model has scores of pieces, where the file has ranks of pairs. They say the same if every pair
    /// that makes a piece is among the merges.
    Result<void> scoreByMerges(const Json &model)
    {
        const Json &merges = jsonMember(model, "merges");
        if (!merges.is_array())
            return fail(ErrorCode::InvalidInput, m_where + ": the model has no \"merges\".");
        StringMap<std::vector<std::size_t>> cuts; // of a piece: where its pairs meet
        std::size_t rank = 0;
        for (const Json &merge : merges) {
            ++rank;
            const auto pair = mergePair(merge);
            if (!pair)
                return damaged("merge " + std::to_string(rank) + " is not two tokens");
            const auto &[left, right] = *pair;
            const auto made = m_ids.find(left + right);
            if (made == m_ids.end())
                continue; // a token that no text gives, as <s>
            auto &here = cuts[made->first];
            if (here.empty())
                m_model.pieces[made->second].score = -static_cast<float>(rank);
            here.push_back(left.size());
        }
        for (const auto &[text, id] : m_ids) {
            const auto found = cuts.find(text);
            for (std::size_t cut = utf8Step(text).length; cut < text.size();
                 cut += utf8Step(std::string_view(text).substr(cut)).length) {
                const bool known = found != cuts.end() &&
                                   std::find(found->second.begin(), found->second.end(), cut) != found->second.end();
                if (!known && m_ids.contains(std::string_view(text).substr(0, cut)) &&
                    m_ids.contains(std::string_view(text).substr(cut)))
                    return fail(ErrorCode::InvalidInput, m_where +
                                                             ": the merges are not those of a sentencepiece model (" +
                                                             text.substr(0, cut) + " and " + text.substr(cut) +
                                                             " are never joined); put the model's tokenizer.model "
                                                             "beside it.");
            }
            if (found == cuts.end())
                m_model.pieces[id].score = -static_cast<float>(rank + 1);
        }
        return {};
    }

    // ---- what happens to spaces, and to the text before the model ----

    struct Spaces {
        bool marked = false;   ///< a space becomes U+2581
        bool stripped = false; ///< at both ends
        bool collapsed = false;
        enum class Prefix : std::uint8_t { None, Always, First } prefix = Prefix::None;
    };

    Result<void> readSpaces()
    {
        ATTUNE_CHECK(forEachPart(jsonMember(m_json, "normalizer"), "normalizers",
                                 [this](const Json &part) { return readNormalizer(part); }));
        ATTUNE_CHECK(forEachPart(jsonMember(m_json, "pre_tokenizer"), "pretokenizers",
                                 [this](const Json &part) { return readPreTokenizer(part); }));
        if (!m_spaces.marked)
            return unsupported("a tokenizer that neither cuts by \"ByteLevel\" nor marks its spaces");
        if (m_spaces.stripped != m_spaces.collapsed)
            return unsupported("a normalizer that does half of what removes extra spaces");
        m_model.removeExtraSpaces = m_spaces.stripped;
        m_model.dummyPrefix = m_spaces.prefix != Spaces::Prefix::None;
        m_config.addPrefixSpace = m_model.dummyPrefix;
        m_config.legacy = m_spaces.prefix == Spaces::Prefix::Always;
        return {};
    }

    static std::string textOfPattern(const Json &part, const char *kind)
    {
        const Json &text = jsonMember(jsonMember(part, "pattern"), kind);
        return text.is_string() ? text.get<std::string>() : std::string();
    }

    Result<void> readNormalizer(const Json &part)
    {
        const std::string type = jsonType(part);
        if (type == "Prepend") {
            ATTUNE_TRY(const std::string text, jsonValue<std::string>(part, "prepend", "", m_where));
            if (text != SpaceMark)
                return unsupported("the normalizer Prepend with \"" + text + "\"");
            m_spaces.prefix = Spaces::Prefix::Always;
            return {};
        }
        if (type == "Precompiled") {
            ATTUNE_TRY(const std::string text, jsonValue<std::string>(part, "precompiled_charsmap", "", m_where));
            auto bytes = fromBase64(text);
            if (!bytes)
                return damaged("\"precompiled_charsmap\" is no base64 text");
            m_model.charsmap = std::move(*bytes);
            return {};
        }
        if (type == "Strip") {
            ATTUNE_TRY(m_spaces.stripped, jsonValue<bool>(part, "strip_right", false, m_where));
            return {};
        }
        if (type == "Replace")
            return readReplace(part);
        return unsupported("the normalizer " + type);
    }

    Result<void> readReplace(const Json &part)
    {
        ATTUNE_TRY(const std::string by, jsonValue<std::string>(part, "content", "", m_where));
        const std::string text = textOfPattern(part, "String");
        const std::string regex = textOfPattern(part, "Regex");
        const std::string mark(SpaceMark);
        if (text == " " && by == mark)
            m_spaces.marked = true;
        else if (regex == " {2,}" && (by == " " || by == mark))
            m_spaces.collapsed = true;
        else if (regex == R"(\A +| +\z)" && by.empty())
            m_spaces.stripped = true;
        else if (regex != R"(\A)" + mark || by != mark + mark) // makes Metaspace do at a space what the model does
            return unsupported("the normalizer Replace of \"" + text + regex + "\" by \"" + by + "\"");
        return {};
    }

    Result<void> readPreTokenizer(const Json &part)
    {
        const std::string type = jsonType(part);
        if (type == "Metaspace")
            return readMetaspace(part);
        const bool cutsAtSpaces = type == "Split" && textOfPattern(part, "String") == " ";
        if (cutsAtSpaces && m_spaces.marked) // finds none any more
            return {};
        return unsupported((m_model.kind == SentencePieceModel::Kind::Unigram
                                ? "a Unigram model with the pre-tokenizer "
                                : "the pre-tokenizer ") +
                           type);
    }

    Result<void> readMetaspace(const Json &part)
    {
        ATTUNE_TRY(const std::string mark,
                   jsonValue<std::string>(part, "replacement", std::string(SpaceMark), m_where));
        ATTUNE_TRY(const bool prefixes, jsonValue<bool>(part, "add_prefix_space", true, m_where));
        ATTUNE_TRY(const std::string scheme,
                   jsonValue<std::string>(part, "prepend_scheme", prefixes ? "always" : "never", m_where));
        ATTUNE_TRY(const bool splits, jsonValue<bool>(part, "split", true, m_where));
        if (mark != SpaceMark)
            return unsupported("the pre-tokenizer Metaspace with the mark \"" + mark + "\"");
        if (scheme != "always" && scheme != "first" && scheme != "never")
            return unsupported("the pre-tokenizer Metaspace with the scheme " + scheme);
        const auto spansWords = [](const auto &piece) {
            return piece.type == Type::Normal && piece.text.find(SpaceMark, 1) != std::string::npos;
        };
        if (splits && std::any_of(m_model.pieces.begin(), m_model.pieces.end(), spansWords))
            return unsupported("the pre-tokenizer Metaspace with \"split\" and pieces of more than a word");
        m_spaces.marked = true;
        if (scheme != "never")
            m_spaces.prefix = scheme == "first" ? Spaces::Prefix::First : Spaces::Prefix::Always;
        return {};
    }

    Result<void> checkDecoder() const
    {
        return forEachPart(jsonMember(m_json, "decoder"), "decoders", [this](const Json &part) -> Result<void> {
            const std::string type = jsonType(part);
            for (const char *known : {"Metaspace", "Replace", "ByteFallback", "Fuse", "Strip"})
                if (type == known)
                    return {};
            return unsupported("the decoder " + type);
        });
    }

    const Json &m_json;
    const std::string &m_where;
    TokenizerConfig m_config;
    SentencePieceModel m_model;
    bool m_byteFallback = false;
    std::optional<std::size_t> m_unknown;
    StringMap<std::size_t> m_ids; // of the normal pieces
    Spaces m_spaces;
};

bool hasPart(const Json &json, const char *list, std::string_view type)
{
    bool found = false;
    const auto all = forEachPart(json, list, [&](const Json &part) -> Result<void> {
        found = found || jsonType(part) == type;
        return {};
    });
    return all && found;
}

} // namespace

bool SentencePieceTokenizer::isMadeOfOne(const Json &json)
{
    const Json &model = jsonMember(json, "model");
    if (jsonType(model) == "Unigram")
        return true;
    const Json &normalizer = jsonMember(json, "normalizer");
    const Json &pre = jsonMember(json, "pre_tokenizer");
    return !hasPart(pre, "pretokenizers", "ByteLevel") && jsonMember(model, "vocab").is_object() &&
           (jsonMember(model, "byte_fallback") == true || hasPart(pre, "pretokenizers", "Metaspace") ||
            hasPart(normalizer, "normalizers", "Prepend") || hasPart(normalizer, "normalizers", "Replace"));
}

Result<std::shared_ptr<const Tokenizer>> SentencePieceTokenizer::fromJson(const Json &json, const std::string &where,
                                                                          const TokenizerConfig &config)
{
    Reader reader(json, where, config);
    ATTUNE_TRY(const SentencePieceModel model, reader.read());
    return create(model.serialized(), where, reader.config());
}

} // namespace attune
