#include "core/studio/run_plan.h"

#include "core/base/gpus.h"
#include "core/model/devices.h"
#include "core/model/weight_source.h"
#include "core/store/project.h"
#include "core/studio/chat_model.h"

#include <algorithm>
#include <cstdio>

namespace attune {
namespace {

/// Of the whole memory: the rest is the system's.
constexpr double safeShare = 0.9;

struct LongestRow {
    std::int64_t length = 0;
    std::int64_t supervised = 0;
    bool even = true; ///< all are of this length
};

LongestRow longestOf(std::span<const TrainRow> rows)
{
    LongestRow longest;
    for (const TrainRow &row : rows) {
        const auto length = static_cast<std::int64_t>(row.ids.size());
        longest.even = longest.even && (longest.length == 0 || longest.length == length);
        longest.length = std::max(longest.length, length);
        longest.supervised = std::max(longest.supervised, row.supervised());
    }
    return longest;
}

/// Rows of a project's train part as a run would encode them now. No snapshot is taken.
Result<std::vector<TrainRow>> rowsOf(const std::filesystem::path &path, const std::filesystem::path &model,
                                     const TrainSettings &settings)
{
    ATTUNE_TRY(auto project, Project::open(path));
    ATTUNE_TRY(const auto encoder, loadChatEncoder(model));
    std::vector<TrainExample> examples;
    ExampleFilter filter;
    filter.part = Part::Train;
    ATTUNE_CHECK(project.forEachExample(filter, [&](const StoredExample &row) -> Result<void> {
        if (row.state != LabelState::Rejected)
            examples.push_back({row.id, row.messages});
        return {};
    }));
    return encodeRows(encoder, examples, settings);
}

std::optional<std::size_t> deviceIndex(const std::string &device)
{
    if (device == "cuda")
        return 0;
    if (!device.starts_with("cuda:"))
        return std::nullopt;
    return static_cast<std::size_t>(std::strtoul(device.c_str() + 5, nullptr, 10));
}

Result<void> judge(DevicePlan &device, const ModelConfig &config, const TrainSettings &settings,
                   const PlanSituation &situation)
{
    ATTUNE_TRY(device.plan, planMemory(config, settings, situation));
    device.fit = runFit(device.plan.total(), device.total, device.available);
    if (device.fit == RunFit::Fits)
        return {};
    ATTUNE_TRY(device.advice, adviseMemory(config, settings, situation, device.available));
    if (!device.advice && device.fit == RunFit::TooLarge) {
        const auto safe = static_cast<std::int64_t>(safeShare * static_cast<double>(device.total));
        ATTUNE_TRY(device.advice, adviseMemory(config, settings, situation, safe));
    }
    return {};
}

} // namespace

RunFit runFit(std::int64_t need, std::int64_t total, std::int64_t available)
{
    return need > total ? RunFit::TooLarge : need > available ? RunFit::Tight : RunFit::Fits;
}

const char *name(RunFit fit)
{
    return fit == RunFit::Fits ? "fits" : fit == RunFit::Tight ? "tight" : "too large";
}

std::string bytesText(std::int64_t bytes)
{
    const double mib = static_cast<double>(bytes) / (1 << 20);
    char text[48];
    if (mib < 1000)
        std::snprintf(text, sizeof text, "%.0f MiB", mib);
    else
        std::snprintf(text, sizeof text, "%.*f GiB", mib < 100 * 1024 ? 1 : 0, mib / 1024);
    return text;
}

Result<RunPlan> planRun(const std::filesystem::path &model, const TrainSettings &settings,
                        const std::optional<std::filesystem::path> &project)
{
    ATTUNE_CHECK(settings.check());
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    const ModelConfig &config = source->config();
    RunPlan run;
    LongestRow longest{settings.max_length, 0, false};
    if (project) {
        ATTUNE_TRY(const auto rows, rowsOf(*project, model, settings));
        if (rows.empty())
            return fail(ErrorCode::InvalidInput, project->string() + " has no row to train on; import some, or leave "
                                                                     "--project out.");
        longest = longestOf(rows);
        run.rows = rows.size();
    }
    run.rowLength = longest.length;

    PlanSituation situation = PlanSituation::here(settings);
    const bool onGpu = situation.gpu;
    situation.gpu = false;
    situation.rowLength = longest.length;
    situation.supervised = longest.supervised;
    situation.evenRows = longest.even;
    const MachineMemory memory = machineMemory();
    DevicePlan cpu;
    cpu.device = "cpu";
    cpu.name = processor().name;
    cpu.total = memory.total;
    // This process is in use already, and in the plan once more.
    cpu.available = std::min(memory.total, memory.available + situation.process);
    ATTUNE_CHECK(judge(cpu, config, settings, situation));
    run.devices.push_back(std::move(cpu));

    const std::size_t wanted = onGpu ? deviceIndex(settings.device).value_or(0) : 0;
    const GpuReport report = gpuReport();
    for (std::size_t i = 0; i < report.gpus.size(); ++i) {
        PlanSituation there = situation;
        there.gpu = true;
        DevicePlan gpu;
        gpu.device = "cuda:" + std::to_string(i);
        gpu.name = report.gpus[i].name;
        gpu.usable = engineHasCuda();
        gpu.total = report.gpus[i].total;
        gpu.available = report.gpus[i].free;
        ATTUNE_CHECK(judge(gpu, config, settings, there));
        if (onGpu && i == wanted)
            run.chosen = run.devices.size();
        run.devices.push_back(std::move(gpu));
    }
    return run;
}

Result<std::optional<std::string>> checkMemory(const std::filesystem::path &model, const TrainSettings &settings,
                                               std::span<const TrainRow> rows,
                                               const std::optional<MachineMemory> &memoryOrNone)
{
    PlanSituation situation = PlanSituation::here(settings);
    const LongestRow longest = longestOf(rows);
    situation.rowLength = longest.length;
    situation.supervised = longest.supervised;
    situation.evenRows = longest.even;
    const bool gpu = situation.gpu;
    const MachineMemory memory = memoryOrNone ? *memoryOrNone : machineMemory();
    DevicePlan device;
    device.total = memory.total;
    device.available = std::min(memory.total, memory.available + situation.process);
    if (gpu) {
        const GpuReport report = gpuReport();
        const std::size_t index = deviceIndex(settings.device).value_or(0);
        if (index >= report.gpus.size())
            return std::optional<std::string>(); // loading says what is wrong with the device
        device.total = report.gpus[index].total;
        device.available = report.gpus[index].free;
    }
    if (device.total <= 0)
        return std::optional<std::string>(); // nobody says how much there is
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    ATTUNE_CHECK(judge(device, source->config(), settings, situation));
    if (device.fit == RunFit::Fits)
        return std::optional<std::string>();
    const std::string need = bytesText(device.plan.total());
    const std::string change = device.advice
                                   ? device.advice->text() + " needs " + bytesText(device.advice->plan.total())
                                   : std::string("no setting brings it down far enough: take a smaller model");
    const std::string where = gpu ? "the GPU" : memory.limited() ? "this process" : "this machine";
    if (device.fit == RunFit::TooLarge)
        return fail(ErrorCode::OutOfMemory, "This run needs " + need + " of memory and " + where + " has " +
                                                bytesText(device.total) +
                                                (gpu                ? ""
                                                 : memory.limited() ? " by its limit"
                                                                    : "") +
                                                "; " + change + ".");
    return std::optional<std::string>(
        "This run needs " + need + " of memory and only " + bytesText(device.available) + " are free on " +
        (gpu ? "the GPU" : "this machine") + ": other programs may be pushed out, or this one ended" +
        (device.advice ? "; " + change : std::string()) + ".");
}

} // namespace attune
