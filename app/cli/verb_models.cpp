#include "app/cli/cli.h"
#include "app/cli/text.h"
#include "core/model/registry.h"
#include "core/model/weight_source.h"
#include "core/text/tokenizer.h"

namespace attune::cli {
namespace {

struct Options {
    std::string what;
    std::string model;
    std::string name;
    bool json = false;
};

OrderedJson knownJson(const KnownModel &model)
{
    return {{"name", model.name}, {"path", model.path.string()}, {"bundled", model.bundled}};
}

Result<int> list(const Options &o)
{
    ATTUNE_TRY(const auto models, knownModels());
    if (o.json) {
        for (const KnownModel &model : models)
            printJson(knownJson(model));
        return 0;
    }
    if (models.empty()) {
        print("No model is known yet; run installer/setup, or add one with attune models add PATH.");
        return 0;
    }
    Table table({"name", "path", ""});
    for (const KnownModel &model : models)
        table.add({model.name, model.path.string(), model.bundled ? "from set-up" : ""});
    table.print();
    return 0;
}

Result<int> add(const Options &o)
{
    ATTUNE_TRY(const auto model, addModel(o.model, o.name));
    if (o.json)
        printJson(knownJson(model));
    else
        print("Added " + model.name + ", " + model.path.string());
    return 0;
}

Result<int> remove(const Options &o)
{
    ATTUNE_CHECK(removeModel(o.model));
    if (o.json)
        printJson(OrderedJson{{"removed", o.model}});
    else
        print("Forgot " + o.model + "; its files are still there.");
    return 0;
}

Result<int> info(const Options &o)
{
    ATTUNE_TRY(const auto path, resolveModel(o.model));
    ATTUNE_TRY(const auto source, WeightSource::open(path));
    ATTUNE_TRY(const auto fingerprint, source->fingerprint());
    const ModelConfig &c = source->config();
    OrderedJson json = {{"path", path.string()},
                        {"architecture", c.architecture},
                        {"layers", c.layers},
                        {"hidden_size", c.hiddenSize},
                        {"intermediate_size", c.intermediateSize},
                        {"heads", c.heads},
                        {"kv_heads", c.kvHeads},
                        {"head_dim", c.headDim},
                        {"vocab_size", c.vocabSize},
                        {"max_positions", c.maxPositions},
                        {"sliding_window", c.slidingWindow},
                        {"tied_embeddings", c.tiedEmbeddings},
                        {"fingerprint", fingerprint}};
    if (const auto tokenizer = Tokenizer::load(path)) {
        json["tokens"] = (*tokenizer)->size();
        json["chat_template"] = !(*tokenizer)->config().chatTemplate.empty();
    } else {
        json["tokenizer_error"] = tokenizer.error().message;
    }
    if (o.json) {
        printJson(json);
        return 0;
    }
    for (const auto &[key, value] : json.items())
        print(key + std::string(18 - key.size(), ' ') +
              (value.is_string() ? value.get<std::string>() : value.dump()));
    return 0;
}

} // namespace

void addModels(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "models", "The models that this machine knows by name", [o](const Context &) {
        if (o->what == "add")
            return add(*o);
        if (o->what == "rm")
            return remove(*o);
        return o->what == "info" ? info(*o) : list(*o);
    });
    verb.option("what", o->what, "list, add PATH, rm NAME or info NAME")
        .required()
        .oneOf({"list", "add", "rm", "info"});
    verb.option("model", o->model, "A folder or GGUF file to add; else a name");
    verb.option("--name", o->name, "With add: the name; else that of the folder or file");
    verb.flag("--json", o->json, "One JSON object a model");
    verb.checkUsage([o]() -> std::string {
        if (o->what == "list")
            return o->model.empty() ? "" : "list takes no model";
        return o->model.empty() ? o->what + " needs a " + (o->what == "add" ? "PATH" : "NAME") : "";
    });
}

} // namespace attune::cli
