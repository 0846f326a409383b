#include "core/data/json_records.h"

namespace attune {

namespace {

bool isSpace(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool isBlank(const std::string &text)
{
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

std::string tooLong(std::size_t limit)
{
    return "The record is longer than " + std::to_string(limit >> 20) + " MiB, the most that is read.";
}

} // namespace

Result<std::optional<RawRecord>> JsonRecords::next()
{
    if (m_shape == Shape::Unknown)
        ATTUNE_CHECK(findShape());
    switch (m_shape) {
    case Shape::Lines:
        return nextLine();
    case Shape::Array:
        return nextElement();
    default:
        return end();
    }
}

Result<std::optional<RawRecord>> JsonRecords::end()
{
    m_shape = Shape::Done;
    ATTUNE_CHECK(m_source.failure());
    return std::optional<RawRecord>();
}

int JsonRecords::skipSpace()
{
    while (isSpace(m_source.peek()))
        m_source.next();
    return m_source.peek();
}

Result<void> JsonRecords::findShape()
{
    if (skipSpace() == '[') {
        m_source.next();
        m_shape = Shape::Array;
    } else {
        m_shape = Shape::Lines;
    }
    return m_source.failure();
}

Result<std::optional<RawRecord>> JsonRecords::nextLine()
{
    RawRecord record;
    bool cut = false;
    do {
        record.text.clear();
        record.line = m_source.line();
        if (!m_source.readLine(record.text, m_recordLimit, cut))
            return end();
    } while (isBlank(record.text));
    ATTUNE_CHECK(m_source.failure());
    if (cut)
        record.problem = tooLong(m_recordLimit);
    // An object written over many lines would give a reject for each of them.
    if (m_index++ == 0 && record.text.find_first_not_of("{ \t\r") == std::string::npos)
        return fail(ErrorCode::InvalidInput,
                    m_source.path().string() + ", line " + std::to_string(record.line) +
                        ": the object goes on over several lines; write one object a line (JSON Lines), or put the "
                        "objects in one array [ ... ].");
    return std::optional(std::move(record));
}

Result<std::optional<RawRecord>> JsonRecords::nextElement()
{
    const int first = skipSpace();
    if (first == ByteSource::End) {
        ATTUNE_CHECK(m_source.failure());
        RawRecord missing;
        missing.line = m_source.line();
        missing.problem = "The file ends before the array is closed with ]: it may have been cut short.";
        m_shape = Shape::Done;
        return std::optional(std::move(missing));
    }
    if (first == ']') {
        m_source.next();
        m_shape = Shape::Done;
        if (skipSpace() == ByteSource::End)
            return end();
        RawRecord rest;
        rest.line = m_source.line();
        rest.problem = "Text follows the end of the array and was not read.";
        return std::optional(std::move(rest));
    }
    ATTUNE_TRY(RawRecord record, readElement());
    record.path = "[" + std::to_string(m_index++) + "]";
    return std::optional(std::move(record));
}

/// Reads up to the comma or bracket that ends the element, and takes the comma.
Result<RawRecord> JsonRecords::readElement()
{
    RawRecord record;
    record.line = m_source.line();
    int depth = 0;
    bool inString = false;
    bool escaped = false;
    std::int64_t stringLine = 0;
    while (true) {
        const int c = m_source.peek();
        if (c == ByteSource::End) {
            ATTUNE_CHECK(m_source.failure());
            if (depth > 0 || inString) {
                record.problem = "The file ends inside this record: it may have been cut short.";
                m_shape = Shape::Done;
            }
            return record;
        }
        if (inString) {
            if (c == '\n')
                return fail(
                    ErrorCode::InvalidInput,
                    m_source.path().string() + ", line " + std::to_string(stringLine) +
                        ": a text that begins here has no closing quote, so nothing after it can be read; close "
                        "it, or write a line break inside it as \\n.");
            if (escaped)
                escaped = false;
            else if (c == '\\')
                escaped = true;
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
            stringLine = m_source.line();
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (depth == 0 && (c == ',' || c == ']')) {
            if (c == ',')
                m_source.next();
            return record;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        }
        m_source.next();
        if (record.text.size() < m_recordLimit)
            record.text += static_cast<char>(c);
        else if (record.problem.empty())
            record.problem = tooLong(m_recordLimit);
    }
}

} // namespace attune
