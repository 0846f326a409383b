#include "core/text/bpe_tokenizer.h"
#include "core/text/tokenizer_json.h"

#include <algorithm>

namespace attune {

namespace {

/// Reads tokenizer.json. What it does not know is an error that names it: a construct passed over would give other
/// ids than the model was trained on.
class Reader {
public:
    Reader(const Json &json, std::string where) : m_json(json) { m_model.where = std::move(where); }

    Result<BpeModel> read(const TokenizerConfig &config)
    {
        if (!m_json.is_object() || !m_json.contains("model") || !m_json["model"].is_object())
            return fail(ErrorCode::InvalidInput, where() + " has no \"model\".");
        ATTUNE_CHECK(readModel(m_json["model"]));
        ATTUNE_CHECK(readAdded(config));
        ATTUNE_CHECK(readNormalizer(jsonMember(m_json, "normalizer")));
        ATTUNE_CHECK(readPreTokenizer(jsonMember(m_json, "pre_tokenizer")));
        if (!m_byteLevel)
            return unsupported("a pre-tokenizer without \"ByteLevel\"");
        if (const std::string type = jsonType(jsonMember(m_json, "decoder")); type != "ByteLevel" && type != "")
            return unsupported("the decoder " + type);
        ATTUNE_TRY(m_prefix, prefixToken(m_json, where()));
        ATTUNE_CHECK(readSpecialTokens(config));
        return std::move(m_model);
    }

private:
    const std::string &where() const { return m_model.where; }

    tl::unexpected<Error> unsupported(const std::string &what) const
    {
        return unsupportedInJson(where(), what);
    }

    Result<void> readModel(const Json &model)
    {
        const std::string type = jsonType(model);
        if (type != "BPE" && !(type == "of unknown type" && model.contains("merges")))
            return unsupported("a model of the type " + type);
        // Each of these changes ids, so none may be passed over.
        for (const char *key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
            if (model.contains(key) && !model[key].is_null() && model[key] != "" && model[key] != 0.0)
                return unsupported("\"" + std::string(key) + "\" in the model");
        }
        ATTUNE_TRY(const bool byteFallback, jsonValue<bool>(model, "byte_fallback", false, where()));
        if (byteFallback)
            return unsupported("a byte-level BPE model with \"byte_fallback\"");
        m_model.hasUnknown = model.contains("unk_token") && !model["unk_token"].is_null();
        ATTUNE_TRY(m_model.wholeWords, jsonValue<bool>(model, "ignore_merges", false, where()));

        if (!model.contains("vocab") || !model["vocab"].is_object())
            return fail(ErrorCode::InvalidInput, where() + ": the model has no \"vocab\".");
        for (const auto &[token, value] : model["vocab"].items()) {
            ATTUNE_CHECK(setToken(token, value));
        }
        if (!model.contains("merges") || !model["merges"].is_array())
            return fail(ErrorCode::InvalidInput, where() + ": the model has no \"merges\".");
        for (const Json &merge : model["merges"])
            ATTUNE_CHECK(addMerge(merge));
        return {};
    }

    Result<void> setToken(const std::string &token, const Json &value)
    {
        if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() >= MaxVocabulary)
            return fail(ErrorCode::Corrupt, where() + ": the id of the token " + token + " is not valid.");
        const auto id = value.get<std::size_t>();
        if (m_model.tokens.size() <= id)
            m_model.tokens.resize(std::max(id + 1, m_model.tokens.size() * 2));
        if (!m_model.tokens[id].empty())
            return fail(ErrorCode::Corrupt,
                        where() + ": the tokens " + m_model.tokens[id] + " and " + token + " have the same id.");
        m_model.tokens[id] = token;
        m_tokenEnd = std::max(m_tokenEnd, id + 1);
        return {};
    }

    Result<void> addMerge(const Json &merge)
    {
        if (auto pair = mergePair(merge)) {
            m_model.merges.push_back(std::move(*pair));
            return {};
        }
        return fail(ErrorCode::Corrupt,
                    where() + ": merge " + std::to_string(m_model.merges.size() + 1) + " is not two tokens.");
    }

    Result<void> readAdded(const TokenizerConfig &config)
    {
        m_model.tokens.resize(m_tokenEnd);
        for (const AddedToken &token : config.added)
            m_model.added.add(token);
        ATTUNE_TRY(auto listed, addedTokensOf(m_json, where()));
        for (AddedToken &token : listed)
            m_model.added.add(std::move(token));
        return {};
    }

    Result<void> readNormalizer(const Json &json)
    {
        const std::string type = jsonType(json);
        if (type.empty())
            return {};
        if (type == "NFC") {
            m_model.composes = true;
            return {};
        }
        if (type == "Sequence" && json.contains("normalizers") && json["normalizers"].is_array()) {
            for (const Json &part : json["normalizers"])
                ATTUNE_CHECK(readNormalizer(part));
            return {};
        }
        return unsupported("the normalizer " + type);
    }

    Result<void> readPreTokenizer(const Json &json)
    {
        const std::string type = jsonType(json);
        if (m_byteLevel)
            return unsupported("a pre-tokenizer after \"ByteLevel\"");
        if (type == "Sequence" && json.contains("pretokenizers") && json["pretokenizers"].is_array()) {
            for (const Json &part : json["pretokenizers"])
                ATTUNE_CHECK(readPreTokenizer(part));
            return {};
        }
        if (type == "ByteLevel") {
            ATTUNE_TRY(const bool prefix, jsonValue<bool>(json, "add_prefix_space", true, where()));
            if (prefix)
                return unsupported("\"ByteLevel\" with \"add_prefix_space\"");
            ATTUNE_TRY(const bool regex, jsonValue<bool>(json, "use_regex", true, where()));
            m_byteLevel = true;
            return regex ? m_model.preTokenizer.addPattern(Gpt2Pattern, PreTokenizer::Gaps::Keep, where())
                         : Result<void>();
        }
        if (type == "Digits") {
            ATTUNE_TRY(const bool single, jsonValue<bool>(json, "individual_digits", false, where()));
            return m_model.preTokenizer.addPattern(single ? "\\p{N}" : "\\p{N}+", PreTokenizer::Gaps::Keep, where());
        }
        if (type == "Split")
            return readSplit(json);
        return unsupported(type.empty() ? "a tokenizer without pre-tokenizer" : "the pre-tokenizer " + type);
    }

    Result<void> readSplit(const Json &json)
    {
        ATTUNE_TRY(const std::string behavior, jsonValue<std::string>(json, "behavior", "", where()));
        ATTUNE_TRY(const bool invert, jsonValue<bool>(json, "invert", false, where()));
        // Isolated keeps both the matches and what lies between, so inverting it changes nothing.
        const bool keepsMatches = behavior == "Removed" && invert;
        if (behavior != "Isolated" && !keepsMatches)
            return unsupported("\"Split\" with the behavior " + behavior);
        const auto gaps = keepsMatches ? PreTokenizer::Gaps::Drop : PreTokenizer::Gaps::Keep;
        const auto pattern = json.find("pattern");
        if (pattern != json.end() && pattern->is_object()) {
            if (pattern->contains("Regex") && (*pattern)["Regex"].is_string())
                return m_model.preTokenizer.addPattern((*pattern)["Regex"].get<std::string>(), gaps, where());
            if (pattern->contains("String") && (*pattern)["String"].is_string())
                return m_model.preTokenizer.addLiteral((*pattern)["String"].get<std::string>(), gaps, where());
        }
        return unsupported("\"Split\" without a pattern");
    }

    /// The id of a special token of tokenizer_config.json, which then matches in texts, whether or not it is listed.
    Result<std::optional<TokenId>> special(const std::optional<std::string> &text, const char *key,
                                           const std::string &source)
    {
        if (!text || text->empty())
            return std::optional<TokenId>();
        AddedToken token{.content = *text};
        if (const AddedToken *listed = m_model.added.find(std::string_view(*text))) {
            token = *listed;
        } else {
            const auto found = std::find(m_model.tokens.begin(), m_model.tokens.end(), *text);
            if (found == m_model.tokens.end())
                return fail(ErrorCode::InvalidInput, source + ": \"" + key + "\" is " + *text +
                                                         ", which the vocabulary in " + where() + " lacks.");
            token.id = static_cast<TokenId>(found - m_model.tokens.begin());
        }
        token.special = true;
        m_model.added.add(token);
        return std::optional(token.id);
    }

    Result<void> readSpecialTokens(const TokenizerConfig &config)
    {
        Tokenizer::Config &out = m_model.config;
        const bool namesBos = config.bosText.has_value() || m_prefix.empty();
        const auto bosText = namesBos ? config.bosText : std::optional(m_prefix);
        ATTUNE_TRY(out.bos, special(bosText, "bos_token", namesBos ? config.where : where()));
        ATTUNE_TRY(out.eos, special(config.eosText, "eos_token", config.where));
        out.bosText = out.bos ? *bosText : "";
        out.eosText = out.eos ? *config.eosText : "";
        const bool prefixIsBos = !m_prefix.empty() && m_prefix == out.bosText;
        out.addBos = out.bos && config.addBos.value_or(prefixIsBos);
        out.chatTemplate = config.chatTemplate;
        if (out.eos)
            addStop(out.stop, *out.eos);
        for (const TokenId id : config.stop)
            addStop(out.stop, id);
        return {};
    }

    const Json &m_json;
    BpeModel m_model;
    std::size_t m_tokenEnd = 0;
    bool m_byteLevel = false;
    std::string m_prefix; // the special token that the post-processor puts before a text
};

} // namespace

Result<std::shared_ptr<const Tokenizer>> BpeTokenizer::fromJson(const Json &json, std::string where,
                                                                const TokenizerConfig &config)
{
    ATTUNE_TRY(BpeModel model, Reader(json, std::move(where)).read(config));
    return create(std::move(model));
}

} // namespace attune
