// The user turn's template of an import: "{instruction}\n\n{input}".

#include "core/data/prompt_template.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    auto parsed = PromptTemplate::parse(input);
    if (!fuzz::accepted(parsed))
        return;
    const auto slots = parsed->slots();
    fuzz::require(!slots.empty(), "a template has a slot");
    parsed->fill([](const std::string &slot) { return slot.size() % 2 == 0 ? std::string() : slot; });
    parsed->rename(std::vector<std::string>(slots.size(), "x"));
    fuzz::require(parsed->slots() == std::vector<std::string>(slots.size(), "x"), "slots are renamed");
}
