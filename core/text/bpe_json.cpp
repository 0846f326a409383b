#include "core/text/bpe_tokenizer.h"

#include <algorithm>

namespace attune {

namespace {

constexpr std::int64_t MaxVocabulary = 1 << 22;

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
        ATTUNE_CHECK(readNormalizer(member("normalizer")));
        ATTUNE_CHECK(readPreTokenizer(member("pre_tokenizer")));
        if (!m_byteLevel)
            return unsupported("a pre-tokenizer without \"ByteLevel\"");
        if (const std::string type = typeOf(member("decoder")); type != "ByteLevel" && type != "")
            return unsupported("the decoder " + type);
        ATTUNE_CHECK(readPostProcessor(member("post_processor")));
        ATTUNE_CHECK(readSpecialTokens(config));
        return std::move(m_model);
    }

private:
    const std::string &where() const { return m_model.where; }

    tl::unexpected<Error> unsupported(const std::string &what) const
    {
        return fail(ErrorCode::InvalidInput, where() + ": " + what + " is not supported.");
    }

    const Json &member(const char *key) const
    {
        static const Json Null;
        const auto found = m_json.find(key);
        return found == m_json.end() ? Null : *found;
    }

    static std::string typeOf(const Json &object)
    {
        if (object.is_null())
            return {};
        const auto found = object.is_object() ? object.find("type") : object.end();
        return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>()
                                                                                 : "of unknown type";
    }

    Result<void> readModel(const Json &model)
    {
        const std::string type = typeOf(model);
        if (type != "BPE" && !(type == "of unknown type" && model.contains("merges")))
            return unsupported("a model of the type " + type);
        // Each of these changes ids, so none may be passed over.
        for (const char *key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
            if (model.contains(key) && !model[key].is_null() && model[key] != "" && model[key] != 0.0)
                return unsupported("\"" + std::string(key) + "\" in the model");
        }
        ATTUNE_TRY(const bool byteFallback, jsonValue<bool>(model, "byte_fallback", false, where()));
        if (byteFallback)
            return unsupported("a BPE model with \"byte_fallback\" and no tokenizer.model beside it");
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
        if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
            m_model.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
            return {};
        }
        if (merge.is_string()) {
            const auto text = merge.get<std::string>();
            const auto space = text.find(' ');
            if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
                m_model.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
                return {};
            }
        }
        return fail(ErrorCode::Corrupt,
                    where() + ": merge " + std::to_string(m_model.merges.size() + 1) + " is not two tokens.");
    }

    Result<void> readAdded(const TokenizerConfig &config)
    {
        m_model.tokens.resize(m_tokenEnd);
        for (const AddedToken &token : config.added)
            m_model.added.add(token);
        const Json &list = member("added_tokens");
        if (list.is_null())
            return {};
        if (!list.is_array())
            return fail(ErrorCode::InvalidInput, where() + ": \"added_tokens\" must be a list.");
        for (const Json &entry : list) {
            ATTUNE_TRY(const auto id, jsonValue<std::int64_t>(entry, "id", -1, where()));
            if (id < 0 || id >= MaxVocabulary)
                return fail(ErrorCode::Corrupt, where() + ": an added token has no valid id.");
            ATTUNE_TRY(AddedToken token, parseAddedToken(entry, static_cast<TokenId>(id), where()));
            m_model.added.add(std::move(token));
        }
        return {};
    }

    Result<void> readNormalizer(const Json &json)
    {
        const std::string type = typeOf(json);
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
        const std::string type = typeOf(json);
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

    /// The post-processor only tells which special token goes before a text.
    Result<void> readPostProcessor(const Json &json)
    {
        const std::string type = typeOf(json);
        if (type.empty() || type == "ByteLevel")
            return {};
        if (type == "Sequence" && json.contains("processors") && json["processors"].is_array()) {
            for (const Json &part : json["processors"])
                ATTUNE_CHECK(readPostProcessor(part));
            return {};
        }
        if (type != "TemplateProcessing" || !json.contains("single") || !json["single"].is_array())
            return unsupported("the post-processor " + type);
        const Json &single = json["single"];
        if (!single.empty() && single[0].is_object() && single[0].contains("SpecialToken")) {
            ATTUNE_TRY(m_prefix, jsonValue<std::string>(single[0]["SpecialToken"], "id", "", where()));
        }
        return {};
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
