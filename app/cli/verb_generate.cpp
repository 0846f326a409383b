#include "app/cli/ids.h"
#include "app/cli/model_options.h"
#include "core/deploy/run_adapter.h"
#include "core/studio/prompt_file.h"
#include "core/studio/run_model.h"
#include "core/studio/run_settings.h"

#include <cstdio>

namespace attune::cli {
namespace {

struct Options {
    std::string model;
    std::string adapter;
    std::string project;
    std::string run;
    std::string checkpoint;
    std::string prompt;
    std::string messages;
    std::string ids;
    bool json = false;
    SamplingFlags sampling;
    SetOptions sets;
};

/// The base with the adapter that the flags name.
Result<LanguageModel> loadChosen(const Context &context, const Options &o)
{
    if (o.project.empty()) {
        ATTUNE_TRY(auto model, loadForInference(context, o.model, o.sets));
        if (!o.adapter.empty()) {
            ATTUNE_TRY(const auto adapter, readPeftAdapter(o.adapter));
            ATTUNE_CHECK(model.useAdapter(adapter));
        }
        return model;
    }
    ATTUNE_TRY(auto project, Project::open(o.project));
    ATTUNE_TRY(const Run run, project.findRun(o.run));
    ATTUNE_TRY(const auto checkpoint, chooseCheckpoint(project, run, o.checkpoint));
    ATTUNE_TRY(const auto path, baseModelOf(run, o.model));
    ATTUNE_TRY(auto model, loadForInference(context, path.string(), o.sets));
    ATTUNE_TRY(const auto adapter, adapterForBase(project, run, checkpoint, model));
    ATTUNE_CHECK(model.useAdapter(adapter));
    return model;
}

/// A bare text, for a model without a chat template.
std::vector<TokenId> rawIds(const Tokenizer &tokenizer, const std::string &text)
{
    std::vector<TokenId> ids;
    if (tokenizer.config().addBos && tokenizer.config().bos)
        ids.push_back(*tokenizer.config().bos);
    for (const Token &token : tokenizer.encode(text))
        ids.push_back(token.id);
    return ids;
}

Result<std::vector<std::vector<TokenId>>> promptIds(const Options &o,
                                                    const std::shared_ptr<const Tokenizer> &tokenizer)
{
    if (!o.ids.empty()) {
        ATTUNE_TRY(auto ids, parseIds(o.ids));
        return std::vector<std::vector<TokenId>>{std::move(ids)};
    }
    const std::string &source = tokenizer->config().chatTemplate;
    if (source.empty() && o.messages.empty())
        return std::vector<std::vector<TokenId>>{rawIds(*tokenizer, o.prompt)};
    if (source.empty())
        return fail(ErrorCode::InvalidInput,
                    "This model has no chat template, which --messages needs; give --prompt.");
    ATTUNE_TRY(const auto encoder, ChatEncoder::create(tokenizer, source));
    std::vector<std::vector<Message>> prompts = {{{"user", o.prompt}}};
    if (!o.messages.empty()) {
        ATTUNE_TRY(prompts, readPrompts(o.messages));
    }
    std::vector<std::vector<TokenId>> all;
    for (const auto &messages : prompts) {
        ATTUNE_TRY(auto encoded, encoder.encode(messages, true));
        all.push_back(std::move(encoded.ids));
    }
    return all;
}

OrderedJson resultJson(const Generation &result, std::size_t promptTokens)
{
    const auto rate = [](double tokens, double seconds) {
        return seconds > 0 && tokens > 0 ? tokens / seconds : 0.0;
    };
    return {{"text", result.text},
            {"ids", result.ids},
            {"finish", result.finish},
            {"prompt_tokens", promptTokens},
            {"tokens", result.ids.size()},
            {"prefill_seconds", result.prefillSeconds},
            {"decode_seconds", result.decodeSeconds},
            {"prefill_tokens_per_s", rate(static_cast<double>(promptTokens), result.prefillSeconds)},
            // the first token comes out of the prefill
            {"decode_tokens_per_s", rate(static_cast<double>(result.ids.size()) - 1, result.decodeSeconds)}};
}

void stream(std::string_view text)
{
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

Result<int> generateAnswers(const Context &context, const Options &o)
{
    ATTUNE_CHECK(o.sampling.options.sampling.check());
    ATTUNE_TRY(auto model, loadChosen(context, o));
    auto loaded = Tokenizer::load(model.path());
    if (!loaded && o.ids.empty())
        return forward(loaded);
    // With --ids a model without a tokenizer will do: there is no text then.
    const std::shared_ptr<const Tokenizer> tokenizer = loaded ? *loaded : nullptr;
    ATTUNE_TRY(const auto prompts, promptIds(o, tokenizer));
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        if (!o.json && i > 0)
            print("");
        const std::function<void(std::string_view)> onText = o.json ? nullptr : stream;
        ATTUNE_TRY(const auto result,
                   generate(model, tokenizer, prompts[i], o.sampling.options, context.stop, onText));
        if (o.json)
            printJson(resultJson(result, prompts[i].size()));
        else
            print("");
        if (result.finish == "interrupted")
            return exitInterrupted;
    }
    return 0;
}

} // namespace

void addGenerate(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "generate", "Answer prompts, with or without an adapter; text comes as it is made",
                    [o](const Context &context) { return generateAnswers(context, *o); });
    Option model = verb.option("--model", o->model, "The base: folder, GGUF file or known name");
    Option adapter = verb.option("--adapter", o->adapter, "A PEFT adapter folder");
    Option project = verb.option("--project", o->project, "The project that holds --run");
    Option run = verb.option("--run", o->run, "Number or name of a run; its base model unless --model is given");
    verb.option("--checkpoint", o->checkpoint, "best, last or a step; best where the run was validated").needs(run);
    run.needs(project).excludes(adapter);
    project.needs(run);
    adapter.needs(model);
    const Verb input = verb.exactlyOneOf("prompt", "What to answer, one of");
    input.option("--prompt", o->prompt, "A text, as one user message where the model has a chat template");
    input.option("--messages", o->messages, "A file of {\"messages\"} or {\"prompt\"}, as JSON Lines or JSON");
    input.option("--ids", o->ids, "Token ids, as 1,2,3");
    verb.checkUsage([o]() -> std::string {
        return o->model.empty() && o->project.empty() ? "give --model, or --project with --run" : "";
    });
    o->sampling.addTo(verb);
    o->sets.addTo(verb);
    verb.flag("--json", o->json, "One {\"text\", \"ids\", \"finish\", ...} a prompt, when it is complete");
}

} // namespace attune::cli
