#include "core/text/template_interpreter.h"

#include "core/text/template_unicode.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

// What methods, filters and operators do with texts, marks included.
namespace attune::jinja {
namespace {

constexpr unsigned maxWidth = 1'000'000; // of a field in a format

std::string trimmed(std::string_view text)
{
    const std::string_view body = text.substr(0, unicode::trimmedEnd(text));
    return std::string(body.substr(std::min(unicode::trimmedBegin(body), body.size())));
}

/// Python's "1_000": underscores between digits only.
bool dropUnderscores(std::string &text)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_')
            continue;
        const auto isAlphanumeric = [&](std::size_t at) {
            return at < text.size() && text[at] != '_' && std::isalnum(static_cast<unsigned char>(text[at]));
        };
        if (i == 0 || !isAlphanumeric(i - 1) || !isAlphanumeric(i + 1))
            return false;
    }
    std::erase(text, '_');
    return true;
}

} // namespace

MarkedText stripped(const MarkedText &text, const MarkedText *characters, bool left, bool right)
{
    const std::string_view bytes = text.bytes();
    const auto goes = [&](std::string_view one) {
        chargeHere(characters ? static_cast<std::int64_t>(characters->size() / 32) : 0);
        std::size_t at = 0;
        return characters ? characters->bytes().find(one) != std::string::npos
                          : unicode::isSpace(unicode::next(one, at));
    };
    std::size_t begin = 0;
    std::size_t end = bytes.size();
    while (left && begin < end) {
        std::size_t at = begin;
        unicode::next(bytes, at);
        if (!goes(bytes.substr(begin, at - begin)))
            break;
        begin = at;
    }
    while (right && begin < end) {
        const std::size_t at = unicode::previous(bytes, end);
        if (!goes(bytes.substr(at, end - at)))
            break;
        end = at;
    }
    return text.slice(begin, end);
}

MarkedText replaced(Interpreter &interpreter, const MarkedText &text, const MarkedText &from, const MarkedText &to,
                    std::int64_t count)
{
    const std::string_view bytes = text.bytes();
    MarkedText result;
    std::size_t begin = 0;
    for (std::int64_t done = 0; count < 0 || done < count; ++done) {
        if (from.empty()) {
            // Before every character and at the end.
            if (begin > bytes.size())
                break;
            interpreter.grow(result, to);
            std::size_t at = begin;
            if (begin < bytes.size())
                unicode::next(bytes, at);
            result.append(text, begin, at);
            begin = begin == bytes.size() ? begin + 1 : at;
            continue;
        }
        const std::size_t found = findPart(bytes, from.bytes(), begin);
        if (found == std::string_view::npos)
            break;
        result.append(text, begin, found);
        interpreter.grow(result, to);
        begin = found + from.size();
    }
    if (begin < bytes.size())
        result.append(text, begin, bytes.size());
    return result;
}

MarkedText joined(Interpreter &interpreter, const MarkedText &separator, const std::vector<Value> &items,
                  bool convert)
{
    MarkedText result;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0)
            interpreter.grow(result, separator);
        if (const auto *text = items[i].asText())
            interpreter.grow(result, *text);
        else if (convert)
            interpreter.grow(result, interpreter.textOf(items[i]));
        else
            failTemplate("join() joins str, but item " + std::to_string(i) + " is " + aType(items[i]));
    }
    return result;
}

MarkedText escaped(const MarkedText &text)
{
    MarkedText result;
    const std::string &bytes = text.bytes();
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t plain = std::min(bytes.find_first_of("&<>'\"", at), bytes.size());
        result.append(text, at, plain);
        at = plain;
        if (plain == bytes.size())
            break;
        const char c = bytes[plain];
        result.append(c == '&'   ? "&amp;"
                      : c == '<' ? "&lt;"
                      : c == '>' ? "&gt;"
                      : c == '"' ? "&#34;"
                                 : "&#39;",
                      text.originAt(plain));
        ++at;
    }
    result.setMarkup();
    return result;
}

void concatenate(Interpreter &interpreter, MarkedText &text, const MarkedText &addition)
{
    if (addition.isMarkup() && !text.isMarkup())
        text = escaped(text);
    interpreter.grow(text, text.isMarkup() && !addition.isMarkup() ? escaped(addition) : addition);
}

std::vector<Value> lines(Interpreter &interpreter, const MarkedText &text, bool keepEnds)
{
    const std::string_view bytes = text.bytes();
    std::vector<Value> result;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t end = at;
        const char32_t c = unicode::next(bytes, at);
        if (!unicode::isLineBreak(c))
            continue;
        if (c == U'\r' && at < bytes.size() && bytes[at] == '\n')
            ++at;
        interpreter.addPiece(result, text, begin, keepEnds ? at : end);
        begin = at;
    }
    if (begin < bytes.size())
        interpreter.addPiece(result, text, begin, bytes.size());
    return result;
}

MarkedText padded(Interpreter &interpreter, const MarkedText &text, std::int64_t width, const MarkedText &fill,
                  int side)
{
    const std::int64_t missing = width - unicode::length(text.bytes());
    if (missing <= 0)
        return text;
    interpreter.chargeBytes(static_cast<std::size_t>(missing) * fill.size());
    // Python's rule for the odd one in the middle.
    const std::int64_t left = side > 0 ? 0 : side < 0 ? missing : missing / 2 + (missing & width & 1);
    MarkedText result;
    for (std::int64_t i = 0; i < left; ++i)
        result.append(fill);
    result.append(text);
    for (std::int64_t i = left; i < missing; ++i)
        result.append(fill);
    return result;
}

std::optional<std::int64_t> readInteger(std::string_view text, int base)
{
    std::string digits = trimmed(text);
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+'))
        digits.erase(0, 1);
    if (base == 16 || base == 8 || base == 2) {
        const char letter = base == 16 ? 'x' : base == 8 ? 'o' : 'b';
        if (digits.size() > 2 && digits[0] == '0' && (digits[1] | 0x20) == letter)
            digits.erase(0, digits[2] == '_' ? 3 : 2);
    }
    if (base < 2 || base > 36 || digits.starts_with('-') || digits.empty() || !dropUnderscores(digits))
        return std::nullopt;
    std::int64_t number = 0;
    const std::string signedDigits = (negative ? "-" : "") + digits;
    const auto *end = signedDigits.data() + signedDigits.size();
    const auto read = std::from_chars(signedDigits.data(), end, number, base);
    if (read.ec == std::errc::result_out_of_range && read.ptr == end)
        failTemplate("the number '" + digits + "' does not fit in 64 bits");
    return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

std::optional<double> readNumber(std::string_view text)
{
    std::string digits = trimmed(text);
    if (digits.starts_with('+'))
        digits.erase(0, 1);
    if (digits.starts_with("+") || digits.find('(') != std::string::npos || !dropUnderscores(digits))
        return std::nullopt;
    double number = 0;
    const auto *end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, number);
    if (read.ec == std::errc::result_out_of_range && read.ptr == end)
        return digits.find("e-") != std::string::npos || digits.find("E-") != std::string::npos
                   ? 0.0
                   : std::numeric_limits<double>::infinity() * (digits[0] == '-' ? -1 : 1);
    return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

MarkedText formatted(Interpreter &interpreter, const MarkedText &format, const CallArguments &arguments)
{
    const std::string_view bytes = format.bytes();
    MarkedText result;
    std::size_t automatic = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t brace = std::min(bytes.find_first_of("{}", at), bytes.size());
        result.append(format, at, brace);
        if (brace == bytes.size())
            break;
        if (bytes.substr(brace).starts_with("{{") || bytes.substr(brace).starts_with("}}")) {
            result.append(format, brace, brace + 1);
            at = brace + 2;
            continue;
        }
        const std::size_t end = bytes.find('}', brace);
        if (bytes[brace] == '}' || end == std::string_view::npos)
            failTemplate("format() meets a single '" + std::string(1, bytes[brace]) + "'");
        const std::string field(bytes.substr(brace + 1, end - brace - 1));
        if (field.find_first_of(":!.[{") != std::string::npos)
            failTemplate("the field {" + field + "} of format() is not supported");
        const Value *value = nullptr;
        if (const auto index =
                field.empty() ? std::optional(static_cast<std::int64_t>(automatic++)) : readInteger(field)) {
            if (*index >= 0 && static_cast<std::size_t>(*index) < arguments.positional.size())
                value = &arguments.positional[static_cast<std::size_t>(*index)];
        } else {
            for (const auto &[name, given] : arguments.named) {
                if (name == field)
                    value = &given;
            }
        }
        if (!value)
            failTemplate("format() is given no value for {" + field + "}");
        interpreter.grow(result, interpreter.textOf(*value));
        at = end + 1;
    }
    return result;
}

namespace {

/// One %-conversion: "%-5.2f".
struct Conversion {
    std::optional<std::string> key;
    std::string flags;
    int width = 0;
    int precision = -1;
    char letter = '\0';
};

Conversion readConversion(std::string_view bytes, std::size_t &at)
{
    Conversion result;
    if (at < bytes.size() && bytes[at] == '(') {
        const std::size_t end = std::min(bytes.find(')', at), bytes.size() - 1);
        result.key = std::string(bytes.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    const auto number = [&] {
        unsigned value = 0;
        const auto read = std::from_chars(bytes.data() + at, bytes.data() + bytes.size(), value);
        at = static_cast<std::size_t>(read.ptr - bytes.data());
        if (read.ec == std::errc::result_out_of_range || value > maxWidth)
            failTemplate("a field of a format is too wide");
        return static_cast<int>(value);
    };
    while (at < bytes.size() && std::string_view("-+ 0#").find(bytes[at]) != std::string_view::npos)
        result.flags += bytes[at++];
    result.width = number();
    if (at < bytes.size() && bytes[at] == '.') {
        ++at;
        result.precision = number();
    }
    if (at >= bytes.size())
        failTemplate("a format ends within a field");
    result.letter = bytes[at++];
    return result;
}

/// Not by snprintf(), which writes a comma where the user's locale has one.
std::string printNumber(const Conversion &conversion, const Value &value)
{
    const char letter = conversion.letter;
    const auto has = [&](char flag) { return conversion.flags.find(flag) != std::string::npos; };
    const bool decimal = letter == 'd' || letter == 'i' || letter == 'u';
    const bool whole = decimal || letter == 'x' || letter == 'X' || letter == 'o';
    const std::optional<double> number = value.asNumber();
    if (!number || has('#') || (whole && !value.asInteger() && (!decimal || !(std::fabs(*number) < 9e18))))
        failTemplate("the format '%" + conversion.flags + letter + "' of " + aType(value) + " is not supported");
    char buffer[512];
    std::to_chars_result end{};
    bool negative = *number < 0 || (*number == 0 && std::signbit(*number));
    const int precision = std::min(conversion.precision < 0 ? 6 : conversion.precision, 100);
    if (whole) {
        const std::int64_t integer = value.asInteger() ? *value.asInteger() : static_cast<std::int64_t>(*number);
        negative = integer < 0;
        const std::uint64_t magnitude =
            negative ? 0 - static_cast<std::uint64_t>(integer) : static_cast<std::uint64_t>(integer);
        end = std::to_chars(std::begin(buffer), std::end(buffer), magnitude, decimal ? 10 : letter == 'o' ? 8 : 16);
    } else {
        const auto style = (letter | 0x20) == 'f'   ? std::chars_format::fixed
                           : (letter | 0x20) == 'e' ? std::chars_format::scientific
                                                    : std::chars_format::general;
        end = std::to_chars(std::begin(buffer), std::end(buffer), std::fabs(*number), style, precision);
    }
    std::string digits(buffer, end.ptr);
    if (letter == 'X' || letter == 'E' || letter == 'G' || letter == 'F')
        std::transform(digits.begin(), digits.end(), digits.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    if (whole && conversion.precision > static_cast<int>(digits.size()))
        digits.insert(0, static_cast<std::size_t>(conversion.precision) - digits.size(), '0');
    const std::string sign = negative ? "-" : has('+') ? "+" : has(' ') ? " " : "";
    const std::size_t used = sign.size() + digits.size();
    const std::size_t missing =
        static_cast<std::size_t>(conversion.width) > used ? static_cast<std::size_t>(conversion.width) - used : 0;
    if (has('-'))
        return sign + digits + std::string(missing, ' ');
    return has('0') ? sign + std::string(missing, '0') + digits : std::string(missing, ' ') + sign + digits;
}

} // namespace

MarkedText printfFormatted(Interpreter &interpreter, const MarkedText &format, const CallArguments &arguments)
{
    const std::string_view bytes = format.bytes();
    MarkedText result;
    std::size_t used = 0;
    const auto &values = arguments.positional;
    const DictData *dict = values.size() == 1 ? values[0].asDict() : nullptr;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t percent = std::min(bytes.find('%', at), bytes.size());
        result.append(format, at, percent);
        if (percent == bytes.size())
            break;
        at = percent + 1;
        const Conversion conversion = readConversion(bytes, at);
        if (conversion.letter == '%') {
            result.append("%", format.originAt(percent));
            continue;
        }
        const Value *value = nullptr;
        if (conversion.key) {
            value = dict ? dict->find(std::string_view(*conversion.key)) : nullptr;
            for (const auto &[name, given] : arguments.named) {
                if (name == *conversion.key)
                    value = &given;
            }
        } else if (used < values.size()) {
            value = &values[used++];
        }
        if (!value)
            failTemplate("a format with % has more fields than values");
        if (conversion.letter == 's' || conversion.letter == 'r') {
            interpreter.chargeFor(*value);
            MarkedText text = conversion.letter == 's' ? toText(*value) : toRepr(*value);
            if (conversion.precision >= 0)
                text = text.slice(0, unicode::offsetOf(text.bytes(), static_cast<std::size_t>(conversion.precision)));
            const bool left = conversion.flags.find('-') != std::string::npos;
            interpreter.grow(result, padded(interpreter, text, conversion.width, MarkedText(" "), left ? 1 : -1));
        } else if (std::string_view("diuxXoeEfFgG").find(conversion.letter) != std::string_view::npos) {
            interpreter.grow(result, MarkedText(printNumber(conversion, *value)));
        } else {
            failTemplate("the format %" + std::string(1, conversion.letter) + " is not supported");
        }
    }
    // Python takes a list for something with keys, and those may be left over.
    if (used < values.size() && !dict && !(values.size() == 1 && values[0].asList()))
        failTemplate("a format with % has fewer fields than values");
    return result;
}

} // namespace attune::jinja
