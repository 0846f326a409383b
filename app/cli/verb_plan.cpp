#include "app/cli/model_options.h"
#include "app/cli/text.h"
#include "core/model/registry.h"
#include "core/studio/run_plan.h"

namespace attune::cli {
namespace {

struct Options {
    std::string model;
    std::string project;
    bool json = false;
    SetOptions sets;
};

constexpr std::size_t nameWidth = 28;
constexpr std::size_t sizeWidth = 10;
constexpr int barCells = 20;

std::string padded(const std::string &text, std::size_t width)
{
    const std::size_t has = characters(text);
    return text + std::string(has < width ? width - has : 0, ' ');
}

std::string toTheRight(const std::string &text, std::size_t width)
{
    const std::size_t has = characters(text);
    return std::string(has < width ? width - has : 0, ' ') + text;
}

/// A share as a bar of half cells.
std::string bar(double share)
{
    const auto halves = static_cast<int>(share * barCells * 2 + 0.5);
    std::string text;
    for (int i = 0; i < halves / 2; ++i)
        text += "█";
    return text + (halves % 2 != 0 ? "▌" : "");
}

OrderedJson adviceJson(const MemoryAdvice &advice)
{
    OrderedJson json = {{"set", advice.changes}, {"total_bytes", advice.plan.total()}};
    return json;
}

OrderedJson deviceJson(const DevicePlan &device)
{
    OrderedJson parts;
    for (std::size_t i = 0; i < memoryParts; ++i)
        parts[key(static_cast<MemoryPart>(i))] = device.plan.parts[i];
    OrderedJson json = {{"device", device.device},
                        {"name", device.name},
                        {"usable", device.usable},
                        {"memory_bytes", device.total},
                        {"available_bytes", device.available},
                        {"total_bytes", device.plan.total()},
                        {"parts", parts},
                        {"fit", name(device.fit)}};
    json["advice"] = device.advice ? adviceJson(*device.advice) : OrderedJson();
    return json;
}

OrderedJson planJson(const RunPlan &run)
{
    const DevicePlan &chosen = run.device();
    OrderedJson json = {{"device", chosen.device},
                        {"row_length", run.rowLength},
                        {"total_bytes", chosen.plan.total()},
                        {"total_gib", static_cast<double>(chosen.plan.total()) / (1 << 30)},
                        {"fits", chosen.fit != RunFit::TooLarge}};
    json["devices"] = OrderedJson::array();
    for (const DevicePlan &device : run.devices)
        json["devices"].push_back(deviceJson(device));
    return json;
}

void printParts(const MemoryPlan &plan)
{
    for (std::size_t i = 0; i < memoryParts; ++i) {
        const auto part = static_cast<MemoryPart>(i);
        if (plan.bytes(part) < (1 << 20) / 2)
            continue; // would read as nothing
        const double share = static_cast<double>(plan.bytes(part)) / static_cast<double>(plan.total());
        print("  " + padded(label(part), nameWidth) + toTheRight(bytesText(plan.bytes(part)), sizeWidth) + "  " +
              bar(share));
    }
    print("  " + padded("", nameWidth) + toTheRight("────────", sizeWidth));
    print("  " + padded("at the peak", nameWidth) + toTheRight(bytesText(plan.total()), sizeWidth));
}

void printDevice(const DevicePlan &device)
{
    const char *mark = device.fit == RunFit::Fits ? "✓ " : device.fit == RunFit::Tight ? "! " : "✗ ";
    const std::string need = bytesText(device.plan.total());
    std::string text = mark + device.device + ", " + device.name + ": needs " + need + " of " +
                       bytesText(device.total) + ", " + bytesText(device.available) + " free: " + name(device.fit);
    if (!device.usable)
        text += " (this build computes on the processor only)";
    print(text);
    if (device.advice)
        print("  fits with  --set " +
              [&] {
                  std::string sets;
                  for (const std::string &change : device.advice->changes)
                      sets += (sets.empty() ? "" : " --set ") + change;
                  return sets;
              }() +
              "  (" + bytesText(device.advice->plan.total()) + ")");
    else if (device.fit == RunFit::TooLarge)
        print("  no setting brings it down far enough; take a smaller model");
    else if (device.fit == RunFit::Tight)
        print("  it fits once other programs give memory back");
}

Result<int> plan(const Options &o)
{
    ATTUNE_TRY(const auto path, resolveModel(o.model));
    TrainSettings settings;
    ATTUNE_CHECK(o.sets.apply(settings));
    ATTUNE_TRY(const RunPlan run,
               planRun(path, settings, o.project.empty() ? std::optional<std::filesystem::path>() : o.project));
    if (o.json) {
        printJson(planJson(run));
        return 0;
    }
    print("Training " + o.model + ": " + counted(settings.per_device_train_batch_size, "row") + " at once, " +
          (run.rows ? "the longest of " + counted(static_cast<std::int64_t>(*run.rows), "row") + " has "
                    : "each of up to ") +
          counted(run.rowLength, "token"));
    print("");
    printParts(run.device().plan);
    print("");
    for (const DevicePlan &device : run.devices)
        printDevice(device);
    return 0;
}

} // namespace

void addPlan(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "plan", "Predict the memory of a training run, by part, and whether it fits",
                    [o](const Context &) { return plan(*o); });
    verb.option("--model", o->model, "The base: folder, GGUF file or known name").required();
    verb.option("--project", o->project, "For the longest row of this project's train part");
    verb.flag("--json", o->json, "One JSON object, in bytes");
    o->sets.addTo(verb, "A training setting as KEY=VALUE, as for `attune train`; may be repeated");
}

} // namespace attune::cli
