#include "core/data/import.h"

#include "core/data/json_records.h"
#include "core/data/record_reader.h"
#include "core/data/table_records.h"

#include <algorithm>
#include <array>

namespace attune {

namespace {

constexpr std::size_t RecordLimit = std::size_t(64) << 20;

constexpr std::array<std::pair<std::string_view, DataFormat>, 7> Formats{
    {{"auto", DataFormat::Auto},
     {"openai", DataFormat::OpenAi},
     {"alpaca", DataFormat::Alpaca},
     {"sharegpt", DataFormat::ShareGpt},
     {"prompt-completion", DataFormat::PromptCompletion},
     {"csv", DataFormat::Csv},
     {"tsv", DataFormat::Tsv}}};

std::string formatNames()
{
    std::string names;
    for (const auto &[text, format] : Formats)
        names += (names.empty() ? "" : format == Formats.back().second ? " or " : ", ") + std::string(text);
    return names;
}

std::string extension(const std::filesystem::path &file)
{
    std::string text = file.extension().string();
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

bool isTable(DataFormat format)
{
    return format == DataFormat::Csv || format == DataFormat::Tsv;
}

std::string quotedList(const std::vector<std::string> &names)
{
    std::string text;
    for (const std::string &name : names)
        text += (text.empty() ? "\"" : ", \"") + name + "\"";
    return text;
}

/// parseJson() counts lines inside the text; the record's own line is told beside the reason already.
std::string reasonWithoutPlace(std::string reason)
{
    const auto begin = reason.find(", at line ");
    const auto end = reason.find(": ", begin == std::string::npos ? 0 : begin);
    if (begin != std::string::npos && end != std::string::npos)
        reason.erase(begin, end - begin);
    return reason;
}

class Importer {
public:
    Importer(ByteSource &source, const ImportOptions &options, const std::function<Result<void>(Example)> &onExample,
             const std::function<Result<void>(Reject)> &onReject, std::stop_token stop)
        : m_source(source), m_options(options), m_onExample(onExample), m_onReject(onReject), m_stop(std::move(stop)),
          m_file(source.path().string())
    {
    }

    Result<void> run()
    {
        ATTUNE_TRY(const DataFormat format, kindOfFile());
        if (isTable(format))
            ATTUNE_CHECK(readTable(format == DataFormat::Tsv ? '\t' : ','));
        else
            ATTUNE_CHECK(readJson(format));
        if (m_records == 0)
            return fail(ErrorCode::InvalidInput, m_file + " holds no records.");
        return {};
    }

private:
    /// The given format; or Csv, Tsv, or Auto for some kind of JSON, by extension and first character.
    Result<DataFormat> kindOfFile()
    {
        if (m_options.format != DataFormat::Auto)
            return m_options.format;
        const std::string ending = extension(m_source.path());
        if (ending == ".csv")
            return DataFormat::Csv;
        if (ending == ".tsv" || ending == ".tab")
            return DataFormat::Tsv;
        if (ending == ".json" || ending == ".jsonl" || ending == ".ndjson")
            return DataFormat::Auto;
        while (m_source.peek() == ' ' || m_source.peek() == '\n' || m_source.peek() == '\r' ||
               m_source.peek() == '\t')
            m_source.next();
        if (m_source.peek() == '{' || m_source.peek() == '[')
            return DataFormat::Auto;
        ATTUNE_CHECK(m_source.failure());
        if (m_source.peek() == ByteSource::End)
            return fail(ErrorCode::InvalidInput, m_file + " holds no records.");
        return fail(ErrorCode::InvalidInput,
                    m_file + ": the format is not clear from its name and start; name it with --format (" +
                        formatNames() + ").");
    }

    Result<void> readJson(DataFormat format)
    {
        if (format != DataFormat::Auto) {
            if (!m_options.columns.empty())
                return fail(ErrorCode::InvalidInput,
                            m_file + ": a map of columns goes with tables and flat records only; leave out --map or "
                                     "--format.");
            m_shape = RecordShape{format, {}};
        }
        JsonRecords records(m_source, RecordLimit);
        while (true) {
            ATTUNE_TRY(auto record, records.next());
            if (!record)
                return {};
            ATTUNE_CHECK(count());
            ATTUNE_CHECK(takeText(*record));
        }
    }

    Result<void> takeText(const RawRecord &record)
    {
        if (!record.problem.empty())
            return reject(record.line, record.path, record.problem);
        if (record.text.find('\0') != std::string::npos)
            return reject(record.line, record.path, "The record holds a NUL byte.");
        if (const std::size_t bad = invalidUtf8(record.text); bad != std::string_view::npos)
            return reject(record.line, record.path,
                          "The text is not valid UTF-8 at byte " + std::to_string(bad + 1) + " of the record.");
        const auto parsed = parseJson(record.text, "The record");
        if (!parsed)
            return reject(record.line, record.path, reasonWithoutPlace(parsed.error().message));
        if (!m_shape && parsed->is_object())
            ATTUNE_CHECK(decideShape(*parsed, record.line));
        // Without a shape it is no object, and will be refused as such.
        return take(*parsed, m_shape.value_or(RecordShape()), record.line, record.path);
    }

    Result<void> decideShape(const Json &record, std::int64_t line)
    {
        std::vector<std::string> names;
        for (const auto &item : record.items())
            names.push_back(item.key());
        if (!m_options.columns.empty()) {
            ATTUNE_TRY(auto columns, columnsFromOptions(m_options.columns, names, m_file));
            m_shape = RecordShape{DataFormat::Csv, std::move(columns)};
            return {};
        }
        m_shape = guessShape(record);
        if (!m_shape)
            return fail(ErrorCode::InvalidInput,
                        m_file + ", line " + std::to_string(line) + ": a record with " +
                            (names.empty() ? "no fields" : "the fields " + quotedList(names)) +
                            " is of no format that is known; say which fields to use with --map "
                            "user=FIELD,assistant=FIELD.");
        return {};
    }

    Result<void> readTable(char separator)
    {
        ATTUNE_TRY(auto table, TableRecords::open(m_source, separator, RecordLimit));
        for (const std::string &name : table.header()) {
            if (invalidUtf8(name) != std::string_view::npos || name.find('\0') != std::string::npos)
                return fail(ErrorCode::InvalidInput,
                            m_file + ": the header row is not valid UTF-8 text; save the file as UTF-8.");
        }
        RecordShape shape{DataFormat::Csv, {}};
        if (!m_options.columns.empty()) {
            ATTUNE_TRY(shape.columns, columnsFromOptions(m_options.columns, table.header(), m_file));
        } else if (auto guessed = guessColumns(table.header())) {
            shape.columns = std::move(*guessed);
        } else {
            return fail(ErrorCode::InvalidInput,
                        m_file + " has the columns " + quotedList(table.header()) +
                            "; say which hold the question and the answer with --map user=COLUMN,assistant=COLUMN.");
        }
        while (true) {
            ATTUNE_TRY(auto row, table.next());
            if (!row)
                return {};
            ATTUNE_CHECK(count());
            ATTUNE_CHECK(takeRow(*row, table.header(), shape));
        }
    }

    Result<void> takeRow(TableRow &row, const std::vector<std::string> &header, const RecordShape &shape)
    {
        if (!row.problem.empty())
            return reject(row.line, {}, row.problem);
        Json record = Json::object();
        for (std::size_t i = 0; i < header.size(); ++i) {
            if (invalidUtf8(row.fields[i]) != std::string_view::npos)
                return reject(row.line, header[i], "The text is not valid UTF-8.");
            record.emplace(header[i], std::move(row.fields[i]));
        }
        return take(record, shape, row.line, {});
    }

    Result<void> take(const Json &record, const RecordShape &shape, std::int64_t line, const std::string &path)
    {
        auto example = readRecord(record, shape);
        if (!example) {
            const Problem &problem = example.error();
            const bool both = !path.empty() && !problem.field.empty();
            return reject(line, path + (both ? "." : "") + problem.field, problem.reason);
        }
        example->origin = {m_file, line};
        return m_onExample(std::move(*example));
    }

    Result<void> reject(std::int64_t line, std::string field, std::string reason)
    {
        return m_onReject({m_file, line, std::move(field), std::move(reason)});
    }

    Result<void> count()
    {
        ++m_records;
        if (m_stop.stop_requested())
            return fail(ErrorCode::Interrupted, "Reading " + m_file + " was stopped.");
        return {};
    }

    ByteSource &m_source;
    const ImportOptions &m_options;
    const std::function<Result<void>(Example)> &m_onExample;
    const std::function<Result<void>(Reject)> &m_onReject;
    std::stop_token m_stop;
    std::string m_file;
    std::optional<RecordShape> m_shape;
    std::int64_t m_records = 0;
};

} // namespace

Result<DataFormat> parseDataFormat(std::string_view text)
{
    for (const auto &[name, format] : Formats) {
        if (name == text)
            return format;
    }
    return fail(ErrorCode::InvalidInput,
                "\"" + std::string(text) + "\" is no data format: use " + formatNames() + ".");
}

Result<void> readExamples(const std::filesystem::path &file, const ImportOptions &options,
                          const std::function<Result<void>(Example)> &onExample,
                          const std::function<Result<void>(Reject)> &onReject, std::stop_token stop,
                          const std::function<void(std::int64_t)> &progress)
{
    ATTUNE_TRY(auto source, ByteSource::open(file, stop, progress));
    return Importer(source, options, onExample, onReject, std::move(stop)).run();
}

} // namespace attune
