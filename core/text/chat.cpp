#include "core/text/chat.h"

#include "core/text/template_unicode.h"
#include "core/text/template_value.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

namespace attune {
namespace {

using Range = ShieldedText::Range;

/// Each answer takes two renderings, so the steps grow with the square of the turns: some seconds' worth.
constexpr std::int64_t maxStepsPerConversation = 50'000'000;

/// Roles that a template may join to a special token, "<|" + role + "|>".
bool isKnownRole(std::string_view role)
{
    static constexpr std::array<std::string_view, 4> known = {"system", "user", "assistant", "tool"};
    return std::find(known.begin(), known.end(), role) != known.end();
}

std::vector<TextSpan> spansOf(const std::vector<Range> &ranges)
{
    std::vector<TextSpan> spans;
    for (const Range &range : ranges) {
        if (!spans.empty() && spans.back().shielded == range.shielded)
            spans.back().end = range.end;
        else
            spans.push_back({range.begin, range.end, range.shielded});
    }
    return spans;
}

/// The ranges of a rendering that come from one message.
struct Place {
    std::size_t first; ///< index of the first such range
    std::size_t last;
};

std::optional<Place> placeOf(const ShieldedText &rendered, Origin origin)
{
    std::optional<Place> place;
    for (std::size_t i = 0; i < rendered.ranges.size(); ++i) {
        if (rendered.ranges[i].origin == origin)
            place = Place{place ? place->first : i, i};
    }
    return place;
}

/// The template's text between the last message before a range (-1: the end of the rendering) and that range.
std::string_view gapBefore(const ShieldedText &rendered, std::size_t range, Origin &messageBefore)
{
    std::size_t begin = range;
    while (begin > 0 && !rendered.ranges[begin - 1].shielded)
        --begin;
    messageBefore = begin > 0 ? rendered.ranges[begin - 1].origin : 0;
    const auto from = begin > 0 ? static_cast<std::size_t>(rendered.ranges[begin - 1].end) : 0;
    const auto to = range < rendered.ranges.size() ? static_cast<std::size_t>(rendered.ranges[range].begin)
                                                   : rendered.text.size();
    return std::string_view(rendered.text).substr(from, to - from);
}

/// Where the answer `origin` begins in the whole: behind what `before`, the rendering up to it, ends with.
std::optional<std::size_t> answerBegin(const ShieldedText &whole, const ShieldedText &before, Origin origin)
{
    if (whole.text.starts_with(before.text))
        return before.text.size();
    const auto place = placeOf(whole, origin);
    if (!place)
        return std::nullopt;
    Origin messageThere = 0;
    Origin messageHere = 0;
    const std::string_view header = gapBefore(before, before.ranges.size(), messageThere);
    const std::string_view gap = gapBefore(whole, place->first, messageHere);
    const auto content = static_cast<std::size_t>(whole.ranges[place->first].begin);
    if (messageThere != messageHere)
        return std::nullopt;
    if (gap.starts_with(header))
        return content - gap.size() + header.size();
    // The generation prompt may go on where the turn itself does not: "<think>".
    return header.starts_with(gap) ? std::optional(content) : std::nullopt;
}

/// Where it ends: behind what `after`, the rendering through it, ends with.
std::optional<std::size_t> answerEnd(const ShieldedText &whole, const ShieldedText &after, Origin origin)
{
    const std::size_t trimmed = unicode::trimmedEnd(after.text);
    const std::string_view kept = std::string_view(after.text).substr(0, trimmed);
    if (whole.text.starts_with(kept))
        return trimmed;
    const auto there = placeOf(after, origin);
    const auto here = placeOf(whole, origin);
    if (!there || !here)
        return std::nullopt;
    const auto contentThere = static_cast<std::size_t>(after.ranges[there->last].end);
    const auto contentHere = static_cast<std::size_t>(whole.ranges[here->last].end);
    if (trimmed <= contentThere)
        return unicode::trimmedEnd(std::string_view(whole.text).substr(0, contentHere));
    const std::string_view tail = kept.substr(contentThere);
    if (!std::string_view(whole.text).substr(contentHere).starts_with(tail))
        return std::nullopt;
    return contentHere + tail.size();
}

} // namespace

/// A conversation as the template sees it, made once for all its renderings.
struct ChatEncoder::Conversation {
    explicit Conversation(std::span<const Message> given) : messages(given), now(std::time(nullptr))
    {
        const auto roleOrigin = static_cast<Origin>(given.size() + 1);
        for (std::size_t i = 0; i < given.size(); ++i) {
            jinja::DictData message;
            message.items.emplace_back(
                jinja::Value::text("role"),
                jinja::Value::text(given[i].role, isKnownRole(given[i].role) ? 0 : roleOrigin));
            message.items.emplace_back(jinja::Value::text("content"),
                                       jinja::Value::text(given[i].content, originOf(i)));
            values.push_back(jinja::Value::dict(std::move(message)));
        }
    }

    static Origin originOf(std::size_t message) { return static_cast<Origin>(message + 1); }

    std::span<const Message> messages;
    std::vector<jinja::Value> values;
    std::time_t now; // one for all: they are compared with one another
    mutable std::int64_t stepsTaken = 0;
};

Result<ChatEncoder> ChatEncoder::create(std::shared_ptr<const Tokenizer> tokenizer, std::string chatTemplate)
{
    if (!tokenizer)
        return create(std::move(chatTemplate), {}, {});
    ATTUNE_TRY(ChatEncoder encoder,
               create(std::move(chatTemplate), tokenizer->config().bosText, tokenizer->config().eosText));
    encoder.m_tokenizer = std::move(tokenizer);
    return encoder;
}

Result<ChatEncoder> ChatEncoder::create(std::string chatTemplate, std::string bosText, std::string eosText)
{
    if (chatTemplate.empty())
        return fail(ErrorCode::InvalidInput, "The model has no chat template; give it one, for instance ChatML's.");
    ChatEncoder encoder;
    ATTUNE_TRY(encoder.m_template, Template::parse(chatTemplate));
    encoder.m_source = std::move(chatTemplate);
    encoder.m_bosText = std::move(bosText);
    encoder.m_eosText = std::move(eosText);
    return encoder;
}

Result<ShieldedText> ChatEncoder::renderFirst(const Conversation &conversation, std::size_t count,
                                              bool addGenerationPrompt) const
{
    if (conversation.stepsTaken > maxStepsPerConversation)
        return fail(ErrorCode::InvalidInput, "To tell the answers of a conversation of " +
                                                 std::to_string(conversation.messages.size()) +
                                                 " messages apart, the chat template takes more than " +
                                                 std::to_string(maxStepsPerConversation) +
                                                 " steps; split the conversation.");
    TemplateVariables variables;
    variables.emplace_back("messages",
                           jinja::Value::list({conversation.values.begin(),
                                               conversation.values.begin() + static_cast<std::ptrdiff_t>(count)}));
    variables.emplace_back("add_generation_prompt", addGenerationPrompt);
    // A token that the model lacks is not defined, as in transformers.
    if (!m_bosText.empty())
        variables.emplace_back("bos_token", jinja::Value::text(m_bosText));
    if (!m_eosText.empty())
        variables.emplace_back("eos_token", jinja::Value::text(m_eosText));
    TemplateLimits limits;
    limits.now = conversation.now;
    limits.stepsTaken = &conversation.stepsTaken;
    auto rendered = m_template->renderValues(variables, limits);
    if (!rendered && rendered.error().detail == "raise_exception") {
        const std::string cut =
            count < conversation.messages.size() ? " cut after message " + std::to_string(count) : std::string();
        rendered.error().message =
            "The chat template refuses this conversation" + cut + ": " + rendered.error().message;
    }
    return rendered;
}

Result<RenderedChat> ChatEncoder::render(std::span<const Message> messages, bool addGenerationPrompt) const
{
    ATTUNE_TRY(ShieldedText whole, renderFirst(Conversation(messages), messages.size(), addGenerationPrompt));
    return RenderedChat{std::move(whole.text), spansOf(whole.ranges)};
}

Result<std::vector<std::pair<std::size_t, std::size_t>>>
ChatEncoder::assistantRegions(const Conversation &conversation, const ShieldedText &whole,
                              bool addGenerationPrompt) const
{
    std::vector<std::pair<std::size_t, std::size_t>> regions;
    const std::size_t count = conversation.messages.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (conversation.messages[i].role != "assistant")
            continue;
        ATTUNE_TRY(const ShieldedText before, renderFirst(conversation, i, true));
        std::optional<ShieldedText> after; // the whole itself for an answer that ends it
        if (i + 1 < count || addGenerationPrompt) {
            ATTUNE_TRY(after, renderFirst(conversation, i + 1, false));
        }
        const Origin origin = Conversation::originOf(i);
        const auto begin = answerBegin(whole, before, origin);
        const auto end = answerEnd(whole, after ? *after : whole, origin);
        if (!begin || !end)
            return fail(
                ErrorCode::InvalidInput,
                "The chat template renders this conversation differently when it is cut at message " +
                    std::to_string(i + 1) +
                    ", so what to train on can't be told; end the conversation there or use another template.");
        regions.emplace_back(*begin, *end);
    }
    return regions;
}

Result<EncodedChat> ChatEncoder::encode(std::span<const Message> messages, bool addGenerationPrompt) const
{
    if (!m_tokenizer)
        return fail(ErrorCode::InvalidInput, "A conversation can't be encoded without a model's tokenizer.");
    const Conversation conversation(messages);
    ATTUNE_TRY(ShieldedText whole, renderFirst(conversation, messages.size(), addGenerationPrompt));
    ATTUNE_TRY(const auto regions, assistantRegions(conversation, whole, addGenerationPrompt));
    const std::vector<Token> tokens = m_tokenizer->encodeRendered(whole.text, spansOf(whole.ranges));

    EncodedChat result;
    const auto &config = m_tokenizer->config();
    if (config.addBos && config.bos && (tokens.empty() || tokens.front().id != *config.bos)) {
        result.ids.push_back(*config.bos);
        result.begins.push_back(-1);
    }
    for (const Token &token : tokens) {
        result.ids.push_back(token.id);
        result.begins.push_back(token.begin);
    }
    result.assistantMask.assign(result.ids.size(), 0);
    for (const auto &[begin, end] : regions) {
        const auto from =
            std::lower_bound(result.begins.begin(), result.begins.end(), static_cast<std::int64_t>(begin));
        for (auto at = from; at != result.begins.end() && *at < static_cast<std::int64_t>(end); ++at)
            result.assistantMask[static_cast<std::size_t>(at - result.begins.begin())] = 1;
    }
    for (const Range &range : whole.ranges) {
        if (range.origin > 0 && static_cast<std::size_t>(range.origin) <= messages.size())
            result.contents.push_back({static_cast<std::size_t>(range.origin - 1), range.begin, range.end});
    }
    result.text = std::move(whole.text);
    return result;
}

} // namespace attune
