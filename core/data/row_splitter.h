#pragma once

#include "core/data/near_pairs.h"
#include "core/data/split.h"
#include "core/data/text_spool.h"

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>

namespace attune {

/// assignParts() for rows that come one after the other and do not stay: of each it keeps some 110 bytes instead of
/// its prompt. First add() every row, then setPrompt() for those that doubtful() names, then finish(). One thread at
/// a time.
class RowSplitter {
public:
    /// InvalidInput when a share is out of range.
    static Result<RowSplitter> begin(const SplitOptions &options);

    /// The arguments are those of SplitRow.
    void add(std::string_view prompt, std::string_view group, std::optional<Part> fixed);
    std::size_t size() const { return m_rows.size(); }
    /// Places of the rows whose prompts are needed once more, as they may be nearly equal to another's; ascending.
    std::vector<std::uint32_t> doubtful() const;
    /// After doubtful(), for the room: no row can be added any more.
    void forgetCandidates();
    /// In the order of doubtful(). A prompt that is not the one that was added is as good as none.
    void setPrompt(std::uint32_t row, std::string_view prompt);
    /// Interrupted after a stop. `progress` is told the share that is done.
    Result<SplitResult> finish(const std::stop_token &stop = {},
                               const std::function<void(double share)> &progress = {});

private:
    static constexpr std::size_t PartCount = 3;
    static constexpr std::uint32_t None = UINT32_MAX;

    /// Rows with the same prompt.
    struct Node {
        std::uint64_t hash = 0; ///< of the prompt; with the draw it tells two prompts apart
        std::uint64_t draw = 0; ///< another hash of it, which decides on a part where nothing else does
        std::uint32_t firstRow = 0;
        std::optional<Part> fixed = {}; ///< of its first row that has one
        std::optional<Part> part = {};
    };
    struct Row {
        std::uint32_t node = 0;
        std::uint32_t group = None;
        std::optional<Part> fixed;
    };
    struct Link {
        std::uint32_t to = 0;
        double similarity = 0;
    };
    struct Groups;

    explicit RowSplitter(const SplitOptions &options) : m_options(options), m_near(options.similarity) {}
    std::uint32_t nodeOf(std::string_view prompt);
    std::uint64_t drawOf(std::string_view prompt) const;
    std::size_t placeOf(std::uint64_t hash, std::uint64_t draw) const;
    void growTable();
    Groups link(const std::stop_token &stop, const std::function<void(double share)> &progress);
    void assign(Groups &groups);
    Part partByHash(const Node &node) const;
    std::span<const Link> linksOf(std::uint32_t node) const;
    using FirstRows = std::array<std::uint32_t, PartCount>; // of a node, in each part
    void findLeak(std::uint32_t row, std::span<const FirstRows> firstIn, SplitResult &result) const;

    SplitOptions m_options;
    NearIndex m_near; // by node
    std::deque<Row> m_rows; // a vector would hold half as much again while it grows
    std::deque<Node> m_nodes;
    std::vector<std::uint32_t> m_table; // nodes by the hash of their prompt
    std::unordered_map<std::string, std::uint32_t> m_groups;
    TextSpool m_prompts; // of doubtful nodes
    std::vector<std::uint32_t> m_prompted; // the node of each, ascending
    std::unordered_map<std::uint32_t, std::vector<Link>> m_links;
};

} // namespace attune
