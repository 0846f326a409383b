#include "core/data/row_splitter.h"

#include "core/data/disjoint_sets.h"

#include <algorithm>
#include <array>
#include <queue>
#include <xxhash.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace attune {

namespace {

std::size_t index(Part part)
{
    return static_cast<std::size_t>(part);
}

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

} // namespace

struct RowSplitter::Groups : DisjointSets {
    using DisjointSets::DisjointSets;
};

Result<RowSplitter> RowSplitter::begin(const SplitOptions &options)
{
    ATTUNE_CHECK(check(options));
    return RowSplitter(options);
}

std::uint64_t RowSplitter::drawOf(std::string_view prompt) const
{
    return XXH3_64bits_withSeed(prompt.data(), prompt.size(), m_options.seed);
}

std::size_t RowSplitter::placeOf(std::uint64_t hash, std::uint64_t draw) const
{
    const std::size_t mask = m_table.size() - 1;
    std::size_t place = static_cast<std::size_t>(hash) & mask;
    while (m_table[place] != None && (m_nodes[m_table[place]].hash != hash || m_nodes[m_table[place]].draw != draw))
        place = (place + 1) & mask;
    return place;
}

void RowSplitter::growTable()
{
    if (2 * (m_nodes.size() + 1) <= m_table.size())
        return;
    m_table.assign(std::max<std::size_t>(64, m_table.size() * 2), None);
    for (std::uint32_t node = 0; node < m_nodes.size(); ++node)
        m_table[placeOf(m_nodes[node].hash, m_nodes[node].draw)] = node;
}

std::uint32_t RowSplitter::nodeOf(std::string_view prompt)
{
    growTable();
    const std::uint64_t hash = XXH3_128bits(prompt.data(), prompt.size()).low64;
    const std::uint64_t draw = drawOf(prompt);
    std::uint32_t &place = m_table[placeOf(hash, draw)];
    if (place == None) {
        place = m_near.add(prompt);
        m_nodes.push_back({.hash = hash, .draw = draw, .firstRow = static_cast<std::uint32_t>(m_rows.size())});
    }
    return place;
}

void RowSplitter::add(std::string_view prompt, std::string_view group, std::optional<Part> fixed)
{
    Row row{.node = nodeOf(prompt), .fixed = fixed};
    if (!group.empty())
        row.group =
            m_groups.try_emplace(std::string(group), static_cast<std::uint32_t>(m_groups.size())).first->second;
    if (Node &node = m_nodes[row.node]; !node.fixed)
        node.fixed = fixed;
    m_rows.push_back(row);
}

std::vector<std::uint32_t> RowSplitter::doubtful() const
{
    std::vector<std::uint32_t> rows = m_near.doubtful();
    for (std::uint32_t &one : rows) // nodes stand in the order of their first rows
        one = m_nodes[one].firstRow;
    return rows;
}

void RowSplitter::forgetCandidates()
{
    [[maybe_unused]] const bool large = m_near.size() > 100'000;
    m_near = NearIndex(m_options.similarity);
    m_table = {};
#ifdef __GLIBC__
    if (large)
        ::malloc_trim(0); // the index is in small pieces, which malloc would keep
#endif
}

void RowSplitter::setPrompt(std::uint32_t row, std::string_view prompt)
{
    const Node &node = m_nodes[m_rows[row].node];
    const bool isNext = m_prompted.empty() || m_prompted.back() < m_rows[row].node;
    if (!isNext || XXH3_128bits(prompt.data(), prompt.size()).low64 != node.hash || drawOf(prompt) != node.draw)
        return;
    m_prompts.add(prompt);
    m_prompted.push_back(m_rows[row].node);
}

Result<SplitResult> RowSplitter::finish(const std::stop_token &stop,
                                        const std::function<void(double share)> &progress)
{
    if (m_rows.size() >= None)
        return fail(ErrorCode::InvalidInput, std::to_string(m_rows.size()) + " rows are more than a split can take.");
    forgetCandidates(); // what follows needs the room
    Groups groups = link(stop, progress);
    if (stop.stop_requested())
        return fail(ErrorCode::Interrupted, "Comparing the rows was stopped.");
    if (m_prompts.failed())
        return fail(ErrorCode::Io, "The temporary file with the rows to compare can't be read: check the disk of "
                                   "$TMPDIR or /var/tmp.");
    assign(groups);
    SplitResult result;
    result.parts.reserve(m_rows.size());
    result.groups.reserve(m_rows.size());
    std::vector<FirstRows> firstIn(m_nodes.size(), FirstRows{None, None, None});
    for (std::uint32_t i = 0; i < m_rows.size(); ++i) {
        const Row &row = m_rows[i];
        const Part part = row.fixed.value_or(m_nodes[row.node].part.value_or(Part::Train));
        result.parts.push_back(part);
        result.groups.push_back(m_nodes[groups.find(row.node)].firstRow);
        std::uint32_t &first = firstIn[row.node][index(part)];
        first = std::min(first, i);
    }
    for (std::uint32_t row = 0; row < m_rows.size(); ++row)
        findLeak(row, firstIn, result);
    return result;
}

/// Nodes that belong together. Nodes stand in the order of their first rows, so a set's lowest node has its first
/// row.
RowSplitter::Groups RowSplitter::link(const std::stop_token &stop, const std::function<void(double share)> &progress)
{
    const TextAt promptAt = [this](std::uint32_t place) { return m_prompts.at(place); };
    const auto pairs = nearPairs(m_prompted.size(), promptAt, m_options.similarity, m_nodes.size(), stop, progress);
    Groups groups(m_nodes.size());
    const auto add = [&](std::uint32_t a, std::uint32_t b, double similarity) {
        m_links[a].push_back({b, similarity});
        m_links[b].push_back({a, similarity});
        groups.join(a, b);
    };
    for (const NearPair &pair : pairs)
        add(m_prompted[pair.first], m_prompted[pair.second], pair.similarity);

    std::vector<std::uint32_t> firstWith(m_groups.size(), None);
    for (const Row &row : m_rows) {
        if (row.group == None)
            continue;
        std::uint32_t &first = firstWith[row.group];
        if (first == None)
            first = row.node;
        else if (first != row.node)
            add(first, row.node, 1.0);
    }
    return groups;
}

std::span<const RowSplitter::Link> RowSplitter::linksOf(std::uint32_t node) const
{
    const auto found = m_links.find(node);
    return found == m_links.end() ? std::span<const Link>() : std::span<const Link>(found->second);
}

Part RowSplitter::partByHash(const Node &node) const
{
    const double uniform = static_cast<double>(node.draw >> 11) * 0x1p-53;
    if (uniform < m_options.testShare)
        return Part::Test;
    return uniform < m_options.testShare + m_options.validationShare ? Part::Validation : Part::Train;
}

/// Fixed parts spread to the nodes around them, over the closest ties first; groups without any ask the hash.
void RowSplitter::assign(Groups &groups)
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
        for (const Link &link : linksOf(node)) {
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
            m_nodes[node].part = partByHash(m_nodes[groups.find(node)]);
    }
}

void RowSplitter::findLeak(std::uint32_t row, std::span<const FirstRows> firstIn, SplitResult &result) const
{
    const Part part = result.parts[row];
    Leak leak{.row = row, .other = -1, .part = part, .otherPart = part, .similarity = 0};
    const auto consider = [&](std::uint32_t node, double similarity) {
        for (const Part other : {Part::Train, Part::Validation, Part::Test}) {
            const std::uint32_t first = firstIn[node][index(other)];
            if (other == part || first == None || first >= row)
                continue;
            if (similarity > leak.similarity || (similarity == leak.similarity && first < leak.other)) {
                leak.other = first;
                leak.otherPart = other;
                leak.similarity = similarity;
            }
        }
    };
    consider(m_rows[row].node, 1.0);
    for (const Link &link : linksOf(m_rows[row].node))
        consider(link.to, link.similarity);
    if (leak.other >= 0)
        result.leaks.push_back(leak);
}

Result<SplitResult> assignParts(std::span<const SplitRow> rows, const SplitOptions &options)
{
    ATTUNE_TRY(auto splitter, RowSplitter::begin(options));
    for (const SplitRow &row : rows)
        splitter.add(row.prompt, row.group, row.fixed);
    for (const std::uint32_t row : splitter.doubtful())
        splitter.setPrompt(row, rows[row].prompt);
    return splitter.finish();
}

} // namespace attune
