#include "core/train/rows.h"

#include "core/base/split_mix.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numbers>
#include <numeric>

namespace attune {
namespace {

/// In [0, bound), each as likely as the next: what would favour the low ones is drawn again.
std::uint64_t drawBelow(std::uint64_t bound, std::uint64_t &state)
{
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    std::uint64_t x = nextSplitMix(state);
    while (x >= limit)
        x = nextSplitMix(state);
    return x % bound;
}

void shuffleRows(std::vector<std::size_t> &rows, std::uint64_t seed)
{
    for (std::size_t i = rows.size(); i > 1; --i)
        std::swap(rows[i - 1], rows[drawBelow(i, seed)]);
}

/// With the tokens that its rows share, and no rows yet.
TokenBatch beginBatch(std::span<const TrainRow> rows, std::span<const std::size_t> indices, std::int64_t prefix)
{
    TokenBatch batch;
    batch.prefix = prefix;
    if (!indices.empty())
        batch.ids.assign(rows[indices.front()].ids.begin(), rows[indices.front()].ids.begin() + prefix);
    batch.targets.assign(batch.ids.size(), -1);
    return batch;
}

/// What follows the prefix of `row`, with its targets.
void addRow(TokenBatch &batch, const TrainRow &row)
{
    for (auto t = static_cast<std::size_t>(batch.prefix); t < row.ids.size(); ++t) {
        batch.ids.push_back(row.ids[t]);
        const bool trains = t + 1 < row.ids.size() && row.trained[t + 1];
        batch.targets.push_back(trains ? row.ids[t + 1] : -1);
    }
}

} // namespace

std::int64_t TrainRow::supervised() const
{
    return trained.empty() ? 0 : std::accumulate(trained.begin() + 1, trained.end(), std::int64_t(0));
}

RowOptions RowOptions::of(const TrainSettings &settings)
{
    return {settings.max_length, settings.assistant_only_loss, settings.mask_history};
}

Result<EncodedRow> encodeRow(const ChatEncoder &encoder, std::span<const Message> messages, const RowOptions &options)
{
    ATTUNE_TRY(EncodedChat chat, encoder.encode(messages));
    std::vector<std::uint8_t> &mask = chat.assistantMask;
    if (options.lastAnswerOnly) {
        const auto answerEnd = std::find(mask.rbegin(), mask.rend(), std::uint8_t(1));
        const auto answerBegin = std::find(answerEnd, mask.rend(), std::uint8_t(0));
        std::fill(answerBegin, mask.rend(), std::uint8_t(0));
    } else if (!options.assistantOnlyLoss) {
        std::fill(mask.begin(), mask.end(), std::uint8_t(1));
    }
    const std::size_t kept = std::min(chat.ids.size(), static_cast<std::size_t>(options.maxLength));
    return EncodedRow{std::move(chat), kept};
}

Result<std::vector<TrainRow>> encodeRows(const ChatEncoder &encoder, std::span<const TrainExample> examples,
                                         const TrainSettings &settings, EncodeReport *report)
{
    EncodeReport unused;
    EncodeReport &r = report ? *report : unused;
    std::vector<TrainRow> rows;
    rows.reserve(examples.size());
    for (const TrainExample &example : examples) {
        auto encoded = encodeRow(encoder, example.messages, RowOptions::of(settings));
        if (!encoded)
            return fail(encoded.error().code, "Row " + std::to_string(example.id) + ": " + encoded.error().message,
                        encoded.error().detail);
        TrainRow row{example.id, std::move(encoded->chat.ids), std::move(encoded->chat.assistantMask)};
        if (row.ids.size() > encoded->kept) {
            ++r.cutRows;
            r.cutTokens += static_cast<std::int64_t>(row.ids.size() - encoded->kept);
            row.ids.resize(encoded->kept);
            row.trained.resize(encoded->kept);
        }
        if (row.supervised() == 0)
            r.untrained.push_back(example.id);
        rows.push_back(std::move(row));
    }
    return rows;
}

void SharedPrefix::add(const TrainRow &row)
{
    if (m_rows++ == 0)
        m_ids = row.ids;
    // The last shared token may not have to predict a trained one, and the row keeps a token of its own.
    std::size_t most = row.ids.empty() ? 0 : row.ids.size() - 1;
    for (std::size_t t = 1; t <= most; ++t)
        if (row.trained[t])
            most = t - 1;
    const auto end = row.ids.begin() + static_cast<std::ptrdiff_t>(most);
    m_ids.erase(std::mismatch(m_ids.begin(), m_ids.end(), row.ids.begin(), end).first, m_ids.end());
}

std::int64_t SharedPrefix::tokens() const
{
    constexpr std::size_t least = 16; // with less, the attention of one more stretch costs what the products save
    return m_rows > 1 && m_ids.size() >= least ? static_cast<std::int64_t>(m_ids.size()) : 0;
}

std::int64_t sharedPrefix(std::span<const TrainRow> rows, std::span<const std::size_t> indices)
{
    SharedPrefix prefix;
    for (const std::size_t i : indices)
        prefix.add(rows[i]);
    return prefix.tokens();
}

bool sharesPrefixes(std::string_view device)
{
    if (device == "cpu")
        return true;
    const char *use = std::getenv("ATTUNE_SHARED_BEGINNINGS"); // on a card: until it has been measured there
    return use && std::string_view(use) == "1";
}

TokenBatch makeBatch(std::span<const TrainRow> rows, std::span<const std::size_t> indices, std::int64_t prefix)
{
    TokenBatch batch = beginBatch(rows, indices, prefix);
    batch.rows = static_cast<std::int64_t>(indices.size());
    for (const std::size_t i : indices)
        batch.length = std::max(batch.length, static_cast<std::int64_t>(rows[i].ids.size()) - prefix);
    for (const std::size_t i : indices) {
        const std::size_t end = batch.ids.size() + static_cast<std::size_t>(batch.length);
        addRow(batch, rows[i]);
        batch.ids.resize(end, 0);
        batch.targets.resize(end, -1);
    }
    return batch;
}

TokenBatch makePackedBatch(std::span<const TrainRow> rows, std::span<const std::size_t> indices, std::int64_t prefix)
{
    TokenBatch batch = beginBatch(rows, indices, prefix);
    batch.rows = 1;
    for (const std::size_t i : indices) {
        addRow(batch, rows[i]);
        batch.packed.push_back(static_cast<std::int64_t>(rows[i].ids.size()) - prefix);
    }
    batch.length = static_cast<std::int64_t>(batch.ids.size()) - prefix;
    return batch;
}

std::int64_t paddingOf(const TokenBatch &batch, std::span<const TrainRow> rows, std::span<const std::size_t> indices)
{
    std::int64_t tokens = batch.prefix;
    for (const std::size_t i : indices)
        tokens += static_cast<std::int64_t>(rows[i].ids.size()) - batch.prefix;
    return static_cast<std::int64_t>(batch.ids.size()) - tokens;
}

std::vector<std::vector<std::size_t>> packRows(std::span<const TrainRow> rows, std::int64_t capacity)
{
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    const auto length = [&](std::size_t row) { return static_cast<std::int64_t>(rows[row].ids.size()); };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(a) > length(b); });
    std::vector<std::vector<std::size_t>> sequences;
    std::map<std::int64_t, std::vector<std::size_t>> byRoom; // sequences by the tokens that still fit
    for (const std::size_t row : order) {
        std::size_t sequence = sequences.size();
        std::int64_t room = capacity;
        const auto fitting = byRoom.lower_bound(length(row));
        if (fitting == byRoom.end()) {
            sequences.emplace_back();
        } else {
            room = fitting->first;
            sequence = fitting->second.back();
            fitting->second.pop_back();
            if (fitting->second.empty())
                byRoom.erase(fitting);
        }
        sequences[sequence].push_back(row);
        if (room > length(row))
            byRoom[room - length(row)].push_back(sequence);
    }
    for (auto &sequence : sequences)
        std::sort(sequence.begin(), sequence.end());
    std::sort(sequences.begin(), sequences.end());
    return sequences;
}

RunLength runLength(std::size_t rows, const TrainSettings &settings)
{
    const double window = static_cast<double>(settings.per_device_train_batch_size) *
                          static_cast<double>(settings.gradient_accumulation_steps);
    const auto count = static_cast<double>(rows);
    const auto atLeastOne = [](double steps) {
        return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(steps)));
    };
    return {atLeastOne(count / window), settings.max_steps > 0
                                            ? settings.max_steps
                                            : atLeastOne(settings.num_train_epochs * count / window)};
}

RowOrder::RowOrder(std::span<const TrainRow> rows, const TrainSettings &settings) : m_settings(settings)
{
    if (settings.packing) {
        m_units = packRows(rows, settings.max_length);
    } else {
        for (std::size_t i = 0; i < rows.size(); ++i)
            m_units.push_back({i});
    }
    for (const auto &unit : m_units)
        m_lengths.push_back(
            std::accumulate(unit.begin(), unit.end(), std::int64_t(0), [&](std::int64_t sum, auto row) {
                return sum + static_cast<std::int64_t>(rows[row].ids.size());
            }));
    const RunLength length = runLength(m_units.size(), settings);
    m_stepsPerEpoch = length.stepsPerEpoch;
    m_totalSteps = length.totalSteps;
}

const std::vector<std::size_t> &RowOrder::epochOrder(std::int64_t epoch)
{
    if (epoch == m_epoch)
        return m_order;
    m_epoch = epoch;
    m_order.resize(m_lengths.size());
    std::iota(m_order.begin(), m_order.end(), std::size_t(0));
    if (!m_settings.shuffle)
        return m_order;
    shuffleRows(m_order,
                static_cast<std::uint64_t>(m_settings.seed) * 1'000'003ULL + static_cast<std::uint64_t>(epoch));
    if (!m_settings.group_by_length)
        return m_order;
    // As transformers does it: pieces of fifty batches, or of a quarter of few rows, each sorted by length, so that
    // order stays random on the whole. The longest row of all comes first, so that memory runs out at once or never.
    const auto batch = static_cast<std::size_t>(m_settings.per_device_train_batch_size);
    const std::size_t piece = batch * std::clamp<std::size_t>(m_order.size() / (4 * batch), 1, 50);
    for (std::size_t begin = 0; begin < m_order.size(); begin += piece) {
        const auto end = m_order.begin() + static_cast<std::ptrdiff_t>(std::min(begin + piece, m_order.size()));
        std::stable_sort(m_order.begin() + static_cast<std::ptrdiff_t>(begin), end,
                         [&](std::size_t a, std::size_t b) { return m_lengths[a] > m_lengths[b]; });
    }
    const auto longest = std::max_element(m_order.begin(), m_order.end(), [&](std::size_t a, std::size_t b) {
        return m_lengths[a] < m_lengths[b];
    });
    std::iter_swap(m_order.begin(), longest);
    return m_order;
}

std::vector<std::vector<std::size_t>> RowOrder::window(std::int64_t step)
{
    const std::int64_t batch = m_settings.per_device_train_batch_size;
    const std::int64_t size = batch * m_settings.gradient_accumulation_steps;
    const auto count = static_cast<std::int64_t>(m_lengths.size());
    std::vector<std::size_t> units;
    for (std::int64_t k = (step - 1) * size; k < step * size; ++k)
        units.push_back(epochOrder(k / count)[static_cast<std::size_t>(k % count)]);
    // The step averages over all its rows, so which of them share a batch is free: rows of like length pad least.
    if (m_settings.shuffle && batch > 1)
        std::stable_sort(units.begin(), units.end(),
                         [&](std::size_t a, std::size_t b) { return m_lengths[a] < m_lengths[b]; });
    std::vector<std::vector<std::size_t>> batches;
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (i % static_cast<std::size_t>(batch) == 0)
            batches.emplace_back();
        const auto &rows = m_units[units[i]];
        batches.back().insert(batches.back().end(), rows.begin(), rows.end());
    }
    return batches;
}

double learningRate(const TrainSettings &settings, std::int64_t step, std::int64_t totalSteps)
{
    const auto s = static_cast<double>(step - 1);
    const auto total = static_cast<double>(totalSteps);
    const double peak = settings.learning_rate;
    if (settings.lr_scheduler_type == "constant")
        return peak;
    const double warmup = settings.warmup_steps > 0 ? static_cast<double>(settings.warmup_steps)
                                                    : std::ceil(settings.warmup_ratio * total);
    if (s < warmup)
        return peak * s / warmup;
    if (settings.lr_scheduler_type == "constant_with_warmup")
        return peak;
    const double done = (s - warmup) / std::max(1.0, total - warmup);
    if (settings.lr_scheduler_type == "linear")
        return peak * std::max(0.0, 1.0 - done);
    return peak * std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * done)));
}

} // namespace attune
