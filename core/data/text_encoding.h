#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attune {

/// How the bytes of a text file stand for characters. Auto: UTF-8, or UTF-16 where a byte order mark says so.
enum class TextEncoding : std::uint8_t { Auto, Utf8, Utf16, Latin1 };

/// What the start of a file seems to be in; never Auto. UTF-8 unless there are bytes that are none, and not one
/// character beyond ASCII that is: then it is Latin-1, as Windows writes it.
TextEncoding guessEncoding(std::string_view start);

/// Makes UTF-8 of a text that comes in pieces; what is no character becomes U+FFFD.
class TextDecoder {
public:
    /// UTF-16 without a byte order mark is little-endian.
    TextDecoder(TextEncoding encoding, bool bigEndian) : m_encoding(encoding), m_bigEndian(bigEndian) {}
    std::string decode(std::string_view piece);
    /// What was left of a character that the file's end cuts.
    std::string end();

private:
    void takeUnit(std::uint32_t unit, std::string &text);

    TextEncoding m_encoding;
    bool m_bigEndian;
    int m_byte = -1;           // first half of a UTF-16 unit
    std::uint32_t m_first = 0; // of two that make one character
};

} // namespace attune
