#include "core/data/table_records.h"

#include <algorithm>

namespace attune {
namespace {

/// More than any table has, and so many that a row of nothing but separators does not fill the memory.
constexpr std::size_t mostFields = 1 << 16;

/// What separates the names of a header that has no comma outside of quotes: ';', as where a comma stands in numbers,
/// or a tab; ',' where neither does.
char otherSeparator(std::string_view header)
{
    bool quoted = false, semicolon = false, tab = false;
    for (const char c : header) {
        quoted ^= c == '"';
        if (quoted)
            continue;
        if (c == ',')
            return ',';
        semicolon |= c == ';';
        tab |= c == '\t';
    }
    return semicolon ? ';' : tab ? '\t' : ',';
}

} // namespace

Result<TableRecords> TableRecords::open(ByteSource &source, char separator, std::size_t recordLimit, bool namesFirst)
{
    TableRecords table(source, separator, recordLimit);
    table.m_keepRaw = true;
    ATTUNE_TRY(auto header, table.readRow());
    table.m_keepRaw = false;
    if (!header)
        return fail(ErrorCode::InvalidInput,
                    source.path().string() + " is empty: a table needs a header row that names its columns.");
    if (const char other = separator == ',' ? otherSeparator(header->raw) : ','; other != ',') {
        table.m_separator = other;
        ATTUNE_TRY(header, table.parseAlone(header->raw, header->line)); // it was cut at commas
    }
    if (!header->problem.empty())
        return fail(ErrorCode::InvalidInput,
                    source.path().string() + ": the header row can't be read. " + header->problem);
    if (namesFirst) {
        table.m_header = std::move(header->fields);
        return table;
    }
    for (std::size_t i = 1; i <= header->fields.size(); ++i)
        table.m_header.push_back("column " + std::to_string(i));
    table.m_first = std::move(*header);
    return table;
}

Result<std::optional<TableRow>> TableRecords::next()
{
    if (m_first) {
        std::optional<TableRow> first = std::move(m_first);
        m_first.reset();
        return first;
    }
    ATTUNE_TRY(auto row, readRow());
    if (row)
        checkWidth(*row);
    return row;
}

Result<TableRow> TableRecords::parseRow(const std::string &text, std::int64_t line) const
{
    ATTUNE_TRY(TableRow row, parseAlone(text, line));
    checkWidth(row);
    return row;
}

Result<TableRow> TableRecords::parseAlone(const std::string &text, std::int64_t line) const
{
    ATTUNE_TRY(auto source,
               ByteSource::fromText(std::make_shared<const std::string>(text), m_source->path(), {}, {}));
    TableRecords alone(source, m_separator, m_recordLimit);
    ATTUNE_TRY(auto row, alone.readRow());
    TableRow result = row ? std::move(*row) : TableRow{.fields = {}, .line = line, .problem = {}, .raw = {}};
    result.line = line;
    result.raw = text;
    if (result.problem.empty() && source.peek() != ByteSource::End)
        result.problem = "There is more than one row in this text; put line breaks into double quotes.";
    return result;
}

void TableRecords::checkWidth(TableRow &row) const
{
    if (row.problem.empty() && row.fields.size() != m_header.size())
        row.problem = "The row has " + std::to_string(row.fields.size()) +
                      (row.fields.size() == 1 ? " field" : " fields") + ", but the header has " +
                      std::to_string(m_header.size()) + ".";
}

int TableRecords::take(TableRow &row)
{
    const int c = m_source->next();
    if (m_keepRaw && c != ByteSource::End && row.raw.size() < RawLimit)
        row.raw += static_cast<char>(c);
    return c;
}

void TableRecords::append(TableRow &row, std::size_t &size, int c) const
{
    if (++size <= m_recordLimit)
        row.fields.back() += static_cast<char>(c);
    else if (row.problem.empty())
        row.problem =
            "The row is longer than " + std::to_string(m_recordLimit >> 20) + " MiB, the most that is read.";
}

/// From after the opening quote to after the closing one.
Result<void> TableRecords::readQuoted(TableRow &row, std::size_t &size)
{
    const std::int64_t opened = m_source->line();
    while (true) {
        const int c = take(row);
        if (c == ByteSource::End) {
            ATTUNE_CHECK(m_source->failure());
            return fail(
                ErrorCode::InvalidInput,
                m_source->path().string() + ", line " + std::to_string(opened) +
                    ": a quote that opens here is never closed, so nothing after it can be read; close it, or "
                    "double it (\"\") where it belongs to the text.");
        }
        if (c == '"') {
            if (m_source->peek() != '"')
                return {};
            take(row);
        }
        append(row, size, c);
    }
}

Result<std::optional<TableRow>> TableRecords::readRow()
{
    // Blank lines.
    while (m_source->peek() == '\n' || m_source->peek() == '\r')
        m_source->next();
    if (m_source->peek() == ByteSource::End) {
        ATTUNE_CHECK(m_source->failure());
        return std::optional<TableRow>();
    }

    TableRow row;
    row.line = m_source->line();
    row.fields.emplace_back();
    std::size_t size = 0;
    bool fieldBegins = true;
    bool afterQuotes = false;
    while (true) {
        const int c = take(row);
        if (c == ByteSource::End || c == '\n' || c == '\r') {
            if (c == '\r' && m_source->peek() == '\n')
                m_source->next();
            ATTUNE_CHECK(m_source->failure());
            while (!row.raw.empty() && (row.raw.back() == '\n' || row.raw.back() == '\r'))
                row.raw.pop_back();
            return std::optional(std::move(row));
        }
        if (c == m_separator && row.fields.size() < mostFields) {
            row.fields.emplace_back();
            fieldBegins = true;
            afterQuotes = false;
        } else if (c == '"' && fieldBegins) {
            ATTUNE_CHECK(readQuoted(row, size));
            fieldBegins = false;
            afterQuotes = true;
        } else if (afterQuotes) {
            if (c != ' ' && row.problem.empty())
                row.problem = "Text follows the closing quote of field " + std::to_string(row.fields.size()) +
                              ": double the quotes (\"\") that belong to the text.";
        } else {
            append(row, size, c);
            fieldBegins = false;
        }
    }
}

} // namespace attune
