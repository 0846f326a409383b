#pragma once

#include "core/data/example.h"
#include "core/data/text_encoding.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>

namespace attune {

enum class DataFormat { Auto, OpenAi, Alpaca, ShareGpt, PromptCompletion, Csv, Tsv };
Result<DataFormat> parseDataFormat(std::string_view text);
std::string_view name(DataFormat format); ///< "auto", "openai", ...: what parseDataFormat() takes

/// A text to import: a file, or what was pasted.
struct ImportSource {
    ImportSource(std::filesystem::path path) : file(std::move(path)) {} // NOLINT: most sources are files
    static ImportSource pasted(std::string text, const std::string &name = "pasted text");

    std::filesystem::path file;              ///< of a pasted text: the name that messages give it
    std::shared_ptr<const std::string> text; ///< null: the file's
    TextEncoding encoding = TextEncoding::Auto; ///< of the file
    /// Records that were mended by hand, by Reject::record: what to read in their stead. An empty one is passed over.
    std::map<std::int64_t, std::string> mended;
};

struct ImportOptions {
    DataFormat format = DataFormat::Auto;
    /// What is in which column of a table (or field of a flat JSON record): "user" and "assistant", or "conversation"
    /// (a list of messages, in a table as JSON), and optionally "system", "input", "split", "tags", "rating", "note",
    /// to the column's name.
    std::map<std::string, std::string> columns;
    /// Further columns whose values become tags.
    std::vector<std::string> tagColumns;
    /// Split, tags, rating and notes are taken from columns of that name even where `columns` does not mention them,
    /// as they should not get lost; true: what is not mentioned is ignored.
    bool mentionedOnly = false;
    /// The user's turn with columns in slots, "{instruction}\n\n{input}", instead of the columns "user" and "input";
    /// "{{" stands for a brace. A block between blank lines is left out where all its slots are empty.
    std::string promptTemplate;
    /// A system turn for every row that has none; empty: none.
    std::string system;
    /// The first line of a table names its columns; false: it is a row, and they are "column 1", "column 2", ...
    bool namesFirst = true;
    /// Rejects carry the text of their record.
    bool rejectText = false;
};

struct Reject {
    std::string file;
    std::int64_t line = 0; ///< where the record begins
    /// "messages[1].role", "completion", the column of a table; with "[7]" before it in a JSON array; empty where the
    /// whole record of a line is at fault.
    std::string field;
    std::string reason; ///< a sentence
    std::int64_t record = 0; ///< its place in the source, counted from 0
    std::string text;        ///< of the record, where options.rejectText asks for it and it is at most 64 KiB
};

/// What a source seems to be in by its first piece beyond ASCII, for source.encoding; UTF-8 where it can't be read. See
/// guessEncoding().
TextEncoding encodingOf(const ImportSource &source);

/// Reads a file as a stream, one record at a time: memory does not grow with the file. A bad record goes to
/// `onReject` and reading continues; a record over 64 MiB is a bad one. Either callback may stop the import by
/// returning an error, which is handed on.
///
/// What is doubtful but keeps no row out (a rating that is no number) goes to `onNote`.
///
/// Formats: OpenAI chat ({"messages": [{"role", "content"}]}), Alpaca ({"instruction", "input"?, "output", "system"?,
/// "history"?}), ShareGPT ({"conversations": [{"from", "value"}], "system"?}), prompt/completion (strings, or message
/// lists as TRL writes them), as JSON Lines or as one JSON array; CSV and TSV (RFC 4180) with the columns of
/// `options.columns`. A record's own "split" ("train", "validation", "test"), "tags", "rating" (1 to 5) and "notes"
/// are kept. Parquet is read as JSON Lines of its rows (parquet_lines.h). Auto looks at the extension and the first
/// record; well-known column names need no map; a pasted text that is no JSON is a table. A byte order mark and CRLF
/// are fine, and so is what `source.encoding` tells; invalid UTF-8 and NUL are rejects. A quote that is never closed
/// in a table or an array is an error: nothing after it could be told apart. So is a file without any record.
/// `progress` gets the bytes read so far. Fails with NotFound, Io, InvalidInput (format unknown), Interrupted.
Result<void> readExamples(const ImportSource &source, const ImportOptions &options,
                          const std::function<Result<void>(Example)> &onExample,
                          const std::function<Result<void>(Reject)> &onReject, std::stop_token stop = {},
                          const std::function<void(std::int64_t)> &progress = {},
                          const std::function<void(Reject)> &onNote = {});

} // namespace attune
