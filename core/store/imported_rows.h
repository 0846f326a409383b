#pragma once

#include "core/store/sqlite.h"

// For core/store and its tests only: the tables imports and import_rows.
//
// A row that is being imported stands in examples as a deleted one, with its words in the full-text index, and in
// import_rows with what the other tables will hold of it. To show it is then a matter of a few statements over a range
// of ids. An import whose step is 0 has not begun to show its rows, and can be taken back; afterwards it only goes on.

namespace attune {

/// Shows the next rows of an import. False: none is left, and the import is over. Inside the caller's transaction.
Result<bool> showSome(Database &database, std::int64_t import, std::int64_t most);
/// All that is left of the imports that have begun to show theirs. Inside the caller's transaction.
Result<void> showImported(Database &database);
/// Takes rows of an import out of the file. False: none is left, and the import is gone. Inside the caller's
/// transaction.
Result<bool> takeBackSome(Database &database, std::int64_t import, std::int64_t most);
/// Ends imports whose process lives no more: shows the rest of those that have begun to, and, unless `shownOnly`, takes
/// the others back. In transactions of its own.
Result<void> endDeadImports(Database &database, bool shownOnly);

/// Between two short transactions: who waits for the file gets it. Waiting connections look every 2 ms.
void letOthersWrite();

} // namespace attune
