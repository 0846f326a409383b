#include "core/store/example_query.h"

#include <array>

namespace attune {

namespace {

constexpr auto KindCount = static_cast<std::size_t>(ProblemKind::Count);
constexpr std::array<std::string_view, KindCount> KindNames{
    "cut",          "duplicate",    "near-duplicate", "leak",       "no-answer", "short-answer",
    "not-json",     "missing-keys", "empty-turn",     "role-order", "end-token", "nothing-trained",
    "drops-turn",   "odd-encoding", "personal-data",  "rare-label"};

using Sort = ExampleQuery::Sort;
constexpr std::array<std::string_view, 8> SortNames{"number", "prompt", "answer", "state",
                                                    "part",   "tokens", "rating", "changed"};

/// "?, ?, ?"
std::string marks(std::size_t count)
{
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += i ? ", ?" : "?";
    return text;
}

template <typename T>
Condition isOneOf(const std::string &before, const std::vector<T> &wanted, const std::string &after = {})
{
    Condition condition;
    if (wanted.empty())
        return condition;
    condition.sql = before + " IN (" + marks(wanted.size()) + ")" + after;
    for (const T &value : wanted) {
        if constexpr (std::is_convertible_v<T, std::string>)
            condition.values.emplace_back(value);
        else
            condition.values.emplace_back(static_cast<std::int64_t>(value));
    }
    return condition;
}

std::string partWord(const std::optional<Part> &part)
{
    return part ? std::string(name(*part)) : "none";
}

tl::unexpected<Error> badView(const std::string &what)
{
    return fail(ErrorCode::InvalidInput, "A saved view can't be read: " + what + "; remove it and save it anew.");
}

template <typename T, typename Reader>
Result<void> readList(const Json &json, const char *key, std::vector<T> &to, Reader read)
{
    const auto found = json.find(key);
    if (found == json.end())
        return {};
    if (!found->is_array())
        return badView(std::string("\"") + key + "\" is no list");
    for (const Json &item : *found) {
        ATTUNE_TRY(auto value, read(item, key));
        to.push_back(std::move(value));
    }
    return {};
}

Result<std::string> readText(const Json &item, const char *key)
{
    if (!item.is_string())
        return badView(std::string("\"") + key + "\" holds something other than a text");
    return item.get<std::string>();
}

Result<std::int64_t> readNumber(const Json &item, const char *key)
{
    if (!item.is_number_integer())
        return badView(std::string("\"") + key + "\" holds something other than a whole number");
    return item.get<std::int64_t>();
}

template <typename Enum, std::size_t count>
Result<Enum> readName(const Json &item, const char *key, const std::array<std::string_view, count> &names)
{
    ATTUNE_TRY(const std::string text, readText(item, key));
    for (std::size_t i = 0; i < count; ++i)
        if (names[i] == text)
            return static_cast<Enum>(i);
    return badView("\"" + text + "\" is unknown in \"" + key + "\"");
}

} // namespace

void Condition::add(const std::string &piece, std::span<const SqlValue> more)
{
    if (piece == "1")
        return;
    sql = sql.empty() || sql == "1" ? piece : sql + " AND " + piece;
    values.insert(values.end(), more.begin(), more.end());
}

void Condition::add(const Condition &other)
{
    add(other.sql, other.values);
}

Result<FactsWalk> FactsWalk::begin(Database &database, Condition condition, const std::string &columns)
{
    constexpr std::size_t FewRows = 3000;
    const bool all = condition.sql == "1" && condition.words.empty();
    std::vector<std::int64_t> found;
    bool marked = false;
    if (!condition.words.empty()) {
        ATTUNE_TRY(auto rows,
                   database.prepare("SELECT rowid FROM row_words WHERE row_words MATCH ?", FindingRows));
        rows.bind(condition.words);
        ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) { found.push_back(row.integer(0)); }));
        marked = found.size() > FewRows;
        if (!marked)
            condition.add((condition.withoutWords ? "NOT " : "") +
                              std::string("id IN (SELECT value FROM json_each(?))"),
                          std::array{SqlValue(Json(found).dump())});
    }
    ATTUNE_TRY(auto rows, database.prepare("SELECT " + columns + " FROM row_facts WHERE " + condition.sql +
                                               " ORDER BY id",
                                           FindingRows));
    rows.bindAll(condition.values);
    FactsWalk walk(std::move(rows));
    walk.m_all = all;
    walk.m_marked = marked;
    walk.m_excluded = condition.withoutWords;
    if (marked)
        for (const std::int64_t id : found)
            walk.m_marks.set(id);
    return walk;
}

std::string_view name(ProblemKind kind)
{
    const auto index = static_cast<std::size_t>(kind);
    return index < KindCount ? KindNames[index] : "unknown";
}

std::int64_t problemBit(ProblemKind kind)
{
    return std::int64_t(1) << static_cast<int>(kind);
}

std::string problemSql(std::span<const ProblemKind> kinds, std::int64_t maxLength)
{
    std::int64_t mask = 0;
    bool cut = false;
    for (const ProblemKind kind : kinds) {
        if (kind == ProblemKind::Cut)
            cut = maxLength > 0;
        else
            mask |= problemBit(kind);
    }
    const std::string stored = "(problems & " + std::to_string(mask) + ") <> 0";
    const std::string tooLong = "coalesce(tokens, 0) > " + std::to_string(maxLength);
    if (cut)
        return mask ? "(" + stored + " OR " + tooLong + ")" : tooLong;
    return mask ? stored : "0";
}

Condition partCondition(const ExampleQuery &query)
{
    Condition condition;
    if (!query.parts.empty()) {
        std::string any;
        for (const auto &part : query.parts)
            any += (any.empty() ? "part IS " : " OR part IS ") +
                   (part ? std::to_string(static_cast<int>(*part)) : std::string("NULL"));
        condition.add("(" + any + ")");
    }
    if (!query.testRows)
        condition.add("part IS NOT " + std::to_string(static_cast<int>(Part::Test)));
    return condition;
}

Condition stateCondition(const ExampleQuery &query)
{
    return isOneOf("state", query.states);
}

Condition ratingCondition(const ExampleQuery &query)
{
    return isOneOf("rating", query.ratings);
}

Condition tagCondition(const ExampleQuery &query)
{
    return isOneOf("id IN (SELECT example FROM row_tags WHERE tag", query.tags, ")");
}

Condition fileCondition(const ExampleQuery &query)
{
    return isOneOf("file IN (SELECT source_files.id FROM source_files WHERE name", query.files, ")");
}

Condition problemCondition(const ExampleQuery &query)
{
    Condition condition;
    if (!query.problems.empty())
        condition.sql = problemSql(query.problems, query.maxLength);
    return condition;
}

Condition turnCondition(const ExampleQuery &query)
{
    return isOneOf("turns", query.turns);
}

Result<Condition> otherCondition(const ExampleQuery &query)
{
    ATTUNE_TRY(Condition condition, searchCondition(query.search, query.maxLength));
    if (query.leastTokens)
        condition.add("tokens >= ?", std::array{SqlValue(*query.leastTokens)});
    if (query.mostTokens)
        condition.add("tokens <= ?", std::array{SqlValue(*query.mostTokens)});
    if (!query.ids.empty()) // as one value: there may be more ids than SQLite takes parameters
        condition.add("id IN (SELECT value FROM json_each(?))", std::array{SqlValue(Json(query.ids).dump())});
    return condition;
}

Result<Condition> wholeCondition(const ExampleQuery &query)
{
    ATTUNE_TRY(Condition condition, otherCondition(query));
    for (const Condition &choice :
         {partCondition(query), stateCondition(query), ratingCondition(query), tagCondition(query),
          fileCondition(query), problemCondition(query), turnCondition(query)})
        condition.add(choice);
    return condition;
}

OrderedJson toJson(const ExampleQuery &query)
{
    OrderedJson json = OrderedJson::object();
    if (!query.search.empty())
        json["search"] = query.search;
    for (const auto &part : query.parts)
        json["parts"].push_back(partWord(part));
    for (const LabelState state : query.states)
        json["states"].push_back(name(state));
    for (const auto &[key, numbers] :
         {std::pair("ratings", std::vector<std::int64_t>(query.ratings.begin(), query.ratings.end())),
          std::pair("turns", query.turns), std::pair("ids", query.ids)})
        if (!numbers.empty())
            json[key] = numbers;
    for (const auto &[key, texts] : {std::pair("tags", &query.tags), std::pair("files", &query.files)})
        if (!texts->empty())
            json[key] = *texts;
    for (const ProblemKind kind : query.problems)
        json["problems"].push_back(name(kind));
    if (query.leastTokens)
        json["least_tokens"] = *query.leastTokens;
    if (query.mostTokens)
        json["most_tokens"] = *query.mostTokens;
    if (!query.testRows)
        json["test_rows"] = false;
    if (query.maxLength != 0)
        json["max_length"] = query.maxLength;
    if (query.sort != Sort::Number)
        json["sort"] = SortNames[static_cast<std::size_t>(query.sort)];
    if (query.descending)
        json["descending"] = true;
    return json;
}

Result<ExampleQuery> exampleQueryFromJson(const Json &json)
{
    if (!json.is_object())
        return badView("it is no JSON object");
    ExampleQuery query;
    constexpr auto Where = "A saved view";
    ATTUNE_TRY(query.search, jsonValue(json, "search", std::string(), Where));
    constexpr std::array<std::string_view, 4> Parts{"train", "validation", "test", "none"};
    constexpr std::array<std::string_view, 4> States{"to label", "approved", "flagged", "rejected"};
    ATTUNE_CHECK(readList(json, "parts", query.parts,
                          [&](const Json &item, const char *key) -> Result<std::optional<Part>> {
                              ATTUNE_TRY(const auto part, readName<std::uint8_t>(item, key, Parts));
                              return part == 3 ? std::nullopt : std::optional(static_cast<Part>(part));
                          }));
    ATTUNE_CHECK(readList(json, "states", query.states, [&](const Json &item, const char *key) {
        return readName<LabelState>(item, key, States);
    }));
    ATTUNE_CHECK(readList(json, "problems", query.problems, [&](const Json &item, const char *key) {
        return readName<ProblemKind>(item, key, KindNames);
    }));
    std::vector<std::int64_t> ratings;
    ATTUNE_CHECK(readList(json, "ratings", ratings, readNumber));
    query.ratings.assign(ratings.begin(), ratings.end());
    ATTUNE_CHECK(readList(json, "turns", query.turns, readNumber));
    ATTUNE_CHECK(readList(json, "ids", query.ids, readNumber));
    ATTUNE_CHECK(readList(json, "tags", query.tags, readText));
    ATTUNE_CHECK(readList(json, "files", query.files, readText));
    for (const auto &[key, to] :
         {std::pair("least_tokens", &query.leastTokens), std::pair("most_tokens", &query.mostTokens)})
        if (const auto found = json.find(key); found != json.end()) {
            ATTUNE_TRY(*to, readNumber(*found, key));
        }
    ATTUNE_TRY(query.testRows, jsonValue(json, "test_rows", true, Where));
    ATTUNE_TRY(query.maxLength, jsonValue(json, "max_length", std::int64_t(0), Where));
    ATTUNE_TRY(query.descending, jsonValue(json, "descending", false, Where));
    if (const auto found = json.find("sort"); found != json.end()) {
        ATTUNE_TRY(query.sort, readName<Sort>(*found, "sort", SortNames));
    }
    return query;
}

} // namespace attune
