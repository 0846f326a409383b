#pragma once

#include "core/store/labelling.h"
#include "core/store/sqlite.h"

// For core/store and its tests only.

namespace attune {

/// A piece of a WHERE over row_facts, with its values in order.
struct Condition {
    std::string sql; ///< never empty: "1" finds all
    std::vector<SqlValue> values;

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

std::int64_t problemBit(ProblemKind kind);
/// problems & mask, or, for Cut, the length; "0" for no kind at all.
std::string problemSql(std::span<const ProblemKind> kinds, std::int64_t maxLength);

} // namespace attune
