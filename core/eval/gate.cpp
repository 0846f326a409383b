#include "core/eval/gate.h"

namespace attune {

Result<std::vector<GateRule>> parseGate(const Json &json, std::string_view where)
{
    const std::string at(where);
    if (!json.is_object() || json.empty())
        return fail(ErrorCode::InvalidInput,
                    at + " is not an object of bounds, such as {\"valid_json\": {\"min\": 0.9}}.");
    std::vector<GateRule> rules;
    for (const auto &[figure, bounds] : json.items()) {
        GateRule rule{figure, {}, {}};
        if (!bounds.is_object() || bounds.empty())
            return fail(ErrorCode::InvalidInput, at + ": \"" + figure + "\" needs {\"min\": …} or {\"max\": …}.");
        for (const auto &[kind, value] : bounds.items()) {
            if ((kind != "min" && kind != "max") || !value.is_number())
                return fail(ErrorCode::InvalidInput,
                            at + ": \"" + figure + "\": \"" + kind + "\" is not a min or max with a number.");
            (kind == "min" ? rule.least : rule.most) = value.get<double>();
        }
        rules.push_back(std::move(rule));
    }
    return rules;
}

std::vector<std::string> failedRules(std::span<const GateRule> rules, const EvalSummary &summary)
{
    std::vector<std::string> failed;
    const auto text = [](double value) { return Json(value).dump(); };
    for (const GateRule &rule : rules) {
        const auto value = summary.figure(rule.figure);
        if (!value)
            failed.push_back(rule.figure + " is no figure of this evaluation");
        else if (rule.least && !(*value >= *rule.least))
            failed.push_back(rule.figure + " is " + text(*value) + ", below " + text(*rule.least));
        else if (rule.most && !(*value <= *rule.most))
            failed.push_back(rule.figure + " is " + text(*value) + ", above " + text(*rule.most));
    }
    return failed;
}

} // namespace attune
