#include "core/studio/split_plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace attune {

namespace {

constexpr auto GroupKey = "split_group";
constexpr auto StratifyKey = "split_stratify";

std::string tagPrefix(const std::string &tag)
{
    const auto end = tag.find_first_of(":=");
    return end == std::string::npos || end == 0 ? std::string() : tag.substr(0, end);
}

/// A number that only the seed and the text decide (FNV-1a, then mixed), as adding rows must not change the order.
std::uint64_t orderOf(const std::string &text, std::uint64_t seed)
{
    std::uint64_t hash = 14695981039346656037ULL ^ seed;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdULL;
    return hash ^ (hash >> 33);
}

struct RowsAndStrata {
    std::vector<SplitRow> rows;
    std::vector<std::string> strata;
};

Result<RowsAndStrata> readRows(Project &project, const SplitPlan &plan, bool anew)
{
    RowsAndStrata all;
    ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &row) -> Result<void> {
        all.rows.push_back({row.id, normalisedPrompt(row.messages), splitValue(row, plan.group),
                            anew ? std::nullopt : row.part});
        if (!plan.stratify.empty())
            all.strata.push_back(splitValue(row, plan.stratify));
        return {};
    }));
    return all;
}

/// Replaces the parts of groups that are free by such that each stratum has its shares.
void deal(std::span<const SplitRow> all, std::span<const std::string> strataOfRows, const SplitOptions &shares,
          SplitResult &split)
{
    struct Group {
        std::uint64_t order = 0;
        std::vector<std::size_t> rows;
        bool fixed = false;
    };
    std::map<std::int64_t, Group> groups;
    for (std::size_t i = 0; i < all.size(); ++i) {
        Group &group = groups[split.groups[i]];
        if (group.rows.empty())
            group.order = orderOf(all[i].prompt, shares.seed);
        group.rows.push_back(i);
        group.fixed = group.fixed || all[i].fixed;
    }
    struct Stratum {
        std::vector<const Group *> free;
        std::array<double, 3> have{};
        double rows = 0;
    };
    std::map<std::string, Stratum> strata;
    for (const auto &[first, group] : groups) {
        Stratum &stratum = strata[strataOfRows[group.rows.front()]];
        stratum.rows += static_cast<double>(group.rows.size());
        if (!group.fixed)
            stratum.free.push_back(&group);
        else
            for (const std::size_t row : group.rows)
                stratum.have[static_cast<std::size_t>(split.parts[row])] += 1;
    }
    const std::array<double, 3> wanted{1 - shares.validationShare - shares.testShare, shares.validationShare,
                                       shares.testShare};
    for (auto &[value, stratum] : strata) {
        std::sort(stratum.free.begin(), stratum.free.end(),
                  [](const Group *a, const Group *b) { return a->order < b->order; });
        for (const Group *group : stratum.free) {
            // The part that lacks most of its share gets the next group; train where all have theirs.
            std::size_t best = 0;
            double lack = wanted[0] * stratum.rows - stratum.have[0];
            for (std::size_t part = 1; part < 3; ++part)
                if (const double other = wanted[part] * stratum.rows - stratum.have[part]; other > lack) {
                    best = part;
                    lack = other;
                }
            for (const std::size_t row : group->rows)
                split.parts[row] = static_cast<Part>(best);
            stratum.have[best] += static_cast<double>(group->rows.size());
        }
    }
}

} // namespace

Result<SplitPlan> splitPlan(Project &project)
{
    SplitPlan plan;
    ATTUNE_TRY(plan.shares, splitOptions(project));
    ATTUNE_TRY(const auto group, project.setting(GroupKey));
    ATTUNE_TRY(const auto stratify, project.setting(StratifyKey));
    plan.group = group.value_or("");
    plan.stratify = stratify.value_or("");
    return plan;
}

Result<void> setSplitPlan(Project &project, const SplitPlan &plan)
{
    ATTUNE_CHECK(setSplitOptions(project, plan.shares));
    ATTUNE_CHECK(project.setSetting(GroupKey, plan.group));
    return project.setSetting(StratifyKey, plan.stratify);
}

std::string splitValue(std::span<const Message> messages, std::span<const std::string> tags, const Origin &origin,
                       const std::string &key)
{
    if (key == "file")
        return origin.file;
    if (key == "tags")
        return tags.empty() ? std::string() : tags.front();
    if (key.starts_with("tag:")) {
        for (const std::string &tag : tags)
            if (tagPrefix(tag) == key.substr(4))
                return tag;
        return {};
    }
    if (key.starts_with("json:")) {
        const auto answer = std::find_if(messages.rbegin(), messages.rend(),
                                         [](const Message &message) { return message.role == "assistant"; });
        if (answer == messages.rend())
            return {};
        const auto json = parseJson(answer->content, "the answer");
        if (!json || !json->is_object() || !json->contains(key.substr(5)))
            return {};
        const Json &value = (*json)[key.substr(5)];
        return value.is_string() ? value.get<std::string>() : value.dump();
    }
    return {};
}

Result<SplitResult> assignPlannedParts(std::span<const SplitRow> rows, std::span<const std::string> strata,
                                       const SplitPlan &plan)
{
    ATTUNE_TRY(auto split, assignParts(rows, plan.shares));
    if (!plan.stratify.empty())
        deal(rows, strata, plan.shares, split);
    return split;
}

Result<SplitKeys> splitKeys(Project &project)
{
    constexpr std::size_t Looked = 2000; // rows; what they have in common shows in the first ones
    std::set<std::string> prefixes;
    std::map<std::string, std::set<std::string>> fields; // with their values, to tell a label from free text
    bool tags = false;
    std::size_t rows = 0;
    auto read = project.forEachExample({}, [&](const StoredExample &row) -> Result<void> {
        tags = tags || !row.tags.empty();
        for (const std::string &tag : row.tags)
            if (const std::string prefix = tagPrefix(tag); !prefix.empty())
                prefixes.insert(prefix);
        if (!row.messages.empty() && row.messages.back().role == "assistant")
            if (const auto json = parseJson(row.messages.back().content, "the answer"); json && json->is_object())
                for (const auto &[key, value] : json->items())
                    if (value.is_string() || value.is_boolean())
                        fields[key].insert(value.dump());
        if (++rows == Looked)
            return fail(ErrorCode::Interrupted, "enough");
        return {};
    });
    if (!read && read.error().code != ErrorCode::Interrupted)
        return forward(read);
    SplitKeys keys;
    keys.groups.push_back("file");
    if (tags)
        keys.strata.push_back("tags");
    for (const std::string &prefix : prefixes) {
        keys.groups.push_back("tag:" + prefix);
        keys.strata.push_back("tag:" + prefix);
    }
    for (const auto &[field, values] : fields)
        if (values.size() > 1 && values.size() <= 50)
            keys.strata.push_back("json:" + field);
    return keys;
}

Result<std::vector<ExampleEdit>> splitEdits(Project &project, const SplitPlan &plan, bool anew)
{
    ATTUNE_TRY(const auto all, readRows(project, plan, anew));
    ATTUNE_TRY(const auto split, assignPlannedParts(all.rows, all.strata, plan));
    std::vector<ExampleEdit> edits;
    for (std::size_t i = 0; i < all.rows.size(); ++i)
        if (all.rows[i].fixed != split.parts[i])
            edits.push_back({.id = all.rows[i].id, .part = std::optional(split.parts[i])});
    return edits;
}

} // namespace attune
