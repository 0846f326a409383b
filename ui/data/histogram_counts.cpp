#include "ui/data/histogram_counts.h"

#include <algorithm>

namespace attune::ui {

LengthCounts::LengthCounts(std::vector<std::int64_t> tokens)
    : m_sorted(std::move(tokens)), m_sumFrom(m_sorted.size() + 1)
{
    std::sort(m_sorted.begin(), m_sorted.end());
    for (std::size_t i = m_sorted.size(); i-- > 0;)
        m_sumFrom[i] = m_sumFrom[i + 1] + m_sorted[i];
}

LengthCounts::Cut LengthCounts::cutAt(std::int64_t maxLength) const
{
    if (maxLength <= 0 || m_sorted.empty())
        return {};
    const auto first = std::upper_bound(m_sorted.begin(), m_sorted.end(), maxLength);
    const auto rows = static_cast<std::int64_t>(m_sorted.end() - first);
    return {rows, m_sumFrom[static_cast<std::size_t>(first - m_sorted.begin())] - rows * maxLength};
}

std::int64_t LengthCounts::median() const
{
    return m_sorted.empty() ? 0 : m_sorted[m_sorted.size() / 2];
}

std::int64_t LengthCounts::quantile(double share) const
{
    if (m_sorted.empty())
        return 0;
    const auto place = static_cast<std::size_t>(share * static_cast<double>(m_sorted.size() - 1));
    return m_sorted[std::min(place, m_sorted.size() - 1)];
}

std::vector<std::int64_t> LengthCounts::bins(std::int64_t width, std::size_t count) const
{
    std::vector<std::int64_t> result(count);
    auto from = m_sorted.begin();
    for (std::size_t bin = 0; bin < count; ++bin) {
        const auto to = bin + 1 == count
                            ? m_sorted.end()
                            : std::lower_bound(from, m_sorted.end(), width * static_cast<std::int64_t>(bin + 1));
        result[bin] = to - from;
        from = to;
    }
    return result;
}

LengthAxis lengthAxis(const LengthCounts &lengths, std::int64_t maxLength)
{
    // A handful of huge rows must not squeeze the others into one bar; they stand in the last.
    const std::int64_t most = std::max<std::int64_t>(
        32, std::min(lengths.longest(), std::max<std::int64_t>(4 * lengths.quantile(0.99), 2 * lengths.median())));
    // The line stays in sight where that does not squeeze the bars.
    const std::int64_t end = std::max(most + most / 20, std::min(maxLength + maxLength / 8, 2 * most));
    LengthAxis axis;
    while (axis.width * 56 < end)
        axis.width *= 2;
    axis.count = static_cast<std::size_t>(end / axis.width + 1);
    return axis;
}

} // namespace attune::ui
