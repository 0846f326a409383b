#include "core/data/text_findings.h"

#include "core/data/windows_1252.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <utf8proc.h>

namespace attune {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isLetter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

bool isWord(char c)
{
    return isDigit(c) || isLetter(c) || c == '_';
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// --- e-mail addresses ---

bool isLocal(char c)
{
    return (isWord(c) && static_cast<unsigned char>(c) < 0x80) || c == '.' || c == '-' || c == '+' || c == '%';
}

/// RFC 2606: nobody has an address there.
bool isReservedDomain(std::string_view domain)
{
    std::string plain(domain);
    std::transform(plain.begin(), plain.end(), plain.begin(), lower);
    for (const std::string_view name : {"example.com", "example.org", "example.net", "domain.com"}) {
        if (plain == name || plain.ends_with("." + std::string(name)))
            return true;
    }
    for (const std::string_view top : {".example", ".test", ".invalid", ".localhost"}) {
        if (plain.ends_with(top))
            return true;
    }
    return false;
}

void findEmails(std::string_view text, std::vector<PersonalData> &found)
{
    for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
        std::size_t begin = at;
        while (begin > 0 && isLocal(text[begin - 1]))
            --begin;
        while (begin < at && !isWord(text[begin]))
            ++begin;
        std::size_t end = at + 1;
        while (end < text.size() && (isWord(text[end]) || text[end] == '-' || text[end] == '.'))
            ++end;
        while (end > at + 1 && !isWord(text[end - 1]))
            --end;
        const std::string_view domain = text.substr(at + 1, end - at - 1);
        const auto dot = domain.rfind('.');
        if (begin == at || dot == std::string_view::npos || dot == 0)
            continue;
        const std::string_view top = domain.substr(dot + 1);
        if (top.size() >= 2 && std::all_of(top.begin(), top.end(), isLetter) && !isReservedDomain(domain))
            found.push_back({PersonalKind::Email, begin, end});
    }
}

// --- runs of digits ---

/// Digits in groups, as people write long numbers: "+49 (30) 123-4567".
struct Number {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string digits;
    std::vector<std::size_t> groups; ///< digits in each
    std::string separators;          ///< one character for each gap; '(' where there were brackets
    bool plus = false;
    bool bracketed = false; ///< begins with "("
};

bool isGap(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

Number numberAt(std::string_view text, std::size_t begin)
{
    Number number;
    number.begin = begin;
    std::size_t i = begin;
    number.plus = text[i] == '+';
    number.bracketed = text[i] == '(';
    i += number.plus || number.bracketed;
    while (i < text.size() && isDigit(text[i])) {
        const std::size_t start = i;
        while (i < text.size() && isDigit(text[i]))
            number.digits += text[i++];
        number.groups.push_back(i - start);
        number.end = i;
        // At most three gap characters: ") ", " (0) " comes in two steps.
        std::size_t gap = i;
        while (gap < text.size() && gap < i + 3 && isGap(text[gap]))
            ++gap;
        if (gap == i || gap == text.size() || !isDigit(text[gap]))
            break;
        number.separators += text[i];
        i = gap;
    }
    return number;
}

bool passesLuhn(std::string_view digits)
{
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int value = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 1)
            value = value > 4 ? 2 * value - 9 : 2 * value;
        sum += value;
    }
    return sum % 10 == 0;
}

/// The lengths that an issuer's prefix allows.
bool isCardShape(std::string_view digits)
{
    const auto prefix = [&](std::size_t length) { return std::stoi(std::string(digits.substr(0, length))); };
    const std::size_t n = digits.size();
    if (n < 14 || n > 19)
        return false;
    const int two = prefix(2);
    const int four = prefix(4);
    if (digits[0] == '4')
        return n == 16 || n == 19; // the old ones of 13 would be mixed up with article numbers (EAN)
    if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))
        return n == 16;
    if (two == 34 || two == 37)
        return n == 15;
    if (two == 36 || two == 38 || two == 39 || (prefix(3) >= 300 && prefix(3) <= 305))
        return n == 14;
    return n == 16 && (four == 6011 || two == 65 || two == 62 || (four >= 3528 && four <= 3589));
}

/// Cards are written in one piece, or in groups of four (American Express: 4-6-5) with one kind of gap.
bool isCard(std::string_view digits, std::span<const std::size_t> groups, std::string_view separators)
{
    if (!isCardShape(digits) || !passesLuhn(digits))
        return false;
    if (groups.size() == 1)
        return true;
    const char gap = separators.front();
    if ((gap != ' ' && gap != '-') || separators.find_first_not_of(gap) != std::string_view::npos)
        return false;
    if (groups.size() == 3 && groups[0] == 4 && groups[1] == 6)
        return true;
    return std::all_of(groups.begin(), groups.end() - 1, [](std::size_t g) { return g == 4; });
}

/// A card number may be followed by its expiry date, so the first few groups are tried too.
bool beginsWithCard(const Number &number)
{
    if (number.plus || number.bracketed)
        return false;
    std::size_t digits = number.digits.size();
    for (std::size_t count = number.groups.size(); count > 0; --count) {
        if (isCard(std::string_view(number.digits).substr(0, digits), std::span(number.groups).first(count),
                   std::string_view(number.separators).substr(0, count - 1)))
            return true;
        digits -= number.groups[count - 1];
    }
    return false;
}

/// Words before a number that say what it is, if it is no phone number.
bool isNamedOtherwise(std::string_view text, std::size_t begin)
{
    std::string before;
    for (std::size_t i = begin > 24 ? begin - 24 : 0; i < begin; ++i)
        before += lower(text[i]);
    constexpr std::array words{"order", "ref", "invoice", "ticket", "tracking", "parcel", "article",
                               "item",  "serial", "sku", "isbn", "iban", "customer no", "#"};
    for (const std::string abbreviation : {"no.", "nr."}) { // these end no sentence
        if (const auto at = before.rfind(abbreviation); at != std::string::npos)
            before.erase(at + 2, 1);
    }
    const auto sentence = before.find_last_of(".!?\n");
    if (sentence != std::string::npos && sentence + 1 < before.size())
        before.erase(0, sentence + 1);
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return before.find(word) != std::string::npos; });
}

bool isPhone(std::string_view text, const Number &number)
{
    const auto &groups = number.groups;
    const std::size_t n = number.digits.size();
    if (number.plus)
        return n >= 8 && n <= 15 && number.digits[0] != '0' && groups.size() <= 7;
    if (groups.size() < 2 || isNamedOtherwise(text, number.begin))
        return false;
    if (number.digits.starts_with("00") && groups[0] >= 4) // 0049 30 ...
        return n >= 11 && n <= 16 && number.digits[2] != '0';
    // (555) 123-4567, 555-123-4567, 555.123.4567
    const char first = number.digits[0];
    const bool slashed = number.separators.find('/') != std::string::npos;
    if (groups == std::vector<std::size_t>{3, 3, 4} && first >= '2' && number.digits[3] >= '2' && !slashed)
        return number.bracketed || number.separators[0] == number.separators[1];
    if (first != '0')
        return false;
    // 06 12 34 56 78
    if (groups == std::vector<std::size_t>{2, 2, 2, 2, 2})
        return number.digits[1] != '0';
    // 030 1234567, 0171/1234567, (020) 7946 0958
    const bool longEnough =
        std::all_of(groups.begin() + 1, groups.end(), [](std::size_t g) { return g >= 2 && g <= 8; });
    return number.digits[1] != '0' && groups[0] >= 3 && groups[0] <= 5 && groups.size() <= 4 && n >= 9 && n <= 12 &&
           longEnough;
}

void findNumbers(std::string_view text, std::vector<PersonalData> &found)
{
    for (std::size_t i = 0; i < text.size();) {
        const bool opens = (text[i] == '+' || text[i] == '(') && i + 1 < text.size() && isDigit(text[i + 1]);
        if (!isDigit(text[i]) && !opens) {
            ++i;
            continue;
        }
        const Number number = numberAt(text, i);
        i = std::max(number.end, i + 1);
        // A part of a word, of a code ("KT-0171-...") or of a longer number is neither.
        const char before = number.begin > 0 ? text[number.begin - 1] : ' ';
        const char after = number.end < text.size() ? text[number.end] : ' ';
        const bool decimal = after == ',' && number.end + 1 < text.size() && isDigit(text[number.end + 1]);
        if (isWord(before) || before == '-' || before == '.' || before == '/' || before == '#' || isWord(after) ||
            after == '%' || decimal)
            continue;
        if (beginsWithCard(number))
            found.push_back({PersonalKind::Card, number.begin, number.end});
        else if (isPhone(text, number))
            found.push_back({PersonalKind::Phone, number.begin, number.end});
    }
}

// --- encodings ---

/// The byte that Windows-1252 shows as this character, or -1.
int byteOf(utf8proc_int32_t c)
{
    if (c >= 0x80 && c <= 0xFF)
        return c;
    const auto at = std::find(Windows1252.begin(), Windows1252.end(), c);
    return c == 0xFFFD || at == Windows1252.end() ? -1 : static_cast<int>(0x80 + (at - Windows1252.begin()));
}

bool continues(int byte)
{
    return byte >= 0x80 && byte <= 0xBF;
}

/// Characters that were bytes of one UTF-8 sequence: how many of `c` (the next ones in the text), 0 for none. Only
/// those sequences are known that people meet: Latin letters, quotes and dashes, emoji.
std::size_t misread(std::span<const utf8proc_int32_t> c, utf8proc_int32_t before)
{
    if (c.size() < 2)
        return 0;
    const int first = byteOf(c[0]);
    const int second = byteOf(c[1]);
    if (!continues(second))
        return 0;
    // »MENÃ«: a word in capitals that ends with such a letter before a closing quote.
    const bool quoted = (second == 0xAB || second == 0xBB) && before >= 'A' && before <= 'Z';
    if ((first == 0xC2 || first == 0xC3) && !quoted)
        return 2;
    if (c.size() < 3 || !continues(byteOf(c[2])))
        return 0;
    if (first == 0xE2 && (second == 0x80 || second == 0x82))
        return 3;
    return first == 0xF0 && second == 0x9F && c.size() > 3 && continues(byteOf(c[3])) ? 4 : 0;
}

std::string codepointName(utf8proc_int32_t c)
{
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "U+%04X", static_cast<unsigned>(c));
    return buffer.data();
}

} // namespace

std::string_view name(PersonalKind kind)
{
    switch (kind) {
    case PersonalKind::Email:
        return "e-mail address";
    case PersonalKind::Card:
        return "card number";
    case PersonalKind::Phone:
        return "phone number";
    }
    return "personal data";
}

std::vector<PersonalData> findPersonalData(std::string_view text)
{
    std::vector<PersonalData> found;
    findEmails(text, found);
    findNumbers(text, found);
    std::sort(found.begin(), found.end(),
              [](const PersonalData &a, const PersonalData &b) { return a.begin < b.begin; });
    return found;
}

std::optional<std::string> oddEncoding(std::string_view text)
{
    std::array<utf8proc_int32_t, 4> ahead{};
    const auto *bytes = reinterpret_cast<const utf8proc_uint8_t *>(text.data());
    const auto decode = [&](std::size_t at, utf8proc_int32_t &code) {
        const auto length = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
        return length > 0 ? static_cast<std::size_t>(length) : 0;
    };
    utf8proc_int32_t before = ' ';
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
            const bool control = (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
            if (control)
                return "control character " + codepointName(byte);
            before = byte;
            ++i;
            continue;
        }
        utf8proc_int32_t code = 0;
        const std::size_t length = decode(i, code);
        if (length == 0)
            return std::string("bytes that are no UTF-8");
        if (code == 0xFFFD)
            return std::string("a character was lost (U+FFFD)");
        const bool leads = code == 0xC2 || code == 0xC3 || code == 0xE2 || code == 0xF0;
        std::size_t count = 0;
        std::size_t end = i;
        while (leads && count < ahead.size() && end < text.size()) {
            const std::size_t step = decode(end, ahead[count]);
            if (step == 0)
                break;
            end += step;
            ++count;
        }
        if (const std::size_t wrong = misread(std::span(ahead).first(count), before); wrong > 0) {
            std::size_t wrongEnd = i;
            for (std::size_t k = 0; k < wrong; ++k)
                wrongEnd += decode(wrongEnd, code);
            return "\"" + std::string(text.substr(i, wrongEnd - i)) + "\" looks like a wrong encoding";
        }
        if (code >= 0x80 && code <= 0x9F)
            return "control character " + codepointName(code);
        before = code;
        i += length;
    }
    return std::nullopt;
}

} // namespace attune
