#pragma once

#include "core/eval/scorers.h"

#include <vector>

namespace attune {

/// A bound that a figure has to keep.
struct GateRule {
    std::string figure; ///< as EvalSummary::figure() takes it
    std::optional<double> least;
    std::optional<double> most;
};

/// {"valid_json": {"min": 0.95}, "loss": {"max": 1.2}, "fields.intent": {"min": 0.75}}. Fails with InvalidInput where
/// an entry is no such bound, naming it.
Result<std::vector<GateRule>> parseGate(const Json &json, std::string_view where);

/// One sentence for each rule that does not hold; empty: the gate is passed. A figure that the evaluation lacks, or
/// that is not a number, does not hold.
std::vector<std::string> failedRules(std::span<const GateRule> rules, const EvalSummary &summary);

} // namespace attune
