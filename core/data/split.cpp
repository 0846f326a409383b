#include "core/data/split.h"

#include "core/data/disjoint_sets.h"
#include "core/data/near_pairs.h"

#include <algorithm>
#include <array>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <xxhash.h>

namespace attune {

namespace {

constexpr std::size_t PartCount = 3;
constexpr std::uint32_t None = UINT32_MAX;

std::size_t index(Part part)
{
    return static_cast<std::size_t>(part);
}

/// Rows with the same prompt: what the grouping works on.
struct Node {
    std::string_view prompt;
    std::uint32_t firstRow = 0;
    std::optional<Part> fixed; ///< of its first row that has one
    std::optional<Part> part;
    std::array<std::uint32_t, PartCount> firstIn{None, None, None}; ///< first row in each part
};

struct Link {
    std::uint32_t to = 0;
    double similarity = 0;
};

Result<void> check(const SplitOptions &options)
{
    const auto isShare = [](double share) { return share >= 0.0 && share < 1.0; }; // false for NaN
    if (!isShare(options.validationShare))
        return fail(ErrorCode::InvalidInput, "The validation share is " + std::to_string(options.validationShare) +
                                                 ", but must be at least 0 and below 1.");
    if (!isShare(options.testShare))
        return fail(ErrorCode::InvalidInput, "The test share is " + std::to_string(options.testShare) +
                                                 ", but must be at least 0 and below 1.");
    if (options.validationShare + options.testShare >= 1.0)
        return fail(ErrorCode::InvalidInput, "The validation and test shares add up to " +
                                                 std::to_string(options.validationShare + options.testShare) +
                                                 ", which leaves nothing to train on: their sum must be below 1.");
    if (!(options.similarity > 0.0 && options.similarity <= 1.0))
        return fail(ErrorCode::InvalidInput, "The similarity of near duplicates is " +
                                                 std::to_string(options.similarity) +
                                                 ", but must be above 0 and at most 1.");
    return {};
}

Part partFromHash(std::string_view prompt, const SplitOptions &options)
{
    const std::uint64_t hash = XXH3_64bits_withSeed(prompt.data(), prompt.size(), options.seed);
    const double uniform = static_cast<double>(hash >> 11) * 0x1p-53;
    if (uniform < options.testShare)
        return Part::Test;
    return uniform < options.testShare + options.validationShare ? Part::Validation : Part::Train;
}

class Splitter {
public:
    Splitter(std::span<const SplitRow> rows, const SplitOptions &options)
        : m_rows(rows), m_options(options), m_nodeOf(rows.size())
    {
        std::unordered_map<std::string_view, std::uint32_t> nodes;
        for (std::uint32_t row = 0; row < rows.size(); ++row) {
            const auto [found, isNew] =
                nodes.try_emplace(rows[row].prompt, static_cast<std::uint32_t>(m_nodes.size()));
            if (isNew)
                m_nodes.push_back({.prompt = rows[row].prompt, .firstRow = row, .fixed = {}, .part = {}});
            m_nodeOf[row] = found->second;
            Node &node = m_nodes[found->second];
            if (!node.fixed)
                node.fixed = rows[row].fixed;
        }
        m_links.resize(m_nodes.size());
    }

    SplitResult run()
    {
        DisjointSets groups = link();
        assign(groups);

        SplitResult result;
        result.parts.reserve(m_rows.size());
        result.groups.reserve(m_rows.size());
        for (std::uint32_t row = 0; row < m_rows.size(); ++row) {
            Node &node = m_nodes[m_nodeOf[row]];
            const Part part = m_rows[row].fixed.value_or(node.part.value_or(Part::Train));
            result.parts.push_back(part);
            result.groups.push_back(m_nodes[groups.find(m_nodeOf[row])].firstRow);
            node.firstIn[index(part)] = std::min(node.firstIn[index(part)], row);
        }
        for (std::uint32_t row = 0; row < m_rows.size(); ++row)
            findLeak(row, result);
        return result;
    }

private:
    /// Nodes that belong together. Nodes stand in the order of their first rows, so a set's lowest node has its first
    /// row.
    DisjointSets link()
    {
        DisjointSets groups(m_nodes.size());
        const auto add = [&](std::uint32_t a, std::uint32_t b, double similarity) {
            m_links[a].push_back({b, similarity});
            m_links[b].push_back({a, similarity});
            groups.join(a, b);
        };
        std::vector<std::string_view> prompts;
        prompts.reserve(m_nodes.size());
        for (const Node &node : m_nodes)
            prompts.push_back(node.prompt);
        for (const NearPair &pair : nearPairs(prompts, m_options.similarity))
            add(pair.first, pair.second, pair.similarity);

        std::unordered_map<std::string_view, std::uint32_t> firstWith;
        for (std::size_t row = 0; row < m_rows.size(); ++row) {
            if (m_rows[row].group.empty())
                continue;
            const std::uint32_t first = firstWith.try_emplace(m_rows[row].group, m_nodeOf[row]).first->second;
            if (first != m_nodeOf[row])
                add(first, m_nodeOf[row], 1.0);
        }
        return groups;
    }

    /// Fixed parts spread to the nodes around them, over the closest ties first; groups without any ask the hash.
    void assign(DisjointSets &groups)
    {
        struct Reach {
            double similarity;
            std::uint32_t firstRow; // of the node that it comes from: the earlier one wins where both are as near
            std::uint32_t node;
            Part part;
            bool operator<(const Reach &other) const
            {
                if (similarity != other.similarity)
                    return similarity < other.similarity;
                return std::pair(firstRow, node) > std::pair(other.firstRow, other.node);
            }
        };
        std::priority_queue<Reach> queue;
        const auto reachFrom = [&](std::uint32_t node) {
            for (const Link &link : m_links[node]) {
                if (!m_nodes[link.to].part)
                    queue.push({link.similarity, m_nodes[node].firstRow, link.to, *m_nodes[node].part});
            }
        };
        for (Node &node : m_nodes)
            node.part = node.fixed;
        for (std::uint32_t node = 0; node < m_nodes.size(); ++node) {
            if (m_nodes[node].fixed)
                reachFrom(node);
        }
        while (!queue.empty()) {
            const Reach next = queue.top();
            queue.pop();
            if (m_nodes[next.node].part)
                continue;
            m_nodes[next.node].part = next.part;
            reachFrom(next.node);
        }
        for (std::uint32_t node = 0; node < m_nodes.size(); ++node) {
            if (!m_nodes[node].part)
                m_nodes[node].part = partFromHash(m_nodes[groups.find(node)].prompt, m_options);
        }
    }

    void findLeak(std::uint32_t row, SplitResult &result) const
    {
        const Part part = result.parts[row];
        Leak leak{.row = row, .other = -1, .part = part, .otherPart = part, .similarity = 0};
        const auto consider = [&](std::uint32_t node, double similarity) {
            for (const Part other : {Part::Train, Part::Validation, Part::Test}) {
                const std::uint32_t first = m_nodes[node].firstIn[index(other)];
                if (other == part || first == None || first >= row)
                    continue;
                if (similarity > leak.similarity || (similarity == leak.similarity && first < leak.other)) {
                    leak.other = first;
                    leak.otherPart = other;
                    leak.similarity = similarity;
                }
            }
        };
        consider(m_nodeOf[row], 1.0);
        for (const Link &link : m_links[m_nodeOf[row]])
            consider(link.to, link.similarity);
        if (leak.other >= 0)
            result.leaks.push_back(leak);
    }

    std::span<const SplitRow> m_rows;
    const SplitOptions &m_options;
    std::vector<std::uint32_t> m_nodeOf; // by row
    std::vector<Node> m_nodes;
    std::vector<std::vector<Link>> m_links;
};

} // namespace

Result<SplitResult> assignParts(std::span<const SplitRow> rows, const SplitOptions &options)
{
    ATTUNE_CHECK(check(options));
    if (rows.size() >= None)
        return fail(ErrorCode::InvalidInput, std::to_string(rows.size()) + " rows are more than a split can take.");
    return Splitter(rows, options).run();
}

} // namespace attune
