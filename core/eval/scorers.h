#pragma once

#include "core/formats/json.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace attune {

/// What one answer is worth against its reference.
struct AnswerScore {
    bool exactMatch = false; ///< equal, white space at the ends aside
    bool validJson = false;  ///< the whole answer is one JSON object or list, white space at the ends aside
    /// Where the reference is a JSON object: for each of its keys, whether the answer has the same value (texts
    /// compared without white space at their ends). A key that is missing is wrong, and so is every key of an answer
    /// that is no JSON object.
    std::map<std::string, bool> fields;

    Json toJson() const;
};

AnswerScore scoreAnswer(std::string_view answer, std::string_view reference);

/// The figures of an evaluation; shares are 0 to 1.
struct EvalSummary {
    std::int64_t rows = 0;
    double loss = 0; ///< nats per token of the reference answers
    double perplexity = 1;
    double exactMatch = 0;
    double validJson = 0;
    std::map<std::string, double> fields; ///< over the rows whose reference has that key

    /// {"rows", "loss", "perplexity", "exact_match", "valid_json", "fields"}, the last only where there are any.
    OrderedJson toJson() const;
    /// A figure by its name in toJson(), a field's as "fields.NAME". None where there is no such figure.
    std::optional<double> figure(std::string_view name) const;
};

EvalSummary summarise(std::span<const AnswerScore> scores, double loss);

} // namespace attune
