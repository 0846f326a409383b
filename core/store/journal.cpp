#include "core/store/journal.h"

#include "core/store/imported_rows.h"
#include "core/store/project_impl.h"

#include <algorithm>

namespace attune {

namespace {

constexpr double MergeSeconds = 5;

/// What differs between two states of a row, from both sides. Keys are short, since a journal is never cut.
struct Difference {
    Json before = Json::object();
    Json after = Json::object();

    template <typename T>
    void add(const char *key, const T &old, const T &now)
    {
        if (old == now)
            return;
        before[key] = value(old);
        after[key] = value(now);
    }

    template <typename T>
    static Json value(const T &plain)
    {
        return plain;
    }
    template <typename T>
    static Json value(const std::optional<T> &optional)
    {
        return optional ? Json(*optional) : Json();
    }
};

bool differs(const StoredRow &a, const StoredRow &b)
{
    return a.messages != b.messages || a.part != b.part || a.state != b.state || a.rating != b.rating ||
           a.tags != b.tags || a.notes != b.notes || a.deletedAt != b.deletedAt;
}

/// Nothing of a row gets into the journal that is not JSON already: its texts were checked when it was stored.
Result<Difference> differenceOf(const Database &database, const StoredRow &before, const StoredRow &after)
{
    Difference difference;
    if (before.messages != after.messages) {
        ATTUNE_TRY(difference.before["m"], storedJson(database, before.messages, "a row's text"));
        ATTUNE_TRY(difference.after["m"], storedJson(database, after.messages, "a row's text"));
    }
    if (before.tags != after.tags) {
        ATTUNE_TRY(difference.before["t"], storedJson(database, before.tags, "a row's tags"));
        ATTUNE_TRY(difference.after["t"], storedJson(database, after.tags, "a row's tags"));
    }
    difference.add("p", before.part, after.part);
    difference.add("s", before.state, after.state);
    difference.add("r", before.rating, after.rating);
    difference.add("n", before.notes, after.notes);
    difference.add("d", before.deletedAt, after.deletedAt);
    difference.add("u", before.updatedAt, after.updatedAt);
    return difference;
}

tl::unexpected<Error> damagedJournal(const Database &database)
{
    return fail(ErrorCode::Corrupt,
                database.path().string() + " is damaged: its list of changes can't be read; restore a backup.");
}

bool readNumber(const Json &value, std::int64_t &to)
{
    if (!value.is_number_integer())
        return false;
    to = value.get<std::int64_t>();
    return true;
}

bool readText(const Json &value, std::string &to)
{
    if (!value.is_string())
        return false;
    to = value.get<std::string>();
    return true;
}

bool readList(const Json &value, std::string &to)
{
    if (!value.is_array())
        return false;
    to = value.dump();
    return true;
}

template <typename T, typename Reader>
bool readOptional(const Json &value, std::optional<T> &to, Reader read)
{
    if (value.is_null()) {
        to.reset();
        return true;
    }
    return read(value, to.emplace());
}

bool readField(const std::string &key, const Json &value, StoredRow &row)
{
    if (key == "m")
        return readList(value, row.messages);
    if (key == "t")
        return readList(value, row.tags);
    if (key == "p")
        return readOptional(value, row.part, readNumber);
    if (key == "s")
        return readNumber(value, row.state);
    if (key == "r")
        return readNumber(value, row.rating);
    if (key == "n")
        return readText(value, row.notes);
    if (key == "d")
        return readOptional(value, row.deletedAt, readText);
    if (key == "u")
        return readText(value, row.updatedAt);
    return false;
}

Result<std::string> checkedText(const Json &value, const char *what, std::int64_t id)
{
    try {
        return value.dump();
    } catch (const Json::type_error &error) {
        return fail(ErrorCode::InvalidInput,
                    std::string(what) + " of row " + std::to_string(id) +
                        " are not valid UTF-8, so they were not stored.",
                    error.what());
    }
}

Result<void> edit(StoredRow &row, const ExampleEdit &change, const std::string &now)
{
    if (change.messages) {
        if (change.messages->empty())
            return fail(ErrorCode::InvalidInput, "Row " + std::to_string(row.id) +
                                                     " needs at least one turn; delete the row instead.");
        ATTUNE_TRY(row.messages, messagesText(*change.messages));
    }
    if (change.part)
        row.part = *change.part ? std::optional(static_cast<std::int64_t>(**change.part)) : std::nullopt;
    if (change.state)
        row.state = static_cast<std::int64_t>(*change.state);
    if (change.rating) {
        if (*change.rating < 0 || *change.rating > 5)
            return fail(ErrorCode::InvalidInput, "The rating of row " + std::to_string(row.id) + " can't be " +
                                                     std::to_string(*change.rating) +
                                                     "; use 1 to 5, or 0 for none.");
        row.rating = *change.rating;
    }
    if (change.tags) {
        ATTUNE_TRY(row.tags, checkedText(Json(cleanTags(*change.tags)), "The tags", row.id));
    }
    if (change.notes) {
        ATTUNE_CHECK(checkedText(Json(*change.notes), "The notes", row.id));
        row.notes = *change.notes;
    }
    if (change.deleted && *change.deleted != row.deletedAt.has_value())
        row.deletedAt = *change.deleted ? std::optional(now) : std::nullopt;
    return {};
}

} // namespace

Result<std::int64_t> newStep(Database &database, const std::string &label, const std::string &merge,
                             std::string_view doing)
{
    // One whose rows are still being hidden goes with the last of them.
    ATTUNE_CHECK(database.run("UPDATE edit_steps SET undone = 2 WHERE undone = 1 AND id IN "
                              "(SELECT -step FROM imports WHERE step < 0)",
                              doing));
    const bool unfinished = database.changes() > 0;
    ATTUNE_CHECK(database.run("DELETE FROM edit_steps WHERE undone = 1", doing));
    if (unfinished || database.changes() > 0)
        ATTUNE_CHECK(forgetHidden(database));
    ATTUNE_TRY(auto insert,
               database.prepare("INSERT INTO edit_steps (label, merge_key, made_at) VALUES (?, ?, ?)", doing));
    ATTUNE_CHECK(insert.bind(label, merge, secondsNow()).run());
    return database.lastId();
}

RowChange::RowChange(Database &database, std::string label, std::string merge, std::string_view doing)
    : m_database(&database), m_label(std::move(label)), m_merge(std::move(merge)), m_doing(doing), m_now(timeNow()),
      m_writer(database, doing),
      m_note(database, "INSERT INTO edit_rows (step, example, before, after) VALUES (?, ?, ?, ?)", doing),
      m_findNote(database, "SELECT id, before, after FROM edit_rows WHERE step = ? AND example = ?", doing),
      m_changeNote(database, "UPDATE edit_rows SET before = ?, after = ? WHERE id = ?", doing)
{
}

Result<void> RowChange::beginStep()
{
    if (m_step > 0)
        return {};
    const double now = secondsNow();
    if (!m_merge.empty()) {
        ATTUNE_TRY(auto last,
                   m_database->prepare("SELECT id FROM (SELECT * FROM edit_steps ORDER BY id DESC LIMIT 1) "
                                       "WHERE undone = 0 AND merge_key = ? AND made_at BETWEEN ? AND ?",
                                       m_doing));
        ATTUNE_TRY(m_merged, last.bind(m_merge, now - MergeSeconds, now).step());
        if (m_merged) {
            m_step = last.integer(0);
            ATTUNE_TRY(auto touch, m_database->prepare("UPDATE edit_steps SET made_at = ?, label = ? WHERE id = ?",
                                                       m_doing));
            return touch.bind(now, m_label, m_step).run();
        }
    }
    ATTUNE_TRY(m_step, newStep(*m_database, m_label, m_merge, m_doing));
    return {};
}

Result<std::int64_t> RowChange::insert(const Example &example)
{
    // Before its first moment, a row was a deleted one.
    ATTUNE_TRY(const StoredRow row, m_writer.insert(example, m_now));
    StoredRow before = row;
    before.deletedAt = m_now;
    ATTUNE_CHECK(note(before, row));
    return row.id;
}

Result<void> RowChange::insertLost(std::int64_t id, std::span<const Message> messages)
{
    ATTUNE_CHECK(m_writer.insertDeleted(id, messages, m_now));
    return apply({.id = id, .deleted = false});
}

Result<void> RowChange::apply(const ExampleEdit &change)
{
    ATTUNE_TRY(auto found, m_writer.find(change.id));
    if (!found || (found->deletedAt && change.deleted.value_or(true)))
        return fail(ErrorCode::NotFound,
                    m_database->path().string() + " has no row " + std::to_string(change.id) + ".");
    StoredRow after = *found;
    ATTUNE_CHECK(edit(after, change, m_now));
    if (!differs(*found, after))
        return {};
    after.updatedAt = m_now;
    ATTUNE_CHECK(m_writer.replace(*found, after));
    return note(*found, after);
}

Result<void> RowChange::note(const StoredRow &before, const StoredRow &after)
{
    ATTUNE_CHECK(beginStep());
    ATTUNE_TRY(const Difference difference, differenceOf(*m_database, before, after));
    const bool fresh = m_seen.insert(after.id).second;
    if (fresh)
        m_rows.push_back(after.id);
    if (!fresh || m_merged)
        return noteMore(after.id, difference.before.dump(), difference.after.dump());
    return m_note.run(m_step, after.id, difference.before.dump(), difference.after.dump());
}

/// The step may hold a change of this row already: then it goes from the first state to the last.
Result<void> RowChange::noteMore(std::int64_t example, const std::string &before, const std::string &after)
{
    ATTUNE_TRY(Statement * find, m_findNote.get());
    ATTUNE_TRY(const bool found, find->bind(m_step, example).step());
    if (!found)
        return m_note.run(m_step, example, before, after);
    const std::int64_t id = find->integer(0);
    ATTUNE_TRY(const Json first, storedJson(*m_database, find->text(1), "its list of changes"));
    ATTUNE_TRY(Json last, storedJson(*m_database, find->text(2), "its list of changes"));
    ATTUNE_TRY(Json start, storedJson(*m_database, before, "its list of changes"));
    ATTUNE_TRY(const Json end, storedJson(*m_database, after, "its list of changes"));
    if (!first.is_object() || !last.is_object())
        return damagedJournal(*m_database);
    start.update(first);
    last.update(end);
    return m_changeNote.run(start.dump(), last.dump(), id);
}

Result<EditStep> RowChange::finish()
{
    ATTUNE_CHECK(m_writer.finish());
    return EditStep{m_step, m_label, m_rows};
}

Result<void> RowChange::rename(const std::string &label)
{
    m_label = label;
    ATTUNE_TRY(auto update, m_database->prepare("UPDATE edit_steps SET label = ? WHERE id = ?", m_doing));
    return update.bind(label, m_step).run();
}

Result<StoredRow> withChange(const Database &database, StoredRow row, const std::string &change)
{
    ATTUNE_TRY(const Json fields, storedJson(database, change, "its list of changes"));
    if (!fields.is_object())
        return damagedJournal(database);
    for (const auto &[key, value] : fields.items())
        if (!readField(key, value, row))
            return damagedJournal(database);
    return row;
}

namespace {

using Range = std::pair<std::int64_t, std::int64_t>; // first and last id

Result<std::vector<Range>> rangesOf(Database &database, std::int64_t step, std::string_view doing)
{
    ATTUNE_TRY(auto find,
               database.prepare("SELECT first, last FROM edit_ranges WHERE step = ? ORDER BY first", doing));
    find.bind(step);
    std::vector<Range> ranges;
    while (true) {
        ATTUNE_TRY(const bool more, find.step());
        if (!more)
            return ranges;
        ranges.emplace_back(find.integer(0), find.integer(1));
    }
}

Result<std::vector<std::int64_t>> idsIn(Database &database, const Range &range, bool deleted, std::string_view doing)
{
    ATTUNE_TRY(auto find, database.prepare(deleted ? "SELECT id FROM examples WHERE id BETWEEN ? AND ? AND "
                                                     "deleted_at IS NOT NULL"
                                                   : "SELECT id FROM examples WHERE id BETWEEN ? AND ? AND "
                                                     "deleted_at IS NULL",
                                           doing));
    find.bind(range.first, range.second);
    std::vector<std::int64_t> ids;
    while (true) {
        ATTUNE_TRY(const bool more, find.step());
        if (!more)
            return ids;
        ids.push_back(find.integer(0));
    }
}

/// Rows that came with the step; there may be 100,000 of them. The number of the walk that shows or hides them; 0:
/// all is done.
Result<std::int64_t> walkRanges(Database &database, RowWriter &writer, EditStep &step, bool forth,
                                std::string_view doing)
{
    if (forth) {
        ATTUNE_TRY(const std::int64_t walk, showAgain(database, step.id, step.label));
        if (walk != 0) {
            ATTUNE_TRY(const auto ids, idsOfImport(database, walk));
            step.rows.insert(step.rows.end(), ids.begin(), ids.end());
            return walk;
        }
    }
    ATTUNE_TRY(const auto ranges, rangesOf(database, step.id, doing));
    for (const Range &range : ranges) {
        ATTUNE_TRY(const auto ids, idsIn(database, range, forth, doing));
        step.rows.insert(step.rows.end(), ids.begin(), ids.end());
        if (!forth)
            continue;
        for (const std::int64_t id : ids) {
            ATTUNE_TRY(const auto row, writer.find(id));
            StoredRow shown = *row;
            shown.deletedAt.reset();
            ATTUNE_CHECK(writer.replace(*row, shown));
        }
    }
    return forth || ranges.empty() ? 0 : beginHiding(database, step.id, step.label);
}

Result<std::optional<WalkedStep>> walk(Database &database, bool forth)
{
    constexpr auto Doing = "undo or redo a change";
    ATTUNE_CHECK(endWalks(database)); // a step is one step
    ATTUNE_TRY(auto find,
               database.prepare(forth ? "SELECT id, label FROM edit_steps WHERE undone = 1 ORDER BY id LIMIT 1"
                                      : "SELECT id, label FROM edit_steps WHERE undone = 0 ORDER BY id "
                                        "DESC LIMIT 1",
                                Doing));
    ATTUNE_TRY(const bool any, find.step());
    if (!any)
        return std::optional<WalkedStep>();
    EditStep step{find.integer(0), find.text(1), {}};
    RowWriter writer(database, Doing);
    ATTUNE_TRY(auto rows, database.prepare(forth ? "SELECT example, after FROM edit_rows WHERE step = ? ORDER BY id"
                                                 : "SELECT example, before FROM edit_rows WHERE step = ? ORDER BY id",
                                           Doing));
    rows.bind(step.id);
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            break;
        ATTUNE_TRY(auto row, writer.find(rows.integer(0)));
        if (!row) // another program took it out of the table
            continue;
        ATTUNE_TRY(StoredRow other, withChange(database, *row, rows.text(1)));
        ATTUNE_CHECK(writer.replace(*row, other));
        step.rows.push_back(row->id);
    }
    ATTUNE_TRY(const std::int64_t walk, walkRanges(database, writer, step, forth, Doing));
    ATTUNE_CHECK(writer.finish());
    // Without its key, so that typing goes on in a step of its own.
    ATTUNE_TRY(auto mark, database.prepare("UPDATE edit_steps SET undone = ?, merge_key = '' WHERE id = ?", Doing));
    ATTUNE_CHECK(mark.bind(forth ? 0 : 1, step.id).run());
    bool more = false;
    if (walk != 0) {
        ATTUNE_TRY(more, walkSome(database, walk, RowsShownAtOnce));
    }
    return std::optional(WalkedStep{std::move(step), more});
}

} // namespace

Result<std::optional<WalkedStep>> undoStep(Database &database)
{
    return walk(database, false);
}

Result<std::optional<WalkedStep>> redoStep(Database &database)
{
    return walk(database, true);
}

} // namespace attune
