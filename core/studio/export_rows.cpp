#include "core/studio/export_rows.h"

#include "core/base/files.h"

namespace attune {
namespace {

constexpr std::size_t keptRows = 1000;

class Exporter {
public:
    Exporter(Project &project, const ExportRowsRequest &request, std::stop_token stop, const Progress &progress)
        : m_project(project), m_request(request), m_stop(std::move(stop)), m_progress(progress)
    {
    }

    Result<ExportRowsReport> run()
    {
        ATTUNE_CHECK(writeFileAtomically(m_request.file, [&](const ByteSink &sink) { return writeTo(sink); }));
        return std::move(m_report);
    }

private:
    Result<void> writeTo(const ByteSink &sink)
    {
        const std::string header = exportHeader(m_request.format);
        if (!header.empty())
            ATTUNE_CHECK(sink(std::as_bytes(std::span(header))));
        ATTUNE_CHECK(m_request.query ? writeQuery(*m_request.query, sink) : writeAll(sink));
        if (m_report.written == 0)
            return fail(ErrorCode::InvalidInput, nothingToWrite());
        return {};
    }

    Result<void> writeAll(const ByteSink &sink)
    {
        ATTUNE_TRY(m_total, m_project.exampleCount());
        return m_project.forEachExample({}, [&](const StoredExample &row) { return write(row, sink); });
    }

    Result<void> writeQuery(const ExampleQuery &query, const ByteSink &sink)
    {
        ATTUNE_TRY(const auto ids, Labelling(m_project).ids(query));
        m_total = static_cast<std::int64_t>(ids.size());
        for (const std::int64_t id : ids) {
            ATTUNE_TRY(const auto row, m_project.example(id));
            if (row) // it may have been deleted meanwhile
                ATTUNE_CHECK(write(*row, sink));
        }
        return {};
    }

    Result<void> write(const StoredExample &row, const ByteSink &sink)
    {
        if (m_stop.stop_requested())
            return fail(ErrorCode::Interrupted, "The export was stopped; " + m_request.file.string() +
                                                    " was not written.");
        Example example;
        example.messages = row.messages;
        example.part = row.part;
        example.tags = row.tags;
        example.rating = row.rating;
        example.notes = row.notes;
        const auto line = exportRow(example, m_request.format);
        if (line) {
            ++m_report.written;
            ATTUNE_CHECK(sink(std::as_bytes(std::span(*line))));
        } else {
            ++m_report.leftOut;
            if (m_report.leftRows.size() < keptRows)
                m_report.leftRows.push_back({row.id, line.error()});
        }
        const std::int64_t seen = m_report.written + m_report.leftOut;
        if (m_progress && seen % 256 == 0)
            m_progress("Writing rows", static_cast<double>(seen) / static_cast<double>(std::max(m_total, seen)));
        return {};
    }

    std::string nothingToWrite() const
    {
        if (m_report.leftOut == 0)
            return "There is no row to write, so " + m_request.file.string() + " was not written.";
        return "None of the " + std::to_string(m_report.leftOut) + " rows fits into the format " +
               std::string(name(m_request.format)) + ", so " + m_request.file.string() + " was not written: row " +
               std::to_string(m_report.leftRows.front().id) + ": " + m_report.leftRows.front().reason;
    }

    Project &m_project;
    const ExportRowsRequest &m_request;
    std::stop_token m_stop;
    const Progress &m_progress;
    ExportRowsReport m_report;
    std::int64_t m_total = 0;
};

} // namespace

Result<ExportRowsReport> exportRows(Project &project, const ExportRowsRequest &request, std::stop_token stop,
                                    const Progress &progress)
{
    return Exporter(project, request, std::move(stop), progress).run();
}

} // namespace attune
