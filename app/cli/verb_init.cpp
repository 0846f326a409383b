#include "app/cli/cli.h"
#include "core/store/project.h"

namespace attune::cli {

void addInit(CLI::App &app)
{
    struct Options {
        std::string project;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    const Verb verb(app, "init", "Make a new project file", [options](const Context &) -> Result<int> {
        ATTUNE_TRY(const auto project, Project::create(options->project));
        if (options->json)
            printJson(Json{{"project", project.path().string()}});
        else
            print("Made " + project.path().string() + "; next: attune import " + project.path().string() + " FILE");
        return 0;
    });
    verb.option("project", options->project, "The file to make, P.attune").required();
    verb.flag("--json", options->json, "One JSON object");
}

} // namespace attune::cli
