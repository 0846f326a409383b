#include "core/text/template_lexer.h"

#include "core/text/template_unicode.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace attune::jinja {
namespace {

/// As Jinja counts them: "\r\n" and "\r" are new lines, and one at the end of the source is dropped.
std::string normalised(std::string_view source)
{
    std::string result;
    result.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '\r') {
            result += source[i];
        } else {
            result += '\n';
            if (i + 1 < source.size() && source[i + 1] == '\n')
                ++i;
        }
    }
    if (result.ends_with('\n'))
        result.pop_back();
    return result;
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isNameCharacter(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c) ||
           static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
public:
    explicit Lexer(std::string_view source) : m_source(normalised(source)) {}

    std::vector<Token> run()
    {
        while (m_position < m_source.size())
            lexText();
        add(Token::Kind::End);
        return std::move(m_tokens);
    }

private:
    [[noreturn]] void fail(std::string message) const { throw TemplateSyntax{m_line, std::move(message)}; }

    bool startsWith(std::string_view text, std::size_t at) const
    {
        return std::string_view(m_source).substr(at).starts_with(text);
    }

    void add(Token::Kind kind, std::string text = {})
    {
        Token token;
        token.kind = kind;
        token.line = m_line;
        token.text = std::move(text);
        m_tokens.push_back(std::move(token));
    }

    void moveTo(std::size_t position)
    {
        for (; m_position < position; ++m_position)
            m_line += m_source[m_position] == '\n';
    }

    std::size_t behindSpace(std::size_t at) const
    {
        return at + unicode::trimmedBegin(std::string_view(m_source).substr(at));
    }

    /// Text up to the next tag, shortened as the tag wants it.
    void addText(std::size_t end, char sign, bool mayStrip)
    {
        std::string_view text = std::string_view(m_source).substr(m_position, end - m_position);
        if (sign == '-') {
            text = text.substr(0, unicode::trimmedEnd(text));
        } else if (sign != '+' && mayStrip) {
            const std::size_t lineBegin = text.rfind('\n') + 1; // npos + 1 == 0
            if ((lineBegin > 0 || m_lineStarting) &&
                unicode::trimmedBegin(text.substr(lineBegin)) + lineBegin == text.size())
                text = text.substr(0, lineBegin);
        }
        if (!text.empty())
            add(Token::Kind::Text, std::string(text));
        moveTo(end);
    }

    char signAt(std::size_t at) const
    {
        return at < m_source.size() && (m_source[at] == '-' || m_source[at] == '+') ? m_source[at] : '\0';
    }

    void lexText()
    {
        std::size_t tag = m_position;
        for (;; ++tag) {
            tag = m_source.find('{', tag);
            if (tag == std::string::npos) {
                addText(m_source.size(), '+', false);
                return;
            }
            if (startsWith("{{", tag) || startsWith("{%", tag) || startsWith("{#", tag))
                break;
        }
        const char kind = m_source[tag + 1];
        const char sign = signAt(tag + 2);
        addText(tag, sign, kind != '{');
        const std::size_t inside = tag + 2 + (sign ? 1 : 0);
        if (kind == '#')
            lexComment(inside);
        else if (kind == '{')
            lexTag(inside, Token::Kind::PrintBegin);
        else if (const auto content = rawBegin(inside))
            lexRaw(*content);
        else
            lexTag(inside, Token::Kind::BlockBegin);
        m_lineStarting = m_position > 0 && m_source[m_position - 1] == '\n';
    }

    void lexComment(std::size_t inside)
    {
        const std::size_t end = m_source.find("#}", inside);
        if (end == std::string::npos)
            fail("the comment {# has no end #}");
        // "{#-#}": the sign belongs to the beginning alone.
        const char sign = end > inside ? signAt(end - 1) : '\0';
        moveTo(behindEnd(end + 2, sign));
    }

    /// Where the text goes on behind a block's or comment's end: "-" eats white space, "+" keeps the new line.
    std::size_t behindEnd(std::size_t at, char sign) const
    {
        if (sign == '-')
            return behindSpace(at);
        return sign != '+' && at < m_source.size() && m_source[at] == '\n' ? at + 1 : at;
    }

    /// Behind "raw %}", if that is what stands at `inside`.
    std::optional<std::size_t> rawBegin(std::size_t inside) const
    {
        std::size_t at = behindSpace(inside);
        if (!startsWith("raw", at))
            return std::nullopt;
        at = behindSpace(at + 3);
        if (startsWith("-%}", at))
            return behindSpace(at + 3);
        return startsWith("%}", at) ? std::optional(at + 2) : std::nullopt;
    }

    void lexRaw(std::size_t content)
    {
        moveTo(content);
        for (std::size_t tag = m_source.find("{%", content); tag != std::string::npos;
             tag = m_source.find("{%", tag + 1)) {
            const char sign = signAt(tag + 2);
            std::size_t at = behindSpace(tag + 2 + (sign ? 1 : 0));
            if (!startsWith("endraw", at))
                continue;
            at = behindSpace(at + 6);
            const char endSign = signAt(at);
            at += endSign ? 1 : 0;
            if (!startsWith("%}", at))
                continue;
            m_lineStarting = m_source[content - 1] == '\n';
            addText(tag, sign, true);
            moveTo(behindEnd(at + 2, endSign));
            return;
        }
        fail("{% raw %} has no {% endraw %}");
    }

    void lexTag(std::size_t inside, Token::Kind begin)
    {
        add(begin);
        moveTo(inside);
        const bool block = begin == Token::Kind::BlockBegin;
        const std::string_view end = block ? "%}" : "}}";
        std::string open; // the brackets that wait for their partners
        for (;;) {
            moveTo(behindSpace(m_position));
            if (m_position >= m_source.size())
                fail(block ? "a tag {% has no end %}" : "a tag {{ has no end }}");
            if (open.empty()) {
                const char sign = signAt(m_position);
                const std::size_t at = m_position + (sign ? 1 : 0);
                if (startsWith(end, at) && (block || sign != '+')) {
                    add(block ? Token::Kind::BlockEnd : Token::Kind::PrintEnd);
                    moveTo(block || sign == '-' ? behindEnd(at + 2, sign) : at + 2);
                    return;
                }
            }
            lexToken(open);
        }
    }

    void lexToken(std::string &open)
    {
        const char c = m_source[m_position];
        if (c == '\'' || c == '"')
            lexString(c);
        else if (isDigit(c))
            lexNumber();
        else if (isNameCharacter(c))
            lexName();
        else
            lexOperator(open);
    }

    void lexName()
    {
        std::size_t end = m_position;
        while (end < m_source.size() && isNameCharacter(m_source[end]))
            ++end;
        add(Token::Kind::Name, m_source.substr(m_position, end - m_position));
        moveTo(end);
    }

    void lexOperator(std::string &open)
    {
        static constexpr std::array<std::string_view, 6> doubles = {"//", "**", "==", "!=", ">=", "<="};
        std::string text(1, m_source[m_position]);
        for (const auto two : doubles) {
            if (startsWith(two, m_position))
                text = two;
        }
        if (text.size() == 1 && std::string_view("+-/*%~[](){}<>=.:|,;").find(text[0]) == std::string_view::npos) {
            std::size_t end = m_position;
            unicode::next(m_source, end);
            fail("the character '" + m_source.substr(m_position, end - m_position) + "' has no place here");
        }
        if (text == "(" || text == "[" || text == "{") {
            open += text == "(" ? ')' : text == "[" ? ']' : '}';
        } else if (text == ")" || text == "]" || text == "}") {
            if (open.empty() || open.back() != text[0])
                fail("'" + text + "' closes nothing that is open");
            open.pop_back();
        }
        add(Token::Kind::Operator, text);
        moveTo(m_position + text.size());
    }

    void lexNumber()
    {
        const char second = m_position + 1 < m_source.size() ? m_source[m_position + 1] : '\0';
        if (m_source[m_position] == '0' && std::string_view("xXoObB").find(second) != std::string_view::npos &&
            second)
            return lexInteger(m_position + 2, second == 'x' || second == 'X'   ? 16
                                              : second == 'o' || second == 'O' ? 8
                                                                               : 2);
        std::size_t end = behindDigits(m_position);
        bool broken = false;
        // Not behind a dot: "items.0.5" are two subscripts.
        const bool afterDot = m_position > 0 && m_source[m_position - 1] == '.';
        if (!afterDot && end + 1 < m_source.size() && m_source[end] == '.' && isDigit(m_source[end + 1])) {
            end = behindDigits(end + 1);
            broken = true;
        }
        if (!afterDot && end < m_source.size() && (m_source[end] == 'e' || m_source[end] == 'E')) {
            const std::size_t exponent = end + 1 + (signAt(end + 1) ? 1 : 0);
            if (exponent < m_source.size() && isDigit(m_source[exponent])) {
                end = behindDigits(exponent);
                broken = true;
            }
        }
        if (!broken)
            return lexInteger(m_position, 10);
        const std::string text = withoutUnderscores(end);
        add(Token::Kind::Float, text);
        const auto read = std::from_chars(text.data(), text.data() + text.size(), m_tokens.back().number);
        if (read.ec == std::errc::result_out_of_range) // Python's inf, or 0.0
            m_tokens.back().number = std::strtod(text.c_str(), nullptr);
        moveTo(end);
    }

    std::size_t behindDigits(std::size_t at) const
    {
        const auto digitAt = [&](std::size_t place) { return place < m_source.size() && isDigit(m_source[place]); };
        while (digitAt(at) || (m_source[std::min(at, m_source.size() - 1)] == '_' && digitAt(at + 1)))
            ++at;
        return at;
    }

    std::string withoutUnderscores(std::size_t end) const
    {
        std::string text;
        for (std::size_t i = m_position; i < end; ++i) {
            if (m_source[i] != '_')
                text += m_source[i];
        }
        return text;
    }

    void lexInteger(std::size_t begin, int base)
    {
        std::size_t end = base == 10 ? behindDigits(begin) : begin;
        while (base != 10 && end < m_source.size() && isNameCharacter(m_source[end]))
            ++end;
        const std::string text = withoutUnderscores(end).substr(begin - m_position);
        add(Token::Kind::Integer, text);
        const auto read = std::from_chars(text.data(), text.data() + text.size(), m_tokens.back().integer, base);
        const bool padded = base == 10 && text[0] == '0' && text.find_first_not_of('0') != std::string::npos;
        if (read.ec != std::errc() || read.ptr != text.data() + text.size() || padded)
            fail("the number '" + m_source.substr(m_position, end - m_position) + "' can't be read");
        moveTo(end);
    }

    void lexString(char quote)
    {
        std::size_t end = m_position + 1;
        while (end < m_source.size() && m_source[end] != quote)
            end += m_source[end] == '\\' ? 2 : 1;
        if (end >= m_source.size())
            fail("a string has no end");
        add(Token::Kind::String, unescaped(std::string_view(m_source).substr(m_position + 1, end - m_position - 1)));
        moveTo(end + 1);
    }

    /// Python's escapes; an unknown one stays as it is.
    std::string unescaped(std::string_view text) const
    {
        std::string result;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '\\') {
                result += text[i];
                continue;
            }
            const char c = text[++i];
            static constexpr std::string_view letters = "abfnrtv\\'\"";
            static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\'\"";
            if (const auto known = letters.find(c); known != std::string_view::npos)
                result += meanings[known];
            else if (c == 'x' || c == 'u' || c == 'U')
                i += appendNumbered(result, text.substr(i + 1), c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
            else if (c >= '0' && c <= '7')
                i += appendNumbered(result, text.substr(i), 0, 8) - 1;
            else if (c == 'N')
                fail("the escape \\N in a string is not supported");
            else if (c != '\n') // a new line behind a backslash vanishes
                result.append({'\\', c});
        }
        return result;
    }

    /// `count` digits, or up to three for octal.
    std::size_t appendNumbered(std::string &result, std::string_view digits, std::size_t count, int base) const
    {
        const auto *begin = digits.data();
        const std::size_t most = std::min(digits.size(), count ? count : 3);
        unsigned character = 0;
        const auto read = std::from_chars(begin, begin + most, character, base);
        const auto used = static_cast<std::size_t>(read.ptr - begin);
        if ((count && used != count) || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000))
            fail("the escape in '" + std::string(digits.substr(0, most)) + "' names no character");
        unicode::append(result, character);
        return used;
    }

    std::string m_source;
    std::size_t m_position = 0;
    int m_line = 1;
    bool m_lineStarting = true;
    std::vector<Token> m_tokens;
};

} // namespace

std::vector<Token> tokenizeTemplate(std::string_view source)
{
    return Lexer(source).run();
}

} // namespace attune::jinja
