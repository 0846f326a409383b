#include "core/train/memory_plan.h"

#include <algorithm>

namespace attune {
namespace {

/// A row shorter than this is hardly a conversation.
constexpr std::int64_t shortestRow = 128;

struct Change {
    TrainSettings settings;
    std::vector<std::string> changes;

    void set(const std::string &key, const std::string &value)
    {
        if (settings.set(key, value))
            changes.push_back(key + "=" + value);
    }
};

/// The smaller batches that divide this one, the largest first, each with as many rows a step as before.
std::vector<Change> withSmallerBatches(const Change &from)
{
    std::vector<Change> changes;
    const std::int64_t batch = from.settings.per_device_train_batch_size;
    const std::int64_t window = batch * from.settings.gradient_accumulation_steps;
    for (std::int64_t smaller = batch - 1; smaller >= 1; --smaller) {
        // Halves and what is near them: every divisor of a batch of thousands would be a long list.
        if (window % smaller != 0 ||
            (!changes.empty() && smaller > 1 && 2 * smaller > changes.back().settings.per_device_train_batch_size))
            continue;
        if (changes.empty() && 2 * smaller > batch && smaller > 1)
            continue;
        Change change = from;
        change.set("per_device_train_batch_size", std::to_string(smaller));
        change.set("gradient_accumulation_steps", std::to_string(window / smaller));
        if (change.settings.gradient_accumulation_steps == window / smaller)
            changes.push_back(std::move(change));
    }
    return changes;
}

} // namespace

std::string MemoryAdvice::text() const
{
    std::string text;
    for (const std::string &change : changes)
        text += (text.empty() ? "" : " ") + change;
    return text;
}

Result<std::optional<MemoryAdvice>> adviseMemory(const ModelConfig &config, const TrainSettings &settings,
                                                 const PlanSituation &situation, std::int64_t limit)
{
    std::vector<Change> ways;
    const auto addBatches = [&](const Change &from) {
        for (Change &change : withSmallerBatches(from))
            ways.push_back(std::move(change));
    };
    const auto add = [&](const Change &change) {
        ways.push_back(change);
        addBatches(change);
    };
    Change change{settings, {}};
    // Rows that are packed need a sequence as long as the longest of them, and no more.
    if (settings.packing && situation.rowLength > 0)
        for (std::int64_t length = settings.max_length / 2; length >= situation.rowLength; length /= 2) {
            change = Change{settings, {}};
            change.set("max_length", std::to_string(length));
            ways.push_back(change);
        }
    addBatches(change);
    if (settings.keep_dequantized && settings.quantization == "nf4") {
        change.set("keep_dequantized", "false");
        add(change);
    }
    if (!settings.gradient_checkpointing) {
        change.set("gradient_checkpointing", "true");
        add(change);
    }
    if (settings.quantization != "nf4") {
        change.set("quantization", "nf4");
        add(change);
    }
    // From here on with the smallest batch: rows are cut only where nothing else helps.
    if (auto batches = withSmallerBatches(change); !batches.empty())
        change = std::move(batches.back());
    std::int64_t length =
        situation.rowLength > 0 ? std::min(situation.rowLength, settings.max_length) : settings.max_length;
    for (length /= 2; length >= shortestRow; length /= 2) {
        Change shorter = change;
        shorter.set("max_length", std::to_string(length));
        ways.push_back(std::move(shorter));
    }
    for (Change &way : ways) {
        ATTUNE_TRY(const MemoryPlan plan, planMemory(config, way.settings, situation));
        if (plan.total() <= limit)
            return std::optional(MemoryAdvice{std::move(way.settings), std::move(way.changes), plan});
    }
    return std::optional<MemoryAdvice>();
}

} // namespace attune
