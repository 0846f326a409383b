#include "core/text/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace attune {

Utf8Step utf8Step(std::string_view text) noexcept
{
    using enum Utf8Step::Kind;
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80)
        return {Whole, 1};
    if (lead < 0xc2 || lead > 0xf4)
        return {Invalid, 1};
    const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    for (std::size_t i = 1; i < std::min(length, text.size()); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // The second byte rules out overlong forms, surrogates and what lies beyond U+10FFFF.
        const unsigned low = i != 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = i != 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (byte < low || byte > high)
            return {Invalid, i};
    }
    return length <= text.size() ? Utf8Step{Whole, length} : Utf8Step{Incomplete, text.size()};
}

std::size_t invalidUtf8(std::string_view text) noexcept
{
    for (std::size_t at = 0; at < text.size();) {
        std::uint64_t eight = 0;
        if (text.size() - at >= sizeof eight) { // most text is ASCII
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        const Utf8Step step = utf8Step(text.substr(at));
        if (step.kind != Utf8Step::Kind::Whole)
            return at;
        at += step.length;
    }
    return std::string_view::npos;
}

bool isUtf8(std::string_view text) noexcept
{
    return invalidUtf8(text) == std::string_view::npos;
}

bool isName(std::string_view text) noexcept
{
    return !text.empty() && isUtf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

std::string replacedInvalidUtf8(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const Utf8Step step = utf8Step(text);
        result += step.kind == Utf8Step::Kind::Whole ? text.substr(0, step.length) : std::string_view("\xef\xbf\xbd");
        text.remove_prefix(step.length);
    }
    return result;
}

} // namespace attune
