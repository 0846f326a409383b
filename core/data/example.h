#pragma once

#include "core/text/chat.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// Stored in the project file: never renumber.
enum class Part : std::uint8_t { Train = 0, Validation = 1, Test = 2 };
enum class LabelState : std::uint8_t { ToLabel = 0, Approved = 1, Flagged = 2, Rejected = 3 };

std::string_view name(Part part);        ///< "train", "validation", "test"
std::string_view name(LabelState state); ///< "to label", "approved", "flagged", "rejected"
/// Reads the names above, and "val", "valid", "dev" as other programs write them; case does not matter.
Result<Part> parsePart(std::string_view text);

struct Origin {
    std::string file;      ///< as the user named it; empty for a row made by hand
    std::int64_t line = 0; ///< 1-based line of that file where the record begins; 0 where there is none
};

/// One instruction-response conversation.
struct Example {
    std::vector<Message> messages;
    Origin origin;
    std::optional<Part> part; ///< where the source said so ("split": "test")
    std::vector<std::string> tags;
    int rating = 0; ///< 0 to 5; 0: none
    std::string notes = {};
};

/// 128-bit hash of roles and contents, as 32 hexadecimal digits: equal conversations have equal hashes.
std::string contentHash(std::span<const Message> messages);

/// Case-folded (NFKC), each run of white space one space, and, where asked for, each run of digits "0".
std::string foldedText(const std::string &text, bool foldDigits);

/// The prompt side, as the split compares it: the user turns up to the first answer, case-folded, each run of white
/// space one space, each run of digits "0". Rows that differ only in a number are alike.
///
/// The system turn is left out: whole data sets share one, and with a long one every two rows would look nearly
/// equal. Only where the user turns hold no text does it stand in for them.
std::string normalisedPrompt(std::span<const Message> messages);

} // namespace attune
