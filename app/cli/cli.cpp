#include "app/cli/cli.h"

#include <cstdio>

namespace attune::cli {
namespace {

Action &chosen()
{
    static Action action;
    return action;
}

} // namespace

CLI::App *addVerb(CLI::App &app, const std::string &name, const std::string &help, Action action)
{
    CLI::App *verb = app.add_subcommand(name, help);
    verb->callback([action = std::move(action)] { chosen() = action; });
    return verb;
}

const Action *chosenAction()
{
    return chosen() ? &chosen() : nullptr;
}

void print(const std::string &line)
{
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

void printJson(const Json &json)
{
    print(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void printJson(const OrderedJson &json)
{
    print(json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

} // namespace attune::cli
