#include "core/data/text_encoding.h"

#include "core/data/windows_1252.h"
#include "core/text/utf8.h"

#include <algorithm>

namespace attune {

namespace {

constexpr std::uint32_t Replacement = 0xFFFD;

void append(std::string &text, std::uint32_t c)
{
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else if (c < 0x800) {
        text += static_cast<char>(0xC0 | (c >> 6));
        tail(0);
    } else if (c < 0x10000) {
        text += static_cast<char>(0xE0 | (c >> 12));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xF0 | (c >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

/// A piece of a file may end within a character.
std::string_view withoutCutCharacter(std::string_view text)
{
    std::size_t end = text.size();
    for (int back = 0; back < 4 && end > 0; ++back) {
        const auto byte = static_cast<unsigned char>(text[end - 1]);
        if (byte < 0x80)
            break;
        --end;
        if (byte >= 0xC0)
            return text.substr(0, end);
    }
    return text;
}

} // namespace

TextEncoding guessEncoding(std::string_view start)
{
    if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff"))
        return TextEncoding::Utf16;
    if (start.starts_with("\xef\xbb\xbf"))
        return TextEncoding::Utf8;
    const std::string_view some = start.substr(0, 512);
    const auto zeros = std::count(some.begin(), some.end(), '\0');
    if (some.size() >= 8 && static_cast<std::size_t>(zeros) * 5 > some.size() * 2)
        return TextEncoding::Utf16; // every other byte of plain English
    std::string_view rest = withoutCutCharacter(start);
    bool invalid = false;
    bool beyondAscii = false;
    while (!rest.empty()) {
        const std::size_t good = std::min(invalidUtf8(rest), rest.size());
        beyondAscii = beyondAscii || std::any_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(good),
                                                 [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
        invalid = invalid || good < rest.size();
        rest.remove_prefix(std::min(good + 1, rest.size()));
        if (beyondAscii)
            return TextEncoding::Utf8;
    }
    return invalid ? TextEncoding::Latin1 : TextEncoding::Utf8;
}

void TextDecoder::takeUnit(std::uint32_t unit, std::string &text)
{
    const bool second = unit >= 0xDC00 && unit < 0xE000;
    if (m_first != 0 && second) {
        append(text, 0x10000 + ((m_first - 0xD800) << 10) + (unit - 0xDC00));
        m_first = 0;
        return;
    }
    if (m_first != 0)
        append(text, Replacement);
    m_first = unit >= 0xD800 && unit < 0xDC00 ? unit : 0;
    if (m_first == 0)
        append(text, second ? Replacement : unit);
}

std::string TextDecoder::decode(std::string_view piece)
{
    if (m_encoding != TextEncoding::Utf16 && m_encoding != TextEncoding::Latin1)
        return std::string(piece);
    std::string text;
    text.reserve(piece.size() * 3 / 2);
    for (const char c : piece) {
        const auto byte = static_cast<unsigned char>(c);
        if (m_encoding == TextEncoding::Latin1) {
            append(text, byte >= 0x80 && byte < 0xA0 ? Windows1252[byte - 0x80U] : byte);
        } else if (m_byte < 0) {
            m_byte = byte;
        } else {
            const auto first = static_cast<std::uint32_t>(m_byte);
            takeUnit(m_bigEndian ? first << 8 | byte : std::uint32_t(byte) << 8 | first, text);
            m_byte = -1;
        }
    }
    return text;
}

std::string TextDecoder::end()
{
    std::string text;
    if (m_byte >= 0 || m_first != 0)
        append(text, Replacement);
    m_byte = -1;
    m_first = 0;
    return text;
}

} // namespace attune
