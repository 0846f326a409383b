#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// A text in Unicode's normal form C, and where each of its bytes comes from.
struct NfcText {
    std::string text;
    std::vector<std::size_t> origin; ///< offset in the original; where characters were composed, that of the first
};

/// None where the text is in normal form C as it stands. Bytes that are no valid UTF-8 stay as they are.
std::optional<NfcText> toNfc(std::string_view text);

/// The canonical composition of a valid text, with more of utf8proc's options (UTF8PROC_COMPAT, UTF8PROC_CASEFOLD,
/// ...), 0: none. In n log n steps; utf8proc_map() orders n marks on one letter in n².
std::string composed(std::string_view text, int utf8procOptions);

} // namespace attune
