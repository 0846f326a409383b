#pragma once

#include <cstdint>
#include <vector>

namespace attune::ui {

/// Token counts of rows, kept so that what a max_length costs is known without asking anybody.
class LengthCounts {
public:
    LengthCounts() = default;
    explicit LengthCounts(std::vector<std::int64_t> tokens);

    struct Cut {
        std::int64_t rows = 0;
        std::int64_t tokens = 0; ///< lost
    };
    Cut cutAt(std::int64_t maxLength) const; ///< a binary search
    std::int64_t rows() const { return static_cast<std::int64_t>(m_sorted.size()); }
    std::int64_t median() const;
    std::int64_t longest() const { return m_sorted.empty() ? 0 : m_sorted.back(); }
    /// The count below which a share of the rows stays.
    std::int64_t quantile(double share) const;
    /// Rows by length: bin i holds [i * width, (i + 1) * width), the last one whatever is longer too.
    std::vector<std::int64_t> bins(std::int64_t width, std::size_t count) const;

private:
    std::vector<std::int64_t> m_sorted;
    std::vector<std::int64_t> m_sumFrom; ///< tokens of the rows from each place on
};

/// The axis of a histogram: bins of a power of two, some fifty of them.
struct LengthAxis {
    std::int64_t width = 8;
    std::size_t count = 1;
    std::int64_t end() const { return width * static_cast<std::int64_t>(count); }
};
LengthAxis lengthAxis(const LengthCounts &lengths, std::int64_t maxLength);

} // namespace attune::ui
