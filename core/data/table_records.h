#pragma once

#include "core/data/byte_source.h"

namespace attune {

struct TableRow {
    std::vector<std::string> fields;
    std::int64_t line = 0; ///< where it begins
    std::string problem;   ///< why the row is not to be had, a sentence; else empty
    std::string raw;       ///< as it stands in the file, where keepRaw() asked for it; at most RawLimit bytes
};

/// The rows of a CSV or TSV file (RFC 4180): fields in double quotes may hold separators, line ends and doubled
/// quotes. Blank lines are skipped, and a lone quote inside a field without quotes is taken as it is.
class TableRecords {
public:
    /// Reads the header row. A CSV file whose header has semicolons and no comma is read with semicolons, as
    /// spreadsheets of half of Europe write it. Fails with InvalidInput where there is no header. Without
    /// `namesFirst` the first row is one of the rows, and the columns are called "column 1", "column 2", ...
    static Result<TableRecords> open(ByteSource &source, char separator, std::size_t recordLimit,
                                     bool namesFirst = true);

    /// A row on its own, to go with this table's header. Fails with InvalidInput where a quote is never closed.
    Result<TableRow> parseRow(const std::string &text, std::int64_t line) const;

    const std::vector<std::string> &header() const noexcept { return m_header; }
    char separator() const noexcept { return m_separator; }
    static constexpr std::size_t RawLimit = std::size_t(64) << 10;
    void keepRaw() { m_keepRaw = true; }
    /// None at the end. Fails with InvalidInput where a quote is never closed, naming the line where it opened.
    Result<std::optional<TableRow>> next();

private:
    TableRecords(ByteSource &source, char separator, std::size_t recordLimit)
        : m_source(&source), m_separator(separator), m_recordLimit(recordLimit)
    {
    }
    Result<std::optional<TableRow>> readRow();
    Result<TableRow> parseAlone(const std::string &text, std::int64_t line) const;
    void checkWidth(TableRow &row) const;
    int take(TableRow &row);
    Result<void> readQuoted(TableRow &row, std::size_t &size);
    void append(TableRow &row, std::size_t &size, int c) const;

    ByteSource *m_source;
    char m_separator;
    std::size_t m_recordLimit;
    bool m_keepRaw = false;
    std::vector<std::string> m_header;
    std::optional<TableRow> m_first; // where it is no header
};

} // namespace attune
