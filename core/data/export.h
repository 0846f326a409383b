#pragma once

#include "core/data/example.h"

namespace attune {

enum class ExportFormat { Chat, Alpaca, ShareGpt, Csv };
/// "chat", "alpaca", "sharegpt", "csv".
std::string_view name(ExportFormat format);
Result<ExportFormat> parseExportFormat(std::string_view text);
/// "jsonl" or "csv".
std::string_view fileEnding(ExportFormat format);

/// What stands before the rows: the header of a CSV file, else nothing.
std::string exportHeader(ExportFormat format);

/// A row as text with its line end, such that importing it gives an equal row with the same part, tags, rating and
/// notes. Or the reason why the format can't hold it, a sentence.
///
/// Chat: {"messages", ...} holds every conversation. ShareGpt: {"conversations": [{"from", "value"}], ...} holds
/// those of system, user and assistant. Alpaca: {"instruction", "input", "output", "system"?, "history"?, ...} holds
/// questions with their answers in turn. Csv (RFC 4180, columns system, user, assistant, split, tags, rating, notes)
/// holds one question with its answer.
tl::expected<std::string, std::string> exportRow(const Example &row, ExportFormat format);

} // namespace attune
