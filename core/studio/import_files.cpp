#include "core/studio/import_files.h"

#include "core/store/row_import.h"
#include "core/studio/split_plan.h"

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
    std::size_t existing = 0;        ///< rows of the project
    std::vector<ContentKey> contents; ///< of the new rows
    std::vector<Leak> leaks;
    std::vector<Part> parts;
};

Result<Plan> planImport(Project &project, const ImportRequest &request, const FileReader &reader,
                        ImportReport &report)
{
    Plan plan;
    ATTUNE_TRY(const SplitPlan split, splitPlan(project));
    std::vector<std::string> strata;
    const auto look = [&](const auto &row, std::optional<Part> part) {
        plan.rows.push_back({0, normalisedPrompt(row.messages), splitValue(row, split.group), part});
        if (!split.stratify.empty())
            strata.push_back(splitValue(row, split.stratify));
    };
    ContentSet known;
    ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &example) -> Result<void> {
        look(example, example.part);
        plan.rows.back().id = example.id;
        known.insert(ContentKey::of(example.contentHash));
        return {};
    }));
    plan.existing = plan.rows.size();
    ATTUNE_CHECK(reader.read(
        "Reading",
        [&](Example example) -> Result<void> {
            const ContentKey content = ContentKey::of(contentHash(example.messages));
            if (!known.insert(content)) {
                ++report.duplicates;
                return {};
            }
            if (!request.origin.empty())
                example.origin.file = request.origin;
            look(example, request.part ? request.part : example.part);
            plan.contents.push_back(content);
            return {};
        },
        [&](Reject reject) -> Result<void> {
            ++report.rejected;
            if (report.rejects.size() < keptRejects)
                report.rejects.push_back(std::move(reject));
            return {};
        }));
    ATTUNE_TRY(auto assigned, assignPlannedParts(plan.rows, strata, split));
    plan.parts = std::move(assigned.parts);
    plan.leaks = std::move(assigned.leaks);
    for (SplitRow &row : plan.rows) // the texts have done their work
        std::string().swap(row.prompt);
    return plan;
}

/// The second reading: in pieces, so that a piece is read while nobody has to wait for the file. The ids of the new rows
/// go into the plan; a row that somebody else added meanwhile gets none.
class RowAdder {
public:
    RowAdder(RowImport &import, const ImportRequest &request, Plan &plan)
        : m_import(import), m_request(request), m_plan(plan)
    {
    }

    Result<void> run(const FileReader &reader)
    {
        ATTUNE_CHECK(reader.read(
            "Importing", [&](Example example) { return take(std::move(example)); },
            [](const Reject &) -> Result<void> { return {}; }));
        if (m_next != m_plan.contents.size())
            return tl::unexpected(changed(m_request));
        return write();
    }

private:
    Result<void> take(Example example)
    {
        constexpr std::size_t PieceRows = 1000;
        constexpr std::size_t PieceBytes = std::size_t(2) << 20;
        if (m_next == m_plan.contents.size() || ContentKey::of(contentHash(example.messages)) != m_plan.contents[m_next])
            return {}; // it has its twin already; a file that changed has fewer rows in the end than it had
        example.part = m_plan.parts[m_plan.existing + m_next++];
        if (!m_request.origin.empty())
            example.origin.file = m_request.origin;
        for (const Message &message : example.messages)
            m_bytes += message.content.size();
        m_piece.push_back(std::move(example));
        return m_piece.size() < PieceRows && m_bytes < PieceBytes ? Result<void>() : write();
    }

    Result<void> write()
    {
        ATTUNE_TRY(const auto ids, m_import.add(m_piece));
        std::size_t row = m_plan.existing + m_next - m_piece.size();
        for (const auto &id : ids)
            m_plan.rows[row++].id = id.value_or(0);
        m_piece.clear();
        m_bytes = 0;
        return {};
    }

    RowImport &m_import;
    const ImportRequest &m_request;
    Plan &m_plan;
    std::size_t m_next = 0; // of the new rows
    std::vector<Example> m_piece;
    std::size_t m_bytes = 0;
};

} // namespace

Result<ImportReport> importFiles(Project &project, const ImportRequest &request, std::stop_token stop,
                                 const Progress &progress)
{
    for (const ImportSource &source : request.files) {
        std::error_code ignored;
        if (!source.text && fs::is_directory(source.file, ignored))
            return fail(ErrorCode::InvalidInput, source.file.string() + " is a folder; choose the files in it.");
        if (!source.text && fs::exists(source.file, ignored) && !fs::is_regular_file(source.file, ignored))
            return fail(ErrorCode::InvalidInput,
                        source.file.string() +
                            " is not a regular file, and an import reads each file twice; save it first.");
    }
    ImportReport report;
    const FileReader reader(request, stop, progress);
    ATTUNE_TRY(auto plan, planImport(project, request, reader, report));
    ATTUNE_TRY(auto import, RowImport::begin(project.path(), labelOf(request)));
    ATTUNE_CHECK(RowAdder(import, request, plan).run(reader));
    if (stop.stop_requested()) // the last moment at which nothing has happened
        return fail(ErrorCode::Interrupted, "The import was stopped.");
    const auto show = [&](double share) {
        if (progress)
            progress("Finishing", share);
    };
    if (auto step = import.finish(show); !step)
        return forward(step);
    for (std::size_t i = plan.existing; i < plan.rows.size(); ++i) {
        if (plan.rows[i].id == 0) {
            ++report.duplicates;
            continue;
        }
        ++report.imported;
        ++report.parts[plan.parts[i]];
    }
    for (const Leak &leak : plan.leaks) {
        const auto row = static_cast<std::size_t>(leak.row);
        const auto other = static_cast<std::size_t>(leak.other);
        if (row >= plan.existing && plan.rows[row].id != 0 && plan.rows[other].id != 0)
            report.leaks.push_back(
                {plan.rows[row].id, plan.rows[other].id, leak.part, leak.otherPart, leak.similarity});
    }
    return report;
}

} // namespace attune
