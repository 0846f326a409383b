#include "core/text/oniguruma.h"

#include <algorithm>

namespace attune {

namespace {

// PCRE2 counts U+180E, which Unicode has taken from its white space, as \s.
constexpr std::string_view Spaces = R"(\t-\r\x{85}\p{Z})";
// Alphabetic, marks, numbers and connectors; the ranges are the letters in circles and squares.
constexpr std::string_view WordCharacters =
    R"(\p{L}\p{M}\p{N}\p{Pc}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189})";
// Mean something else to PCRE2, or something a little larger or smaller.
constexpr std::string_view OtherEscapes = "hHvVRXKNGgkyYbBWO";

class Translation {
public:
    Translation(std::string_view pattern, std::string_view where) : m_pattern(pattern), m_where(where) {}

    Result<std::string> run()
    {
        while (m_at < m_pattern.size()) {
            ATTUNE_CHECK(m_inClass ? classItem() : item());
        }
        return std::move(m_result);
    }

private:
    tl::unexpected<Error> refuse(std::size_t length) const
    {
        return fail(ErrorCode::InvalidInput,
                    std::string(m_where) + ": the pattern of the pre-tokenizer can't be used: it has " +
                        std::string(m_pattern.substr(m_at, length)) + " at byte " + std::to_string(m_at) + " of " +
                        std::string(m_pattern) + ", which is not known here.");
    }

    bool follows(std::string_view text) const { return m_pattern.substr(m_at).starts_with(text); }

    void copy(std::size_t length)
    {
        m_result += m_pattern.substr(m_at, length);
        m_at = std::min(m_at + length, m_pattern.size());
    }

    /// "\p{L}", "\x{85}" and any other escape, whole.
    std::size_t escapeLength() const
    {
        const std::size_t end = m_pattern.find('}', m_at);
        const bool braced = follows("\\p{") || follows("\\P{") || follows("\\x{");
        return braced && end != std::string_view::npos ? end + 1 - m_at : 2;
    }

    Result<void> escape()
    {
        const char escaped = m_at + 1 < m_pattern.size() ? m_pattern[m_at + 1] : '\0';
        const std::string_view set = escaped == 's' || escaped == 'S' ? Spaces : escaped == 'w' ? WordCharacters : "";
        if (escaped && OtherEscapes.find(escaped) != std::string_view::npos)
            return refuse(2);
        if (set.empty() || (escaped == 'S' && m_inClass)) {
            copy(escapeLength());
            return {};
        }
        m_at += 2;
        if (!m_inClass)
            m_result += escaped == 'S' ? "[^" : "[";
        m_result += set;
        if (!m_inClass)
            m_result += ']';
        return {};
    }

    Result<void> item()
    {
        if (follows("\\"))
            return escape();
        if (follows("(?")) {
            // (?m means another thing, and a switch for the rest of a group takes in what follows a |.
            std::size_t end = m_at + 2;
            while (end < m_pattern.size() &&
                   (m_pattern[end] == '-' || (m_pattern[end] >= 'a' && m_pattern[end] <= 'z')))
                ++end;
            const std::string_view flags = m_pattern.substr(m_at + 2, end - m_at - 2);
            const bool isSwitch = end < m_pattern.size() && m_pattern[end] == ')' && !flags.empty() && m_at > 0;
            if (isSwitch || flags.find_first_not_of("-i") != std::string_view::npos)
                return refuse(end - m_at);
            copy(end - m_at);
            return {};
        }
        if (follows("{"))
            return interval();
        if (follows("[")) {
            m_inClass = true;
            copy(follows("[^") ? 2 : 1);
            if (follows("]"))
                copy(1); // the first stands for itself
            return {};
        }
        copy(1);
        return {};
    }

    Result<void> interval()
    {
        std::size_t end = m_at + 1;
        while (end < m_pattern.size() && (m_pattern[end] == ',' || (m_pattern[end] >= '0' && m_pattern[end] <= '9')))
            ++end;
        const bool closed = end < m_pattern.size() && m_pattern[end] == '}';
        const std::size_t length = end + 1 - m_at;
        // {,3} is plain text to PCRE2, and the + behind {1,3} repeats it to Oniguruma, {2}? the ? as well.
        const bool fixed = m_pattern.substr(m_at, length).find(',') == std::string_view::npos;
        const char behind = end + 1 < m_pattern.size() ? m_pattern[end + 1] : '\0';
        if (closed && (follows("{,") || behind == '+' || (fixed && behind == '?')))
            return refuse(follows("{,") ? length : length + 1);
        copy(closed ? length : 1);
        return {};
    }

    Result<void> classItem()
    {
        if (follows("\\"))
            return escape();
        if (follows("[:")) {
            const std::size_t end = m_pattern.find(":]", m_at);
            if (end != std::string_view::npos) {
                copy(end + 2 - m_at);
                return {};
            }
        }
        if (follows("[") || follows("&&"))
            return refuse(follows("[") ? 1 : 2);
        if (follows("]"))
            m_inClass = false;
        copy(1);
        return {};
    }

    std::string_view m_pattern;
    std::string_view m_where;
    std::size_t m_at = 0;
    bool m_inClass = false;
    std::string m_result;
};

} // namespace

Result<std::string> pcre2FromOniguruma(std::string_view pattern, std::string_view where)
{
    return Translation(pattern, where).run();
}

} // namespace attune
