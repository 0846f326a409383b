#include "app/cli/cli.h"
#include "app/cli/run_text.h"
#include "app/cli/text.h"

namespace attune::cli {
namespace {

struct Options {
    std::string project;
    bool json = false;
};

Result<int> listRuns(const Options &o)
{
    ATTUNE_TRY(auto project, Project::open(o.project));
    ATTUNE_TRY(const auto runs, project.runs());
    Table table({"run", "name", "state", "step", "loss", "best", "model", "created", "tags"});
    for (const Run &run : runs) {
        ATTUNE_TRY(const auto progress, progressOf(project, run));
        if (o.json) {
            printJson(runJson(run, progress));
            continue;
        }
        std::string tags;
        for (const auto &tag : run.tags)
            tags += (tags.empty() ? "" : ", ") + tag;
        table.add({std::to_string(run.id), run.name, stateText(run), std::to_string(progress.step),
                   progress.loss ? fixed(*progress.loss, 4) : "-",
                   progress.bestLoss ? fixed(*progress.bestLoss, 4) : "-", run.model, run.createdAt, tags});
    }
    if (!o.json && runs.empty())
        print(o.project + " has no runs yet; next: attune train " + o.project + " --model MODEL");
    else if (!o.json)
        table.print();
    return 0;
}

} // namespace

void addRuns(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "runs", "List a project's runs", [o](const Context &) { return listRuns(*o); });
    verb.option("project", o->project, "The project file").required();
    verb.flag("--json", o->json, "One JSON object a run");
}

} // namespace attune::cli
