#include "app/cli/cli.h"

#include <cstdio>

namespace attune::cli {

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
