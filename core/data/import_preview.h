#pragma once

#include "core/data/content_set.h"
#include "core/data/import.h"

#include <array>

namespace attune {

/// What a column of a table, or a field of a flat JSON record, is used for.
enum class ColumnRole : std::uint8_t {
    Ignore,
    User,
    Assistant,
    System,
    Conversation,
    Tag,
    Rating,
    Split,
    Note
};
std::string_view name(ColumnRole role); ///< "ignore", "user", ...

struct PreviewColumn {
    std::string name;
    std::string kind;                 ///< what its values are: "text", "number", "1-5", "JSON", "messages", "empty"
    std::vector<std::string> samples; ///< of the first records, one each; empty where a record lacks it
    ColumnRole role = ColumnRole::Ignore; ///< guessed
};

/// What a source seems to be. `sentence` is for people: "Comma-separated table with a header: 5 columns."
struct FormatGuess {
    enum class Trust { Sure, Likely, Unsure };
    DataFormat format = DataFormat::Auto; ///< Csv, Tsv: a table; Auto: flat JSON records read through columns
    Trust trust = Trust::Unsure;
    std::string sentence;
    char separator = 0;     ///< of a table
    bool jsonArray = false; ///< JSON in one array, not a record a line
    bool usesColumns() const
    {
        return format == DataFormat::Csv || format == DataFormat::Tsv || format == DataFormat::Auto;
    }
};

/// One of the first records: the conversation that it becomes, or why it becomes none.
struct PreviewRecord {
    std::int64_t line = 0;
    std::vector<std::string> cells; ///< by column; empty where the format has none
    std::string text;               ///< the raw record, at most 64 KiB of it
    std::optional<Example> example;
    std::optional<Reject> reject;
};

struct ImportPreviewOptions {
    std::size_t records = 50;   ///< how many to show
    std::size_t rejects = 1000; ///< how many to keep, with their text
    bool wholeSource = true;    ///< false: only the first records are read, and the counts are of those
    /// The rows that are there already; the source's good rows join them. Null: no row is taken for a duplicate.
    ContentSet *known = nullptr;
};

struct ImportPreview {
    FormatGuess guess;
    std::vector<PreviewColumn> columns; ///< where guess.usesColumns()
    std::vector<PreviewRecord> first;
    std::int64_t records = 0; ///< read
    std::int64_t good = 0;      ///< duplicates among them
    std::int64_t duplicates = 0;
    std::vector<Reject> doubled; ///< the first of the duplicates
    std::int64_t rejected = 0;
    std::array<std::int64_t, 4> parts{}; ///< of good rows that are no duplicates: train, validation, test, not said
    std::vector<Reject> rejects; ///< with line, field, reason and the record's text
    std::int64_t noted = 0;
    std::vector<Reject> notes; ///< rows that come in, but not quite as written ("n/a" is no rating)
    /// The options that the counts are for: those given, or, where they named no columns, those of the guessed roles.
    ImportOptions used;
    /// Why no conversation can be made yet ("No column is chosen for the answer."); the rest is then a preview of
    /// columns only. Empty: all is well.
    std::string missing;
};

/// Reads a source as an import would, changing nothing. An `options.format` other than Auto is taken as it is.
/// Fails where nothing could be told (NotFound, Io, a compressed file, a quote that never closes, no records).
Result<ImportPreview> previewImport(const ImportSource &source, const ImportOptions &options,
                                    const ImportPreviewOptions &preview = {}, std::stop_token stop = {},
                                    const std::function<void(std::int64_t)> &progress = {});

/// The options that read a source by these roles; system turn, template and format are those of `base`. Several user
/// columns are joined with a blank line between them, unless base.promptTemplate says how.
ImportOptions optionsForRoles(std::span<const PreviewColumn> columns, const ImportOptions &base);

} // namespace attune
