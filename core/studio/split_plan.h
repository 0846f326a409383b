#pragma once

#include "core/studio/project_split.h"
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

/// assignParts() by a plan: with a stratum, the groups without a part are dealt out until each stratum has its shares.
/// `strata` has a value for each row, or is empty where the plan has no stratum.
Result<SplitResult> assignPlannedParts(std::span<const SplitRow> rows, std::span<const std::string> strata,
                                       const SplitPlan &plan);

/// The changes that divide the rows: of those without a part, or, `anew`, of all. Groups as assignParts() finds them
/// stay together. With a stratum, its groups are dealt out in the order of their hash until the shares are met, counting
/// rows that have a part already.
Result<std::vector<ExampleEdit>> splitEdits(Project &project, const SplitPlan &plan, bool anew);

} // namespace attune
