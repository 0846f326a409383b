#include "app/cli/model_options.h"
#include "app/cli/progress.h"
#include "app/cli/text.h"
#include "core/studio/comparison.h"
#include "core/studio/prompt_file.h"

namespace attune::cli {
namespace {

struct Options {
    std::string project;
    std::vector<std::string> runs;
    bool base = false;
    std::string checkpoint;
    std::string prompts;
    bool json = false;
    SamplingFlags sampling;
    SetOptions sets;
};

void printPair(std::size_t index, std::span<const Message> prompt, const std::vector<ComparedAnswer> &pair)
{
    print("[" + std::to_string(index + 1) + "] " + oneLine(prompt.back().content, 300));
    for (const ComparedAnswer &answer : pair) {
        print("-- " + answer.model + " (" + counted(answer.tokens, "token") + ", " + fixed(answer.seconds, 1) +
              " s)");
        print(answer.text);
    }
    print("");
}

void printPairJson(std::size_t index, const std::vector<ComparedAnswer> &pair)
{
    auto answers = OrderedJson::array();
    for (const ComparedAnswer &answer : pair)
        answers.push_back(
            {{"model", answer.model}, {"text", answer.text}, {"tokens", answer.tokens}, {"seconds", answer.seconds}});
    printJson(OrderedJson{{"index", index}, {"answers", answers}});
}

Result<int> compare(const Context &context, const Options &o)
{
    ATTUNE_CHECK(o.sampling.options.sampling.check());
    CompareRequest request;
    request.first.run = o.runs.front();
    request.first.checkpoint = o.checkpoint;
    request.first.sets = o.sets.pairs;
    request.other = o.runs.size() > 1 ? o.runs[1] : "";
    request.otherCheckpoint = o.checkpoint;
    request.generation = o.sampling.options;
    ATTUNE_TRY(request.prompts, readPrompts(o.prompts));
    ATTUNE_TRY(auto project, Project::open(o.project));
    ProgressBar bar;
    const auto onPair = [&](std::size_t index, const std::vector<ComparedAnswer> &pair) {
        bar.clear();
        if (o.json)
            printPairJson(index, pair);
        else
            printPair(index, request.prompts[index], pair);
    };
    ATTUNE_CHECK(compareModels(project, request, context.stop, onPair, bar.callback()));
    return 0;
}

} // namespace

void addCompare(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "compare", "Let two runs, or a run and its base, answer the same prompts",
                    [o](const Context &context) { return compare(context, *o); });
    verb.option("project", o->project, "The project file").required();
    verb.option("--run", o->runs, "Number or name of a run; a second one takes the place of the base")
        .required()
        .oneAtATime();
    verb.flag("--base", o->base, "Against the base model, which is the default with one --run");
    verb.option("--checkpoint", o->checkpoint, "best, last or a step, of both; best where a run was validated");
    verb.option("--prompts", o->prompts, "A file of {\"messages\"} or {\"prompt\"}, as JSON Lines or JSON")
        .required();
    o->sampling.addTo(verb);
    o->sets.addTo(verb, "How the base is held, as KEY=VALUE; else as in the first run's training");
    verb.flag("--json", o->json, "One {\"index\", \"answers\"} a prompt");
    verb.checkUsage([o]() -> std::string {
        if (o->runs.size() > 2)
            return "give --run once or twice";
        return o->runs.size() == 2 && o->base ? "give either a second --run or --base" : "";
    });
}

} // namespace attune::cli
