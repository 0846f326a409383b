#include "app/cli/model_options.h"

#include "core/model/registry.h"

namespace attune::cli {

void SetOptions::addTo(CLI::App &verb, const std::string &help)
{
    verb.add_option("--set", pairs, help)->type_name("KEY=VALUE")->allow_extra_args(false);
}

Result<void> SetOptions::apply(TrainSettings &settings) const
{
    for (const auto &pair : pairs)
        ATTUNE_CHECK(settings.setPair(pair));
    return {};
}

void SamplingFlags::addTo(CLI::App &verb, const std::string &lengthHelp)
{
    verb.add_option("--max-new-tokens", options.maxNewTokens, lengthHelp)->capture_default_str();
    verb.add_option("--temperature", options.sampling.temperature, "0: always the likeliest token")
        ->capture_default_str();
    verb.add_option("--top-p", options.sampling.topP, "Keep the likeliest tokens that hold this share")
        ->capture_default_str();
    verb.add_option("--top-k", options.sampling.topK, "Keep so many of the likeliest tokens; 0: all")
        ->capture_default_str();
    verb.add_option("--min-p", options.sampling.minP, "Keep tokens at least so likely, against the likeliest")
        ->capture_default_str();
    verb.add_option("--repetition-penalty", options.sampling.repetitionPenalty, "Above 1: discourage what was said")
        ->capture_default_str();
    verb.add_option("--seed", options.sampling.seed, "Decides the choices where temperature is above 0")
        ->capture_default_str();
    verb.add_option("--stop", options.stop, "End the answer before this text; may be repeated")
        ->allow_extra_args(false);
    verb.add_flag("--ignore-eos", options.ignoreEos, "Go on after the end token");
}

Result<LanguageModel> loadForInference(const Context &context, const std::string &model, const SetOptions &sets)
{
    TrainSettings settings;
    settings.quantization = "none";
    ATTUNE_CHECK(sets.apply(settings));
    ATTUNE_TRY(const auto path, resolveModel(model));
    LoadOptions options = settings.loadOptions();
    options.stop = context.stop;
    return LanguageModel::load(path, options);
}

} // namespace attune::cli
