#include "app/cli/event_file.h"
#include "app/cli/model_options.h"
#include "app/cli/progress.h"
#include "app/cli/text.h"
#include "app/cli/train_display.h"
#include "core/base/files.h"
#include "core/studio/training_run.h"

namespace attune::cli {
namespace {

struct Options {
    TrainRequest request;
    std::string project;
    std::string initAdapter;
    std::string events;
    bool json = false;
    SetOptions sets;
};

std::string summaryText(const TrainOutcome &outcome, const Run &run, const std::string &project)
{
    std::string text = "Run \"" + run.name + "\" " + (outcome.stopped ? "stopped" : "finished") + " at step " +
                       std::to_string(outcome.step) + (outcome.early ? ", as validation got no better" : "") + ".";
    if (outcome.bestLoss)
        text += " Best validation loss " + fixed(*outcome.bestLoss, 4) + " at step " +
                std::to_string(outcome.bestStep) + ".";
    text += outcome.stopped
                ? " Go on with: attune train " + project + " --resume " + run.name
                : " Take it away with: attune export " + project + " --run " + run.name + " --as peft FOLDER";
    return text;
}

OrderedJson summaryJson(const TrainOutcome &outcome, const Run &run, double lastLoss, double seconds)
{
    OrderedJson json = {
        {"run", run.id},        {"name", run.name},       {"state", outcome.stopped ? "stopped" : "finished"},
        {"step", outcome.step}, {"early", outcome.early}, {"loss", lastLoss}};
    if (outcome.bestLoss) {
        json["best_step"] = outcome.bestStep;
        json["best_validation_loss"] = *outcome.bestLoss;
    }
    json["seconds"] = seconds;
    return json;
}

Result<int> trainProject(const Context &context, const Options &o)
{
    TrainRequest request = o.request;
    request.project = o.project;
    request.initAdapter = o.initAdapter;
    ATTUNE_CHECK(o.sets.apply(request.settings));
    ATTUNE_CHECK(checkOutput(o.events, {o.project, request.model, o.initAdapter}));
    ATTUNE_TRY(auto events, EventFile::open(o.events, !request.resume.empty()));

    const auto begin = std::chrono::steady_clock::now();
    ProgressBar loading;
    TrainDisplay display;
    Run run;
    double lastLoss = 0;
    bool ended = false;
    Result<void> written;
    std::stop_source own; // events that can't be written end the run
    const std::stop_callback passOn(context.stop, [&] { own.request_stop(); });
    const auto watch = [&](const TrainEvent &event, const Run &of) {
        loading.clear();
        run = of;
        display.show(event);
        if (const auto *step = std::get_if<StepDone>(&event))
            lastLoss = step->loss;
        ended = ended || std::holds_alternative<Ended>(event);
        if (written && !(written = events.write(event)))
            own.request_stop();
    };
    auto outcome = runTraining(request, own.get_token(), watch, loading.callback());
    loading.clear();
    display.clear();
    if (!outcome) {
        if (!ended && !events.holdsOlder()) {
            Ended failed;
            failed.error = outcome.error();
            (void)events.write(failed);
        }
        return forward(outcome);
    }
    if (!written)
        return forward(written);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (o.json)
        printJson(summaryJson(*outcome, run, lastLoss, seconds));
    else
        print(summaryText(*outcome, run, o.project));
    return outcome->stopped ? exitInterrupted : 0;
}

} // namespace

void addTrain(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "train", "Fine-tune a model on a project's train part; Ctrl-C stops with a checkpoint",
                    [o](const Context &context) { return trainProject(context, *o); });
    verb.option("project", o->project, "The project file").required();
    verb.option("--model", o->request.model, "The base: folder, GGUF file or known name");
    verb.option("--name", o->request.name, "Name of the new run");
    verb.option("--init-adapter", o->initAdapter, "PEFT folder of an adapter to start from");
    verb.option("--resume", o->request.resume, "Go on with this run from its last checkpoint");
    verb.option("--events", o->events, "Write each event as a line of JSON to this file");
    verb.checkUsage([o]() -> std::string {
        if (o->request.resume.empty())
            return o->request.model.empty() ? "give --model, or --resume with an old run" : "";
        return o->sets.pairs.empty() && o->initAdapter.empty() && o->request.name.empty()
                   ? ""
                   : "a resumed run keeps its settings, start and name: leave out --set, --init-adapter and --name";
    });
    verb.flag("--json", o->json, "Print the result as one JSON object");
    o->sets.addTo(verb);
    verb.footer("Settings for --set, with their defaults:\n" + trainSettingsHelp());
}

} // namespace attune::cli
