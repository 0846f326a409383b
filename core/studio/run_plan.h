#pragma once

#include "core/base/machine.h"
#include "core/train/memory_plan.h"
#include "core/train/rows.h"

#include <filesystem>
#include <stop_token>

namespace attune {

class ChatEncoder;
class Project;

/// Whether a run goes into a memory: Tight where it goes in only if other programs make room.
enum class RunFit { Fits, Tight, TooLarge };
RunFit runFit(std::int64_t need, std::int64_t total, std::int64_t available);
const char *name(RunFit fit); ///< "fits", "tight", "too large"

struct DevicePlan {
    std::string device;     ///< as the setting `device` names it: "cpu", "cuda:0"
    std::string name;       ///< "AMD EPYC", "NVIDIA H100"
    bool usable = true;     ///< by this build, now
    std::int64_t total = 0; ///< bytes that a run may have there
    std::int64_t available = 0;
    MemoryPlan plan;
    bool limited = false; ///< the total is a limit of this process, not the machine's memory
    RunFit fit = RunFit::Fits;
    std::optional<MemoryAdvice> advice; ///< where it does not fit, and something would

    bool onGpu() const { return device.starts_with("cuda"); }
    /// What is wrong and what would help, in a sentence: why a run is refused (TooLarge) or warned of (Tight). Empty
    /// where it fits, and where nobody says how much memory there is.
    std::string trouble() const;
};

/// What a run's memory depends on of the rows that it trains on.
struct TrainLengths {
    std::size_t rows = 0;
    std::int64_t longest = 0;    ///< tokens, after the cut at max_length
    std::int64_t supervised = 0; ///< the most that one row is trained on
    bool even = true;            ///< all are of one length
    SharedPrefix prefix;
    std::int64_t validationLongest = 0;    ///< of the rows that it validates with
    std::int64_t validationSupervised = 0;
};
TrainLengths lengthsOf(std::span<const TrainRow> train, std::span<const TrainRow> validation = {});
/// Encodes the rows of a project's train and validation part as a run would now, one after another. Fails with
/// Interrupted when `stop` is requested.
Result<TrainLengths> measureTrainRows(Project &project, const ChatEncoder &encoder, const TrainSettings &settings,
                                      std::stop_token stop = {});

struct RunPlan {
    std::int64_t rowLength = 0;      ///< tokens of the longest row that is trained on, as far as is known
    std::optional<std::size_t> rows; ///< of the train part, where a project was given
    std::vector<DevicePlan> devices;
    std::size_t chosen = 0; ///< the one that the settings name

    const DevicePlan &device() const { return devices[chosen]; }
};

/// What a run would need on each device of this machine. `model`: folder or GGUF file; `project`: for the longest row
/// of its train part, which is max_length otherwise; nothing is written to it.
Result<RunPlan> planRun(const std::filesystem::path &model, const TrainSettings &settings,
                        const std::optional<std::filesystem::path> &project = {});
/// The same for rows that were measured: once, while setting after setting is tried. Fails where there are none.
Result<RunPlan> planRun(const std::filesystem::path &model, const TrainSettings &settings,
                        const TrainLengths &lengths);

/// For a run that is about to load its model: fails with OutOfMemory where it can't fit into the memory that there
/// is, free or not, in a sentence that says what would. A run that only fits if others make room gets a warning,
/// which is the value. `memory`: of this machine, unless a test says another.
Result<std::optional<std::string>> checkMemory(const std::filesystem::path &model, const TrainSettings &settings,
                                               const TrainLengths &lengths,
                                               const std::optional<MachineMemory> &memory = {});

/// "2.9 GiB", "131 MiB".
std::string bytesText(std::int64_t bytes);

} // namespace attune
