#pragma once

#include "core/formats/json.h"
#include "core/text/added_tokens.h"
#include "core/text/pretokenizer.h"
#include "core/text/tokenizer.h"
#include "core/text/tokenizer_config.h"

#include <array>

namespace attune {

/// What a byte-level BPE is made of, wherever it was read from.
struct BpeModel {
    std::string where;               ///< names the file in messages
    std::vector<std::string> tokens; ///< spelled in GPT-2's byte alphabet, by id; an empty one has no token
    std::vector<std::pair<std::string, std::string>> merges; ///< best first
    AddedTokens added;
    PreTokenizer preTokenizer;
    bool composes = false;   ///< the text is brought into normal form C first
    bool wholeWords = false; ///< a word that is a token is that token, whatever the merges say
    bool hasUnknown = false; ///< the model names a token for bytes that have none
    Tokenizer::Config config;
};

/// The ids of a pair of neighbours, and what they merge to: a hash table that only grows while it is built.
class MergeTable {
public:
    struct Merge {
        std::int32_t rank = -1; ///< the smaller, the sooner; -1: the two do not merge
        TokenId id = -1;
    };
    explicit MergeTable(std::size_t count = 0);
    /// The first of two equal pairs counts.
    void add(TokenId left, TokenId right, Merge merge);
    Merge find(TokenId left, TokenId right) const noexcept;

private:
    struct Slot {
        std::uint64_t pair = ~std::uint64_t(0);
        Merge merge;
    };
    std::size_t start(std::uint64_t pair) const noexcept;
    std::vector<Slot> m_slots; // a power of two, at most half full
};

/// Byte-level BPE as GPT-2 has it. A byte without a token vanishes.
class BpeTokenizer final : public Tokenizer {
public:
    static Result<std::shared_ptr<const Tokenizer>> create(BpeModel model);
    static Result<std::shared_ptr<const Tokenizer>> fromJson(const Json &json, std::string where,
                                                             const TokenizerConfig &config);
    static Result<std::shared_ptr<const Tokenizer>> fromGguf(const GgufFile &file);

    std::vector<Token> encode(std::string_view text) const override;
    std::vector<Token> encodeRendered(std::string_view text, std::span<const TextSpan> spans) const override;
    std::string decode(std::span<const TokenId> ids, bool skipSpecial = false) const override;
    std::string tokenBytes(TokenId id) const override;
    std::string piece(TokenId id) const override;
    std::int64_t size() const override { return std::int64_t(m_tokens.size()); }
    bool isSpecial(TokenId id) const override;

private:
    BpeTokenizer() = default;
    void encodeText(std::string_view text, std::size_t offset, std::vector<Token> &tokens) const;
    void encodeWord(std::string_view word, std::vector<Token> &tokens) const;

    std::vector<std::string> m_tokens; // as spelled
    std::vector<std::string> m_bytes;  // what they stand for
    StringMap<TokenId> m_wholeWords;   // bytes to id; empty where merges alone decide
    std::array<TokenId, 256> m_byteTokens = {};
    MergeTable m_merges;
    AddedTokens m_added;
    PreTokenizer m_preTokenizer;
    bool m_composes = false;
    std::uint64_t m_serial = 0; // tells the word caches of the threads whose words they hold
};

} // namespace attune
