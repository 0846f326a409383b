#include "app/cli/cli.h"
#include "app/cli/run_text.h"
#include "app/cli/text.h"
#include "core/studio/run_samples.h"

#include <algorithm>

namespace attune::cli {
namespace {

struct Options {
    std::string project;
    std::string run;
    std::string what;
    std::vector<std::string> values;
    bool json = false;
};

OrderedJson checkpointJson(const CheckpointInfo &checkpoint)
{
    OrderedJson json = {{"step", checkpoint.step},
                        {"best", checkpoint.best},
                        {"resumable", checkpoint.resumable},
                        {"created", checkpoint.createdAt}};
    if (checkpoint.validationLoss)
        json["validation_loss"] = *checkpoint.validationLoss;
    return json;
}

Result<int> show(Project &project, const Run &run, bool json)
{
    ATTUNE_TRY(const auto progress, progressOf(project, run));
    ATTUNE_TRY(const auto checkpoints, project.checkpoints(run.id));
    ATTUNE_TRY(const auto log, project.log(run.id));
    OrderedJson all = runJson(run, progress);
    all["model_path"] = run.modelPath;
    all["fingerprint"] = run.fingerprint;
    all["machine"] = run.machine;
    if (json) {
        all["settings"] = run.settings;
        all["checkpoints"] = OrderedJson::array();
        for (const CheckpointInfo &checkpoint : checkpoints)
            all["checkpoints"].push_back(checkpointJson(checkpoint));
        all["log"] = log;
        printJson(all);
        return 0;
    }
    for (const auto &[key, value] : all.items())
        print(key + std::string(22 - key.size(), ' ') +
              (value.is_string() ? value.get<std::string>() : value.dump()));
    for (const CheckpointInfo &c : checkpoints)
        print("checkpoint            step " + std::to_string(c.step) + (c.best ? ", best" : "") +
              (c.validationLoss ? ", validation loss " + fixed(*c.validationLoss, 4) : "") +
              (c.resumable ? ", can be resumed from" : ""));
    for (const std::string &line : log)
        if (!isSampleLine(line))
            print(line);
    return 0;
}

Result<int> rename(Project &project, Run run, const Options &o)
{
    run.name = o.values.front();
    ATTUNE_CHECK(project.setRunName(run.id, run.name));
    if (o.json)
        printJson(OrderedJson{{"run", run.id}, {"name", run.name}});
    else
        print("Run " + std::to_string(run.id) + " is \"" + run.name + "\" now.");
    return 0;
}

/// "best" adds a tag, "-best" takes it away.
Result<int> tag(Project &project, Run run, const Options &o)
{
    for (const std::string &value : o.values) {
        const bool remove = value.starts_with('-');
        const std::string text = remove ? value.substr(1) : value;
        if (text.empty())
            return fail(ErrorCode::InvalidInput, "A tag can't be empty.");
        std::erase(run.tags, text);
        if (!remove)
            run.tags.push_back(text);
    }
    ATTUNE_CHECK(project.setRunTags(run.id, run.tags));
    std::string tags;
    for (const std::string &text : run.tags)
        tags += (tags.empty() ? "" : ", ") + text;
    if (o.json)
        printJson(OrderedJson{{"run", run.id}, {"tags", run.tags}});
    else
        print("Run \"" + run.name + "\" has " + (tags.empty() ? "no tags" : "the tags " + tags) + ".");
    return 0;
}

Result<int> remove(Project &project, const Run &run, const Options &o)
{
    ATTUNE_CHECK(project.removeRun(run.id));
    if (o.json)
        printJson(OrderedJson{{"removed", run.name}});
    else
        print("Removed run \"" + run.name + "\".");
    return 0;
}

/// The settings, as train takes them.
Result<int> config(const Run &run, bool json)
{
    if (json) {
        printJson(run.settings);
        return 0;
    }
    for (const auto &[key, value] : run.settings.items())
        print(key + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
    return 0;
}

Result<int> manage(const Options &o)
{
    ATTUNE_TRY(auto project, Project::open(o.project));
    ATTUNE_TRY(const Run run, project.findRun(o.run));
    if (o.what == "rename")
        return rename(project, run, o);
    if (o.what == "tag")
        return tag(project, run, o);
    if (o.what == "rm")
        return remove(project, run, o);
    return o.what == "config" ? config(run, o.json) : show(project, run, o.json);
}

} // namespace

void addRun(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "run", "Look at one run, or rename, tag or remove it",
                    [o](const Context &) { return manage(*o); });
    verb.option("project", o->project, "The project file").required();
    verb.option("run", o->run, "Number or name of the run").required();
    verb.option("what", o->what, "show, rename NAME, tag TAG... (-TAG takes it away, after --), rm or config")
        .required()
        .oneOf({"show", "rename", "tag", "rm", "config"});
    verb.option("values", o->values, "The new name, or the tags");
    verb.flag("--json", o->json, "One JSON object");
    verb.checkUsage([o]() -> std::string {
        if (o->what == "rename")
            return o->values.size() == 1 ? "" : "rename needs one new name";
        if (o->what == "tag")
            return o->values.empty() ? "tag needs at least one tag" : "";
        return o->values.empty() ? "" : o->what + " takes no further word";
    });
}

} // namespace attune::cli
