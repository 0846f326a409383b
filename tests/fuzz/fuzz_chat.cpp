// A conversation in JSON through a template to ids and mask. The first byte chooses the template.

#include "core/data/messages_json.h"
#include "core/text/bpe_tokenizer.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

namespace {

constexpr std::array Templates = {
    R"({% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content | trim }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %})",
    R"({% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles') }}{% endif %}
{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]{% else %}{{ m['content'] + eos_token }}{% endif %}{% endfor %})",
    R"({% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</think>')[-1] }}{% endfor %})"};

/// A token for each byte and two special ones.
std::shared_ptr<const Tokenizer> makeTokenizer()
{
    BpeModel model;
    model.where = "f";
    for (int byte = 33; byte < 127; ++byte)
        model.tokens.emplace_back(1, static_cast<char>(byte));
    model.added.add({.id = 94, .content = "<|im_start|>", .special = true});
    model.added.add({.id = 95, .content = "<|im_end|>", .special = true});
    return BpeTokenizer::create(std::move(model)).value();
}

} // namespace

ATTUNE_FUZZ_TARGET(input)
{
    static const auto tokenizer = makeTokenizer();
    const unsigned choice = fuzz::takeByte(input);
    const auto json = parseJson(input, "conversation");
    if (!fuzz::accepted(json))
        return;
    const auto messages = parseMessages(*json, "conversation");
    if (!fuzz::accepted(messages))
        return;
    fuzz::require(parseMessages(Json{{"messages", messagesJson(*messages)}}, "again") == *messages,
                  "messages survive being written and read");
    const auto encoder = ChatEncoder::create(tokenizer, Templates[choice % Templates.size()]);
    const auto encoded = encoder->encode(*messages, (choice & 0x80) != 0);
    if (!fuzz::accepted(encoded))
        return;
    fuzz::require(encoded->begins.size() == encoded->ids.size() &&
                      encoded->assistantMask.size() == encoded->ids.size(),
                  "ids, begins and mask go together");
    for (const MessageSpan &span : encoded->contents)
        fuzz::require(span.begin >= 0 && span.begin <= span.end &&
                          span.end <= static_cast<std::int64_t>(encoded->text.size()) &&
                          span.message < messages->size(),
                      "contents lie in the text");
}
