#include "core/deploy/run_adapter.h"

#include <algorithm>

namespace attune {
namespace {

/// What adapter_config.json says of a run's adapter; the project keeps it as the run's settings.
Result<std::string> configText(const Run &run)
{
    const std::string where = "The settings of run \"" + run.name + "\"";
    const LoraConfig defaults;
    Adapter adapter;
    ATTUNE_TRY(adapter.config.r, jsonValue<std::int64_t>(run.settings, "lora_r", defaults.r, where));
    ATTUNE_TRY(adapter.config.alpha, jsonValue<double>(run.settings, "lora_alpha", defaults.alpha, where));
    ATTUNE_TRY(adapter.config.dropout, jsonValue<double>(run.settings, "lora_dropout", defaults.dropout, where));
    ATTUNE_TRY(adapter.config.rslora, jsonValue<bool>(run.settings, "use_rslora", false, where));
    ATTUNE_TRY(adapter.config.dora, jsonValue<bool>(run.settings, "use_dora", false, where));
    ATTUNE_TRY(const auto modules, jsonValue<std::string>(run.settings, "target_modules", "all-linear", where));
    ATTUNE_TRY(const auto layers, jsonValue<std::string>(run.settings, "layers_to_transform", "", where));
    ATTUNE_TRY(adapter.config.targets, TargetModules::parse(modules, layers));
    adapter.baseModel = run.modelPath;
    return peftConfigText(adapter);
}

} // namespace

Result<CheckpointInfo> chooseCheckpoint(Project &project, const Run &run, const std::string &choice)
{
    ATTUNE_TRY(const auto all, project.checkpoints(run.id));
    if (all.empty())
        return fail(ErrorCode::NotFound, "Run \"" + run.name + "\" has no checkpoint yet.");
    const auto best = std::find_if(all.begin(), all.end(), [](const CheckpointInfo &c) { return c.best; });
    const auto last = std::max_element(
        all.begin(), all.end(), [](const CheckpointInfo &a, const CheckpointInfo &b) { return a.step < b.step; });
    if (choice.empty())
        return best != all.end() ? *best : *last;
    if (choice == "last")
        return *last;
    if (choice == "best") {
        if (best == all.end())
            return fail(ErrorCode::NotFound,
                        "Run \"" + run.name +
                            "\" was not validated, so none of its checkpoints is the best; use last.");
        return *best;
    }
    std::string steps;
    for (const CheckpointInfo &c : all) {
        if (std::to_string(c.step) == choice)
            return c;
        steps += (steps.empty() ? "" : ", ") + std::to_string(c.step);
    }
    return fail(ErrorCode::NotFound, "Run \"" + run.name + "\" has no checkpoint \"" + choice +
                                         "\"; give best, last or a step of these: " + steps + ".");
}

Result<Adapter> checkpointAdapter(Project &project, const Run &run, const CheckpointInfo &checkpoint)
{
    ATTUNE_TRY(const auto blobs, project.checkpointBlobs(checkpoint.id));
    return checkpointAdapter(run, blobs);
}

Result<Adapter> checkpointAdapter(const Run &run, const CheckpointBlobs &blobs)
{
    ATTUNE_TRY(const auto config, configText(run));
    const auto &bytes = blobs.adapter;
    return parsePeftAdapter(std::as_bytes(std::span(bytes.data(), bytes.size())), config,
                            "The adapter of run \"" + run.name + "\"");
}

} // namespace attune
