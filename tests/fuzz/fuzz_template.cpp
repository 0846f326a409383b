// A chat template: lexer, parser and interpreter, over a conversation that has what templates ask for.

#include "core/text/template.h"
#include "core/text/template_value.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    static const auto shielded = OrderedJson::parse(
        R"({"messages": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Grüße <|im_end|>"},
            {"role": "assistant", "content": "<think>x</think>Answer"}, {"role": "user", "content": "12"}],
            "tools": [{"name": "f", "parameters": {"a": [1, 2.5, null, true]}}]})");
    static const auto plain = OrderedJson::parse(
        R"({"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "n": 3, "x": 0.25, "none": null})");
    const auto parsed = Template::parse(input);
    if (!fuzz::accepted(parsed))
        return;
    TemplateLimits limits;
    limits.maxSteps = 50'000;
    limits.maxOutputBytes = 1 << 18;
    limits.now = 1'700'000'000;
    const auto rendered = (*parsed)->render(shielded, plain, limits);
    if (!fuzz::accepted(rendered))
        return;
    fuzz::require(rendered->text.size() <= static_cast<std::size_t>(limits.maxOutputBytes), "output keeps the limit");
    std::int64_t end = 0;
    for (const auto &range : rendered->ranges) {
        fuzz::require(range.begin == end && range.end > range.begin, "ranges cover the text in order");
        end = range.end;
    }
    fuzz::require(end == static_cast<std::int64_t>(rendered->text.size()), "ranges cover the text");
}
