#include "app/cli/cli.h"
#include "app/cli/progress.h"
#include "app/cli/text.h"
#include "app/cli/train_display.h"
#include "core/model/registry.h"
#include "core/studio/evaluation.h"
#include "core/studio/loss_plot.h"
#include "core/studio/sample_project.h"
#include "core/studio/training_run.h"

#include <chrono>
#include <cstdio>

namespace attune::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string folder = "attune-demo";
    bool json = false;
};

/// Progress, as text on standard error: standard output holds the result alone.
void say(const std::string &line)
{
    std::fprintf(stderr, "%s\n", line.c_str());
}

Result<void> prepareFolder(const fs::path &folder, const fs::path &file)
{
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        return fail(ErrorCode::Io, "Can't make the folder " + folder.string() + ": " + error.message() + ".");
    return fs::exists(file, error) ? removeSampleProject(file) : Result<void>();
}

Result<EvaluationReport> evaluate(Project &project, const ModelChoice &model, std::stop_token stop)
{
    EvaluationRequest request;
    request.model = model;
    request.generation.maxNewTokens = 0;
    ProgressBar bar;
    return evaluateModel(project, request, std::move(stop), bar.callback());
}

Result<Run> trainSample(const fs::path &file, std::stop_token stop)
{
    TrainRequest request;
    request.project = file;
    request.model = sampleModel;
    request.name = "demo";
    request.settings = demoSettings();
    ProgressBar loading;
    TrainDisplay display;
    Run run;
    const auto watch = [&](const TrainEvent &event, const Run &of) {
        loading.clear();
        run = of;
        display.show(event);
    };
    ATTUNE_TRY(const auto outcome, runTraining(request, std::move(stop), watch, loading.callback()));
    if (outcome.stopped)
        return fail(ErrorCode::Interrupted,
                    "The demo was interrupted; go on with: attune train " + file.string() + " --resume demo");
    return run;
}

void printTable(const EvalSummary &base, const EvalSummary &tuned)
{
    Table table({"on the test part", "base", "tuned"});
    table.add({"loss", fixed(base.loss, 3), fixed(tuned.loss, 3)});
    table.add({"perplexity", fixed(base.perplexity, 2), fixed(tuned.perplexity, 2)});
    table.add({"exact match", percent(base.exactMatch), percent(tuned.exactMatch)});
    table.add({"valid JSON", percent(base.validJson), percent(tuned.validJson)});
    for (const char *field : {"intent", "order_id", "product", "urgency"}) {
        const std::string figure = std::string("fields.") + field;
        table.add({field, percent(base.figure(figure).value_or(0)), percent(tuned.figure(figure).value_or(0))});
    }
    table.print();
}

void printAnswers(const EvaluationReport &base, const EvaluationReport &tuned)
{
    constexpr std::size_t shown = 3;
    const std::size_t count = std::min({shown, base.rows.size(), tuned.rows.size()});
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t row = i * base.rows.size() / count; // from all over the part
        print("");
        print("e-mail  " + oneLine(base.rows[row].prompt.back().content, 240));
        print("wanted  " + oneLine(base.rows[row].reference, 240));
        print("base    " + oneLine(base.rows[row].answer, 240));
        print("tuned   " + oneLine(tuned.rows[row].answer, 240));
    }
}

Result<int> demo(const Context &context, const Options &o)
{
    const auto begin = std::chrono::steady_clock::now();
    const auto secondsSince = [](std::chrono::steady_clock::time_point from) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    };
    const fs::path folder = o.folder;
    const fs::path file = folder / "demo.attune";
    const fs::path picture = folder / "loss.svg";
    ATTUNE_CHECK(resolveModel(sampleModel)); // before anything is made
    ATTUNE_CHECK(prepareFolder(folder, file));
    ATTUNE_TRY(const auto imported, createSampleProject(file));
    say("1/4  Imported " + counted(imported.imported, "customer e-mail") + ": " +
        std::to_string(imported.parts[Part::Train]) + " to train, " +
        std::to_string(imported.parts[Part::Validation]) + " to validate, " +
        std::to_string(imported.parts[Part::Test]) + " to test.");
    ATTUNE_TRY(auto project, Project::open(file));

    say("2/4  The base model answers the test part.");
    ModelChoice base;
    base.model = sampleModel;
    base.settings = demoSettings();
    ATTUNE_TRY(const auto before, evaluate(project, base, context.stop));

    say("3/4  Training " + std::string(sampleModel) + " on the train part.");
    const auto trainBegin = std::chrono::steady_clock::now();
    ATTUNE_TRY(const auto run, trainSample(file, context.stop));
    const double trainSeconds = secondsSince(trainBegin);
    ATTUNE_CHECK(writeLossPlot(project, run, picture));

    say("4/4  The tuned model answers the test part.");
    ModelChoice tuned;
    tuned.run = run.name;
    tuned.checkpoint = "last"; // demoSettings() says why not the best by loss
    ATTUNE_TRY(const auto after, evaluate(project, tuned, context.stop));

    if (o.json) {
        printJson(OrderedJson{
            {"base", before.summary.toJson()}, {"tuned", after.summary.toJson()}, {"train_seconds", trainSeconds}});
        return 0;
    }
    print("");
    printTable(before.summary, after.summary);
    printAnswers(before, after);
    print("");
    print("Trained in " + duration(trainSeconds) + ", " + duration(secondsSince(begin)) + " in all. Left in " +
          folder.string() + ": demo.attune (the project), loss.svg (the curve).");
    return 0;
}

} // namespace

void addDemo(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "demo", "See it work: train the bundled model on sample data and measure the gain",
                    [o](const Context &context) { return demo(context, *o); });
    verb.option("folder", o->folder, "Where to put demo.attune and loss.svg").showsDefault();
    verb.flag("--json", o->json, "End with one {\"base\", \"tuned\", \"train_seconds\"}");
}

} // namespace attune::cli
