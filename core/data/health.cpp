#include "core/data/health.h"

#include "core/data/text_findings.h"
#include "core/formats/json_text.h"
#include "core/text/white_space.h"

#include <algorithm>
#include <array>

namespace attune {

namespace {

constexpr std::int64_t FewAnswers = 20; ///< below, a set has no habits worth the name
constexpr std::size_t LongestLabel = 40; ///< bytes
constexpr std::size_t MostLabels = 2000;
constexpr std::size_t MostKeys = 2000;

std::int64_t characters(std::string_view text)
{
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

/// Counted as far as six: nobody asks for more than five.
int words(std::string_view text)
{
    int count = 0;
    bool inside = false;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        count += !space && !inside;
        inside = !space;
        if (count > 5)
            break;
    }
    return count;
}

const Message *lastAnswerOf(std::span<const Message> messages)
{
    const auto found =
        std::find_if(messages.rbegin(), messages.rend(), [](const Message &m) { return m.role == "assistant"; });
    return found == messages.rend() ? nullptr : &*found;
}

/// The object that a text is, or a discarded value. Most answers are told apart by their first character.
Json objectOf(std::string_view text)
{
    const std::string_view inner = trimmed(text);
    if (!inner.starts_with('{') || !inner.ends_with('}'))
        return Json(Json::value_t::discarded);
    Json parsed = parsedOrDiscarded(inner);
    return parsed.is_object() ? parsed : Json(Json::value_t::discarded);
}

bool isLabel(std::string_view answer)
{
    return answer.size() <= LongestLabel && words(answer) <= 5;
}

std::string turn(std::span<const Message> messages, std::size_t index)
{
    return "turn " + std::to_string(index + 1) + " (" + messages[index].role + ")";
}

/// Answer lengths, counted in bins of at most a sixteenth of their size: enough for a percentile, whatever their
/// number.
class LengthCounts {
public:
    void add(std::int64_t length)
    {
        ++m_bins[bin(length)];
        ++m_all;
    }

    /// The lower end of the bin in which this share of the lengths is reached.
    std::int64_t percentile(double share) const
    {
        const auto wanted = static_cast<std::int64_t>(share * static_cast<double>(m_all));
        std::int64_t seen = 0;
        for (std::size_t i = 0; i < m_bins.size(); ++i) {
            seen += m_bins[i];
            if (seen > wanted)
                return least(i);
        }
        return 0;
    }

private:
    static constexpr std::size_t Steps = 16;
    static std::size_t bin(std::int64_t length)
    {
        std::size_t scale = 0;
        auto rest = static_cast<std::uint64_t>(length);
        while (rest >= 2 * Steps) {
            rest /= 2;
            ++scale;
        }
        return scale * Steps + static_cast<std::size_t>(rest);
    }
    static std::int64_t least(std::size_t bin)
    {
        if (bin < 2 * Steps)
            return static_cast<std::int64_t>(bin);
        const std::size_t scale = bin / Steps - 1;
        return static_cast<std::int64_t>((bin - scale * Steps) << scale);
    }

    std::array<std::int64_t, 64 * Steps> m_bins{};
    std::int64_t m_all = 0;
};

void checkTurns(std::span<const Message> messages, std::vector<RowProblem> &found)
{
    const Message *answer = lastAnswerOf(messages);
    if (!answer)
        found.push_back({ProblemKind::NoAnswer, "there is no assistant turn"});
    else if (isBlank(answer->content))
        found.push_back({ProblemKind::NoAnswer, "the answer is empty"});
    else if (messages.back().role == "user")
        found.push_back({ProblemKind::NoAnswer, "the last question has no answer"});
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (&messages[i] != answer && isBlank(messages[i].content)) {
            found.push_back({ProblemKind::EmptyTurn, turn(messages, i) + " is empty"});
            break;
        }
    }
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::string &role = messages[i].role;
        std::string detail;
        if (role != "system" && role != "user" && role != "assistant" && role != "tool")
            detail = "\"" + role + "\" in turn " + std::to_string(i + 1) + " is no role that is known";
        else if (role == "system" && i > 0)
            detail = "the system turn is not the first";
        else if (i > 0 && role == messages[i - 1].role && role != "tool")
            detail = "turns " + std::to_string(i) + " and " + std::to_string(i + 1) + " are both " + role;
        if (!detail.empty()) {
            found.push_back({ProblemKind::RoleOrder, std::move(detail)});
            break;
        }
    }
}

void checkAnswer(std::string_view answer, const AnswerHabits &habits, std::vector<RowProblem> &found)
{
    if (isBlank(answer))
        return; // said already
    const std::string_view plain = trimmed(answer);
    if (characters(plain) < habits.shortCharacters && words(plain) < 3)
        found.push_back({ProblemKind::ShortAnswer, std::to_string(characters(plain)) +
                                                       " characters, where few answers have under " +
                                                       std::to_string(habits.shortCharacters * 4)});
    if (habits.json) {
        const Json object = objectOf(answer);
        if (object.is_discarded()) {
            const auto fault = jsonObjectFault(answer);
            found.push_back({ProblemKind::NotJson, !fault ? "the text is no JSON object"
                                                          : "line " + std::to_string(fault->line) + ", column " +
                                                                std::to_string(fault->column) + ": " +
                                                                fault->reason});
        } else {
            std::string missing;
            for (const std::string &key : habits.keys)
                if (!object.contains(key))
                    missing += (missing.empty() ? "missing \"" : ", \"") + key + "\"";
            if (!missing.empty())
                found.push_back({ProblemKind::MissingKeys, std::move(missing)});
        }
    }
    if (!habits.labels.empty()) {
        const auto label = habits.labels.find(std::string(plain));
        const std::int64_t rows = label == habits.labels.end() ? 1 : label->second;
        const auto kinds = static_cast<std::int64_t>(habits.labels.size());
        // Fewer than a tenth of an even share, or alone, which is often a misspelt one.
        if (rows < 2 || rows * kinds * 10 < habits.answers)
            found.push_back({ProblemKind::RareLabel,
                             "\"" + std::string(plain) + "\" is the answer of " + std::to_string(rows) +
                                 (rows == 1 ? " row" : " rows") + "; an even share would be " +
                                 std::to_string(habits.answers / std::max<std::int64_t>(kinds, 1))});
    }
}

void checkTexts(std::span<const Message> messages, std::vector<RowProblem> &found)
{
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (const auto odd = oddEncoding(messages[i].content)) {
            found.push_back({ProblemKind::OddEncoding, turn(messages, i) + ": " + *odd});
            break;
        }
    }
    // The texts themselves are not repeated: a second copy of personal data would be in nobody's interest.
    std::string detail;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        std::array<bool, 3> kinds{};
        for (const PersonalData &data : findPersonalData(messages[i].content)) {
            const auto kind = static_cast<std::size_t>(data.kind);
            if (!kinds[kind])
                detail += (detail.empty() ? "" : ", ") + std::string(name(data.kind)) + " in " + turn(messages, i);
            kinds[kind] = true;
        }
    }
    if (!detail.empty())
        found.push_back({ProblemKind::PersonalData, std::move(detail)});
}

} // namespace

// --- habits ---

struct HabitLearner::Impl {
    std::int64_t answers = 0;
    std::int64_t objects = 0;
    std::int64_t labels = 0;
    bool tooManyLabels = false;
    LengthCounts lengths;
    std::unordered_map<std::string, std::int64_t> keyCounts;
    std::map<std::string, std::int64_t> labelCounts;
};

HabitLearner::HabitLearner() : m_impl(std::make_unique<Impl>()) {}
HabitLearner::~HabitLearner() = default;

void HabitLearner::add(std::span<const Message> messages)
{
    const Message *answer = lastAnswerOf(messages);
    if (!answer || isBlank(answer->content))
        return;
    Impl &seen = *m_impl;
    const std::string_view plain = trimmed(answer->content);
    ++seen.answers;
    seen.lengths.add(characters(plain));
    if (const Json object = objectOf(plain); !object.is_discarded()) {
        ++seen.objects;
        for (const auto &item : object.items()) {
            if (seen.keyCounts.size() < MostKeys || seen.keyCounts.contains(item.key()))
                ++seen.keyCounts[item.key()];
        }
    } else if (isLabel(plain)) {
        ++seen.labels;
        if (!seen.tooManyLabels)
            ++seen.labelCounts[std::string(plain)];
        if (seen.labelCounts.size() > MostLabels) {
            seen.tooManyLabels = true;
            seen.labelCounts.clear();
        }
    }
}

AnswerHabits HabitLearner::finish() const
{
    const Impl &seen = *m_impl;
    AnswerHabits habits;
    habits.answers = seen.answers;
    if (seen.answers < FewAnswers)
        return habits;
    // A quarter of what all but one in twenty answers have: labels and yes/no answers stay above it, as they are
    // themselves the measure.
    habits.shortCharacters = seen.lengths.percentile(0.05) / 4;
    habits.json = seen.objects * 5 >= seen.answers * 4;
    if (habits.json) {
        for (const auto &[key, count] : seen.keyCounts) {
            if (count * 20 >= seen.objects * 19)
                habits.keys.push_back(key);
        }
        std::sort(habits.keys.begin(), habits.keys.end());
    }
    // Labels: nearly all answers are short, and each of them stands for ten rows on average.
    const auto kinds = static_cast<std::int64_t>(seen.labelCounts.size());
    if (!seen.tooManyLabels && seen.labels * 10 >= seen.answers * 9 && kinds * 10 <= seen.answers)
        habits.labels = seen.labelCounts;
    return habits;
}

OrderedJson toJson(const AnswerHabits &habits)
{
    return {{"answers", habits.answers},
            {"short_characters", habits.shortCharacters},
            {"json", habits.json},
            {"keys", habits.keys},
            {"labels", habits.labels}};
}

Result<AnswerHabits> answerHabitsFromJson(const Json &json)
{
    AnswerHabits habits;
    ATTUNE_TRY(habits.answers, jsonValue<std::int64_t>(json, "answers", 0, "The habits of the answers"));
    ATTUNE_TRY(habits.shortCharacters,
               jsonValue<std::int64_t>(json, "short_characters", 0, "The habits of the answers"));
    ATTUNE_TRY(habits.json, jsonValue<bool>(json, "json", false, "The habits of the answers"));
    const auto fits = [&](const char *key, bool object, bool (Json::*isValue)() const) {
        const auto found = json.find(key);
        return found != json.end() && (object ? found->is_object() : found->is_array()) &&
               std::all_of(found->begin(), found->end(), [&](const Json &value) { return (value.*isValue)(); });
    };
    if (!fits("keys", false, &Json::is_string) || !fits("labels", true, &Json::is_number_integer))
        return fail(ErrorCode::Corrupt, "The habits of the answers can't be read; check the data again.");
    habits.keys = json["keys"].get<std::vector<std::string>>();
    for (const auto &item : json["labels"].items())
        habits.labels.emplace(item.key(), item.value().get<std::int64_t>());
    return habits;
}

// --- rows ---

std::vector<RowProblem> rowProblems(std::span<const Message> messages, const AnswerHabits &habits)
{
    std::vector<RowProblem> found;
    checkTurns(messages, found);
    if (const Message *answer = lastAnswerOf(messages))
        checkAnswer(answer->content, habits, found);
    checkTexts(messages, found);
    std::stable_sort(found.begin(), found.end(),
                     [](const RowProblem &a, const RowProblem &b) { return a.kind < b.kind; });
    return found;
}

std::optional<JsonFault> jsonObjectFault(std::string_view text)
{
    try {
        if (Json::parse(text).is_object())
            return std::nullopt;
        return JsonFault{1, 1, "This is JSON, but no object in braces."};
    } catch (const Json::out_of_range &) {
        return JsonFault{1, 1, "A number in it is beyond all measure."};
    } catch (const Json::parse_error &error) {
        // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while ...: reason"
        const std::size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
        const std::string_view before = text.substr(0, at);
        JsonFault fault;
        fault.line = 1 + std::count(before.begin(), before.end(), '\n');
        const auto lineBegin = before.rfind('\n');
        fault.column = 1 + characters(lineBegin == std::string_view::npos ? before : before.substr(lineBegin + 1));
        const std::string_view what = error.what();
        const auto reason = what.find("; expected ");
        const auto last = what.find(" - ");
        if (at >= text.size())
            fault.reason = "The text ends before the JSON is complete.";
        else if (reason != std::string_view::npos)
            fault.reason = "Expected " + std::string(what.substr(reason + 11)) + " here.";
        else if (last != std::string_view::npos)
            fault.reason = "This is not JSON: " + std::string(what.substr(last + 3)) + ".";
        else
            fault.reason = "This is not JSON.";
        return fault;
    }
}

std::string duplicateText(std::span<const Message> messages)
{
    std::string text;
    for (const Message &message : messages) {
        if (message.role != "user")
            continue;
        if (!text.empty())
            text += '\n';
        text += message.content;
    }
    return foldedText(text, false);
}

} // namespace attune
