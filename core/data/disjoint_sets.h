#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace attune {

/// Union-find in which the lowest member stands for its set.
class DisjointSets {
public:
    explicit DisjointSets(std::size_t size) : m_parents(size) { std::iota(m_parents.begin(), m_parents.end(), 0u); }

    std::uint32_t find(std::uint32_t member)
    {
        while (m_parents[member] != member) {
            m_parents[member] = m_parents[m_parents[member]];
            member = m_parents[member];
        }
        return member;
    }

    void join(std::uint32_t a, std::uint32_t b)
    {
        a = find(a);
        b = find(b);
        if (a != b)
            m_parents[std::max(a, b)] = std::min(a, b);
    }

private:
    std::vector<std::uint32_t> m_parents;
};

} // namespace attune
