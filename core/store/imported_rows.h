#pragma once

#include "core/store/sqlite.h"

#include <vector>

// For core/store and its tests only: the tables imports and import_rows.
//
// A row that is being imported stands in examples as a deleted one, with its words in the full-text index, and in
// import_rows with what the other tables will hold of it. To show it is then a matter of a few statements over a
// range of ids. An import whose step is 0 has not begun to show its rows, and can be taken back; afterwards it only
// goes on.
//
// Undo and redo of such a step go the same way: undo hides its rows, and keeps in import_rows what showing them again
// needs, under the step's negative number. That is also the number of the import that stands for such a walk while it
// is on its way; its step is negative while rows are hidden, positive while they are shown.

namespace attune {

constexpr std::int64_t RowsShownAtOnce = 4000; // about a tenth of a second

/// Shows the next rows of an import. False: none is left, and the import is over. Inside the caller's transaction.
Result<bool> showSome(Database &database, std::int64_t import, std::int64_t most);
Result<std::vector<std::int64_t>> idsOfImport(Database &database, std::int64_t import);
/// Hides the next rows of a step that is being undone. False: none is left, and the walk is over. Inside the caller's
/// transaction.
Result<bool> hideSome(Database &database, std::int64_t walk, std::int64_t most);
/// The one or the other.
Result<bool> walkSome(Database &database, std::int64_t import, std::int64_t most);
/// All that is left of the imports that have begun to show their rows, and of undo and redo. Inside the caller's
/// transaction.
Result<void> endWalks(Database &database);
/// The same in pieces, each in a transaction of its own, so that others can write in between.
Result<void> endWalksInPieces(Database &database);
/// Takes rows of an import out of the file. False: none is left, and the import is gone. Inside the caller's
/// transaction.
Result<bool> takeBackSome(Database &database, std::int64_t import, std::int64_t most);
/// After rows were taken back: the file as small as it was, where they had made most of it. In short transactions,
/// but for one copy of a file that is small by then; a file in use by others keeps its free pages for the rows to
/// come.
Result<void> giveSpaceBack(Database &database);
/// Undo: begins to hide the rows that came with a step; hideSome() does it. Inside the caller's transaction.
Result<std::int64_t> beginHiding(Database &database, std::int64_t step, const std::string &label);
/// Redo: begins to show those that were hidden; showSome() does it. 0 where none was kept. Inside the caller's
/// transaction.
Result<std::int64_t> showAgain(Database &database, std::int64_t step, const std::string &label);
/// Undo becomes redo on its way, or the other way round. False: it is over, or other changes have come since. Inside
/// the caller's transaction.
Result<bool> turnWalk(Database &database, std::int64_t step);
/// The rest is for who opens the file next.
Result<void> leaveWalk(Database &database, std::int64_t step);
/// Of steps that can't be redone any more.
Result<void> forgetHidden(Database &database);
/// Ends imports whose process lives no more: shows the rest of those that have begun to, and, unless `shownOnly`,
/// takes the others back. In transactions of its own.
Result<void> endDeadImports(Database &database, bool shownOnly);

/// Between two short transactions: who waits for the file gets it. Waiting connections look every 2 ms.
void letOthersWrite();

} // namespace attune
