#pragma once

#include "core/train/events.h"
#include "core/train/rows.h"

#include <functional>
#include <optional>
#include <stop_token>

namespace attune {

/// One of AdamW's running means over the flat adapter, as the optimiser keeps it; both empty: zeros, before the first
/// step.
struct AdamWMean {
    std::vector<float> values;       ///< float32 means; with 8-bit codes, the largest magnitude of each block
    std::vector<std::uint8_t> codes; ///< of the 8-bit optimiser
};

/// Everything that a run needs to go on as if it had never stopped. Which rows come next and which masks dropout
/// draws follow from the step, so they are not stored.
struct TrainState {
    std::int64_t step = 0; ///< steps done
    std::optional<double> bestLoss;
    std::int64_t bestStep = 0;
    std::int64_t evaluationsWithoutGain = 0;
    bool validationPending = false; ///< stopped between a step and its validation
    AdamWMean firstMoment;
    AdamWMean secondMoment;

    std::string toBytes() const; ///< a safetensors file
    static Result<TrainState> fromBytes(std::string_view bytes);
};

struct Checkpoint {
    std::int64_t step = 0;
    std::optional<double> validationLoss; ///< where it was validated at this step
    bool best = false;
    Adapter adapter;
    TrainState state;
};

struct TrainJob {
    TrainSettings settings;
    std::vector<TrainRow> rows;
    std::vector<TrainRow> validation; ///< empty: no validation, no early stopping
    std::optional<TrainState> resume; ///< the model then holds the adapter of that step
    /// Called on the training thread. An error ends the run.
    std::function<Result<void>(const Checkpoint &)> save;
    /// Called on the training thread before the first step (0) and after each validation, once its checkpoint is
    /// kept: a look at the model, which it must leave as it is.
    std::function<void(std::int64_t step)> evaluated;
};

struct TrainOutcome {
    std::int64_t step = 0;
    bool stopped = false; ///< on request, with a checkpoint
    bool early = false;   ///< by early_stopping_patience
    std::optional<double> bestLoss;
    std::int64_t bestStep = 0;
};

/// Trains the adapter that `model` holds. A plain function for a std::jthread: `stop` is looked at before every
/// batch, and ends the run with a checkpoint; events go to the queue, Ended last, whatever happens. The gradient of a
/// step is that of the mean loss over its supervised tokens. A loss that is not finite ends the run with an error
/// that names step and rows; the state before it is saved, unless it is broken too. Bit-identical for equal input,
/// thread count and kernel level, resumed or not.
Result<TrainOutcome> train(LanguageModel &model, const TrainJob &job, std::stop_token stop, EventQueue &events);

/// Mean loss over rows, in batches of like length.
Result<LossSum> evaluateRows(LanguageModel &model, std::span<const TrainRow> rows, std::int64_t batchSize,
                             std::stop_token stop);

} // namespace attune
