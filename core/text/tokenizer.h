#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

class GgufFile;
using TokenId = std::int32_t;

/// One token of an encoded text and the byte where it begins in that text.
struct Token {
    TokenId id = 0;
    std::int64_t begin = 0;
};

/// A piece of a text to encode as one: ordinary text, in which nothing is special (a message's content), or text that
/// a template wrote, in which special-token strings become single ids.
struct TextSpan {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    bool shielded = false; ///< true: special-token strings inside are ordinary text
};

/// Turns text into token ids and back. Immutable after load, so one may be shared by threads.
///
/// Two kinds: sentencepiece models (BPE, unigram; byte fallback) through the sentencepiece library, and byte-level
/// BPE (GPT-2's byte alphabet) from tokenizer.json or GGUF metadata.
class Tokenizer {
public:
    /// From a Hugging Face folder: tokenizer.model if there, else tokenizer.json; tokenizer_config.json gives BOS,
    /// EOS, add_bos_token, legacy, added tokens and the chat template (or chat_template.jinja beside it).
    static Result<std::shared_ptr<const Tokenizer>> fromFolder(const std::filesystem::path &folder);
    static Result<std::shared_ptr<const Tokenizer>> fromGguf(const GgufFile &file);
    /// Either, by what `model` is.
    static Result<std::shared_ptr<const Tokenizer>> load(const std::filesystem::path &model);
    virtual ~Tokenizer() = default;

    /// Plain tokenisation: no BOS, no EOS. For sentencepiece, control tokens' strings are ordinary text; a byte-level
    /// tokenizer matches its added tokens anywhere.
    virtual std::vector<Token> encode(std::string_view text) const = 0;

    /// A rendered chat: `spans` cover the text in order. Special tokens match only outside the shielded spans;
    /// between two special tokens the text is encoded as one piece across span borders, so that merges are those of
    /// the whole. No dummy space goes before the text after a special token (`legacy: false`). Byte offsets are into
    /// `text`.
    virtual std::vector<Token> encodeRendered(std::string_view text, std::span<const TextSpan> spans) const = 0;

    /// Text of the ids, as bytes: a token may end inside a UTF-8 sequence. Special tokens are left out when
    /// `skipSpecial`.
    virtual std::string decode(std::span<const TokenId> ids, bool skipSpecial = false) const = 0;
    /// The bytes that one token adds after others (sentencepiece's space mark kept as a space).
    virtual std::string tokenBytes(TokenId id) const = 0;
    /// The vocabulary's own spelling ("Ġworld", "▁world", "<0x0A>").
    virtual std::string piece(TokenId id) const = 0;
    virtual std::int64_t size() const = 0;
    virtual bool isSpecial(TokenId id) const = 0;

    struct Config {
        std::optional<TokenId> bos;
        std::optional<TokenId> eos;
        std::vector<TokenId> stop; ///< ids that end an answer: eos, and generation_config.json's or GGUF's eot
        std::string bosText;       ///< as templates see bos_token and eos_token
        std::string eosText;
        bool addBos = false;
        std::string chatTemplate; ///< empty where the model has none
    };
    const Config &config() const noexcept { return m_config; }

protected:
    Config m_config;
};

/// Decodes a stream of ids and gives out only whole UTF-8 sequences; what is never completed comes out of flush() as
/// U+FFFD. The concatenation equals decode() of all ids wherever that is valid UTF-8.
class StreamDecoder {
public:
    explicit StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool skipSpecial = true);
    std::string push(TokenId id);
    std::string flush();

private:
    std::shared_ptr<const Tokenizer> m_tokenizer;
    bool m_skipSpecial;
    bool m_first = true; // sentencepiece drops the leading space of the first token only
    std::string m_pending;
};

} // namespace attune
