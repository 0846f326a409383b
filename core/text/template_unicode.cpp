#include "core/text/template_unicode.h"

#include <algorithm>
#include <utf8proc.h>

namespace attune::unicode {
namespace {

constexpr char32_t invalid = 0xFFFFFFFF;

utf8proc_category_t category(char32_t c)
{
    return c == invalid ? UTF8PROC_CATEGORY_CN : utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

/// The characters whose capitals are several; simple case mapping would leave them as they are.
std::u32string_view severalCapitals(char32_t c, bool title)
{
    switch (c) {
    case U'ß':
        return title ? U"Ss" : U"SS";
    case U'ŉ':
        return U"ʼN";
    case U'ǰ':
        return U"J\u030C";
    case U'ΐ':
        return U"Ι\u0308\u0301";
    case U'ΰ':
        return U"Υ\u0308\u0301";
    case U'և':
        return title ? U"Եւ" : U"ԵՒ";
    case U'ﬀ':
        return title ? U"Ff" : U"FF";
    case U'ﬁ':
        return title ? U"Fi" : U"FI";
    case U'ﬂ':
        return title ? U"Fl" : U"FL";
    case U'ﬃ':
        return title ? U"Ffi" : U"FFI";
    case U'ﬄ':
        return title ? U"Ffl" : U"FFL";
    case U'ﬅ':
    case U'ﬆ':
        return title ? U"St" : U"ST";
    default:
        return {};
    }
}

/// Σ at the end of a word becomes ς.
bool endsWord(std::string_view bytes, std::size_t begin, std::size_t end)
{
    const auto ignorable = [](char32_t c) {
        const auto kind = category(c);
        return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME || kind == UTF8PROC_CATEGORY_CF ||
               kind == UTF8PROC_CATEGORY_LM || kind == UTF8PROC_CATEGORY_SK || c == U'\'' || c == U'.' || c == U':' ||
               c == U'·' || c == U'’';
    };
    bool after = false;
    while (begin > 0) {
        begin = previous(bytes, begin);
        std::size_t at = begin;
        const char32_t c = next(bytes, at);
        if (!ignorable(c)) {
            after = isCased(c);
            break;
        }
    }
    while (end < bytes.size()) {
        const char32_t c = next(bytes, end);
        if (!ignorable(c))
            return after && !isCased(c);
    }
    return after;
}

void appendLower(std::string &out, std::string_view bytes, char32_t c, std::size_t begin, std::size_t end)
{
    if (c == U'Σ')
        append(out, endsWord(bytes, begin, end) ? U'ς' : U'σ');
    else if (c == U'İ')
        out += "i\xCC\x87";
    else
        append(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

void appendUpper(std::string &out, char32_t c, bool title)
{
    const auto several = severalCapitals(c, title);
    if (several.empty()) {
        const auto point = static_cast<utf8proc_int32_t>(c);
        append(out, static_cast<char32_t>(title ? utf8proc_totitle(point) : utf8proc_toupper(point)));
    }
    for (const char32_t one : several)
        append(out, one);
}

} // namespace

char32_t next(std::string_view bytes, std::size_t &position)
{
    const auto lead = static_cast<unsigned char>(bytes[position]);
    if (lead < 0x80) {
        ++position;
        return lead;
    }
    utf8proc_int32_t point = -1;
    const auto used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(bytes.data() + position),
                                       static_cast<utf8proc_ssize_t>(bytes.size() - position), &point);
    if (used <= 0) {
        ++position;
        return invalid;
    }
    position += static_cast<std::size_t>(used);
    return static_cast<char32_t>(point);
}

std::size_t previous(std::string_view bytes, std::size_t end)
{
    std::size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(bytes[begin]) & 0xC0) == 0x80)
        --begin;
    std::size_t at = begin;
    next(bytes, at);
    return at == end ? begin : end - 1;
}

void append(std::string &bytes, char32_t character)
{
    utf8proc_uint8_t buffer[4];
    const auto used = utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), buffer);
    bytes.append(reinterpret_cast<const char *>(buffer), static_cast<std::size_t>(used));
}

std::int64_t length(std::string_view bytes)
{
    std::int64_t count = 0;
    for (std::size_t at = 0; at < bytes.size(); ++count)
        next(bytes, at);
    return count;
}

std::size_t offsetOf(std::string_view bytes, std::size_t character)
{
    std::size_t at = 0;
    for (std::size_t i = 0; i < character && at < bytes.size(); ++i)
        next(bytes, at);
    return at;
}

std::vector<std::size_t> offsets(std::string_view bytes)
{
    std::vector<std::size_t> result;
    result.reserve(bytes.size() + 1);
    for (std::size_t at = 0; at < bytes.size();) {
        result.push_back(at);
        next(bytes, at);
    }
    result.push_back(bytes.size());
    return result;
}

bool isSpace(char32_t c)
{
    return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool isLineBreak(char32_t c)
{
    return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool isLetter(char32_t c)
{
    const auto kind = category(c);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool isDecimal(char32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_ND;
}

bool isDigit(char32_t c)
{
    return isDecimal(c) || c == U'¹' || c == U'²' || c == U'³' || c == 0x2070 || (c >= 0x2074 && c <= 0x2079) ||
           (c >= 0x2080 && c <= 0x2089) || (c >= 0x2460 && c <= 0x2468);
}

bool isNumeric(char32_t c)
{
    const auto kind = category(c);
    return kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_NO;
}

bool isUpper(char32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_LU;
}

bool isLower(char32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_LL || c == U'ª' || c == U'º';
}

bool isCased(char32_t c)
{
    return isUpper(c) || isLower(c) || category(c) == UTF8PROC_CATEGORY_LT;
}

bool isPrintable(char32_t c)
{
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    case UTF8PROC_CATEGORY_ZS:
        return c == U' ';
    default:
        return true;
    }
}

std::size_t trimmedEnd(std::string_view bytes)
{
    std::size_t end = bytes.size();
    while (end > 0) {
        const std::size_t begin = previous(bytes, end);
        std::size_t at = begin;
        if (!isSpace(next(bytes, at)))
            break;
        end = begin;
    }
    return end;
}

std::size_t trimmedBegin(std::string_view bytes)
{
    std::size_t begin = 0;
    for (std::size_t at = 0; at < bytes.size(); begin = at) {
        if (!isSpace(next(bytes, at)))
            break;
    }
    return begin;
}

MarkedText changeCase(const MarkedText &text, Case wanted)
{
    MarkedText result;
    result.reserve(text.size());
    const std::string_view bytes = text.bytes();
    bool first = true;
    bool afterCased = false;
    std::string one;
    for (std::size_t at = 0; at < bytes.size(); first = false) {
        const std::size_t begin = at;
        const char32_t c = next(bytes, at);
        one.clear();
        const bool rise = wanted == Case::Upper || (wanted == Case::Capitalized && first) ||
                          (wanted == Case::Title && !afterCased) || (wanted == Case::Swapped && !isUpper(c));
        afterCased = isCased(c);
        if (c == invalid)
            one = bytes.substr(begin, at - begin);
        else if (rise)
            appendUpper(one, c, wanted == Case::Title || wanted == Case::Capitalized);
        else
            appendLower(one, bytes, c, begin, at);
        result.append(one, text.originOf(begin, at));
    }
    return result;
}

} // namespace attune::unicode
