#include "core/train/memory_plan.h"

#include "core/model/devices.h"
#include "core/model/kernels/kernels.h"
#include "core/train/step_replay.h"

#include <algorithm>
#include <numeric>

namespace attune {
namespace {

/// Pages of the program and of libtorch that a step touches for the first time. Measured: 10 to 12 MiB.
constexpr std::int64_t touchedCode = 11 << 20;
/// Shares of the longest row that the batches of a run of uneven rows have, one after another: what fits none of the
/// idle blocks is mapped beside them.
constexpr double lengths[] = {0.6, 1.0, 0.45, 0.8, 0.3, 0.9, 0.7, 1.0};

struct PartWords {
    const char *key;
    const char *label;
};
constexpr PartWords words[memoryParts] = {
    {"process", "program and libraries"},
    {"weights", "base model, frozen"},
    {"dequantised", "one weight, unpacked"},
    {"adapter", "adapter and its gradients"},
    {"optimizer", "optimiser"},
    {"activations", "activations kept"},
    {"layer", "within a layer"},
    {"attention", "attention scores"},
    {"head", "logits"},
    {"loading", "reading the model"},
    {"checkpoint", "saving a checkpoint"},
    {"spare", "idle blocks kept"},
};

std::int64_t &at(PartBytes &parts, MemoryPart part)
{
    return parts[static_cast<std::size_t>(part)];
}

void playSteps(StepReplay &replay, const TrainSettings &settings, const PlanSituation &situation)
{
    const std::int64_t rows = settings.per_device_train_batch_size;
    const std::int64_t longest =
        situation.rowLength > 0 ? std::min(situation.rowLength, settings.max_length) : settings.max_length;
    const auto step = [&](std::int64_t length) {
        const std::int64_t trained = situation.supervised > 0 ? std::min(situation.supervised, length) : length;
        // A packed sequence is as long as max_length, whatever its rows are.
        const std::int64_t inSequence =
            settings.packing ? std::max<std::int64_t>(1, settings.max_length / length) : 1;
        replay.batch(rows * inSequence, length, rows * inSequence * trained);
        replay.optimizerStep();
    };
    if (situation.evenRows) {
        step(longest);
        step(longest);
        return;
    }
    for (const double share : lengths)
        step(std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(longest) * share)));
}

} // namespace

const char *label(MemoryPart part)
{
    return words[static_cast<std::size_t>(part)].label;
}

const char *key(MemoryPart part)
{
    return words[static_cast<std::size_t>(part)].key;
}

PlanSituation PlanSituation::here(const TrainSettings &settings)
{
    PlanSituation situation;
    situation.gpu = settings.device.starts_with("cuda") || (settings.device == "auto" && engineHasCuda());
    situation.ownProducts = cpuKernels().multipliesBf16;
    situation.restoresNf4 = cpuKernels().nf4Gemm != nullptr;
    situation.threads = computeThreads();
    situation.process = currentMemory();
    return situation;
}

std::int64_t MemoryPlan::total() const
{
    return std::accumulate(parts.begin(), parts.end(), std::int64_t(0));
}

Result<MemoryPlan> planMemory(const ModelConfig &config, const TrainSettings &settings,
                              const PlanSituation &situation)
{
    ATTUNE_TRY(const ModuleSelection selection, settings.loraConfig().targets.select(config.layers));
    MemoryLedger ledger(!situation.gpu);
    MemoryPlan plan;
    std::int64_t parameters = 0;
    {
        StepReplay replay(config, settings, selection, situation, ledger);
        replay.load();
        replay.startAdapter();
        playSteps(replay, settings, situation);
        if (const std::int64_t length = std::min(situation.validationLength, settings.max_length); length > 0)
            replay.evaluation(settings.per_device_train_batch_size, length,
                              settings.per_device_train_batch_size *
                                  std::clamp<std::int64_t>(situation.validationSupervised, 1, length));
        parameters = replay.adapterParameters();
    }
    plan.parts = ledger.parts();
    plan.mostUsed = ledger.mostUsed();
    // What the allocator of the card keeps idle is not played here: an eighth is set aside for it.
    if (situation.gpu)
        at(plan.parts, MemoryPart::Spare) += ledger.most() / 8;
    else
        at(plan.parts, MemoryPart::Process) = situation.process + touchedCode;
    if (!situation.gpu && situation.ownProducts && settings.compute_dtype == "bfloat16") {
        constexpr std::int64_t large = 1 << 20;
        at(plan.parts, MemoryPart::Process) += situation.threads *
                                               cpuKernels().gemmWorkspace(large, large, large, 3 * settings.lora_r) *
                                               std::int64_t(sizeof(float));
    }
    // The trainer's copy of both means and the checkpoint's own, the adapter, and the bytes of them all: float32
    // each.
    if (situation.saves && !situation.gpu)
        at(plan.parts, MemoryPart::Checkpoint) = 8 * parameters * std::int64_t(sizeof(float));
    if (!situation.gpu)
        at(plan.parts, MemoryPart::Loading) =
            std::max<std::int64_t>(0, plan.bytes(MemoryPart::Process) + ledger.mostBeside() - plan.total());
    return plan;
}

} // namespace attune
