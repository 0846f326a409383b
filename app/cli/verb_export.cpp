#include "app/cli/cli.h"
#include "core/deploy/export.h"

namespace attune::cli {
namespace {

struct Options {
    std::string project;
    ExportRequest request;
    std::string target;
    bool json = false;
};

Result<int> exportForm(const Options &o)
{
    ATTUNE_TRY(auto project, Project::open(o.project));
    ExportRequest request = o.request;
    request.target = o.target;
    ATTUNE_TRY(const auto checkpoint, exportRun(project, request));
    if (o.json)
        printJson(OrderedJson{{"path", o.target}, {"form", request.form}, {"step", checkpoint.step}});
    else
        print("Wrote the adapter of step " + std::to_string(checkpoint.step) + " to " + o.target);
    return 0;
}

} // namespace

void addExport(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "export", "Take a trained adapter out of a project",
                    [o](const Context &) { return exportForm(*o); });
    verb.option("project", o->project, "The project file").required();
    verb.option("--run", o->request.run, "Number or name of the run").required();
    verb.option("--checkpoint", o->request.checkpoint, "best, last or a step; best where the run was validated");
    verb.option("--as", o->request.form, "peft; merged, gguf and bundle are to come")
        .oneOf({"peft", "merged", "gguf", "bundle"})
        .showsDefault();
    verb.option("target", o->target, "The folder to write").required();
    verb.flag("--json", o->json, "One JSON object");
}

} // namespace attune::cli
