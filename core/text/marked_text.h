#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// Where bytes come from: 0 is the template itself or a plain variable, n > 0 the n-th shielded input.
using Origin = std::int32_t;

/// A string that knows, run by run, where its bytes come from. The mark travels through every operation of a
/// template, so that a message can't write a special token and the mask can find each message in the rendered text.
class MarkedText {
public:
    struct Run {
        std::size_t end = 0;
        Origin origin = 0;
        bool operator==(const Run &) const = default;
    };

    MarkedText() = default;
    explicit MarkedText(std::string bytes, Origin origin = 0);

    const std::string &bytes() const noexcept { return m_bytes; }
    std::size_t size() const noexcept { return m_bytes.size(); }
    bool empty() const noexcept { return m_bytes.empty(); }

    /// In order, cover the bytes, neighbours differ.
    const std::vector<Run> &runs() const noexcept { return m_runs; }
    Origin originAt(std::size_t offset) const;
    /// Of a character or a match: the first that is not 0, so that what is partly shielded is shielded.
    Origin originOf(std::size_t begin, std::size_t end) const;
    Origin origin() const { return originOf(0, size()); }

    void append(std::string_view bytes, Origin origin);
    void append(const MarkedText &other) { append(other, 0, other.size()); }
    void append(const MarkedText &other, std::size_t begin, std::size_t end);
    MarkedText slice(std::size_t begin, std::size_t end) const;
    void reserve(std::size_t bytes) { m_bytes.reserve(bytes); }

    /// Jinja's Markup, what `| safe` gives: "+" with it escapes an ordinary text for HTML. Copies keep the flag,
    /// nothing else does.
    bool isMarkup() const noexcept { return m_markup; }
    void setMarkup() { m_markup = true; }

private:
    std::vector<Run>::const_iterator runAt(std::size_t offset) const;

    std::string m_bytes;
    std::vector<Run> m_runs;
    bool m_markup = false;
};

} // namespace attune
