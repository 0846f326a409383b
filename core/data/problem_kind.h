#pragma once

#include <bitset>
#include <cstdint>

namespace attune {

/// What may be wrong with a row. Stored: never renumber.
enum class ProblemKind : std::uint8_t {
    Cut = 0,               ///< longer than max_length (derived from the token count, not stored)
    Duplicate = 1,         ///< equal to another row
    NearDuplicate = 2,
    Leak = 3,              ///< too like a row of another part
    NoAnswer = 4,
    ShortAnswer = 5,       ///< much shorter than the set's others
    NotJson = 6,           ///< the others' answers are JSON
    MissingKeys = 7,       ///< JSON without the keys that the others have
    EmptyTurn = 8,
    RoleOrder = 9,         ///< unknown role, or an order that the template refuses
    EndTokenMissing = 10,  ///< the template ends no answer, or masks the end
    NothingTrained = 11,
    DropsTurn = 12,        ///< the template leaves a turn out
    OddEncoding = 13,      ///< U+FFFD, mojibake, control characters
    PersonalData = 14,     ///< e-mail address, card or phone number
    RareLabel = 15,        ///< a short-label answer that few rows share
    Count = 16
};
using ProblemSet = std::bitset<static_cast<std::size_t>(ProblemKind::Count)>;

} // namespace attune
