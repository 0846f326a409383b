#pragma once

#include "core/text/marked_text.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Python's idea of characters, white space and letter case, over UTF-8 bytes. A byte that is no part of valid UTF-8
// counts as one character.
namespace attune::unicode {

/// The character at `position`, which moves behind it; U+FFFFFFFF for an invalid byte.
char32_t next(std::string_view bytes, std::size_t &position);
/// Where the character that ends at `end` begins.
std::size_t previous(std::string_view bytes, std::size_t end);
void append(std::string &bytes, char32_t character);

std::int64_t length(std::string_view bytes);
/// Byte offset of the character with this number; the size where there are fewer.
std::size_t offsetOf(std::string_view bytes, std::size_t character);
/// Byte offset of each character, and the size at the end.
std::vector<std::size_t> offsets(std::string_view bytes);

bool isSpace(char32_t c);
bool isLineBreak(char32_t c); ///< as str.splitlines() has it
bool isLetter(char32_t c);
bool isDecimal(char32_t c);
bool isDigit(char32_t c); ///< decimals and raised, lowered or circled ones
bool isNumeric(char32_t c);
bool isCased(char32_t c);
bool isUpper(char32_t c);
bool isLower(char32_t c);
bool isPrintable(char32_t c); ///< repr() writes it as it is

/// Length without the white space at its end, str.rstrip(); and the offset where str.lstrip() begins.
std::size_t trimmedEnd(std::string_view bytes);
std::size_t trimmedBegin(std::string_view bytes);

enum class Case { Upper, Lower, Title, Capitalized, Swapped };
/// str.upper() and its kin. Characters keep their marks.
MarkedText changeCase(const MarkedText &text, Case wanted);

} // namespace attune::unicode
