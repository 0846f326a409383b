#pragma once

#include "core/text/string_map.h"
#include "core/text/tokenizer.h"

#include <array>
#include <map>

namespace attune {

/// A token that is found in a text as it stands, before the model's own splitting.
struct AddedToken {
    TokenId id = 0;
    std::string content;
    bool special = false;
    bool stripLeft = false;  ///< eats the white space before it
    bool stripRight = false; ///< eats the white space after it
};

/// The added tokens of a tokenizer, and the cutting of a text at them.
class AddedTokens {
public:
    /// A later token of the same text or the same id replaces the earlier one; an empty text is passed over.
    void add(AddedToken token);
    bool empty() const noexcept { return m_byContent.empty(); }

    /// Null where the id is none of theirs.
    const AddedToken *find(TokenId id) const;
    const AddedToken *find(std::string_view content) const;
    /// One more than the largest id; 0 where there is none.
    std::int64_t idEnd() const;

    /// A stretch of a text: an added token, or the ordinary text (never empty) between two.
    struct Section {
        std::int64_t begin = 0;
        std::int64_t end = 0;
        const AddedToken *token = nullptr; ///< null: ordinary text
    };
    /// Leftmost, then longest match; none that touches a byte outside the unshielded spans. White space that a token
    /// eats before it belongs to its section, white space after it to none, as the reference library counts.
    std::vector<Section> cut(std::string_view text, std::span<const TextSpan> spans) const;

private:
    struct Match {
        std::size_t begin = 0;
        const AddedToken *token = nullptr;
    };
    Match firstMatch(std::string_view text, std::size_t from, std::size_t end) const;

    StringMap<TokenId> m_byContent;
    std::map<TokenId, AddedToken> m_byId;
    std::array<std::vector<std::size_t>, 256> m_lengths; // of the tokens that begin with a byte, longest first
};

} // namespace attune
