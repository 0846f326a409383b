#pragma once

#include "core/text/added_tokens.h"
#include "core/text/tokenizer.h"
#include "core/text/tokenizer_config.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace attune {

/// A sentencepiece model (tokenizer.model), as transformers' LlamaTokenizer uses it.
class SentencePieceTokenizer final : public Tokenizer {
public:
    /// `model` is the content of the file `where`.
    static Result<std::shared_ptr<const Tokenizer>> create(const std::string &model, const std::string &where,
                                                           const TokenizerConfig &config);
    /// From tokenizer.ggml.* of a file whose tokenizer.ggml.model is "llama": the model is built anew for the
    /// library.
    static Result<std::shared_ptr<const Tokenizer>> fromGguf(const GgufFile &file);
    /// Whether a tokenizer.json was made of a sentencepiece model, and from such a one: the model is built anew.
    static bool isMadeOfOne(const Json &json);
    static Result<std::shared_ptr<const Tokenizer>> fromJson(const Json &json, const std::string &where,
                                                             const TokenizerConfig &config);
    ~SentencePieceTokenizer() override;

    std::vector<Token> encode(std::string_view text) const override;
    std::vector<Token> encodeRendered(std::string_view text, std::span<const TextSpan> spans) const override;
    std::string decode(std::span<const TokenId> ids, bool skipSpecial = false) const override;
    std::string tokenBytes(TokenId id) const override;
    std::string piece(TokenId id) const override;
    std::int64_t size() const override { return m_size; }
    bool isSpecial(TokenId id) const override;

private:
    SentencePieceTokenizer();
    Result<void> setSpecialTokens(const TokenizerConfig &config, const std::string &where);

    std::unique_ptr<sentencepiece::SentencePieceProcessor> m_model;
    std::unique_ptr<sentencepiece::SentencePieceProcessor> m_bare; ///< puts no dummy space before a text
    AddedTokens m_added;
    std::int64_t m_size = 0;
    bool m_prefixes = false; ///< a text begins with a dummy space, which decoding takes away
    bool m_legacy = true;    ///< so does the text after a special token
};

} // namespace attune
