#pragma once

#include "core/store/labelling.h"
#include "core/studio/project_split.h"
#include "core/studio/tie_index.h"

namespace attune {

/// A row as the search for duplicates sees it.
struct DuplicateRow {
    std::int64_t id = 0;
    std::string contentHash;
    std::string text; ///< duplicateText()
};
DuplicateRow duplicateRow(const StoredExample &row);

/// Duplicate and NearDuplicate problems of rows that are in the order of their ids, by near_pairs.h. Rows that are
/// equal in everything are duplicates. Rows that ask the same, or nearly the same, are near duplicates; but a
/// question that fifty rows and a tenth of all ask word for word is a form and makes none. `all` is the number of
/// rows where those that are given are but some.
std::vector<StoredProblem> findDuplicates(std::span<const DuplicateRow> rows, double similarity, std::size_t all = 0,
                                           const std::stop_token &stop = {});

StoredProblem leakProblem(const LeakedPair &leak);

/// Looks again at the duplicates and leaks that some rows, or partners of theirs, had: what no longer holds is
/// removed. With an index, which learns these rows by the way, what they are nearly equal to by now is found too; but
/// not where a row has so many neighbours that they may be a form, which only a look at all rows can tell.
Result<void> checkTies(Project &project, std::span<const std::int64_t> rows, double similarity, TieIndex *index);

} // namespace attune
