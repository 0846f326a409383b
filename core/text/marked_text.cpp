#include "core/text/marked_text.h"

#include <algorithm>

namespace attune {

MarkedText::MarkedText(std::string bytes, Origin origin) : m_bytes(std::move(bytes))
{
    if (!m_bytes.empty())
        m_runs.push_back({m_bytes.size(), origin});
}

std::vector<MarkedText::Run>::const_iterator MarkedText::runAt(std::size_t offset) const
{
    return std::upper_bound(m_runs.begin(), m_runs.end(), offset,
                            [](std::size_t at, const Run &run) { return at < run.end; });
}

Origin MarkedText::originAt(std::size_t offset) const
{
    const auto run = runAt(offset);
    return run == m_runs.end() ? 0 : run->origin;
}

Origin MarkedText::originOf(std::size_t begin, std::size_t end) const
{
    for (auto run = runAt(begin); begin < end && run != m_runs.end(); ++run) {
        if (run->origin != 0)
            return run->origin;
        begin = run->end;
    }
    return 0;
}

void MarkedText::append(std::string_view bytes, Origin origin)
{
    if (bytes.empty())
        return;
    m_bytes += bytes;
    if (!m_runs.empty() && m_runs.back().origin == origin)
        m_runs.back().end = m_bytes.size();
    else
        m_runs.push_back({m_bytes.size(), origin});
}

void MarkedText::append(const MarkedText &other, std::size_t begin, std::size_t end)
{
    for (auto run = other.runAt(begin); begin < end && run != other.m_runs.end(); ++run) {
        const std::size_t stop = std::min(end, run->end);
        append(std::string_view(other.m_bytes).substr(begin, stop - begin), run->origin);
        begin = stop;
    }
}

MarkedText MarkedText::slice(std::size_t begin, std::size_t end) const
{
    MarkedText result;
    result.append(*this, begin, std::min(end, size()));
    return result;
}

} // namespace attune
