#pragma once

#include "core/model/language_model.h"
#include "core/text/chat.h"
#include "core/train/settings.h"

#include <span>

namespace attune {

/// A conversation to train on or to validate with.
struct TrainExample {
    std::int64_t id = 0; ///< for messages: the row's number in the project
    std::vector<Message> messages;
};

/// One encoded row, cut at max_length.
struct TrainRow {
    std::int64_t id = 0;
    std::vector<TokenId> ids;
    std::vector<std::uint8_t> trained; ///< 1: this token is a target
    std::int64_t supervised() const;   ///< shifted targets: trained tokens after the first
};

/// A conversation as training sees it, before the cut is made: the preview shows all of it.
struct EncodedRow {
    EncodedChat chat; ///< its mask says what is trained on: the answers, or every token
    std::size_t kept; ///< tokens that max_length leaves
};

/// What of a conversation is trained on.
struct RowOptions {
    std::int64_t maxLength = 1024;
    bool assistantOnlyLoss = true;
    bool lastAnswerOnly = false; ///< mask_history
    static RowOptions of(const TrainSettings &settings);
};

/// The one way from a conversation to what is trained on. Fails with InvalidInput where the template refuses.
Result<EncodedRow> encodeRow(const ChatEncoder &encoder, std::span<const Message> messages,
                             const RowOptions &options);

struct EncodeReport {
    std::int64_t cutRows = 0;
    std::int64_t cutTokens = 0;
    std::vector<std::int64_t> untrained; ///< rows with nothing to train on
};

/// Encodes rows by encodeRow() and cuts them. Fails with InvalidInput naming the row where the template refuses.
Result<std::vector<TrainRow>> encodeRows(const ChatEncoder &encoder, std::span<const TrainExample> examples,
                                         const TrainSettings &settings, EncodeReport *report = nullptr);

/// What rows begin with in common, before the first token that any of them trains on: their system message, most
/// often.
class SharedPrefix {
public:
    void add(const TrainRow &row);
    std::int64_t tokens() const; ///< 0 where a batch gains nothing by holding them once
private:
    std::vector<TokenId> m_ids;
    std::int64_t m_rows = 0;
};
std::int64_t sharedPrefix(std::span<const TrainRow> rows, std::span<const std::size_t> indices);
/// Rows side by side, filled up to the longest. The first `prefix` tokens, at most sharedPrefix(), are held once.
TokenBatch makeBatch(std::span<const TrainRow> rows, std::span<const std::size_t> indices, std::int64_t prefix);
/// Rows one after another, nothing filled up.
TokenBatch makePackedBatch(std::span<const TrainRow> rows, std::span<const std::size_t> indices, std::int64_t prefix);
/// Positions of a batch of these rows that stand for no token of theirs.
std::int64_t paddingOf(const TokenBatch &batch, std::span<const TrainRow> rows, std::span<const std::size_t> indices);
/// Whether batches hold their common tokens once there. A card's attention has not been tried with it.
bool sharesPrefixes(std::string_view device);

/// Which rows share a sequence of `capacity` tokens: the longest row first, each into the fullest sequence that has
/// room for it (best fit decreasing, as TRL packs). Sequences stand in the order of their first row. A row longer
/// than that is alone.
std::vector<std::vector<std::size_t>> packRows(std::span<const TrainRow> rows, std::int64_t capacity);

/// How many steps so many rows make; with packing, so many packed sequences.
struct RunLength {
    std::int64_t stepsPerEpoch = 1;
    std::int64_t totalSteps = 1;
};
RunLength runLength(std::size_t rows, const TrainSettings &settings);

/// Where data order is decided, and nowhere else: which rows each step takes, from the settings and the step alone,
/// so that a resumed run needs no other state. Without shuffle it is import order, wrapping at the end.
class RowOrder {
public:
    RowOrder(std::span<const TrainRow> rows, const TrainSettings &settings);

    std::int64_t totalSteps() const { return m_totalSteps; }
    std::int64_t stepsPerEpoch() const { return m_stepsPerEpoch; }
    /// The micro-batches of a step, counted from 1: the rows of each.
    std::vector<std::vector<std::size_t>> window(std::int64_t step);

private:
    const std::vector<std::size_t> &epochOrder(std::int64_t epoch);

    std::vector<std::vector<std::size_t>> m_units; ///< what is drawn: single rows, or the rows of a packed sequence
    std::vector<std::int64_t> m_lengths;           ///< of the units, in tokens
    TrainSettings m_settings;
    std::int64_t m_totalSteps = 0;
    std::int64_t m_stepsPerEpoch = 0;
    std::int64_t m_epoch = -1;
    std::vector<std::size_t> m_order; // of m_epoch
};

/// The learning rate of a step, counted from 1: the schedule's value at step - 1, as in transformers.
double learningRate(const TrainSettings &settings, std::int64_t step, std::int64_t totalSteps);

} // namespace attune
