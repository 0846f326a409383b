#include "core/store/labelling.h"

#include "core/store/imported_rows.h"
#include "core/store/journal.h"
#include "core/store/labelling_impl.h"

namespace attune {

namespace {

constexpr auto Saving = "save a change of rows";
constexpr auto Redoing = "redo a change";

} // namespace

Result<EditStep> Labelling::apply(const std::string &label, std::span<const ExampleEdit> edits,
                                  const std::string &merge)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, RowTransaction::begin(database, Saving));
    RowChange change(database, label, merge, Saving);
    for (const ExampleEdit &edit : edits)
        ATTUNE_CHECK(change.apply(edit));
    ATTUNE_TRY(EditStep step, change.finish());
    if (!step.rows.empty()) // else the file is left alone, and nobody has to look at it
        ATTUNE_CHECK(transaction.commit());
    return step;
}

Result<EditStep> Labelling::insert(const std::string &label, std::span<const Example> rows)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, RowTransaction::begin(database, Saving));
    RowChange change(database, label, {}, Saving);
    for (const Example &row : rows) {
        if (row.messages.empty())
            return fail(ErrorCode::InvalidInput, "A new row needs at least one turn.");
        ATTUNE_CHECK(change.insert(row));
    }
    ATTUNE_TRY(EditStep step, change.finish());
    if (!step.rows.empty())
        ATTUNE_CHECK(transaction.commit());
    return step;
}

Result<UndoState> Labelling::undoState()
{
    Database &database = m_project.m_impl->database;
    UndoState state;
    // One statement, so that both are of one moment.
    ATTUNE_TRY(auto labels,
               database.prepare("SELECT (SELECT label FROM edit_steps WHERE undone = 0 ORDER BY id DESC LIMIT 1), "
                                "(SELECT label FROM edit_steps WHERE undone = 1 ORDER BY id LIMIT 1)",
                                "read its list of changes"));
    ATTUNE_TRY(const bool row, labels.step());
    if (row) {
        state.undo = labels.text(0);
        state.redo = labels.text(1);
    }
    return state;
}

Result<std::optional<EditStep>> Labelling::undo()
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, RowTransaction::begin(database, "undo a change"));
    ATTUNE_TRY(auto walked, undoStep(database));
    if (!walked)
        return std::optional<EditStep>();
    ATTUNE_CHECK(transaction.commit());
    return std::optional(std::move(walked->step));
}

Result<std::optional<EditStep>> Labelling::redo()
{
    Database &database = m_project.m_impl->database;
    std::optional<WalkedStep> walked;
    {
        ATTUNE_TRY(auto transaction, RowTransaction::begin(database, Redoing));
        ATTUNE_TRY(walked, redoStep(database));
        if (!walked)
            return std::optional<EditStep>();
        ATTUNE_CHECK(transaction.commit());
    }
    // The rows of a large import appear as they did the first time. Should this end here, they do with the next undo, or
    // when the project is next opened.
    for (bool more = walked->import != 0; more;) {
        letOthersWrite();
        ATTUNE_TRY(auto transaction, RowTransaction::begin(database, Redoing));
        ATTUNE_TRY(more, showSome(database, walked->import, RowsShownAtOnce));
        ATTUNE_CHECK(transaction.commit());
    }
    return std::optional(std::move(walked->step));
}

Result<void> Labelling::forgetSteps()
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, "forget its list of changes"));
    ATTUNE_CHECK(database.run("DELETE FROM edit_steps", "forget its list of changes"));
    ATTUNE_CHECK(forgetHidden(database));
    return transaction.commit();
}

Result<std::int64_t> Labelling::changeCounter()
{
    // The first counts the commits of other connections, the second the changes of this one; neither goes back.
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(const auto others, database.number("PRAGMA data_version", "look for changes"));
    return others + database.totalChanges();
}

Result<std::int64_t> Labelling::rowCounter()
{
    return m_project.m_impl->database.number("SELECT value FROM counters WHERE name = 'rows'", "look for changes");
}

} // namespace attune
