#pragma once

#include "core/store/labelling.h"
#include "core/store/row_writer.h"

#include <unordered_set>

// For core/store and its tests only.

namespace attune {

/// Changes rows and notes what it changed, as one step that can be undone. Every change of a row goes through this.
/// Inside the caller's transaction, which begins before it.
///
/// A step that was undone is gone once something else is changed, and so is all that was undone after it.
class RowChange {
public:
    /// With a `merge` key, goes on with the newest step where that has the same key and is not older than five
    /// seconds.
    RowChange(Database &database, std::string label, std::string merge, std::string_view doing);

    Result<std::int64_t> insert(const Example &example);
    /// A row that the table has lost, as it was in a snapshot.
    Result<void> insertLost(std::int64_t id, std::span<const Message> messages);
    /// NotFound where the row does not exist, or is deleted and the edit does not bring it back. InvalidInput names
    /// the value.
    Result<void> apply(const ExampleEdit &edit);
    /// The step; without rows, and not stored, where nothing changed.
    Result<EditStep> finish();
    Result<void> rename(const std::string &label);

private:
    Result<void> note(const StoredRow &before, const StoredRow &after);
    Result<void> noteMore(std::int64_t example, const std::string &before, const std::string &after);
    Result<void> beginStep();

    Database *m_database;
    std::string m_label;
    std::string m_merge;
    std::string_view m_doing;
    std::string m_now;
    RowWriter m_writer;
    LazyStatement m_note;
    LazyStatement m_findNote;
    LazyStatement m_changeNote;
    std::int64_t m_step = 0; // 0: not begun
    bool m_merged = false;
    std::vector<std::int64_t> m_rows;
    std::unordered_set<std::int64_t> m_seen;
};

/// What the column "undone" says of a step that can't be redone any more, while its rows are still being hidden;
/// there are else 0 and 1.
constexpr std::int64_t GoneStep = 2;

/// A new step, the newest of all; those that were undone are gone then.
Result<std::int64_t> newStep(Database &database, const std::string &label, const std::string &merge,
                             std::string_view doing);

struct WalkedStep {
    EditStep step;
    bool more = false; ///< of its rows walkSome() has still to show or to hide some, in transactions of their own
};
/// Takes the newest step back, or the last one that was taken back forth again. None: there is no such step. Inside
/// the caller's transaction.
Result<std::optional<WalkedStep>> undoStep(Database &database);
Result<std::optional<WalkedStep>> redoStep(Database &database);

/// The row as it was on the other side of a change that the journal holds.
Result<StoredRow> withChange(const Database &database, StoredRow row, const std::string &change);

} // namespace attune
