// Settings as KEY=VALUE, one a line, and as the JSON that a run keeps.

#include "core/train/settings.h"
#include "tests/fuzz/fuzz.h"

#include <sstream>

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    TrainSettings settings;
    std::istringstream lines{std::string(input)};
    for (std::string line; std::getline(lines, line);)
        fuzz::accepted(settings.setPair(line));
    const auto again = TrainSettings::fromJson(Json::parse(settings.toJson().dump()));
    fuzz::require(again.has_value(), "settings survive being written and read");
    if (const auto json = parseJson(input, "settings"); fuzz::accepted(json))
        fuzz::accepted(TrainSettings::fromJson(*json));
}
