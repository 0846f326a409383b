#include "app/cli/ids.h"
#include "app/cli/model_options.h"
#include "core/base/files.h"
#include "core/formats/safetensors.h"

namespace attune::cli {
namespace {

struct Options {
    std::string model;
    std::string adapter;
    std::string ids;
    std::string out;
    SetOptions sets;
};

Result<int> logits(const Context &context, const Options &options)
{
    ATTUNE_TRY(const auto ids, parseIds(options.ids));
    ATTUNE_CHECK(checkOutput(options.out, {options.model, options.adapter}));
    ATTUNE_TRY(auto model, loadForInference(context, options.model, options.sets));
    if (!options.adapter.empty()) {
        ATTUNE_TRY(const auto adapter, readPeftAdapter(options.adapter));
        ATTUNE_CHECK(model.useAdapter(adapter));
    }
    for (const TokenId id : ids)
        if (id >= model.config().vocabSize)
            return fail(ErrorCode::InvalidInput, "--ids: " + std::to_string(id) + " is outside the vocabulary of " +
                                                     std::to_string(model.config().vocabSize) + ".");
    ATTUNE_TRY(const auto values, model.allLogits(ids));
    const TensorToWrite tensor{"logits",
                               DType::F32,
                               {static_cast<std::int64_t>(ids.size()), model.config().vocabSize},
                               std::as_bytes(std::span(values))};
    ATTUNE_CHECK(writeSafetensors(options.out, {&tensor, 1}));
    return 0;
}

} // namespace

void addLogits(CLI::App &app)
{
    auto options = std::make_shared<Options>();
    const Verb verb(app, "logits", "Write a model's scores after each token of a sequence",
                    [options](const Context &context) { return logits(context, *options); });
    verb.option("--model", options->model, "Folder, GGUF file or known name").required();
    verb.option("--adapter", options->adapter, "A PEFT adapter folder");
    verb.option("--ids", options->ids, "Token ids, as 1,2,3").required();
    verb.option("--out", options->out, "Safetensors file with logits [tokens, vocabulary], fp32").required();
    options->sets.addTo(verb);
}

} // namespace attune::cli
