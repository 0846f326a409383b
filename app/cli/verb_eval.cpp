#include "app/cli/model_options.h"
#include "app/cli/progress.h"
#include "app/cli/text.h"
#include "core/eval/gate.h"
#include "core/studio/evaluation.h"

#include <cstdio>

namespace attune::cli {
namespace {

struct Options {
    std::string project;
    std::string run;
    bool base = false;
    std::string model;
    std::string checkpoint;
    std::string split = "test";
    std::string gate;
    bool json = false;
    SamplingFlags sampling;
    SetOptions sets;
};

void printSummary(const EvaluationReport &report, Part part)
{
    const EvalSummary &s = report.summary;
    print(report.model + (report.model == "base" ? "" : ", step " + std::to_string(report.step)) + ", on " +
          counted(s.rows, "row") + " of the " + std::string(name(part)) + " part");
    Table table({"figure", "value"});
    table.add({"loss", fixed(s.loss, 4)});
    table.add({"perplexity", fixed(s.perplexity, 3)});
    table.add({"exact match", percent(s.exactMatch)});
    table.add({"valid JSON", percent(s.validJson)});
    for (const auto &[field, share] : s.fields)
        table.add({field, percent(share)});
    table.print();
}

Result<int> evaluate(const Context &context, const Options &o)
{
    ATTUNE_CHECK(o.sampling.options.sampling.check());
    EvaluationRequest request;
    ATTUNE_TRY(request.part, parsePart(o.split));
    request.model.run = o.run;
    request.model.checkpoint = o.checkpoint;
    request.model.model = o.model;
    request.model.sets = o.sets.pairs;
    request.generation = o.sampling.options;
    std::vector<GateRule> rules; // read before the work, so that a mistake in it shows at once
    if (!o.gate.empty()) {
        ATTUNE_TRY(const Json json, readJson(o.gate));
        ATTUNE_TRY(rules, parseGate(json, o.gate));
    }
    ATTUNE_TRY(auto project, Project::open(o.project));
    ProgressBar bar;
    auto report = evaluateModel(project, request, context.stop, bar.callback());
    bar.clear();
    if (!report)
        return forward(report);
    if (o.json)
        printJson(report->summary.toJson());
    else
        printSummary(*report, request.part);
    const auto failed = failedRules(rules, report->summary);
    for (const std::string &rule : failed)
        std::fprintf(stderr, "attune: the gate %s does not hold: %s.\n", o.gate.c_str(), rule.c_str());
    return failed.empty() ? 0 : exitFailed;
}

} // namespace

void addEval(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    o->sampling.options.maxNewTokens = 0;
    const Verb verb(app, "eval", "Measure a run or its base on a part of the project; answers are kept",
                    [o](const Context &context) { return evaluate(context, *o); });
    verb.option("project", o->project, "The project file").required();
    Option run = verb.option("--run", o->run, "Number or name of a run");
    Option base = verb.flag("--base", o->base, "The base model of the latest run, or of --model");
    verb.option("--model", o->model, "Where the base model is, if not where the run found it");
    verb.option("--checkpoint", o->checkpoint, "best, last or a step; best where the run was validated").needs(run);
    verb.option("--split", o->split, "train, validation or test")
        .oneOf({"train", "validation", "test"})
        .showsDefault();
    verb.option("--gate", o->gate,
                "JSON of bounds, {\"valid_json\": {\"min\": 0.95}, \"loss\": {\"max\": 1.2}, \"fields.NAME\": ...}; "
                "exit status 1 where one does not hold");
    o->sampling.addTo(verb, "Longest answer, in tokens; 0: twice the longest reference");
    o->sets.addTo(verb, "How the base is held, as KEY=VALUE; else as the run was trained");
    verb.flag("--json", o->json, "One JSON object");
    run.excludes(base);
    verb.checkUsage([o]() -> std::string { return o->run.empty() && !o->base ? "give --run or --base" : ""; });
}

} // namespace attune::cli
