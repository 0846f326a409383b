#include "app/cli/model_options.h"

#include "core/model/registry.h"

namespace attune::cli {

void SetOptions::addTo(const Verb &verb, const std::string &help)
{
    verb.option("--set", pairs, help).valueName("KEY=VALUE").oneAtATime();
}

Result<void> SetOptions::apply(TrainSettings &settings) const
{
    for (const auto &pair : pairs)
        ATTUNE_CHECK(settings.setPair(pair));
    return {};
}

void SamplingFlags::addTo(const Verb &verb, const std::string &lengthHelp)
{
    verb.option("--max-new-tokens", options.maxNewTokens, lengthHelp).showsDefault();
    verb.option("--temperature", options.sampling.temperature, "0: always the likeliest token").showsDefault();
    verb.option("--top-p", options.sampling.topP, "Keep the likeliest tokens that hold this share").showsDefault();
    verb.option("--top-k", options.sampling.topK, "Keep so many of the likeliest tokens; 0: all").showsDefault();
    verb.option("--min-p", options.sampling.minP, "Keep tokens at least so likely, against the likeliest")
        .showsDefault();
    verb.option("--repetition-penalty", options.sampling.repetitionPenalty, "Above 1: discourage what was said")
        .showsDefault();
    verb.option("--seed", options.sampling.seed, "Decides the choices where temperature is above 0").showsDefault();
    verb.option("--stop", options.stop, "End the answer before this text; may be repeated").oneAtATime();
    verb.flag("--ignore-eos", options.ignoreEos, "Go on after the end token");
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
