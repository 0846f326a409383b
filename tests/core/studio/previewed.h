#pragma once

#include "core/studio/preview.h"
#include "core/train/rows.h"

#include <string>

namespace attune {

/// Holds a preview against the row that training makes of the same conversation; empty: they are the same.
inline std::string differenceToTraining(const ChatEncoder &encoder, std::span<const Message> messages,
                                        std::int64_t maxLength, bool assistantOnlyLoss)
{
    TrainSettings settings;
    settings.max_length = maxLength;
    settings.assistant_only_loss = assistantOnlyLoss;
    const std::vector<TrainExample> example{{1, {messages.begin(), messages.end()}}};
    EncodeReport report;
    const auto rows = encodeRows(encoder, example, settings, &report);
    const auto preview = previewExample(encoder, messages, maxLength, assistantOnlyLoss);
    if (!preview)
        return "no preview: " + preview.error().message;
    if (!rows)
        return preview->tokens.empty() ? "" : "training refuses what the preview shows";
    const TrainRow &row = rows->front();
    std::size_t kept = 0;
    std::string text;
    for (std::size_t i = 0; i < preview->tokens.size(); ++i) {
        const PreviewToken &token = preview->tokens[i];
        if (token.begin >= 0)
            text += token.text;
        if (token.cut)
            continue;
        if (kept >= row.ids.size() || token.id != row.ids[kept])
            return "token " + std::to_string(i) + " is another";
        if (token.trained != (kept > 0 && row.trained[kept] == 1))
            return "token " + std::to_string(i) + " is trained in one only";
        ++kept;
    }
    if (kept != row.ids.size())
        return "training keeps " + std::to_string(row.ids.size()) + " tokens, the preview " + std::to_string(kept);
    if (preview->trained != row.supervised())
        return "the counts of trained tokens differ";
    if (preview->cut != report.cutTokens || preview->trained + preview->masked + preview->cut != preview->total())
        return "the counts of cut tokens differ";
    if (!preview->text.ends_with(text))
        return "the tokens do not make up the text";
    return "";
}

} // namespace attune
