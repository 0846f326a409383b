#include "core/studio/project_split.h"

#include "core/data/row_splitter.h"

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

struct RowAndPart {
    std::int64_t id = 0;
    std::optional<Part> part;
};

/// The rows of a project, in import order, and what the split makes of them.
struct ReadSplit {
    std::vector<RowAndPart> rows;
    SplitResult split;

    LeakedPair pairOf(const Leak &leak) const
    {
        return {rows[static_cast<std::size_t>(leak.row)].id, rows[static_cast<std::size_t>(leak.other)].id, leak.part,
                leak.otherPart, leak.similarity};
    }
};

Result<ReadSplit> readSplit(Project &project, const ExampleFilter &filter, bool withoutPart)
{
    ReadSplit read;
    ATTUNE_TRY(const auto options, splitOptions(project));
    ATTUNE_TRY(auto splitter, RowSplitter::begin(options));
    ATTUNE_CHECK(project.forEachExample(filter, [&](const StoredExample &example) -> Result<void> {
        if (!example.part && !withoutPart)
            return {};
        read.rows.push_back({example.id, example.part});
        splitter.add(normalisedPrompt(example.messages), {}, example.part);
        return {};
    }));
    for (const std::uint32_t place : splitter.doubtful()) {
        ATTUNE_TRY(const auto example, project.example(read.rows[place].id));
        if (example)
            splitter.setPrompt(place, normalisedPrompt(example->messages));
    }
    ATTUNE_TRY(read.split, splitter.finish());
    return read;
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

Result<SplitReport> splitProject(Project &project)
{
    ATTUNE_TRY(const auto read, readSplit(project, {}, true));
    SplitReport report;
    std::vector<std::pair<std::int64_t, Part>> parts;
    for (std::size_t i = 0; i < read.rows.size(); ++i) {
        ++report.counts[read.split.parts[i]];
        if (!read.rows[i].part)
            parts.emplace_back(read.rows[i].id, read.split.parts[i]);
    }
    report.assigned = static_cast<std::int64_t>(parts.size());
    for (const Leak &leak : read.split.leaks)
        report.leaks.push_back(read.pairOf(leak));
    if (!parts.empty())
        ATTUNE_CHECK(project.setParts(parts));
    return report;
}

Result<std::vector<LeakedPair>> findLeaks(Project &project)
{
    ATTUNE_TRY(const auto read, readSplit(project, {.includeRejected = false}, false));
    std::vector<LeakedPair> leaks;
    for (const Leak &leak : read.split.leaks)
        leaks.push_back(read.pairOf(leak));
    return leaks;
}

} // namespace attune
