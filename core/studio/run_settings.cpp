#include "core/studio/run_settings.h"

#include "core/model/registry.h"

namespace attune {
namespace {

// Not a setting of its own, as it is a path of this machine.
constexpr auto initAdapterKey = "init_adapter";

} // namespace

Result<TrainSettings> settingsOf(const Run &run)
{
    Json json = run.settings;
    if (json.is_object())
        json.erase(initAdapterKey);
    auto settings = TrainSettings::fromJson(json);
    if (!settings)
        return fail(settings.error().code,
                    "The settings of run \"" + run.name + "\" can't be used: " + settings.error().message);
    return settings;
}

std::string initAdapterOf(const Run &run)
{
    const auto found = run.settings.is_object() ? run.settings.find(initAdapterKey) : run.settings.end();
    return found != run.settings.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json runSettings(const TrainSettings &settings, const std::string &initAdapter)
{
    Json json = settings.toJson();
    if (!initAdapter.empty())
        json[initAdapterKey] = initAdapter;
    return json;
}

Result<std::filesystem::path> baseModelOf(const Run &run, const std::string &instead)
{
    if (!instead.empty())
        return resolveModel(instead);
    std::error_code ignored;
    if (std::filesystem::exists(run.modelPath, ignored))
        return std::filesystem::path(run.modelPath);
    if (auto found = resolveModel(run.model))
        return found;
    return fail(ErrorCode::NotFound, "The base model of run \"" + run.name + "\" is not at " + run.modelPath +
                                         " any more; bring it back, or say where it is with --model.");
}

Result<void> checkBaseModel(const Run &run, const std::filesystem::path &path, const std::string &fingerprint)
{
    if (run.fingerprint == fingerprint)
        return {};
    return fail(ErrorCode::InvalidInput, path.string() + " is not the model that run \"" + run.name +
                                             "\" was trained on (its fingerprint is " + fingerprint + ", not " +
                                             run.fingerprint + "); give that one.");
}

} // namespace attune
