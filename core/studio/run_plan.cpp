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

void take(const TrainRow &row, TrainLengths &lengths)
{
    const auto length = static_cast<std::int64_t>(row.ids.size());
    lengths.even = lengths.even && (lengths.rows == 0 || lengths.longest == length);
    lengths.longest = std::max(lengths.longest, length);
    lengths.supervised = std::max(lengths.supervised, row.supervised());
    lengths.prefix.add(row);
    ++lengths.rows;
}

void takeValidation(const TrainRow &row, TrainLengths &lengths)
{
    lengths.validationLongest = std::max(lengths.validationLongest, static_cast<std::int64_t>(row.ids.size()));
    lengths.validationSupervised = std::max(lengths.validationSupervised, row.supervised());
}

PlanSituation situationOf(const TrainSettings &settings, const TrainLengths &lengths)
{
    PlanSituation situation = PlanSituation::here(settings);
    situation.rowLength = lengths.longest;
    situation.supervised = lengths.supervised;
    situation.evenRows = lengths.even;
    situation.prefix = lengths.prefix.tokens();
    situation.validationLength = lengths.validationLongest;
    situation.validationSupervised = lengths.validationSupervised;
    return situation;
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

TrainLengths lengthsOf(std::span<const TrainRow> train, std::span<const TrainRow> validation)
{
    TrainLengths lengths;
    for (const TrainRow &row : train)
        take(row, lengths);
    for (const TrainRow &row : validation)
        takeValidation(row, lengths);
    return lengths;
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

std::string DevicePlan::trouble() const
{
    if (fit == RunFit::Fits || total <= 0)
        return {};
    const std::string need = bytesText(plan.total());
    const std::string change = advice ? advice->text() + " needs " + bytesText(advice->plan.total())
                                      : std::string("no setting brings it down far enough: take a smaller model");
    if (fit == RunFit::TooLarge)
        return "This run needs " + need + " of memory and " +
               (onGpu() ? "the GPU" : limited ? "this process" : "this machine") + " has " + bytesText(total) +
               (!onGpu() && limited ? " by its limit" : "") + "; " + change + ".";
    return "This run needs " + need + " of memory and only " + bytesText(available) + " are free on " +
           (onGpu() ? "the GPU" : "this machine") + ": other programs may be pushed out, or this one ended" +
           (advice ? "; " + change : std::string()) + ".";
}

Result<TrainLengths> measureTrainRows(Project &project, const ChatEncoder &encoder, const TrainSettings &settings,
                                      std::stop_token stop)
{
    TrainLengths lengths;
    ExampleFilter filter;
    filter.includeRejected = false;
    ATTUNE_CHECK(project.forEachExample(filter, [&](const StoredExample &row) -> Result<void> {
        if (stop.stop_requested())
            return fail(ErrorCode::Interrupted, "Measuring the rows was stopped.");
        if (row.part != Part::Train && row.part != Part::Validation)
            return {};
        const TrainExample example{row.id, row.messages};
        ATTUNE_TRY(const auto encoded, encodeRows(encoder, std::span(&example, 1), settings));
        if (row.part == Part::Train)
            take(encoded.front(), lengths);
        else
            takeValidation(encoded.front(), lengths);
        return {};
    }));
    return lengths;
}

namespace {

DevicePlan cpuPlan(const MachineMemory &memory, const PlanSituation &situation)
{
    DevicePlan cpu;
    cpu.device = "cpu";
    cpu.total = memory.total;
    cpu.limited = memory.limited();
    // This process is in use already, and in the plan once more.
    cpu.available = std::min(memory.total, memory.available + situation.process);
    return cpu;
}

DevicePlan gpuPlan(const Gpu &card, std::size_t index)
{
    DevicePlan gpu;
    gpu.device = "cuda:" + std::to_string(index);
    gpu.name = card.name;
    gpu.usable = engineHasCuda();
    gpu.total = card.total;
    gpu.available = card.free;
    return gpu;
}

Result<RunPlan> planOn(const ModelConfig &config, const TrainSettings &settings, PlanSituation situation)
{
    RunPlan run;
    run.rowLength = situation.rowLength;
    const bool onGpu = situation.gpu;
    situation.gpu = false;
    DevicePlan cpu = cpuPlan(machineMemory(), situation);
    cpu.name = processor().name;
    ATTUNE_CHECK(judge(cpu, config, settings, situation));
    run.devices.push_back(std::move(cpu));

    situation.gpu = true;
    const std::size_t wanted = onGpu ? deviceIndex(settings.device).value_or(0) : 0;
    const GpuReport report = gpuReport();
    for (std::size_t i = 0; i < report.gpus.size(); ++i) {
        DevicePlan gpu = gpuPlan(report.gpus[i], i);
        ATTUNE_CHECK(judge(gpu, config, settings, situation));
        if (onGpu && i == wanted)
            run.chosen = run.devices.size();
        run.devices.push_back(std::move(gpu));
    }
    if (onGpu && wanted >= report.gpus.size())
        return fail(ErrorCode::InvalidInput,
                    "The setting device names " + settings.device + ", but this machine has " +
                        (report.gpus.empty() ? "no GPU that answers" : "no card of this number") +
                        "; `attune doctor` tells which there are.");
    return run;
}

} // namespace

Result<RunPlan> planRun(const std::filesystem::path &model, const TrainSettings &settings,
                        const std::optional<std::filesystem::path> &project)
{
    ATTUNE_CHECK(settings.check());
    if (project) {
        ATTUNE_TRY(auto opened, Project::open(*project));
        ATTUNE_TRY(const auto encoder, loadChatEncoder(model));
        ATTUNE_TRY(const auto lengths, measureTrainRows(opened, encoder, settings));
        if (lengths.rows == 0)
            return fail(ErrorCode::InvalidInput, project->string() + " has no row to train on; import some, or leave "
                                                                     "--project out.");
        return planRun(model, settings, lengths);
    }
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    TrainLengths lengths;
    lengths.longest = settings.max_length;
    lengths.even = false;
    return planOn(source->config(), settings, situationOf(settings, lengths));
}

Result<RunPlan> planRun(const std::filesystem::path &model, const TrainSettings &settings,
                        const TrainLengths &lengths)
{
    ATTUNE_CHECK(settings.check());
    if (lengths.rows == 0)
        return fail(ErrorCode::InvalidInput, "There is no row to train on.");
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    ATTUNE_TRY(auto run, planOn(source->config(), settings, situationOf(settings, lengths)));
    run.rows = lengths.rows;
    return run;
}

Result<std::optional<std::string>> checkMemory(const std::filesystem::path &model, const TrainSettings &settings,
                                               const TrainLengths &lengths,
                                               const std::optional<MachineMemory> &memory)
{
    const PlanSituation situation = situationOf(settings, lengths);
    DevicePlan device = cpuPlan(memory ? *memory : machineMemory(), situation);
    if (situation.gpu) {
        const GpuReport report = gpuReport();
        const std::size_t index = deviceIndex(settings.device).value_or(0);
        if (index >= report.gpus.size())
            return std::optional<std::string>(); // loading says what is wrong with the device
        device = gpuPlan(report.gpus[index], index);
    }
    if (device.total <= 0)
        return std::optional<std::string>(); // nobody says how much there is
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    ATTUNE_CHECK(judge(device, source->config(), settings, situation));
    const std::string trouble = device.trouble();
    if (trouble.empty())
        return std::optional<std::string>();
    if (device.fit == RunFit::TooLarge)
        return fail(ErrorCode::OutOfMemory, trouble);
    return std::optional<std::string>(trouble);
}

} // namespace attune
