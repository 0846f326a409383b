#pragma once

#include "core/data/import.h"
#include "core/data/prompt_template.h"
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
    std::string rating;
    std::string note;
    std::string conversation;                   ///< a list of messages, instead of user and assistant
    std::vector<std::string> moreTags;          ///< further columns of tags
    std::optional<PromptTemplate> promptTemplate; ///< makes the user's turn, instead of user and input
};

/// The map that well-known names allow (prompt and completion, question and answer, ...).
std::optional<ColumnMap> guessColumns(std::span<const std::string> names);
/// The map that the user asked for. Fails with InvalidInput where a role is unknown or missing, or a column is not
/// there, naming those that are. `where` names the file.
Result<ColumnMap> columnsFromOptions(const ImportOptions &options, std::span<const std::string> names,
                                     const std::string &where);
/// Whether the options say that records are to be read through columns.
bool namesColumns(const ImportOptions &options);

/// What a file's records are, decided once for the file.
struct RecordShape {
    DataFormat format = DataFormat::OpenAi; ///< Csv stands for any flat record read through `columns`
    ColumnMap columns;
};
/// The shape of a JSON record by its keys; none where they say nothing.
std::optional<RecordShape> guessShape(const Json &record);

/// One record as an example, with its split, tags, rating and notes; the origin is left to the caller. What is
/// doubtful but keeps the row in goes to `notes`.
ReadRecord readRecord(const Json &record, const RecordShape &shape, std::vector<Problem> *notes = nullptr);

} // namespace attune
