#pragma once

#include <string_view>

namespace attune {

/// ASCII's.
inline constexpr std::string_view WhiteSpace = " \t\r\n\v\f";

/// Without the white space at both ends.
inline std::string_view trimmed(std::string_view text)
{
    const auto begin = text.find_first_not_of(WhiteSpace);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(WhiteSpace) - begin + 1);
}

/// Empty, or nothing but white space.
inline bool isBlank(std::string_view text)
{
    return text.find_first_not_of(WhiteSpace) == std::string_view::npos;
}

} // namespace attune
