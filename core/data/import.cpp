#include "core/data/import.h"

#include "core/data/import_source.h"
#include "core/data/json_records.h"
#include "core/data/record_reader.h"
#include "core/data/table_records.h"
#include "core/text/utf8.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace attune {

namespace {

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

/// Where an import's findings go.
struct Callbacks {
    const std::function<Result<void>(Example)> &onExample;
    const std::function<Result<void>(Reject)> &onReject;
    const std::function<void(Reject)> &onNote;
};

class Importer {
public:
    Importer(ByteSource &bytes, const ImportSource &source, const ImportOptions &options, const Callbacks &callbacks,
             std::stop_token stop)
        : m_bytes(bytes), m_source(source), m_options(options), m_callbacks(callbacks), m_stop(std::move(stop)),
          m_file(source.file.string())
    {
    }

    Result<void> run()
    {
        ATTUNE_TRY(const DataFormat format, kindOfSource(m_bytes, m_source, m_options.format));
        if (isTable(format))
            ATTUNE_CHECK(readTable(format == DataFormat::Tsv ? '\t' : ','));
        else
            ATTUNE_CHECK(readJson(format));
        if (m_records == 0)
            return fail(ErrorCode::InvalidInput, m_file + " holds no records.");
        return {};
    }

private:
    Result<void> readJson(DataFormat format)
    {
        if (format != DataFormat::Auto) {
            if (namesColumns(m_options))
                return fail(ErrorCode::InvalidInput,
                            m_file + ": a map of columns goes with tables and flat records only; leave out --map or "
                                     "--format.");
            m_shape = RecordShape{format, {}};
        }
        JsonRecords records(m_bytes, importRecordLimit);
        while (true) {
            ATTUNE_TRY(auto record, records.next());
            if (!record)
                return {};
            ATTUNE_CHECK(count());
            ATTUNE_CHECK(takeText(*record));
        }
    }

    Result<void> takeText(RawRecord &record)
    {
        if (const std::string *mended = mendedText()) {
            if (mended->empty())
                return {};
            record.text = *mended;
            record.problem.clear();
        }
        m_text = &record.text;
        if (!record.problem.empty())
            return reject(record.line, record.path, record.problem);
        const auto parsed = parseRecord(record.text);
        if (!parsed)
            return reject(record.line, record.path, parsed.error());
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
        if (namesColumns(m_options)) {
            if (m_options.mentionedOnly)
                addMentioned(names);
            ATTUNE_TRY(auto columns, columnsFromOptions(m_options, names, m_file));
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

    /// Fields that the first record happens to lack: who mentions every field that counts has seen more of the file.
    void addMentioned(std::vector<std::string> &names) const
    {
        const auto add = [&](const std::string &name) {
            if (std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(name);
        };
        for (const auto &[role, column] : m_options.columns)
            add(column);
        std::for_each(m_options.tagColumns.begin(), m_options.tagColumns.end(), add);
        if (const auto parsed = PromptTemplate::parse(m_options.promptTemplate))
            for (const std::string &slot : parsed->slots())
                add(slot);
    }

    Result<void> readTable(char separator)
    {
        ATTUNE_TRY(auto table, TableRecords::open(m_bytes, separator, importRecordLimit, m_options.namesFirst));
        for (const std::string &name : table.header()) {
            if (invalidUtf8(name) != std::string_view::npos || name.find('\0') != std::string::npos)
                return fail(ErrorCode::InvalidInput,
                            m_file + ": the header row is not valid UTF-8 text; save the file as UTF-8.");
        }
        RecordShape shape{DataFormat::Csv, {}};
        if (namesColumns(m_options)) {
            ATTUNE_TRY(shape.columns, columnsFromOptions(m_options, table.header(), m_file));
        } else if (auto guessed = guessColumns(table.header())) {
            shape.columns = std::move(*guessed);
        } else {
            return fail(ErrorCode::InvalidInput,
                        m_file + " has the columns " + quotedList(table.header()) +
                            "; say which hold the question and the answer with --map user=COLUMN,assistant=COLUMN.");
        }
        if (m_options.rejectText)
            table.keepRaw();
        while (true) {
            ATTUNE_TRY(auto row, table.next());
            if (!row)
                return {};
            ATTUNE_CHECK(count());
            ATTUNE_CHECK(takeRow(*row, table, shape));
        }
    }

    Result<void> takeRow(TableRow &row, const TableRecords &table, const RecordShape &shape)
    {
        if (const std::string *mended = mendedText()) {
            if (mended->empty())
                return {};
            auto parsed = table.parseRow(*mended, row.line);
            row = parsed
                      ? std::move(*parsed)
                      : TableRow{.fields = {}, .line = row.line, .problem = parsed.error().message, .raw = *mended};
        }
        m_text = &row.raw;
        if (!row.problem.empty())
            return reject(row.line, {}, row.problem);
        const auto &header = table.header();
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
        std::vector<Problem> notes;
        auto example = readRecord(record, shape, &notes);
        const auto fieldAt = [&](const std::string &field) {
            return path + (!path.empty() && !field.empty() ? "." : "") + field;
        };
        if (!example)
            return reject(line, fieldAt(example.error().field), example.error().reason);
        if (m_callbacks.onNote) {
            for (const Problem &note : notes)
                m_callbacks.onNote(rejectOf(line, fieldAt(note.field), note.reason));
        }
        if (!m_options.system.empty() && example->messages.front().role != "system")
            example->messages.insert(example->messages.begin(), {"system", m_options.system});
        example->origin = {m_file, line};
        return m_callbacks.onExample(std::move(*example));
    }

    Reject rejectOf(std::int64_t line, std::string field, std::string reason) const
    {
        Reject reject{m_file, line, std::move(field), std::move(reason), m_records - 1, {}};
        if (m_options.rejectText && m_text && m_text->size() < rejectTextLimit)
            reject.text = *m_text;
        return reject;
    }

    Result<void> reject(std::int64_t line, std::string field, std::string reason) const
    {
        return m_callbacks.onReject(rejectOf(line, std::move(field), std::move(reason)));
    }

    Result<void> count()
    {
        ++m_records;
        if (m_stop.stop_requested())
            return fail(ErrorCode::Interrupted, "Reading " + m_file + " was stopped.");
        return {};
    }

    const std::string *mendedText() const
    {
        const auto found = m_source.mended.find(m_records - 1);
        return found == m_source.mended.end() ? nullptr : &found->second;
    }

    ByteSource &m_bytes;
    const ImportSource &m_source;
    const ImportOptions &m_options;
    const Callbacks &m_callbacks;
    std::stop_token m_stop;
    std::string m_file;
    std::optional<RecordShape> m_shape;
    std::int64_t m_records = 0;
    const std::string *m_text = nullptr; // of the record at hand
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

std::string_view name(DataFormat format)
{
    for (const auto &[text, known] : Formats) {
        if (known == format)
            return text;
    }
    return "auto";
}

ImportSource ImportSource::pasted(std::string text, const std::string &name)
{
    ImportSource source(std::filesystem::path{name});
    source.text = std::make_shared<const std::string>(std::move(text));
    return source;
}

TextEncoding encodingOf(const ImportSource &source)
{
    if (source.text)
        return TextEncoding::Utf8;
    std::ifstream file(source.file, std::ios::binary);
    std::string piece;
    TextEncoding found = TextEncoding::Utf8;
    do { // as far as the first character beyond ASCII: it may come late
        piece.resize(std::size_t(1) << 20);
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        piece.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
        found = guessEncoding(piece);
    } while (found == TextEncoding::Utf8 && !piece.empty() &&
             std::all_of(piece.begin(), piece.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    return found;
}

Result<ByteSource> openSource(const ImportSource &source, std::stop_token stop,
                              std::function<void(std::int64_t)> progress)
{
    return source.text ? ByteSource::fromText(source.text, source.file, std::move(stop), std::move(progress))
                       : ByteSource::open(source.file, std::move(stop), std::move(progress), source.encoding);
}

Result<DataFormat> kindOfSource(ByteSource &bytes, const ImportSource &source, DataFormat asked)
{
    if (bytes.isParquet())
        return isTable(asked) ? DataFormat::Auto : asked;
    if (asked != DataFormat::Auto)
        return asked;
    const std::string ending = source.text ? std::string() : extension(source.file);
    if (ending == ".csv")
        return DataFormat::Csv;
    if (ending == ".tsv" || ending == ".tab")
        return DataFormat::Tsv;
    if (ending == ".json" || ending == ".jsonl" || ending == ".ndjson")
        return DataFormat::Auto;
    while (bytes.peek() == ' ' || bytes.peek() == '\n' || bytes.peek() == '\r' || bytes.peek() == '\t')
        bytes.next();
    if (bytes.peek() == '{' || bytes.peek() == '[')
        return DataFormat::Auto;
    ATTUNE_CHECK(bytes.failure());
    const std::string name = source.file.string();
    if (bytes.peek() == ByteSource::End)
        return fail(ErrorCode::InvalidInput, name + " holds no records.");
    if (source.text) {
        const std::string_view firstLine = std::string_view(*source.text).substr(0, source.text->find('\n'));
        return firstLine.find('\t') == std::string_view::npos ? DataFormat::Csv : DataFormat::Tsv;
    }
    return fail(ErrorCode::InvalidInput,
                name + ": the format is not clear from its name and start; name it with --format (" + formatNames() +
                    ").");
}

tl::expected<Json, std::string> parseRecord(const std::string &text)
{
    if (text.find('\0') != std::string::npos)
        return tl::unexpected(std::string("The record holds a NUL byte."));
    if (const std::size_t bad = invalidUtf8(text); bad != std::string_view::npos)
        return tl::unexpected("The text is not valid UTF-8 at byte " + std::to_string(bad + 1) + " of the record.");
    auto parsed = parseJson(text, "The record");
    if (!parsed)
        return tl::unexpected(reasonWithoutPlace(parsed.error().message));
    return std::move(*parsed);
}

Result<void> readExamples(const ImportSource &source, const ImportOptions &options,
                          const std::function<Result<void>(Example)> &onExample,
                          const std::function<Result<void>(Reject)> &onReject, std::stop_token stop,
                          const std::function<void(std::int64_t)> &progress,
                          const std::function<void(Reject)> &onNote)
{
    ATTUNE_TRY(auto bytes, openSource(source, stop, progress));
    return Importer(bytes, source, options, {onExample, onReject, onNote}, std::move(stop)).run();
}

} // namespace attune
