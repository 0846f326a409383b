#include "core/studio/run_samples.h"

#include "core/formats/json_text.h"
#include "core/infer/generator.h"
#include "core/studio/chat_model.h"

#include <algorithm>
#include <map>

namespace attune {
namespace {

constexpr std::int64_t answerTokens = 48;
constexpr std::string_view level = "sample";

std::string_view trimmed(std::string_view text)
{
    constexpr auto space = " \t\r\n";
    const auto begin = text.find_first_not_of(space);
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

bool isAsExpected(const SampleAnswer &answer)
{
    const auto text = trimmed(answer.text);
    const auto expected = trimmed(answer.expected);
    return answer.complete ? text == expected : !text.empty() && expected.starts_with(text);
}

/// The text behind time and level; empty where the level is another.
std::string_view sampleText(std::string_view line)
{
    const auto time = line.find(' ');
    if (time == std::string_view::npos || !line.substr(time + 1).starts_with(level))
        return {};
    line.remove_prefix(time + 1 + level.size());
    return line.starts_with(' ') ? line.substr(1) : std::string_view();
}

std::optional<SamplesOfStep> parse(std::string_view text)
{
    const Json json = parsedOrDiscarded(text);
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer() ||
        !json.contains("answers") || !json["answers"].is_array())
        return std::nullopt;
    SamplesOfStep samples;
    samples.step = json["step"].get<std::int64_t>();
    for (const Json &one : json["answers"]) {
        if (!one.is_object())
            return std::nullopt;
        const auto word = [&](const char *key) {
            const auto found = one.find(key);
            return found != one.end() && found->is_string() ? found->get<std::string>() : std::string();
        };
        const auto flag = [&](const char *key) {
            const auto found = one.find(key);
            return found != one.end() && found->is_boolean() && found->get<bool>();
        };
        SampleAnswer answer;
        if (const auto row = one.find("row"); row != one.end() && row->is_number_integer())
            answer.row = row->get<std::int64_t>();
        answer.prompt = word("prompt");
        answer.expected = word("expected");
        answer.text = word("text");
        answer.complete = flag("complete");
        answer.asExpected = flag("as_expected");
        samples.answers.push_back(std::move(answer));
    }
    return samples;
}

} // namespace

std::optional<RunSampler> RunSampler::choose(std::span<const StoredExample> validation, const ChatEncoder &encoder,
                                             std::int64_t maxLength, int count)
{
    if (count <= 0)
        return std::nullopt;
    std::vector<Prompt> usable;
    // Encoding is cheap beside a step, and the prompts that fit must be known before some are taken.
    for (const StoredExample &row : validation) {
        const auto answer = lastAnswer(row.messages);
        if (!answer || *answer == 0)
            continue;
        const auto question = std::span(row.messages).first(*answer);
        auto encoded = encoder.encode(question, true);
        if (!encoded || encoded->ids.empty() || static_cast<std::int64_t>(encoded->ids.size()) > maxLength)
            continue;
        usable.push_back({row.id, question.back().content, row.messages[*answer].content, std::move(encoded->ids)});
    }
    if (usable.empty())
        return std::nullopt;
    RunSampler sampler;
    sampler.m_tokenizer = encoder.tokenizer();
    const std::size_t wanted = std::min(static_cast<std::size_t>(count), usable.size());
    for (std::size_t i = 0; i < wanted; ++i)
        sampler.m_prompts.push_back(std::move(usable[i * usable.size() / wanted]));
    return sampler;
}

std::optional<TrainLog> RunSampler::sample(LanguageModel &model, std::int64_t step, std::stop_token stop) const
{
    std::vector<std::vector<TokenId>> prompts;
    for (const Prompt &prompt : m_prompts)
        prompts.push_back(prompt.ids);
    GenerationOptions options;
    options.sampling.temperature = 0;
    options.maxNewTokens = answerTokens;
    const auto generated = generateAll(model, m_tokenizer, prompts, options, std::move(stop));
    if (!generated && generated.error().code == ErrorCode::Interrupted)
        return std::nullopt;
    if (!generated)
        return TrainLog{"warning", "No samples at step " + std::to_string(step) + ": " + generated.error().message};
    SamplesOfStep samples;
    samples.step = step;
    for (std::size_t i = 0; i < generated->size(); ++i) {
        const Generation &one = (*generated)[i];
        if (one.finish == "interrupted")
            return std::nullopt;
        SampleAnswer answer{m_prompts[i].row, m_prompts[i].text, m_prompts[i].expected, one.text,
                            one.finish == "eos", false};
        answer.asExpected = isAsExpected(answer);
        samples.answers.push_back(std::move(answer));
    }
    return toLog(samples);
}

TrainLog toLog(const SamplesOfStep &samples)
{
    OrderedJson json = {{"step", samples.step}, {"answers", OrderedJson::array()}};
    for (const SampleAnswer &answer : samples.answers)
        json["answers"].push_back({{"row", answer.row},
                                   {"prompt", answer.prompt},
                                   {"expected", answer.expected},
                                   {"text", answer.text},
                                   {"complete", answer.complete},
                                   {"as_expected", answer.asExpected}});
    return {std::string(level), json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)};
}

bool isSampleLine(std::string_view line)
{
    return !sampleText(line).empty();
}

std::vector<SamplesOfStep> samplesIn(std::span<const std::string> lines)
{
    std::map<std::int64_t, SamplesOfStep> byStep;
    for (const std::string &line : lines)
        if (const auto text = sampleText(line); !text.empty())
            if (auto samples = parse(text))
                byStep.insert_or_assign(samples->step, std::move(*samples));
    std::vector<SamplesOfStep> all;
    for (auto &[step, samples] : byStep)
        all.push_back(std::move(samples));
    return all;
}

} // namespace attune
