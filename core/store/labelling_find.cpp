#include "core/store/example_query.h"
#include "core/store/labelling_impl.h"

#include <algorithm>
#include <unordered_map>

namespace attune {

namespace {

using Sort = ExampleQuery::Sort;

/// The column of row_facts that is sorted by; none: the first words, which have an index of their own.
const char *keyColumn(Sort sort)
{
    switch (sort) {
    case Sort::State:
        return "state";
    case Sort::Part:
        return "part";
    case Sort::Tokens:
        return "tokens";
    case Sort::Rating:
        return "rating";
    case Sort::Changed:
        return "changed";
    case Sort::Number:
    case Sort::Prompt:
    case Sort::Answer:
        break;
    }
    return nullptr;
}

Result<std::vector<std::int64_t>> unsorted(Database &database, const Condition &condition)
{
    ATTUNE_TRY(auto rows, FactsWalk::begin(database, condition, "id"));
    std::vector<std::int64_t> ids;
    ATTUNE_CHECK(rows.each([&](const Statement &row) { ids.push_back(row.integer(0)); }));
    return ids;
}

/// By a number; rows without one come last, whichever the direction. Equal ones by id.
Result<std::vector<std::int64_t>> sortedByKey(Database &database, const Condition &condition, const char *column,
                                              bool descending)
{
    ATTUNE_TRY(auto rows, FactsWalk::begin(database, condition, "id, " + std::string(column)));
    std::vector<std::pair<std::int64_t, std::int64_t>> keyed; // key, id
    std::vector<std::int64_t> keyless;
    ATTUNE_CHECK(rows.each([&](const Statement &row) {
        if (row.isNull(1))
            keyless.push_back(row.integer(0));
        else
            keyed.emplace_back(row.integer(1), row.integer(0));
    }));
    std::stable_sort(keyed.begin(), keyed.end(), [&](const auto &a, const auto &b) {
        return descending ? a.first > b.first : a.first < b.first;
    });
    std::vector<std::int64_t> ids;
    ids.reserve(keyed.size() + keyless.size());
    for (const auto &[key, id] : keyed)
        ids.push_back(id);
    ids.insert(ids.end(), keyless.begin(), keyless.end());
    return ids;
}

/// Walks the index of first words and picks the rows found: cheaper than to fetch and compare the words of each.
Result<std::vector<std::int64_t>> sortedByWords(Database &database, const Condition &condition, const char *column,
                                                bool descending)
{
    ATTUNE_TRY(auto ids, unsorted(database, condition));
    RowMarks found;
    for (const std::int64_t id : ids)
        found.set(id);
    const std::string key = "substr(" + std::string(column) + ", 1, 48) COLLATE NOCASE";
    const std::string direction = descending ? " DESC" : "";
    ATTUNE_TRY(
        auto rows,
        database.prepare("SELECT id FROM row_heads ORDER BY " + key + direction + ", id" + direction, FindingRows));
    ids.clear();
    ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) {
        if (found.has(row.integer(0)))
            ids.push_back(row.integer(0));
    }));
    return ids;
}

Result<ExampleSummary> summaryOf(const Database &database, const Statement &row)
{
    ExampleSummary summary;
    summary.id = row.integer(0);
    summary.prompt = row.text(1);
    summary.answer = row.text(2);
    ATTUNE_TRY(summary.state, storedEnum<LabelState>(database, row.integer(3), LabelStateCount, "a row's state"));
    ATTUNE_TRY(summary.part, storedPart(database, row, 4));
    summary.rating = static_cast<int>(row.integer(5));
    summary.turns = row.integer(6);
    if (!row.isNull(7))
        summary.tokens = row.integer(7);
    summary.problems = ProblemSet(static_cast<unsigned long>(row.integer(8)));
    ATTUNE_TRY(summary.tags, storedTexts(database, row.text(9), "a row's tags"));
    return summary;
}

} // namespace

Result<std::vector<std::int64_t>> Labelling::ids(const ExampleQuery &query)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(const Condition condition, wholeCondition(query));
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, FindingRows));
    if (const char *column = keyColumn(query.sort))
        return sortedByKey(database, condition, column, query.descending);
    if (query.sort != Sort::Number)
        return sortedByWords(database, condition, query.sort == Sort::Prompt ? "prompt" : "answer", query.descending);
    auto ids = unsorted(database, condition);
    if (ids && query.descending)
        std::reverse(ids->begin(), ids->end());
    return ids;
}

Result<std::vector<ExampleSummary>> Labelling::summaries(std::span<const std::int64_t> ids)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, FindingRows));
    ATTUNE_TRY(auto find, database.prepare("SELECT row_facts.id, prompt, answer, row_facts.state, row_facts.part, "
                                           "row_facts.rating, turns, tokens, problems, tags FROM row_facts "
                                           "JOIN row_heads USING (id) JOIN examples USING (id) "
                                           "WHERE row_facts.id = ?",
                                           FindingRows));
    std::vector<ExampleSummary> summaries;
    summaries.reserve(ids.size());
    for (const std::int64_t id : ids) {
        ATTUNE_TRY(const bool found, find.bind(id).step());
        if (!found)
            continue;
        ATTUNE_TRY(auto summary, summaryOf(database, find));
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> Labelling::tokenLengths(const ExampleQuery &query)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(Condition condition, wholeCondition(query));
    condition.add("tokens IS NOT NULL");
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, FindingRows));
    ATTUNE_TRY(auto rows, FactsWalk::begin(database, condition, "id, tokens"));
    std::vector<std::pair<std::int64_t, std::int64_t>> lengths;
    ATTUNE_CHECK(rows.each([&](const Statement &row) { lengths.emplace_back(row.integer(0), row.integer(1)); }));
    return lengths;
}

Result<std::vector<CountOf>> Labelling::systemTurns()
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, FindingRows));
    ATTUNE_TRY(auto groups, database.prepare("SELECT count(*), min(id) FROM row_facts WHERE system <> 0 GROUP BY "
                                             "system HAVING count(*) > 1 ORDER BY 1 DESC, 2",
                                             FindingRows));
    ATTUNE_TRY(auto text, database.prepare("SELECT messages FROM examples WHERE id = ?", FindingRows));
    std::vector<CountOf> turns;
    ATTUNE_CHECK(eachRow(groups, [&](const Statement &group) -> Result<void> {
        ATTUNE_TRY(const bool found, text.bind(group.integer(1)).step());
        if (!found)
            return {};
        ATTUNE_TRY(const auto messages, storedMessages(database, text.text(0), "a row's text"));
        const auto system = std::find_if(messages.begin(), messages.end(),
                                         [](const Message &message) { return message.role == "system"; });
        if (system != messages.end())
            turns.push_back({system->content, group.integer(0)});
        return {};
    }));
    return turns;
}

} // namespace attune
