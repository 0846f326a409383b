#include "app/cli/cli.h"
#include "app/cli/json_lines.h"
#include "core/base/files.h"
#include "core/data/messages_json.h"
#include "core/model/registry.h"
#include "core/text/chat.h"

namespace attune::cli {
namespace {

struct Options {
    std::string model;
    std::string chatTemplate;
    std::string bos;
    std::string eos;
    std::string input;
    bool json = false;
};

Result<ChatEncoder> makeEncoder(const Options &options)
{
    if (!options.chatTemplate.empty()) {
        ATTUNE_TRY(const auto source, readFile(options.chatTemplate));
        const auto named = [&](Result<ChatEncoder> made) {
            if (!made)
                made.error().message = options.chatTemplate + ": " + made.error().message;
            return made;
        };
        if (options.model.empty())
            return named(ChatEncoder::create(source, options.bos, options.eos));
        ATTUNE_TRY(const auto path, resolveModel(options.model));
        ATTUNE_TRY(auto tokenizer, Tokenizer::load(path));
        return named(ChatEncoder::create(std::move(tokenizer), source));
    }
    if (options.model.empty())
        return fail(ErrorCode::InvalidInput, "Give --model or --chat-template.");
    ATTUNE_TRY(const auto path, resolveModel(options.model));
    ATTUNE_TRY(auto tokenizer, Tokenizer::load(path));
    if (tokenizer->config().chatTemplate.empty())
        return fail(ErrorCode::InvalidInput, path.string() + " has no chat template; give one with --chat-template.");
    const std::string source = tokenizer->config().chatTemplate;
    return ChatEncoder::create(std::move(tokenizer), source);
}

Result<int> renderAll(const Options &options)
{
    ATTUNE_TRY(const auto encoder, makeEncoder(options));
    ATTUNE_CHECK(forEachJsonLine(options.input, [&](const Json &line, const std::string &where) -> Result<void> {
        ATTUNE_TRY(const auto messages, parseMessages(line, where));
        ATTUNE_TRY(const bool generation, jsonValue<bool>(line, "add_generation_prompt", false, where));
        Json out;
        if (encoder.tokenizer()) {
            const auto encoded = encoder.encode(messages, generation);
            if (encoded)
                out = {{"text", encoded->text}, {"ids", encoded->ids}, {"assistant_mask", encoded->assistantMask}};
            else
                out = {{"error", encoded.error().message}};
        } else {
            const auto rendered = encoder.render(messages, generation);
            out = rendered ? Json{{"text", rendered->text}} : Json{{"error", rendered.error().message}};
        }
        if (options.json)
            printJson(out);
        else if (out.contains("text"))
            print(out["text"].get<std::string>());
        else
            return fail(ErrorCode::InvalidInput, where + ": " + out["error"].get<std::string>());
        return {};
    }));
    return 0;
}

} // namespace

void addTemplate(CLI::App &app)
{
    auto options = std::make_shared<Options>();
    const Verb verb(app, "template", "Render conversations exactly as they are trained on",
                    [options](const Context &) { return renderAll(*options); });
    verb.option("--model", options->model, "Folder, GGUF file or known name");
    verb.option("--chat-template", options->chatTemplate, "A file with a Jinja template, instead of the model's");
    verb.option("--bos-token", options->bos, "bos_token, where there is no model");
    verb.option("--eos-token", options->eos, "eos_token, where there is no model");
    verb.option("--input", options->input, "JSON Lines of {\"messages\", \"add_generation_prompt\"}").required();
    verb.flag("--json", options->json, "One {\"text\", \"ids\", \"assistant_mask\"} or {\"error\"} a line");
}

} // namespace attune::cli
