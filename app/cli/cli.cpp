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

void checkUsage(CLI::App *verb, std::function<std::string()> check)
{
    verb->parse_complete_callback([check = std::move(check)] {
        if (std::string reason = check(); !reason.empty())
            throw CLI::ValidationError(std::move(reason));
    });
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
