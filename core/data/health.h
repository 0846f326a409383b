#pragma once

#include "core/data/example.h"
#include "core/data/problem_kind.h"
#include "core/formats/json.h"

#include <map>
#include <memory>
#include <unordered_map>

namespace attune {

/// Something that is wrong with a row, found from its own text.
struct RowProblem {
    ProblemKind kind = ProblemKind::NoAnswer;
    std::string detail; ///< for people: "missing \"urgency\""
    bool operator==(const RowProblem &) const = default;
};

/// What the answers of a set have in common, learned from the set itself: a row is held against it. "The answer" of a
/// row is its last assistant turn, the one that is evaluated too.
struct AnswerHabits {
    std::int64_t answers = 0;         ///< that this was learned from
    std::int64_t shortCharacters = 0; ///< an answer of fewer, and of at most two words, is short; 0: none is
    bool json = false;                ///< at least 80 % of the answers are JSON objects
    std::vector<std::string> keys;    ///< that at least 95 % of those objects have, in alphabetical order
    std::map<std::string, std::int64_t> labels; ///< where answers are a few short labels: how many rows each has
    bool operator==(const AnswerHabits &) const = default;
};

OrderedJson toJson(const AnswerHabits &habits);
Result<AnswerHabits> answerHabitsFromJson(const Json &json);

/// Learns the habits of a set, a row at a time; memory stays bounded.
class HabitLearner {
public:
    HabitLearner();
    ~HabitLearner();
    HabitLearner(const HabitLearner &) = delete;
    HabitLearner &operator=(const HabitLearner &) = delete;

    void add(std::span<const Message> messages);
    AnswerHabits finish() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

/// NoAnswer, ShortAnswer, NotJson, MissingKeys, EmptyTurn, RoleOrder, OddEncoding, PersonalData and RareLabel, each
/// at most once, in the order of ProblemKind. Thread-safe.
std::vector<RowProblem> rowProblems(std::span<const Message> messages, const AnswerHabits &habits);

/// Where a text stops being a JSON object; line and column count from 1, the column in characters.
struct JsonFault {
    std::int64_t line = 1;
    std::int64_t column = 1;
    std::string reason; ///< a sentence
};
/// None: the text is one JSON object and nothing else.
std::optional<JsonFault> jsonObjectFault(std::string_view text);

/// The text that near duplicates are found by: all user turns, folded as in normalisedPrompt(), but digits stay as
/// they are: two orders are two rows.
std::string duplicateText(std::span<const Message> messages);

} // namespace attune
