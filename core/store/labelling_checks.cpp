#include "core/store/labelling_impl.h"
#include "core/store/row_writer.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace attune {

namespace {

constexpr auto CountsKey = "token_counts_of"; // in settings: fingerprint of the tokenizer and template that counted
constexpr auto SavingCounts = "save token counts";
constexpr auto SavingProblems = "save what was found out about rows";
constexpr auto ReadingProblems = "read what was found out about rows";

constexpr auto ProblemColumns = "example, kind, detail, other, group_id";

StoredProblem problemOf(const Statement &row)
{
    return {row.integer(0), static_cast<ProblemKind>(row.integer(1)), row.text(2), row.integer(3), row.integer(4)};
}

bool isBefore(const StoredProblem &a, const StoredProblem &b)
{
    return std::tie(a.example, a.kind, a.other, a.group, a.detail) <
           std::tie(b.example, b.kind, b.other, b.group, b.detail);
}

std::string kindList(std::span<const ProblemKind> kinds)
{
    std::string list;
    for (const ProblemKind kind : kinds)
        list += (list.empty() ? "" : ", ") + std::to_string(static_cast<int>(kind));
    return list;
}

Result<std::vector<StoredProblem>> stored(Database &database, const std::string &where,
                                          const std::optional<std::int64_t> &value = {})
{
    ATTUNE_TRY(auto rows, database.prepare("SELECT " + std::string(ProblemColumns) +
                                               " FROM row_problems JOIN row_facts ON row_facts.id = example WHERE " +
                                               where + " ORDER BY example, kind, row_problems.id",
                                           ReadingProblems));
    if (value)
        rows.bind(*value);
    std::vector<StoredProblem> problems;
    ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) { problems.push_back(problemOf(row)); }));
    return problems;
}

} // namespace

Result<std::vector<std::int64_t>> Labelling::uncounted(const std::string &fingerprint)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(const auto counted, m_project.setting(CountsKey));
    ATTUNE_TRY(auto rows, database.prepare(counted == fingerprint
                                               ? "SELECT id FROM row_facts WHERE tokens IS NULL ORDER BY id"
                                               : "SELECT id FROM row_facts ORDER BY id",
                                           FindingRows));
    std::vector<std::int64_t> ids;
    ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) { ids.push_back(row.integer(0)); }));
    return ids;
}

Result<void> Labelling::setTokenCounts(const std::string &fingerprint, std::span<const TokenCount> counts)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, SavingCounts));
    ATTUNE_TRY(const auto counted, m_project.setting(CountsKey));
    if (counted != fingerprint) {
        ATTUNE_CHECK(database.run("DELETE FROM token_counts; UPDATE row_facts SET tokens = NULL, trained = NULL "
                                  "WHERE tokens IS NOT NULL",
                                  SavingCounts));
        ATTUNE_CHECK(m_project.setSetting(CountsKey, fingerprint));
    }
    LazyStatement keep(database,
                       "INSERT INTO token_counts (content_hash, tokens, trained) VALUES (?, ?, ?) ON CONFLICT "
                       "(content_hash) DO UPDATE SET tokens = excluded.tokens, trained = excluded.trained",
                       SavingCounts);
    LazyStatement show(database,
                       "UPDATE row_facts SET tokens = ?, trained = ? WHERE id = ?3 AND ?4 = "
                       "(SELECT content_hash FROM examples WHERE examples.id = ?3)",
                       SavingCounts);
    for (const TokenCount &count : counts) {
        ATTUNE_CHECK(keep.run(count.contentHash, count.tokens, count.trained));
        ATTUNE_CHECK(show.run(count.tokens, count.trained, count.example, count.contentHash));
    }
    ATTUNE_CHECK(countRowChange(database));
    return transaction.commit();
}

Result<void> Labelling::setProblems(std::span<const ProblemKind> kinds, std::span<const StoredProblem> problems,
                                    std::optional<std::span<const std::int64_t>> onlyRows)
{
    Database &database = m_project.m_impl->database;
    std::int64_t mask = 0;
    for (const ProblemKind kind : kinds) {
        if (kind == ProblemKind::Cut || kind >= ProblemKind::Count)
            return fail(ErrorCode::InvalidInput, "The problem \"" + std::string(name(kind)) +
                                                     "\" follows from the token count and is not stored.");
        mask |= std::int64_t(1) << static_cast<int>(kind);
    }
    std::set<std::int64_t> rows;
    if (onlyRows)
        rows.insert(onlyRows->begin(), onlyRows->end());
    for (const StoredProblem &problem : problems)
        if (std::find(kinds.begin(), kinds.end(), problem.kind) == kinds.end() ||
            (onlyRows && !rows.contains(problem.example)))
            return fail(ErrorCode::InvalidInput,
                        rowName(problem.example) + " was not to be checked for \"" +
                            std::string(name(problem.kind)) + "\", so nothing was saved.");

    ATTUNE_TRY(auto transaction, Transaction::begin(database, SavingProblems));
    // Checks run after every change and seldom find anything new; then nothing is written, and nobody is woken.
    std::vector<StoredProblem> before;
    const std::string ofKinds = "kind IN (" + kindList(kinds) + ")";
    if (onlyRows) {
        for (const std::int64_t id : rows) {
            ATTUNE_TRY(auto more, stored(database, ofKinds + " AND example = ?", id));
            before.insert(before.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        }
    } else {
        ATTUNE_TRY(before, stored(database, ofKinds));
    }
    std::vector<StoredProblem> after;
    ATTUNE_TRY(auto exists, database.prepare("SELECT 1 FROM row_facts WHERE id = ?", SavingProblems));
    for (const StoredProblem &problem : problems) {
        ATTUNE_TRY(const bool there, exists.bind(problem.example).step());
        if (there) // it may have been deleted while the check ran
            after.push_back(problem);
    }
    auto ordered = after;
    std::sort(before.begin(), before.end(), isBefore);
    std::sort(ordered.begin(), ordered.end(), isBefore);
    if (before == ordered)
        return {};

    const std::string inRows = onlyRows ? " AND example = ?" : "";
    const std::string keepBits = "UPDATE row_facts SET problems = problems & ~" + std::to_string(mask) +
                                 " WHERE (problems & " + std::to_string(mask) + ") <> 0";
    ATTUNE_TRY(auto remove, database.prepare("DELETE FROM row_problems WHERE " + ofKinds + inRows, SavingProblems));
    ATTUNE_TRY(auto clear, database.prepare(keepBits + (onlyRows ? " AND id = ?" : ""), SavingProblems));
    if (onlyRows) {
        for (const std::int64_t id : rows) {
            ATTUNE_CHECK(remove.bind(id).run());
            ATTUNE_CHECK(clear.bind(id).run());
        }
    } else {
        ATTUNE_CHECK(remove.run());
        ATTUNE_CHECK(clear.run());
    }
    ATTUNE_TRY(auto insert, database.prepare("INSERT INTO row_problems (example, kind, detail, other, group_id) "
                                             "VALUES (?, ?, ?, ?, ?)",
                                             SavingProblems));
    ATTUNE_TRY(auto mark, database.prepare("UPDATE row_facts SET problems = problems | ? WHERE id = ?",
                                           SavingProblems));
    for (const StoredProblem &problem : after) {
        ATTUNE_CHECK(insert.bind(problem.example, static_cast<std::int64_t>(problem.kind), problem.detail,
                                 problem.other, problem.group)
                         .run());
        ATTUNE_CHECK(mark.bind(std::int64_t(1) << static_cast<int>(problem.kind), problem.example).run());
    }
    ATTUNE_CHECK(countRowChange(database));
    return transaction.commit();
}

Result<std::vector<StoredProblem>> Labelling::problems(std::int64_t example)
{
    return stored(m_project.m_impl->database, "example = ?", example);
}

Result<std::vector<StoredProblem>> Labelling::problemsOfKind(ProblemKind kind)
{
    return stored(m_project.m_impl->database, "kind = ?", static_cast<std::int64_t>(kind));
}

} // namespace attune
