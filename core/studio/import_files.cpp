#include "core/studio/import_files.h"

#include <unordered_set>

namespace attune {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t keptRejects = 1000;

Error changed(const ImportRequest &request)
{
    return {ErrorCode::Io,
            (request.files.size() == 1 ? request.files.front().file.string() + " changed" : "One of the files changed") +
                " while it was imported; nothing was imported, try again.",
            {}};
}

std::string labelOf(const ImportRequest &request)
{
    if (!request.label.empty() || request.files.empty())
        return request.label;
    const std::string first =
        request.origin.empty() ? request.files.front().file.filename().string() : request.origin;
    const std::size_t more = request.files.size() - 1;
    return "Import of " + first + (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

/// Reads all files, one after the other, as one list of records.
class FileReader {
public:
    FileReader(const ImportRequest &request, std::stop_token stop, const Progress &progress)
        : m_request(request), m_stop(std::move(stop)), m_progress(progress)
    {
        for (const auto &file : request.files) {
            std::error_code ignored;
            const auto size = file.text ? file.text->size() : fs::file_size(file.file, ignored);
            m_total += ignored ? 0.0 : static_cast<double>(size);
        }
    }

    Result<void> read(std::string_view stage, const std::function<Result<void>(Example)> &onExample,
                      const std::function<Result<void>(Reject)> &onReject) const
    {
        double before = 0;
        for (const auto &file : m_request.files) {
            double here = 0;
            const auto report = [&](std::int64_t bytes) {
                here = static_cast<double>(bytes);
                if (m_progress && m_total > 0)
                    m_progress(stage, (before + here) / m_total);
            };
            ATTUNE_CHECK(readExamples(file, m_request.options, onExample, onReject, m_stop, report));
            before += here;
        }
        return {};
    }

private:
    const ImportRequest &m_request;
    std::stop_token m_stop;
    const Progress &m_progress;
    double m_total = 0;
};

/// What the first reading finds out: the rows of the project and, after them, the new ones, with the parts of all.
struct Plan {
    std::vector<SplitRow> rows;
    std::size_t existing = 0; ///< rows of the project
    std::vector<Leak> leaks;
    std::vector<Part> parts;
};

Result<Plan> planImport(Project &project, const ImportRequest &request, const FileReader &reader,
                        ImportReport &report)
{
    Plan plan;
    std::unordered_set<std::string> known;
    ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &example) -> Result<void> {
        plan.rows.push_back({example.id, normalisedPrompt(example.messages), {}, example.part});
        known.insert(example.contentHash);
        return {};
    }));
    plan.existing = plan.rows.size();
    ATTUNE_CHECK(reader.read(
        "Reading",
        [&](Example example) -> Result<void> {
            if (!known.insert(contentHash(example.messages)).second) {
                ++report.duplicates;
                return {};
            }
            plan.rows.push_back(
                {0, normalisedPrompt(example.messages), {}, request.part ? request.part : example.part});
            return {};
        },
        [&](Reject reject) -> Result<void> {
            ++report.rejected;
            if (report.rejects.size() < keptRejects)
                report.rejects.push_back(std::move(reject));
            return {};
        }));
    ATTUNE_TRY(const auto options, splitOptions(project));
    ATTUNE_TRY(auto split, assignParts(plan.rows, options));
    plan.parts = std::move(split.parts);
    plan.leaks = std::move(split.leaks);
    return plan;
}

/// The second reading. The ids of the new rows go into the plan.
Result<void> addRows(const Project::AddExample &add, const ImportRequest &request, const FileReader &reader,
                     Plan &plan)
{
    std::size_t next = plan.existing;
    ATTUNE_CHECK(reader.read(
        "Importing",
        [&](Example example) -> Result<void> {
            if (next < plan.rows.size())
                example.part = plan.parts[next];
            if (!request.origin.empty())
                example.origin.file = request.origin;
            ATTUNE_TRY(const auto id, add(example));
            if (!id) // a duplicate
                return {};
            if (next == plan.rows.size() || normalisedPrompt(example.messages) != plan.rows[next].prompt)
                return tl::unexpected(changed(request));
            plan.rows[next++].id = *id;
            return {};
        },
        [](const Reject &) -> Result<void> { return {}; }));
    if (next != plan.rows.size())
        return tl::unexpected(changed(request));
    return {};
}

} // namespace

Result<ImportReport> importFiles(Project &project, const ImportRequest &request, std::stop_token stop,
                                 const Progress &progress)
{
    for (const ImportSource &source : request.files) {
        std::error_code ignored;
        if (!source.text && fs::exists(source.file, ignored) && !fs::is_regular_file(source.file, ignored))
            return fail(ErrorCode::InvalidInput,
                        source.file.string() +
                            " is not a regular file, and an import reads each file twice; save it first.");
    }
    ImportReport report;
    const FileReader reader(request, stop, progress);
    ATTUNE_TRY(auto plan, planImport(project, request, reader, report));
    ATTUNE_CHECK(project.addExamples(
        [&](const Project::AddExample &add) -> Result<void> { return addRows(add, request, reader, plan); },
        labelOf(request)));
    for (std::size_t i = plan.existing; i < plan.rows.size(); ++i)
        ++report.parts[plan.parts[i]];
    report.imported = static_cast<std::int64_t>(plan.rows.size() - plan.existing);
    for (const Leak &leak : plan.leaks) {
        const auto row = static_cast<std::size_t>(leak.row);
        if (row >= plan.existing)
            report.leaks.push_back({plan.rows[row].id, plan.rows[static_cast<std::size_t>(leak.other)].id, leak.part,
                                    leak.otherPart, leak.similarity});
    }
    return report;
}

} // namespace attune
