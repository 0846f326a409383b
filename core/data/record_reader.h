#pragma once

#include "core/data/import.h"
#include "core/formats/json.h"

namespace attune {

/// Why a record is no example.
struct Problem {
    std::string field;
    std::string reason; ///< a sentence
};
using ReadRecord = tl::expected<Example, Problem>;

/// Which field of a flat record holds what; an empty name: none.
struct ColumnMap {
    std::string system;
    std::string user;
    std::string input; ///< goes on from the user's text after a blank line, as in Alpaca data
    std::string assistant;
    std::string split;
    std::string tags;
};

/// The map that well-known names allow (prompt and completion, question and answer, ...).
std::optional<ColumnMap> guessColumns(std::span<const std::string> names);
/// The map that the user asked for. Fails with InvalidInput where a role is unknown or missing, or a column is not
/// there, naming those that are. `where` names the file.
Result<ColumnMap> columnsFromOptions(const std::map<std::string, std::string> &columns,
                                     std::span<const std::string> names, const std::string &where);

/// What a file's records are, decided once for the file.
struct RecordShape {
    DataFormat format = DataFormat::OpenAi; ///< Csv stands for any flat record read through `columns`
    ColumnMap columns;
};
/// The shape of a JSON record by its keys; none where they say nothing.
std::optional<RecordShape> guessShape(const Json &record);

/// One record as an example, with its split and tags; the origin is left to the caller.
ReadRecord readRecord(const Json &record, const RecordShape &shape);

/// First byte that is no valid UTF-8, or npos.
std::size_t invalidUtf8(std::string_view text);

} // namespace attune
