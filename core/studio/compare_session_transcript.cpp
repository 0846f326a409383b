#include "core/studio/compare_session.h"

#include "core/studio/compare_session_worker.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace attune {
namespace {

constexpr auto where = "A transcript of this project";

/// Stored under these words: never change one.
std::string_view stateName(AnswerState state)
{
    switch (state) {
    case AnswerState::Done: return "done";
    case AnswerState::Stopped: return "stopped";
    case AnswerState::Failed: return "failed";
    default: return "idle";
    }
}

AnswerState stateOf(const std::string &name)
{
    for (const AnswerState state : {AnswerState::Done, AnswerState::Stopped, AnswerState::Failed})
        if (name == stateName(state))
            return state;
    return AnswerState::Idle;
}

OrderedJson turnsJson(std::span<const Message> messages)
{
    auto list = OrderedJson::array();
    for (const Message &message : messages)
        list.push_back({{"role", message.role}, {"content", message.content}});
    return list;
}

Result<std::vector<Message>> turnsOf(const Json &json)
{
    std::vector<Message> messages;
    if (!json.is_array())
        return fail(ErrorCode::Corrupt, std::string(where) + " holds no conversation.");
    for (const Json &entry : json) {
        Message message;
        ATTUNE_TRY(message.role, jsonValue(entry, "role", std::string(), where));
        ATTUNE_TRY(message.content, jsonValue(entry, "content", std::string(), where));
        messages.push_back(std::move(message));
    }
    return messages;
}

OrderedJson columnJson(const CompareColumn &column)
{
    OrderedJson json;
    json["run"] = column.answerer ? OrderedJson(column.answerer->run) : OrderedJson();
    json["checkpoint"] = column.answerer ? column.answerer->checkpoint : std::string();
    json["name"] = column.name;
    json["step"] = column.step;
    json["state"] = stateName(column.state);
    json["conversation"] = turnsJson(column.conversation);
    const AnswerFigures &f = column.figures;
    json["figures"] = {{"prompt_tokens", f.promptTokens},
                       {"tokens", f.tokens},
                       {"prefill_seconds", f.prefillSeconds},
                       {"decode_seconds", f.decodeSeconds},
                       {"finish", f.finish}};
    if (!column.error.message.empty())
        json["error"] = column.error.message;
    return json;
}

Result<CompareColumn> columnOf(const Json &json)
{
    CompareColumn column;
    ATTUNE_TRY(const std::int64_t run, jsonValue(json, "run", std::int64_t(-1), where));
    if (run >= 0) {
        column.answerer = Answerer{run, {}};
        ATTUNE_TRY(column.answerer->checkpoint, jsonValue(json, "checkpoint", std::string(), where));
    }
    ATTUNE_TRY(column.name, jsonValue(json, "name", std::string(), where));
    ATTUNE_TRY(column.step, jsonValue(json, "step", std::int64_t(0), where));
    ATTUNE_TRY(const auto state, jsonValue(json, "state", std::string(), where));
    column.state = stateOf(state);
    ATTUNE_TRY(column.error.message, jsonValue(json, "error", std::string(), where));
    ATTUNE_TRY(column.conversation, turnsOf(json.value("conversation", Json())));
    const Json figures = json.value("figures", Json::object());
    ATTUNE_TRY(column.figures.promptTokens, jsonValue(figures, "prompt_tokens", std::int64_t(0), where));
    ATTUNE_TRY(column.figures.tokens, jsonValue(figures, "tokens", std::int64_t(0), where));
    ATTUNE_TRY(column.figures.prefillSeconds, jsonValue(figures, "prefill_seconds", 0.0, where));
    ATTUNE_TRY(column.figures.decodeSeconds, jsonValue(figures, "decode_seconds", 0.0, where));
    ATTUNE_TRY(column.figures.finish, jsonValue(figures, "finish", std::string(), where));
    return column;
}

OrderedJson generationJson(const GenerationOptions &options)
{
    return {{"temperature", options.sampling.temperature},
            {"top_p", options.sampling.topP},
            {"repetition_penalty", options.sampling.repetitionPenalty},
            {"seed", options.sampling.seed},
            {"max_new_tokens", options.maxNewTokens}};
}

Result<GenerationOptions> generationOf(const Json &json)
{
    GenerationOptions options;
    ATTUNE_TRY(options.sampling.temperature, jsonValue(json, "temperature", 0.0, where));
    ATTUNE_TRY(options.sampling.topP, jsonValue(json, "top_p", 1.0, where));
    ATTUNE_TRY(options.sampling.repetitionPenalty, jsonValue(json, "repetition_penalty", 1.0, where));
    ATTUNE_TRY(const auto seed, jsonValue(json, "seed", std::int64_t(0), where));
    options.sampling.seed = static_cast<std::uint64_t>(seed);
    ATTUNE_TRY(options.maxNewTokens, jsonValue(json, "max_new_tokens", std::int64_t(256), where));
    return options;
}

std::string fixed(double value, int digits)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

/// In a fence longer than any run of back ticks inside.
std::string fenced(const std::string &text)
{
    std::size_t longest = 2;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    return fence + "\n" + text + (text.ends_with('\n') ? "" : "\n") + fence + "\n\n";
}

} // namespace

std::string CompareSession::transcriptTitle() const
{
    for (const CompareColumn &column : m_columns)
        for (const Message &message : column.conversation) {
            if (message.role != "user")
                continue;
            std::string title;
            for (const char c : message.content)
                if (static_cast<unsigned char>(c) > ' ')
                    title += c;
                else if (!title.empty() && title.back() != ' ')
                    title += ' ';
            constexpr std::size_t longest = 120;
            if (title.size() > longest) {
                std::size_t end = longest;
                while (end > 0 && (static_cast<unsigned char>(title[end]) & 0xC0U) == 0x80U)
                    --end; // not inside a character
                title.resize(end);
            }
            return title;
        }
    return {};
}

OrderedJson CompareSession::transcript() const
{
    OrderedJson json;
    json["system"] = m_question.system;
    json["example"] = m_question.example;
    json["generation"] = generationJson(m_question.generation);
    auto columns = OrderedJson::array();
    for (const CompareColumn &column : m_columns)
        columns.push_back(columnJson(column));
    json["columns"] = std::move(columns);
    return json;
}

Result<void> CompareSession::restore(const Json &transcript)
{
    if (!transcript.is_object() || !transcript.contains("columns") || !transcript["columns"].is_array() ||
        transcript["columns"].empty())
        return fail(ErrorCode::Corrupt, std::string(where) + " can't be read: it has no columns.");
    CompareQuestion question;
    ATTUNE_TRY(question.system, jsonValue(transcript, "system", std::string(), where));
    ATTUNE_TRY(question.example, jsonValue(transcript, "example", std::int64_t(0), where));
    ATTUNE_TRY(question.generation, generationOf(transcript.value("generation", Json::object())));
    std::vector<CompareColumn> columns;
    for (const Json &entry : transcript["columns"]) {
        ATTUNE_TRY(auto column, columnOf(entry));
        columns.push_back(std::move(column));
    }
    m_worker->stopAll();
    m_columns = std::move(columns);
    m_question = std::move(question);
    return {};
}

std::string CompareSession::markdown() const
{
    std::string text;
    const GenerationOptions &g = m_question.generation;
    text += "Temperature " + fixed(g.sampling.temperature, 2) + ", top p " + fixed(g.sampling.topP, 2) + ", seed " +
            std::to_string(g.sampling.seed) + ", at most " + std::to_string(g.maxNewTokens) + " new tokens\n\n";
    if (!m_question.system.empty())
        text += "**System**\n\n" + fenced(m_question.system);
    for (const CompareColumn &column : m_columns) {
        if (column.conversation.empty() && column.error.message.empty())
            continue;
        text += "## " + (column.name.empty() ? std::string("base") : column.name);
        if (column.step > 0)
            text += ", step " + std::to_string(column.step);
        text += "\n\n";
        for (const Message &message : column.conversation)
            text += (message.role == "user" ? "**User**\n\n" : "**Assistant**\n\n") + fenced(message.content);
        if (!column.error.message.empty())
            text += column.error.message + "\n\n";
        else if (column.figures.tokens > 0)
            text += std::to_string(column.figures.tokens) + " tokens, " +
                    fixed(column.figures.tokensPerSecond(), 0) + " tokens/s, " +
                    fixed(column.figures.seconds(), 2) + " s\n\n";
    }
    return text;
}

} // namespace attune
