#pragma once

#include "core/model/model_config.h"
#include "core/train/memory_ledger.h"
#include "core/train/settings.h"

#include <optional>
#include <string>
#include <vector>

namespace attune {

/// What a run's memory depends on besides the model's shape and the settings.
struct PlanSituation {
    bool gpu = false;
    bool restoresNf4 = false; ///< while it multiplies, so that no weight is whole in memory (CpuKernels::nf4Gemm)
    bool ownProducts = true; ///< bfloat16 is multiplied by our own kernels (CpuKernels::multipliesBf16)
    int threads = 1;
    std::int64_t process = 0;    ///< resident before the model is loaded
    std::int64_t rowLength = 0;  ///< tokens of the longest row; 0: max_length
    std::int64_t supervised = 0; ///< trained tokens of such a row; 0: all of them
    std::int64_t prefix = 0;     ///< tokens that all rows begin with, as SharedPrefix tells
    std::int64_t validationLength = 0;     ///< tokens of the longest validation row; 0: there is none
    std::int64_t validationSupervised = 0; ///< trained tokens of such a row
    bool evenRows = false;       ///< all rows are of one length, so that no block is too small for the next batch
    bool saves = true;           ///< checkpoints are taken

    /// For this machine, this process and its device setting.
    static PlanSituation here(const TrainSettings &settings);
};

/// The peak of memory that a training run will need, by part: of this process on a CPU, of the card on a GPU.
struct MemoryPlan {
    PartBytes parts{};
    std::int64_t mostUsed = 0; ///< of the allocator's large blocks, as blockUse() tells
    std::int64_t bytes(MemoryPart part) const { return parts[static_cast<std::size_t>(part)]; }
    std::int64_t total() const;
};

/// Plays the requests of loading, of some steps and of a checkpoint through the allocator's rules, in the order in
/// which core/model and core/train make them, without memory or arithmetic: it takes milliseconds. Fails with
/// InvalidInput where the settings select no module of the model.
Result<MemoryPlan> planMemory(const ModelConfig &config, const TrainSettings &settings,
                              const PlanSituation &situation);

/// A word for people: "base model, frozen".
const char *label(MemoryPart part);
/// A key for programs: "weights".
const char *key(MemoryPart part);

/// A way to make a run fit: what to change, and what it will need then.
struct MemoryAdvice {
    TrainSettings settings;
    std::vector<std::string> changes; ///< "per_device_train_batch_size=1"
    MemoryPlan plan;
    std::string text() const; ///< the changes in one line
};

/// The change that costs the user least and brings the run under `limit` bytes; none where nothing does. In this
/// order: shorter sequences of packed rows, where that cuts none; smaller batches with as much more accumulation (the
/// same result, little time), checkpointing (the same result, a third slower), both, the base in NF4 (a little
/// worse), shorter rows (what is behind is lost).
Result<std::optional<MemoryAdvice>> adviseMemory(const ModelConfig &config, const TrainSettings &settings,
                                                 const PlanSituation &situation, std::int64_t limit);

} // namespace attune
