#include "core/data/import_preview.h"

#include "core/data/column_roles.h"
#include "core/data/import_source.h"
#include "core/data/json_records.h"
#include "core/data/record_reader.h"
#include "core/data/table_records.h"
#include "core/formats/json_text.h"

#include <algorithm>

namespace attune {

namespace {

std::string counted(std::size_t count, const std::string &noun)
{
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// A value as a table shows it.
std::string cellText(const OrderedJson &value)
{
    if (value.is_null())
        return {};
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string cutText(const std::string &text)
{
    return text.substr(0, rejectTextLimit);
}

/// The start of a source, looked at before anything is decided.
class Sniffer {
public:
    Sniffer(const ImportSource &source, const ImportOptions &options, std::size_t most, ImportPreview &preview)
        : m_source(source), m_options(options), m_most(std::max<std::size_t>(most, 1)), m_preview(preview)
    {
    }

    Result<void> run(std::stop_token stop)
    {
        ATTUNE_TRY(auto bytes, openSource(m_source, std::move(stop), {}));
        ATTUNE_TRY(const DataFormat kind, kindOfSource(bytes, m_source, m_options.format));
        if (isTable(kind))
            ATTUNE_CHECK(readTable(bytes, kind));
        else
            ATTUNE_CHECK(readJson(bytes, kind));
        if (m_preview.first.empty() && m_preview.columns.empty())
            return fail(ErrorCode::InvalidInput, m_source.file.string() + " holds no records.");
        return {};
    }

private:
    /// A record that was mended is shown as it is now; an emptied one is none.
    const std::string *mended() const
    {
        const auto found = m_source.mended.find(static_cast<std::int64_t>(m_preview.first.size()));
        return found == m_source.mended.end() ? nullptr : &found->second;
    }

    Result<void> readTable(ByteSource &bytes, DataFormat kind)
    {
        ATTUNE_TRY(auto table, TableRecords::open(bytes, kind == DataFormat::Tsv ? '\t' : ',', importRecordLimit,
                                                  m_options.namesFirst));
        table.keepRaw();
        const std::size_t width = table.header().size();
        while (m_preview.first.size() < m_most) {
            ATTUNE_TRY(auto row, table.next());
            if (!row)
                break;
            if (const std::string *text = mended()) {
                if (auto parsed = table.parseRow(*text, row->line))
                    *row = std::move(*parsed);
            }
            PreviewRecord record;
            record.line = row->line;
            record.text = cutText(row->raw);
            record.cells = std::move(row->fields);
            record.cells.resize(width);
            m_preview.first.push_back(std::move(record));
        }
        addColumns(table.header());
        FormatGuess &guess = m_preview.guess;
        guess.format = kind;
        guess.separator = table.separator();
        const char *with = guess.separator == '\t' ? "tabs" : guess.separator == ';' ? "semicolons" : "commas";
        guess.sentence = "A table with " + std::string(with) + " and " +
                         (m_options.namesFirst ? "a header of " : "") + counted(width, "column") + columnWords() +
                         ".";
        return {};
    }

    Result<void> readJson(ByteSource &bytes, DataFormat kind)
    {
        m_parquet = bytes.isParquet();
        JsonRecords records(bytes, importRecordLimit);
        std::vector<OrderedJson> values;
        std::vector<std::string> names;
        std::optional<RecordShape> shape;
        std::size_t fitting = 0;
        while (m_preview.first.size() < m_most) {
            ATTUNE_TRY(auto raw, records.next());
            if (!raw)
                break;
            m_preview.guess.jsonArray = m_preview.guess.jsonArray || !raw->path.empty();
            if (const std::string *text = mended())
                raw->text = *text;
            OrderedJson value = parsedInOrder(raw->text);
            if (value.is_object()) {
                const Json plain = value;
                const auto here = guessShape(plain);
                if (values.empty() || !shape)
                    shape = here;
                fitting += here && shape && here->format == shape->format;
                for (const auto &item : value.items())
                    if (std::find(names.begin(), names.end(), item.key()) == names.end())
                        names.push_back(item.key());
            }
            PreviewRecord record;
            record.line = raw->line;
            record.text = cutText(raw->text);
            m_preview.first.push_back(std::move(record));
            values.push_back(std::move(value));
        }
        const bool lists = shape && (shape->format == DataFormat::OpenAi || shape->format == DataFormat::ShareGpt);
        if (!lists) {
            for (std::size_t i = 0; i < values.size(); ++i) {
                for (const std::string &name : names)
                    m_preview.first[i].cells.push_back(
                        values[i].is_object() && values[i].contains(name) ? cellText(values[i][name]) : "");
            }
            addColumns(names);
        }
        describeJson(kind, shape, fitting);
        return {};
    }

    void describeJson(DataFormat kind, const std::optional<RecordShape> &shape, std::size_t fitting)
    {
        FormatGuess &guess = m_preview.guess;
        const std::string where = m_parquet         ? "A Parquet file"
                                  : guess.jsonArray ? "One JSON array"
                                                    : "JSON Lines";
        if (kind != DataFormat::Auto) {
            guess.format = kind;
            guess.trust = FormatGuess::Trust::Sure;
            guess.sentence = where + ", read as " + std::string(name(kind)) + " as was chosen.";
            return;
        }
        if (!shape || shape->format == DataFormat::Csv) {
            guess.format = DataFormat::Auto;
            guess.sentence = where + " with " + counted(m_preview.columns.size(), "field") + " a record" +
                             columnWords() + ".";
            return;
        }
        guess.format = shape->format;
        const std::size_t read = m_preview.first.size();
        guess.trust = fitting == read       ? FormatGuess::Trust::Sure
                      : fitting * 5 > read * 4 ? FormatGuess::Trust::Likely
                                               : FormatGuess::Trust::Unsure;
        const char *what = shape->format == DataFormat::OpenAi ? "conversations with role and content (OpenAI chat)"
                           : shape->format == DataFormat::ShareGpt ? "conversations with from and value (ShareGPT)"
                           : shape->format == DataFormat::Alpaca   ? "instruction, input and output (Alpaca)"
                                                                   : "prompt and completion";
        guess.sentence = where + ": " + what + "; " +
                         (fitting == read ? "all of the first " + counted(read, "record") + " fit."
                                          : std::to_string(fitting) + " of the first " + counted(read, "record") +
                                                " fit.");
    }

    void addColumns(const std::vector<std::string> &names)
    {
        for (std::size_t i = 0; i < names.size(); ++i) {
            PreviewColumn column;
            column.name = names[i];
            for (const PreviewRecord &record : m_preview.first)
                column.samples.push_back(record.cells[i]);
            column.kind = kindOfValues(column.samples);
            m_preview.columns.push_back(std::move(column));
        }
        m_preview.guess.trust = guessRoles(m_preview.columns);
    }

    std::string columnWords() const
    {
        switch (m_preview.guess.trust) {
        case FormatGuess::Trust::Sure:
            return ", whose names say what they are";
        case FormatGuess::Trust::Likely:
            return "; what they are is guessed, please check";
        default:
            return "; please choose what they are";
        }
    }

    const ImportSource &m_source;
    const ImportOptions &m_options;
    std::size_t m_most;
    ImportPreview &m_preview;
    bool m_parquet = false;
};

/// Reads the source as an import would, and ties what becomes of each of the first records to it.
class Reader {
public:
    Reader(const ImportSource &source, const ImportPreviewOptions &limits, ImportPreview &preview)
        : m_source(source), m_limits(limits), m_preview(preview)
    {
    }

    Result<void> run(std::stop_token stop, const std::function<void(std::int64_t)> &progress)
    {
        const auto read = readExamples(
            m_source, m_preview.used, [&](Example example) { return takeExample(std::move(example)); },
            [&](Reject reject) { return takeReject(std::move(reject)); }, std::move(stop), progress,
            [&](Reject note) {
                ++m_preview.noted;
                if (m_preview.notes.size() < m_limits.rejects)
                    m_preview.notes.push_back(std::move(note));
            });
        if (!read && !m_enough)
            return read;
        return {};
    }

private:
    Result<void> takeExample(Example example)
    {
        ++m_preview.good;
        if (m_limits.known && !m_limits.known->insert(ContentKey::of(contentHash(example.messages)))) {
            ++m_preview.duplicates;
            if (m_preview.doubled.size() < m_limits.rejects)
                m_preview.doubled.push_back({example.origin.file, example.origin.line, {},
                                             "The same question and answer as an earlier row or one of the project.",
                                             m_record, {}});
        } else {
            ++m_preview.parts[example.part ? static_cast<std::size_t>(*example.part) : 3];
        }
        if (PreviewRecord *record = next())
            record->example = std::move(example);
        return done();
    }

    Result<void> takeReject(Reject reject)
    {
        ++m_preview.rejected;
        if (PreviewRecord *record = next())
            record->reject = reject;
        if (m_preview.rejects.size() < m_limits.rejects)
            m_preview.rejects.push_back(std::move(reject));
        return done();
    }

    /// Every record is handed out once and in order, but for those that were mended into nothing.
    PreviewRecord *next()
    {
        const auto dropped = [&] {
            const auto found = m_source.mended.find(m_record);
            return found != m_source.mended.end() && found->second.empty();
        };
        while (dropped())
            ++m_record;
        const auto place = static_cast<std::size_t>(m_record++);
        ++m_preview.records;
        return place < m_preview.first.size() ? &m_preview.first[place] : nullptr;
    }

    Result<void> done()
    {
        m_enough = !m_limits.wholeSource && m_record >= static_cast<std::int64_t>(m_preview.first.size());
        if (m_enough)
            return fail(ErrorCode::Interrupted, "The first records are enough.");
        return {};
    }

    const ImportSource &m_source;
    const ImportPreviewOptions &m_limits;
    ImportPreview &m_preview;
    std::int64_t m_record = 0;
    bool m_enough = false;
};

} // namespace

std::string_view name(ColumnRole role)
{
    switch (role) {
    case ColumnRole::Ignore:
        return "ignore";
    case ColumnRole::User:
        return "user";
    case ColumnRole::Assistant:
        return "assistant";
    case ColumnRole::System:
        return "system";
    case ColumnRole::Conversation:
        return "conversation";
    case ColumnRole::Tag:
        return "tag";
    case ColumnRole::Rating:
        return "rating";
    case ColumnRole::Split:
        return "split";
    case ColumnRole::Note:
        return "note";
    }
    return "ignore";
}

ImportOptions optionsForRoles(std::span<const PreviewColumn> columns, const ImportOptions &base)
{
    ImportOptions options = base;
    if (!isTable(options.format))
        options.format = DataFormat::Auto;
    options.columns.clear();
    options.tagColumns.clear();
    options.mentionedOnly = true;
    std::string joined;
    std::size_t users = 0;
    for (const PreviewColumn &column : columns) {
        switch (column.role) {
        case ColumnRole::Ignore:
            break;
        case ColumnRole::User:
            joined += (joined.empty() ? "{" : "\n\n{") + column.name + "}";
            if (++users == 1)
                options.columns["user"] = column.name;
            break;
        case ColumnRole::Tag:
            options.tagColumns.push_back(column.name);
            break;
        default:
            options.columns.emplace(name(column.role), column.name); // the first of that role
        }
    }
    if (users > 1 && options.promptTemplate.empty())
        options.promptTemplate = joined;
    if (!options.promptTemplate.empty())
        options.columns.erase("user");
    return options;
}

Result<ImportPreview> previewImport(const ImportSource &source, const ImportOptions &options,
                                    const ImportPreviewOptions &limits, std::stop_token stop,
                                    const std::function<void(std::int64_t)> &progress)
{
    ImportPreview preview;
    ATTUNE_CHECK(Sniffer(source, options, limits.records, preview).run(stop));
    preview.used = options;
    if (!namesColumns(options) && preview.guess.usesColumns())
        preview.used = optionsForRoles(preview.columns, options);
    preview.used.rejectText = true;
    if (preview.guess.usesColumns() || namesColumns(options)) {
        std::vector<std::string> names;
        for (const PreviewColumn &column : preview.columns)
            names.push_back(column.name);
        if (auto map = columnsFromOptions(preview.used, names, source.file.string()); !map) {
            preview.missing = map.error().message;
            return preview;
        }
    }
    ATTUNE_CHECK(Reader(source, limits, preview).run(std::move(stop), progress));
    return preview;
}

} // namespace attune
