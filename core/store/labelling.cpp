#include "core/store/labelling.h"

#include "core/store/imported_rows.h"
#include "core/store/journal.h"
#include "core/store/labelling_impl.h"

namespace attune {

namespace {

constexpr auto Saving = "save a change of rows";
constexpr auto Walking = "undo or redo a change";

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

Result<std::optional<StepWalk>> Labelling::beginWalk(WalkDirection direction)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_CHECK(endWalksInPieces(database)); // an earlier one may be on its way
    ATTUNE_TRY(auto transaction, RowTransaction::begin(database, Walking));
    ATTUNE_TRY(auto walked, direction == WalkDirection::Back ? undoStep(database) : redoStep(database));
    if (!walked)
        return std::optional<StepWalk>();
    ATTUNE_CHECK(transaction.commit());
    return std::optional(StepWalk{std::move(walked->step), walked->more});
}

Result<bool> Labelling::walkOn(std::int64_t step)
{
    letOthersWrite();
    ATTUNE_TRY(auto transaction, RowTransaction::begin(m_project.m_impl->database, Walking));
    ATTUNE_TRY(const bool more, walkSome(m_project.m_impl->database, -step, RowsShownAtOnce));
    ATTUNE_CHECK(transaction.commit());
    return more;
}

Result<bool> Labelling::turnWalk(std::int64_t step)
{
    ATTUNE_TRY(auto transaction, RowTransaction::begin(m_project.m_impl->database, Walking));
    ATTUNE_TRY(const bool turned, attune::turnWalk(m_project.m_impl->database, step));
    ATTUNE_CHECK(transaction.commit());
    return turned;
}

Result<void> Labelling::leaveWalk(std::int64_t step)
{
    return attune::leaveWalk(m_project.m_impl->database, step);
}

Result<std::optional<EditStep>> Labelling::walk(WalkDirection direction)
{
    ATTUNE_TRY(auto walk, beginWalk(direction));
    if (!walk)
        return std::optional<EditStep>();
    for (bool more = walk->more; more;) {
        ATTUNE_TRY(more, walkOn(walk->step.id));
    }
    return std::optional(std::move(walk->step));
}

Result<std::optional<EditStep>> Labelling::undo()
{
    return walk(WalkDirection::Back);
}

Result<std::optional<EditStep>> Labelling::redo()
{
    return walk(WalkDirection::Forth);
}

Result<void> Labelling::forgetSteps()
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, "forget its list of changes"));
    ATTUNE_CHECK(endWalks(database));
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
