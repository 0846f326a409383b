#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace attune {

/// What stands at the head of a byte string.
struct Utf8Step {
    enum class Kind {
        Whole,      ///< a valid sequence of `length` bytes
        Invalid,    ///< `length` bytes that no valid sequence begins with; one U+FFFD stands for them
        Incomplete, ///< the beginning of a valid sequence, cut off by the end of the text
    };
    Kind kind = Kind::Invalid;
    std::size_t length = 1;
};

/// `text` must not be empty.
Utf8Step utf8Step(std::string_view text) noexcept;
/// Where the first sequence begins that is not valid or whole, or npos.
std::size_t invalidUtf8(std::string_view text) noexcept;
bool isUtf8(std::string_view text) noexcept;

/// Whether it can be the name of a model or run, which is shown in lists: UTF-8, not empty, no control characters.
bool isName(std::string_view text) noexcept;

/// The same text with U+FFFD for what is no valid UTF-8.
std::string replacedInvalidUtf8(std::string_view text);

} // namespace attune
