#include "core/text/bpe_tokenizer.h"

#include "core/text/nfc.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <queue>

namespace attune {

namespace {

// ---- GPT-2's byte alphabet: each byte has a printable character, so that tokens can be written in JSON ----

constexpr bool isPrintableByte(int byte)
{
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

/// Code point to byte; -1 for those that stand for none. The bytes that aren't printable follow from U+0100 on.
constexpr std::array<int, 512> bytesOfCharacters()
{
    std::array<int, 512> bytes = {};
    bytes.fill(-1);
    std::size_t next = 256;
    for (int byte = 0; byte < 256; ++byte)
        bytes[isPrintableByte(byte) ? std::size_t(byte) : next++] = byte;
    return bytes;
}

constexpr std::array<int, 512> ByteOfCharacter = bytesOfCharacters();

/// None for a token that holds any other character; it stands for itself, as in the reference decoder.
std::optional<std::string> bytesOf(const std::string &token)
{
    std::string bytes;
    for (std::size_t i = 0; i < token.size(); ++i) {
        unsigned character = static_cast<unsigned char>(token[i]);
        if (character >= 0x80) {
            const bool two = (character & 0xe0) == 0xc0 && i + 1 < token.size();
            if (!two)
                return std::nullopt;
            character = (character & 0x1f) << 6 | (static_cast<unsigned char>(token[++i]) & 0x3f);
        }
        if (character >= ByteOfCharacter.size() || ByteOfCharacter[character] < 0)
            return std::nullopt;
        bytes += static_cast<char>(ByteOfCharacter[character]);
    }
    return bytes;
}

// ---- A word cache for each thread: natural text repeats its words ----

constexpr std::size_t MaxCachedWords = std::size_t(1) << 16;
constexpr std::size_t MaxCachedTokens = std::size_t(1) << 19;
constexpr std::size_t MaxCachedLength = 48;

struct WordCache {
    struct Entry {
        std::uint32_t begin = 0;
        std::uint32_t count = 0;
    };
    std::uint64_t serial = 0;
    StringMap<Entry> words;
    std::vector<Token> tokens; // of all words; begins are from the start of the word

    void restart(std::uint64_t newSerial)
    {
        serial = newSerial;
        words.clear();
        tokens.clear();
    }
};

WordCache &wordCache(std::uint64_t serial)
{
    thread_local WordCache cache;
    if (cache.serial != serial || cache.words.size() >= MaxCachedWords || cache.tokens.size() >= MaxCachedTokens)
        cache.restart(serial);
    return cache;
}

/// Part of a word while it merges: a doubly linked list in a vector.
struct Symbol {
    TokenId id = 0;
    std::int32_t begin = 0;
    std::int32_t before = -1;
    std::int32_t after = -1;
};

struct Candidate {
    std::int32_t rank = 0;
    std::int32_t left = 0; ///< place of the left symbol
    TokenId leftId = 0;    ///< as they were: another merge may have come first
    TokenId rightId = 0;
    TokenId merged = 0;
};

struct Worse {
    bool operator()(const Candidate &a, const Candidate &b) const
    {
        return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
    }
};

} // namespace

MergeTable::MergeTable(std::size_t count) : m_slots(std::bit_ceil(2 * count + 2)) {}

std::size_t MergeTable::start(std::uint64_t pair) const noexcept
{
    const int bits = std::countr_zero(m_slots.size());
    return static_cast<std::size_t>((pair * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

void MergeTable::add(TokenId left, TokenId right, Merge merge)
{
    const std::uint64_t pair = std::uint64_t(std::uint32_t(left)) << 32 | std::uint32_t(right);
    std::size_t at = start(pair);
    while (m_slots[at].merge.rank >= 0 && m_slots[at].pair != pair)
        at = (at + 1) & (m_slots.size() - 1);
    if (m_slots[at].merge.rank < 0)
        m_slots[at] = {pair, merge};
}

MergeTable::Merge MergeTable::find(TokenId left, TokenId right) const noexcept
{
    const std::uint64_t pair = std::uint64_t(std::uint32_t(left)) << 32 | std::uint32_t(right);
    std::size_t at = start(pair);
    while (m_slots[at].merge.rank >= 0 && m_slots[at].pair != pair)
        at = (at + 1) & (m_slots.size() - 1);
    return m_slots[at].merge;
}

Result<std::shared_ptr<const Tokenizer>> BpeTokenizer::create(BpeModel model)
{
    static std::atomic<std::uint64_t> serial = 0;
    std::shared_ptr<BpeTokenizer> self(new BpeTokenizer);
    self->m_serial = ++serial;
    self->m_tokens = std::move(model.tokens);
    self->m_tokens.resize(std::max(self->m_tokens.size(), std::size_t(model.added.idEnd())));

    StringMap<TokenId> ids;
    std::map<char, TokenId> byteTokens;
    ids.reserve(self->m_tokens.size());
    for (std::size_t i = 0; i < self->m_tokens.size(); ++i) {
        const auto id = static_cast<TokenId>(i);
        std::string &token = self->m_tokens[i];
        const AddedToken *added = model.added.find(id);
        const std::optional<std::string> bytes = bytesOf(token);
        self->m_bytes.push_back(added ? added->content : bytes.value_or(token));
        if (!token.empty()) {
            ids.try_emplace(token, id);
            if (bytes && bytes->size() == 1)
                byteTokens.try_emplace((*bytes)[0], id);
            if (bytes && model.wholeWords && !added)
                self->m_wholeWords.try_emplace(*bytes, id);
        }
        if (added)
            token = added->content;
    }
    self->m_byteTokens.fill(-1);
    for (const auto &[byte, id] : byteTokens)
        self->m_byteTokens[static_cast<unsigned char>(byte)] = id;
    if (model.hasUnknown && byteTokens.size() < 256)
        return fail(ErrorCode::InvalidInput, model.where +
                                                 ": \"unk_token\" with a vocabulary that lacks some of the 256 "
                                                 "bytes is not supported.");

    self->m_merges = MergeTable(model.merges.size());
    for (std::size_t rank = 0; rank < model.merges.size(); ++rank) {
        const auto &[left, right] = model.merges[rank];
        const auto leftId = ids.find(left);
        const auto rightId = ids.find(right);
        const auto merged = ids.find(left + right);
        if (leftId == ids.end() || rightId == ids.end() || merged == ids.end())
            return fail(ErrorCode::Corrupt, model.where + " is damaged: merge " + std::to_string(rank + 1) +
                                                " joins " + left + " and " + right +
                                                ", and the vocabulary lacks one of the two or "
                                                "what they make.");
        self->m_merges.add(leftId->second, rightId->second, {static_cast<std::int32_t>(rank), merged->second});
    }
    self->m_added = std::move(model.added);
    self->m_preTokenizer = std::move(model.preTokenizer);
    self->m_composes = model.composes;
    self->m_config = std::move(model.config);
    return std::shared_ptr<const Tokenizer>(std::move(self));
}

void BpeTokenizer::encodeWord(std::string_view word, std::vector<Token> &tokens) const
{
    if (!m_wholeWords.empty()) {
        if (const auto whole = m_wholeWords.find(word); whole != m_wholeWords.end()) {
            tokens.push_back({whole->second, 0});
            return;
        }
    }
    std::vector<Symbol> symbols;
    symbols.reserve(word.size());
    for (std::size_t i = 0; i < word.size(); ++i) {
        const TokenId id = m_byteTokens[static_cast<unsigned char>(word[i])];
        if (id < 0)
            continue;
        const auto place = static_cast<std::int32_t>(symbols.size());
        if (place > 0)
            symbols.back().after = place;
        symbols.push_back({id, static_cast<std::int32_t>(i), place - 1, -1});
    }
    if (symbols.empty())
        return;

    std::priority_queue<Candidate, std::vector<Candidate>, Worse> queue;
    const auto consider = [&](std::int32_t left) {
        const Symbol &symbol = symbols[std::size_t(left)];
        if (symbol.after < 0)
            return;
        const TokenId rightId = symbols[std::size_t(symbol.after)].id;
        const MergeTable::Merge merge = m_merges.find(symbol.id, rightId);
        if (merge.rank >= 0)
            queue.push({merge.rank, left, symbol.id, rightId, merge.id});
    };
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
        consider(static_cast<std::int32_t>(i));
    while (!queue.empty()) {
        const Candidate best = queue.top();
        queue.pop();
        Symbol &left = symbols[std::size_t(best.left)];
        if (left.id != best.leftId || left.after < 0 || symbols[std::size_t(left.after)].id != best.rightId)
            continue;
        Symbol &right = symbols[std::size_t(left.after)];
        left.id = best.merged;
        left.after = right.after;
        right.id = -1; // gone
        if (left.after >= 0)
            symbols[std::size_t(left.after)].before = best.left;
        if (left.before >= 0)
            consider(left.before);
        consider(best.left);
    }
    for (std::int32_t at = 0; at >= 0; at = symbols[std::size_t(at)].after)
        tokens.push_back({symbols[std::size_t(at)].id, symbols[std::size_t(at)].begin});
}

void BpeTokenizer::encodeText(std::string_view text, std::size_t offset, std::vector<Token> &tokens) const
{
    const std::optional<NfcText> normal = m_composes ? toNfc(text) : std::nullopt;
    if (normal)
        text = normal->text;
    const auto emit = [&](const Token &token, std::size_t wordBegin) {
        const std::size_t at = wordBegin + std::size_t(token.begin);
        tokens.push_back({token.id, std::int64_t(offset + (normal ? normal->origin[at] : at))});
    };
    std::vector<Token> fresh;
    m_preTokenizer.split(text, [&](std::size_t begin, std::size_t end) {
        const std::string_view word = text.substr(begin, end - begin);
        if (word.size() > MaxCachedLength) {
            fresh.clear();
            encodeWord(word, fresh);
            for (const Token &token : fresh)
                emit(token, begin);
            return;
        }
        WordCache &cache = wordCache(m_serial);
        auto found = cache.words.find(word);
        if (found == cache.words.end()) {
            const auto first = static_cast<std::uint32_t>(cache.tokens.size());
            encodeWord(word, cache.tokens);
            const auto count = static_cast<std::uint32_t>(cache.tokens.size()) - first;
            found = cache.words.emplace(word, WordCache::Entry{first, count}).first;
        }
        for (std::uint32_t i = 0; i < found->second.count; ++i)
            emit(cache.tokens[found->second.begin + i], begin);
    });
}

std::vector<Token> BpeTokenizer::encode(std::string_view text) const
{
    const TextSpan whole{0, std::int64_t(text.size()), false};
    return encodeRendered(text, std::span(&whole, 1));
}

std::vector<Token> BpeTokenizer::encodeRendered(std::string_view text, std::span<const TextSpan> spans) const
{
    std::vector<Token> tokens;
    tokens.reserve(text.size() / 4 + 1);
    for (const AddedTokens::Section &section : m_added.cut(text, spans)) {
        if (section.token)
            tokens.push_back({section.token->id, section.begin});
        else
            encodeText(text.substr(std::size_t(section.begin), std::size_t(section.end - section.begin)),
                       std::size_t(section.begin), tokens);
    }
    return tokens;
}

std::string BpeTokenizer::decode(std::span<const TokenId> ids, bool skipSpecial) const
{
    std::string text;
    for (const TokenId id : ids) {
        if (!(skipSpecial && isSpecial(id)))
            text += tokenBytes(id);
    }
    return text;
}

std::string BpeTokenizer::tokenBytes(TokenId id) const
{
    return id >= 0 && std::size_t(id) < m_bytes.size() ? m_bytes[std::size_t(id)] : std::string();
}

std::string BpeTokenizer::piece(TokenId id) const
{
    return id >= 0 && std::size_t(id) < m_tokens.size() ? m_tokens[std::size_t(id)] : std::string();
}

bool BpeTokenizer::isSpecial(TokenId id) const
{
    const AddedToken *added = m_added.find(id);
    return added && added->special;
}

} // namespace attune
