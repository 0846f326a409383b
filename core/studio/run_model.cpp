#include "core/studio/run_model.h"

#include "core/deploy/run_adapter.h"
#include "core/model/registry.h"
#include "core/studio/chat_model.h"
#include "core/studio/run_settings.h"

namespace attune {
namespace {

/// The run that decides on base and settings: the chosen one, or the project's latest.
Result<std::optional<Run>> guidingRun(Project &project, const std::string &name)
{
    if (!name.empty()) {
        ATTUNE_TRY(auto run, project.findRun(name));
        return std::optional(std::move(run));
    }
    ATTUNE_TRY(auto runs, project.runs());
    return runs.empty() ? std::optional<Run>() : std::optional(std::move(runs.back()));
}

} // namespace

Result<Adapter> adapterForBase(Project &project, const Run &run, const CheckpointInfo &checkpoint,
                               const LanguageModel &base)
{
    ATTUNE_CHECK(checkBaseModel(run, base.path(), base.fingerprint()));
    return checkpointAdapter(project, run, checkpoint);
}

Result<RunModel> loadRunModel(Project &project, const ModelChoice &choice, std::stop_token stop,
                              const Progress &progress)
{
    ATTUNE_TRY(const auto guide, guidingRun(project, choice.run));
    TrainSettings settings;
    if (choice.settings) {
        settings = *choice.settings;
    } else if (guide) {
        ATTUNE_TRY(settings, settingsOf(*guide));
    }
    for (const auto &pair : choice.sets)
        ATTUNE_CHECK(settings.setPair(pair));
    std::optional<CheckpointInfo> checkpoint;
    if (!choice.run.empty()) { // before the model is loaded, which takes long
        ATTUNE_TRY(checkpoint, chooseCheckpoint(project, *guide, choice.checkpoint));
    }
    if (!guide && choice.model.empty())
        return fail(ErrorCode::InvalidInput,
                    project.path().string() + " has no run that would say which base model is meant; give --model.");
    std::filesystem::path path;
    if (guide) {
        ATTUNE_TRY(path, baseModelOf(*guide, choice.model));
    } else {
        ATTUNE_TRY(path, resolveModel(choice.model));
    }
    ATTUNE_TRY(auto encoder, loadChatEncoder(path));
    LoadOptions options = settings.loadOptions();
    options.stop = stop;
    if (progress)
        options.progress = [&progress](double share) { progress("Loading the model", share); };
    ATTUNE_TRY(auto model, LanguageModel::load(path, options));
    RunModel loaded{std::move(model), std::move(encoder), settings, std::nullopt, {}, {}};
    loaded.baseName = choice.model.empty() ? guide->model : choice.model;
    if (checkpoint) {
        ATTUNE_TRY(const auto adapter, adapterForBase(project, *guide, *checkpoint, loaded.model));
        ATTUNE_CHECK(loaded.model.useAdapter(adapter));
        loaded.run = guide;
        loaded.checkpoint = *checkpoint;
    }
    return loaded;
}

} // namespace attune
