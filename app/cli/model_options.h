#pragma once

#include "app/cli/cli.h"
#include "core/infer/generator.h"
#include "core/train/settings.h"

#include <vector>

namespace attune::cli {

/// --set KEY=VALUE..., over the defaults of a verb.
struct SetOptions {
    std::vector<std::string> pairs;
    void addTo(const Verb &verb, const std::string &help = "A setting as KEY=VALUE; may be repeated");
    Result<void> apply(TrainSettings &settings) const;
};

/// The sampling flags of generate and compare.
struct SamplingFlags {
    GenerationOptions options;
    void addTo(const Verb &verb, const std::string &lengthHelp = "Longest answer, in tokens");
};

/// The base model of generate and logits: weights as stored unless --set says otherwise.
Result<LanguageModel> loadForInference(const Context &context, const std::string &model, const SetOptions &sets);

} // namespace attune::cli
