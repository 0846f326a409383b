#include "core/eval/scorers.h"

#include "core/text/white_space.h"

#include <cmath>

namespace attune {
namespace {

/// None where the text is not one object or list as a whole.
std::optional<Json> structured(std::string_view text)
{
    const auto json = parseJson(trimmed(text), "The answer");
    if (!json || !(json->is_object() || json->is_array()))
        return std::nullopt;
    return *json;
}

bool sameValue(const Json &a, const Json &b)
{
    if (a.is_string() && b.is_string())
        return trimmed(a.get_ref<const std::string &>()) == trimmed(b.get_ref<const std::string &>());
    return a == b;
}

} // namespace

AnswerScore scoreAnswer(std::string_view answer, std::string_view reference)
{
    AnswerScore score;
    score.exactMatch = trimmed(answer) == trimmed(reference);
    const auto given = structured(answer);
    score.validJson = given.has_value();
    const auto wanted = structured(reference);
    if (!wanted || !wanted->is_object())
        return score;
    for (const auto &[key, value] : wanted->items()) {
        const bool has = given && given->is_object() && given->contains(key);
        score.fields[key] = has && sameValue((*given)[key], value);
    }
    return score;
}

Json AnswerScore::toJson() const
{
    Json json = {{"exact_match", exactMatch}, {"valid_json", validJson}};
    if (!fields.empty())
        json["fields"] = fields;
    return json;
}

EvalSummary summarise(std::span<const AnswerScore> scores, double loss)
{
    EvalSummary summary;
    summary.rows = static_cast<std::int64_t>(scores.size());
    summary.loss = loss;
    summary.perplexity = std::exp(loss);
    std::map<std::string, std::int64_t> having;
    for (const AnswerScore &score : scores) {
        summary.exactMatch += score.exactMatch ? 1 : 0;
        summary.validJson += score.validJson ? 1 : 0;
        for (const auto &[key, right] : score.fields) {
            ++having[key];
            summary.fields[key] += right ? 1 : 0;
        }
    }
    if (summary.rows > 0) {
        summary.exactMatch /= static_cast<double>(summary.rows);
        summary.validJson /= static_cast<double>(summary.rows);
    }
    for (auto &[key, share] : summary.fields)
        share /= static_cast<double>(having[key]);
    return summary;
}

OrderedJson EvalSummary::toJson() const
{
    OrderedJson json = {{"rows", rows},
                        {"loss", loss},
                        {"perplexity", perplexity},
                        {"exact_match", exactMatch},
                        {"valid_json", validJson}};
    if (!fields.empty())
        json["fields"] = fields;
    return json;
}

std::optional<double> EvalSummary::figure(std::string_view name) const
{
    constexpr std::string_view prefix = "fields.";
    if (name.starts_with(prefix)) {
        const auto found = fields.find(std::string(name.substr(prefix.size())));
        return found == fields.end() ? std::nullopt : std::optional(found->second);
    }
    if (name == "rows")
        return static_cast<double>(rows);
    if (name == "loss")
        return loss;
    if (name == "perplexity")
        return perplexity;
    if (name == "exact_match")
        return exactMatch;
    if (name == "valid_json")
        return validJson;
    return std::nullopt;
}

} // namespace attune
