#pragma once

#include "core/studio/project_split.h"
#include "core/data/row_splitter.h"
#include "core/store/labelling.h"

namespace attune {

/// What decides the parts besides the shares. Both kept in the project as texts: "" nothing, "file" the source file,
/// "tag:customer" the tag that begins with "customer:" or "customer=", "tags" the first tag, "json:intent" that field
/// of a JSON answer.
struct SplitPlan {
    SplitOptions shares;
    std::string group;    ///< rows with the same value stand in one part
    std::string stratify; ///< each value is divided by the shares
};

/// Values that a project's rows offer for the two.
struct SplitKeys {
    std::vector<std::string> groups;
    std::vector<std::string> strata;
};

Result<SplitPlan> splitPlan(Project &project);
Result<void> setSplitPlan(Project &project, const SplitPlan &plan);
Result<SplitKeys> splitKeys(Project &project);

/// The value of a row (a StoredExample, or an Example on its way in) for such a key; empty: it has none.
std::string splitValue(std::span<const Message> messages, std::span<const std::string> tags, const Origin &origin,
                       const std::string &key);
template <typename Row>
std::string splitValue(const Row &row, const std::string &key)
{
    return splitValue(row.messages, row.tags, row.origin, key);
}

/// assignParts() by a plan, for rows that come one after the other and do not stay (row_splitter.h). With a stratum,
/// the groups without a part are dealt out until each stratum has its shares.
class PlannedSplitter {
public:
    /// InvalidInput when a share is out of range.
    static Result<PlannedSplitter> begin(SplitPlan plan);

    /// A StoredExample, or an Example on its way in.
    template <typename Row>
    void add(const Row &row, std::optional<Part> fixed)
    {
        add(normalisedPrompt(row.messages), splitValue(row, m_plan.group),
            m_plan.stratify.empty() ? std::string() : splitValue(row, m_plan.stratify), fixed);
    }
    std::size_t size() const { return m_splitter.size(); }
    /// Places of the rows that are needed once more, ascending; of a row that is another one by now, nothing is
    /// taken.
    std::vector<std::uint32_t> doubtful() const { return m_splitter.doubtful(); }
    void forgetCandidates() { m_splitter.forgetCandidates(); } ///< after doubtful(): no row is added any more
    void addAgain(std::uint32_t place, std::span<const Message> messages)
    {
        m_splitter.setPrompt(place, normalisedPrompt(messages));
    }
    /// Interrupted after a stop. `progress` is told the share that is done.
    Result<SplitResult> finish(const std::stop_token &stop = {},
                               const std::function<void(double share)> &progress = {});

private:
    PlannedSplitter(SplitPlan plan, RowSplitter splitter) : m_plan(std::move(plan)), m_splitter(std::move(splitter))
    {
    }
    void add(const std::string &prompt, const std::string &group, const std::string &stratum,
             std::optional<Part> fixed);
    void deal(SplitResult &split) const;

    SplitPlan m_plan;
    RowSplitter m_splitter;
    // With a stratum only:
    struct Dealt {
        std::uint64_t order = 0;
        std::uint32_t stratum = 0;
        bool fixed = false;
    };
    std::vector<Dealt> m_dealt;
    std::unordered_map<std::string, std::uint32_t> m_strata;
};

/// The changes that divide the rows: of those without a part, or, `anew`, of all. Groups as assignParts() finds them
/// stay together. With a stratum, its groups are dealt out in the order of their hash until the shares are met,
/// counting rows that have a part already.
Result<std::vector<ExampleEdit>> splitEdits(Project &project, const SplitPlan &plan, bool anew);

} // namespace attune
