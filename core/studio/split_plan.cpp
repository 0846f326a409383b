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

Result<PlannedSplitter> PlannedSplitter::begin(SplitPlan plan)
{
    ATTUNE_TRY(auto splitter, RowSplitter::begin(plan.shares));
    return PlannedSplitter(std::move(plan), std::move(splitter));
}

void PlannedSplitter::add(const std::string &prompt, const std::string &group, const std::string &stratum,
                          std::optional<Part> fixed)
{
    m_splitter.add(prompt, group, fixed);
    if (m_plan.stratify.empty())
        return;
    const auto number = m_strata.try_emplace(stratum, static_cast<std::uint32_t>(m_strata.size())).first->second;
    m_dealt.push_back({orderOf(prompt, m_plan.shares.seed), number, fixed.has_value()});
}

Result<SplitResult> PlannedSplitter::finish(const std::stop_token &stop,
                                            const std::function<void(double share)> &progress)
{
    ATTUNE_TRY(auto split, m_splitter.finish(stop, progress));
    if (!m_plan.stratify.empty())
        deal(split);
    return split;
}

/// Replaces the parts of groups that are free by such that each stratum has its shares.
void PlannedSplitter::deal(SplitResult &split) const
{
    struct Group {
        std::uint64_t order = 0;
        std::vector<std::size_t> rows;
        bool fixed = false;
    };
    std::map<std::int64_t, Group> groups;
    for (std::size_t i = 0; i < m_dealt.size(); ++i) {
        Group &group = groups[split.groups[i]];
        if (group.rows.empty())
            group.order = m_dealt[i].order;
        group.rows.push_back(i);
        group.fixed = group.fixed || m_dealt[i].fixed;
    }
    struct Stratum {
        std::vector<const Group *> free;
        std::array<double, 3> have{};
        double rows = 0;
    };
    std::vector<Stratum> strata(m_strata.size());
    for (const auto &[first, group] : groups) {
        Stratum &stratum = strata[m_dealt[group.rows.front()].stratum];
        stratum.rows += static_cast<double>(group.rows.size());
        if (!group.fixed)
            stratum.free.push_back(&group);
        else
            for (const std::size_t row : group.rows)
                stratum.have[static_cast<std::size_t>(split.parts[row])] += 1;
    }
    const SplitOptions &shares = m_plan.shares;
    const std::array<double, 3> wanted{1 - shares.validationShare - shares.testShare, shares.validationShare,
                                       shares.testShare};
    for (Stratum &stratum : strata) {
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
    struct Row {
        std::int64_t id = 0;
        std::optional<Part> part;
    };
    std::vector<Row> rows;
    ATTUNE_TRY(auto splitter, PlannedSplitter::begin(plan));
    ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &row) -> Result<void> {
        rows.push_back({row.id, anew ? std::nullopt : row.part});
        splitter.add(row, rows.back().part);
        return {};
    }));
    for (const std::uint32_t place : splitter.doubtful()) {
        ATTUNE_TRY(const auto row, project.example(rows[place].id));
        if (row)
            splitter.addAgain(place, row->messages);
    }
    ATTUNE_TRY(const auto split, splitter.finish());
    std::vector<ExampleEdit> edits;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].part != split.parts[i])
            edits.push_back({.id = rows[i].id, .part = std::optional(split.parts[i])});
    return edits;
}

} // namespace attune
