#pragma once

#include "core/store/labelling_impl.h"

// For core/store and its tests only.

namespace attune {

/// A piece of a WHERE over row_facts, with its values in order.
struct Condition {
    std::string sql = "1"; ///< finds all
    std::vector<SqlValue> values = {};
    std::string words = {};       ///< for the full-text index: rows that it finds; empty: no words
    bool withoutWords = false;    ///< rows that it does not find instead

    void add(const Condition &other); ///< its words are left alone
    void add(const std::string &piece, std::span<const SqlValue> more = {});
};

/// What the search text asks for. InvalidInput names the piece that can't be understood.
Result<Condition> searchCondition(std::string_view search, std::int64_t maxLength);

/// The choices that are counted (FacetCounts), one by one; "1" where nothing is chosen.
Condition partCondition(const ExampleQuery &query);
Condition stateCondition(const ExampleQuery &query);
Condition ratingCondition(const ExampleQuery &query);
Condition tagCondition(const ExampleQuery &query);
Condition fileCondition(const ExampleQuery &query);
Condition problemCondition(const ExampleQuery &query);
Condition turnCondition(const ExampleQuery &query);
/// All else: search text, tokens, ids.
Result<Condition> otherCondition(const ExampleQuery &query);
/// All together.
Result<Condition> wholeCondition(const ExampleQuery &query);

/// The rows that a condition finds, in a walk over row_facts. Inside the caller's transaction.
///
/// Words that few rows have are given to SQLite as a list of ids. With more rows, a list of them would cost more than
/// the walk itself, so they are marked here, and each row is looked up.
class FactsWalk {
public:
    /// `columns` of row_facts; the first must be id.
    static Result<FactsWalk> begin(Database &database, Condition condition, const std::string &columns);
    /// Calls visit(const Statement &) on each row, by id.
    template <typename Visit>
    Result<void> each(Visit visit)
    {
        return eachRow(m_rows, [&](const Statement &row) {
            if (!m_marked || m_marks.has(row.integer(0)) != m_excluded)
                visit(row);
        });
    }
    bool findsAll() const { return m_all; } ///< nothing was asked for

private:
    explicit FactsWalk(Statement rows) : m_rows(std::move(rows)) {}
    Statement m_rows;
    bool m_all = false;
    bool m_marked = false;
    bool m_excluded = false;
    RowMarks m_marks;
};

std::int64_t problemBit(ProblemKind kind);
/// problems & mask, or, for Cut, the length; "0" for no kind at all.
std::string problemSql(std::span<const ProblemKind> kinds, std::int64_t maxLength);

} // namespace attune
