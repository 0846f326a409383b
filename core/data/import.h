#pragma once

#include "core/data/example.h"

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>

namespace attune {

enum class DataFormat { Auto, OpenAi, Alpaca, ShareGpt, PromptCompletion, Csv, Tsv };
Result<DataFormat> parseDataFormat(std::string_view text);

struct ImportOptions {
    DataFormat format = DataFormat::Auto;
    /// What is in which column of a table (or field of a flat JSON record): "user" and "assistant", and optionally
    /// "system", "input", "split", "tags", to the column's name.
    std::map<std::string, std::string> columns;
};

struct Reject {
    std::string file;
    std::int64_t line = 0; ///< where the record begins
    /// "messages[1].role", "completion", the column of a table; with "[7]" before it in a JSON array; empty where the
    /// whole record of a line is at fault.
    std::string field;
    std::string reason; ///< a sentence
};

/// Reads a file as a stream, one record at a time: memory does not grow with the file. A bad record goes to
/// `onReject` and reading continues; a record over 64 MiB is a bad one. Either callback may stop the import by
/// returning an error, which is handed on.
///
/// Formats: OpenAI chat ({"messages": [{"role", "content"}]}), Alpaca ({"instruction", "input"?, "output", "system"?,
/// "history"?}), ShareGPT ({"conversations": [{"from", "value"}], "system"?}), prompt/completion (strings, or message
/// lists as TRL writes them), as JSON Lines or as one JSON array; CSV and TSV (RFC 4180) with the columns of
/// `options.columns`. A record's own "split" ("train", "validation", "test") and "tags" are kept. Auto looks at the
/// extension and the first record; well-known column names need no map. A UTF-8 BOM and CRLF are fine; invalid UTF-8
/// and NUL are rejects. A quote that is never closed in a table or an array is an error: nothing after it could be
/// told apart. So is a file without any record. `progress` gets the bytes read so far. Fails with NotFound, Io,
/// InvalidInput (format unknown), Interrupted.
Result<void> readExamples(const std::filesystem::path &file, const ImportOptions &options,
                          const std::function<Result<void>(Example)> &onExample,
                          const std::function<Result<void>(Reject)> &onReject, std::stop_token stop = {},
                          const std::function<void(std::int64_t)> &progress = {});

} // namespace attune
