#include "core/studio/import_files.h"

#include "core/store/row_import.h"
#include "core/studio/split_plan.h"

#include <deque>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace attune {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t keptRejects = 1000;

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
                if (m_total > 0)
                    tell(stage, (before + here) / m_total);
            };
            ATTUNE_CHECK(readExamples(file, m_request.options, onExample, onReject, m_stop, report));
            before += here;
        }
        return {};
    }

    void tell(std::string_view stage, double share) const
    {
        if (m_progress)
            m_progress(stage, share);
    }

    const std::stop_token &stop() const { return m_stop; }

private:
    const ImportRequest &m_request;
    std::stop_token m_stop;
    const Progress &m_progress;
    double m_total = 0;
};

/// What is found out before anything is written: the rows of the project and, after them, the new ones, with the
/// parts of all. Their texts do not stay, as a file may be larger than the memory.
struct Plan {
    std::vector<std::int64_t> ids;      ///< of all rows; of a new one, once it is written
    std::size_t existing = 0;           ///< rows of the project
    std::vector<bool> isNew;            ///< of the good records: no twin was there before
    std::deque<std::uint32_t> contents; ///< of the new rows: enough of their hash to notice a file that changed
    std::vector<Leak> leaks;
    std::vector<Part> parts;
};

std::uint32_t contentOf(const Example &example)
{
    return static_cast<std::uint32_t>(ContentKey::of(contentHash(example.messages)).low);
}

Error changed(const ImportRequest &request)
{
    return {
        ErrorCode::Io,
        (request.files.size() == 1 ? request.files.front().file.string() + " changed" : "One of the files changed") +
            " while it was imported; nothing was imported, try again.",
        {}};
}

/// Calls `take` for the new rows alone, in their order, each with its place among them.
Result<void> readNewRows(const FileReader &reader, std::string_view stage, const ImportRequest &request,
                         const Plan &plan, const std::function<Result<void>(Example, std::size_t)> &take)
{
    std::size_t record = 0;
    std::size_t next = 0;
    ATTUNE_CHECK(reader.read(
        stage,
        [&](Example example) -> Result<void> {
            if (record == plan.isNew.size() || !plan.isNew[record++])
                return {};
            if (contentOf(example) != plan.contents[next])
                return tl::unexpected(changed(request));
            if (!request.origin.empty())
                example.origin.file = request.origin;
            return take(std::move(example), next++);
        },
        [](const Reject &) -> Result<void> { return {}; }));
    return next == plan.contents.size() ? Result<void>() : tl::unexpected(changed(request));
}

/// The rows that may be nearly equal to others are looked at a second time: mostly they are few.
Result<void> readDoubtful(Project &project, const ImportRequest &request, const FileReader &reader, const Plan &plan,
                          PlannedSplitter &splitter)
{
    const auto doubtful = splitter.doubtful();
    splitter.forgetCandidates();
    auto next = doubtful.begin();
    for (; next != doubtful.end() && *next < plan.existing; ++next) {
        ATTUNE_TRY(const auto row, project.example(plan.ids[*next]));
        if (row)
            splitter.addAgain(*next, row->messages);
    }
    if (next == doubtful.end())
        return {};
    return readNewRows(reader, "Reading again", request, plan,
                       [&](const Example &example, std::size_t place) -> Result<void> {
                           if (next != doubtful.end() && *next == plan.existing + place) {
                               splitter.addAgain(*next, example.messages);
                               ++next;
                           }
                           return {};
                       });
}

Result<Plan> planImport(Project &project, const ImportRequest &request, const FileReader &reader,
                        ImportReport &report)
{
    Plan plan;
    ATTUNE_TRY(auto byProject, splitPlan(project));
    ATTUNE_TRY(auto splitter, PlannedSplitter::begin(std::move(byProject)));
    ContentSet known;
    ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &example) -> Result<void> {
        splitter.add(example, example.part);
        plan.ids.push_back(example.id);
        known.insert(ContentKey::of(example.contentHash));
        return {};
    }));
    plan.existing = plan.ids.size();
    ATTUNE_CHECK(reader.read(
        "Reading",
        [&](Example example) -> Result<void> {
            const ContentKey content = ContentKey::of(contentHash(example.messages));
            plan.isNew.push_back(known.insert(content));
            if (!plan.isNew.back()) {
                ++report.duplicates;
                return {};
            }
            if (!request.origin.empty())
                example.origin.file = request.origin;
            splitter.add(example, request.part ? request.part : example.part);
            plan.contents.push_back(static_cast<std::uint32_t>(content.low));
            return {};
        },
        [&](Reject reject) -> Result<void> {
            ++report.rejected;
            if (report.rejects.size() < keptRejects)
                report.rejects.push_back(std::move(reject));
            return {};
        }));
    known = {}; // what follows needs the room
    ATTUNE_CHECK(readDoubtful(project, request, reader, plan, splitter));
    ATTUNE_TRY(auto assigned, splitter.finish(reader.stop(), [&](double share) { reader.tell("Comparing", share); }));
    plan.ids.resize(plan.existing + plan.contents.size(), 0);
    plan.parts = std::move(assigned.parts);
    plan.leaks = std::move(assigned.leaks);
    return plan;
}

/// The last reading: in pieces, so that a piece is read while nobody has to wait for the file. The ids of the new
/// rows go into the plan; a row that somebody else added meanwhile gets none.
class RowAdder {
public:
    RowAdder(RowImport &import, const ImportRequest &request, Plan &plan)
        : m_import(import), m_request(request), m_plan(plan)
    {
    }

    Result<void> run(const FileReader &reader)
    {
        ATTUNE_CHECK(readNewRows(reader, "Importing", m_request, m_plan, [&](Example example, std::size_t place) {
            return take(std::move(example), place);
        }));
        return write();
    }

private:
    Result<void> take(Example example, std::size_t place)
    {
        constexpr std::size_t PieceRows = 1000;
        constexpr std::size_t PieceBytes = std::size_t(2) << 20;
        m_next = place + 1;
        example.part = m_plan.parts[m_plan.existing + place];
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
            m_plan.ids[row++] = id.value_or(0);
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
                            " is not a regular file, and an import reads each file more than once; save it first.");
    }
    ImportReport report;
    const FileReader reader(request, stop, progress);
    ATTUNE_TRY(auto plan, planImport(project, request, reader, report));
#ifdef __GLIBC__
    ::malloc_trim(0); // what the split needed is in small pieces, which malloc would keep
#endif
    if (plan.contents.empty()) // nothing is new, so nothing is written
        return report;
    ATTUNE_TRY(auto import, RowImport::begin(project.path(), labelOf(request), RowImport::Given::Distinct));
    const auto tell = [&](std::string_view stage) {
        return [&progress, stage](double share) {
            if (progress)
                progress(stage, share);
        };
    };
    Result<void> added = RowAdder(import, request, plan).run(reader);
    if (added && stop.stop_requested()) // the last moment at which nothing has happened
        added = fail(ErrorCode::Interrupted, "The import was stopped.");
    if (!added) {
        (void)import.takeBack(tell("Taking the rows back")); // who can't leaves it to the next import
        return forward(added);
    }
    if (auto step = import.finish(tell("Finishing")); !step)
        return forward(step);
    for (std::size_t i = plan.existing; i < plan.ids.size(); ++i) {
        if (plan.ids[i] == 0) {
            ++report.duplicates;
            continue;
        }
        ++report.imported;
        ++report.parts[plan.parts[i]];
    }
    for (const Leak &leak : plan.leaks) {
        const auto row = static_cast<std::size_t>(leak.row);
        const auto other = static_cast<std::size_t>(leak.other);
        if (row >= plan.existing && plan.ids[row] != 0 && plan.ids[other] != 0)
            report.leaks.push_back(
                {plan.ids[row], plan.ids[other], leak.part, leak.otherPart, leak.similarity});
    }
    return report;
}

} // namespace attune
