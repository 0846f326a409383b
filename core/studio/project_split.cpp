#include "core/studio/project_split.h"

#include <charconv>

namespace attune {
namespace {

constexpr auto validationKey = "split_validation_share";
constexpr auto testKey = "split_test_share";
constexpr auto seedKey = "split_seed";

template <typename Number>
Result<void> readSetting(Project &project, const char *key, Number &to)
{
    ATTUNE_TRY(const auto text, project.setting(key));
    if (!text)
        return {};
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), to);
    if (error != std::errc() || end != text->data() + text->size())
        return fail(ErrorCode::Corrupt, project.path().string() + ": the setting " + key + " is \"" + *text +
                                            "\", which is no number; set the split again.");
    return {};
}

std::string numberText(double value)
{
    return Json(value).dump();
}

LeakedPair pairOf(const Leak &leak, std::span<const SplitRow> rows)
{
    return {rows[static_cast<std::size_t>(leak.row)].id, rows[static_cast<std::size_t>(leak.other)].id, leak.part,
            leak.otherPart, leak.similarity};
}

} // namespace

Result<SplitOptions> splitOptions(Project &project)
{
    SplitOptions options;
    ATTUNE_CHECK(readSetting(project, validationKey, options.validationShare));
    ATTUNE_CHECK(readSetting(project, testKey, options.testShare));
    ATTUNE_CHECK(readSetting(project, seedKey, options.seed));
    return options;
}

Result<void> setSplitOptions(Project &project, const SplitOptions &options)
{
    ATTUNE_CHECK(assignParts({}, options)); // says what is out of range
    ATTUNE_CHECK(project.setSetting(validationKey, numberText(options.validationShare)));
    ATTUNE_CHECK(project.setSetting(testKey, numberText(options.testShare)));
    return project.setSetting(seedKey, std::to_string(options.seed));
}

Result<std::vector<SplitRow>> splitRowsOf(Project &project, const ExampleFilter &filter)
{
    std::vector<SplitRow> rows;
    ATTUNE_CHECK(project.forEachExample(filter, [&](const StoredExample &example) -> Result<void> {
        rows.push_back({example.id, normalisedPrompt(example.messages), {}, example.part});
        return {};
    }));
    return rows;
}

Result<SplitReport> splitProject(Project &project)
{
    ATTUNE_TRY(const auto rows, splitRowsOf(project));
    ATTUNE_TRY(const auto options, splitOptions(project));
    ATTUNE_TRY(const auto split, assignParts(rows, options));
    SplitReport report;
    std::vector<std::pair<std::int64_t, Part>> parts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ++report.counts[split.parts[i]];
        if (!rows[i].fixed)
            parts.emplace_back(rows[i].id, split.parts[i]);
    }
    report.assigned = static_cast<std::int64_t>(parts.size());
    for (const Leak &leak : split.leaks)
        report.leaks.push_back(pairOf(leak, rows));
    if (!parts.empty())
        ATTUNE_CHECK(project.setParts(parts));
    return report;
}

Result<std::vector<LeakedPair>> findLeaks(Project &project)
{
    ATTUNE_TRY(auto rows, splitRowsOf(project, {.includeRejected = false}));
    std::erase_if(rows, [](const SplitRow &row) { return !row.fixed; });
    ATTUNE_TRY(const auto options, splitOptions(project));
    ATTUNE_TRY(const auto split, assignParts(rows, options));
    std::vector<LeakedPair> leaks;
    for (const Leak &leak : split.leaks)
        leaks.push_back(pairOf(leak, rows));
    return leaks;
}

} // namespace attune
