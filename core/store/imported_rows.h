#pragma once

#include "core/store/sqlite.h"

#include <vector>

// For core/store and its tests only: the tables imports and import_rows.
//
// A row that is being imported stands in examples as a deleted one, with its words in the full-text index, and in
// import_rows with what the other tables will hold of it. To show it is then a matter of a few statements over a range
// of ids. An import whose step is 0 has not begun to show its rows, and can be taken back; afterwards it only goes on.

namespace attune {

constexpr std::int64_t RowsShownAtOnce = 4000; // about a tenth of a second

/// Shows the next rows of an import. False: none is left, and the import is over. Inside the caller's transaction.
Result<bool> showSome(Database &database, std::int64_t import, std::int64_t most);
Result<std::vector<std::int64_t>> idsOfImport(Database &database, std::int64_t import);
/// All that is left of the imports that have begun to show theirs. Inside the caller's transaction.
Result<void> showImported(Database &database);
/// Takes rows of an import out of the file. False: none is left, and the import is gone. Inside the caller's
/// transaction.
Result<bool> takeBackSome(Database &database, std::int64_t import, std::int64_t most);
/// Undo: hides the rows from `first` to `last` that came with a step, and keeps what showing them again needs, under the
/// step's negative number in place of an import's. Inside the caller's transaction.
Result<void> hideImported(Database &database, std::int64_t step, std::int64_t first, std::int64_t last);
/// Redo: makes an import, which has begun to show its rows, of those that hideImported() kept; 0 where it kept none.
/// Inside the caller's transaction.
Result<std::int64_t> showAgain(Database &database, std::int64_t step, const std::string &label);
/// Of steps that can't be redone any more.
Result<void> forgetHidden(Database &database);
/// Ends imports whose process lives no more: shows the rest of those that have begun to, and, unless `shownOnly`, takes
/// the others back. In transactions of its own.
Result<void> endDeadImports(Database &database, bool shownOnly);

/// Between two short transactions: who waits for the file gets it. Waiting connections look every 2 ms.
void letOthersWrite();

} // namespace attune
