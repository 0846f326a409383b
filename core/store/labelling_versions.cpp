#include "core/store/journal.h"
#include "core/store/labelling_impl.h"

#include <algorithm>
#include <map>

namespace attune {

namespace {

constexpr auto ReadingVersions = "read its snapshots";
constexpr auto SavingView = "save a view";

struct Member {
    std::string hash;
    std::optional<Part> part;
};
using Members = std::map<std::int64_t, Member>; // by row

tl::unexpected<Error> noSnapshot(const Database &database, std::int64_t snapshot)
{
    return fail(ErrorCode::NotFound,
                database.path().string() + " has no snapshot " + std::to_string(snapshot) + ".");
}

Result<Members> read(Database &database, Statement &rows)
{
    Members members;
    ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) -> Result<void> {
        ATTUNE_TRY(const auto part, storedPart(database, row, 2));
        members.emplace(row.integer(0), Member{row.text(1), part});
        return {};
    }));
    return members;
}

Result<Members> membersOf(Database &database, std::int64_t snapshot)
{
    ATTUNE_TRY(auto known, database.prepare("SELECT 1 FROM snapshots WHERE id = ?", ReadingVersions));
    ATTUNE_TRY(const bool found, known.bind(snapshot).step());
    if (!found)
        return noSnapshot(database, snapshot);
    ATTUNE_TRY(auto rows, database.prepare("SELECT example, content_hash, part FROM snapshot_members "
                                           "JOIN row_versions ON row_versions.id = version WHERE snapshot = ?",
                                           ReadingVersions));
    rows.bind(snapshot);
    return read(database, rows);
}

/// The rows as they are. A rejected row counts only where the snapshot beside it has it too: rejecting is a label,
/// and labels are not part of a snapshot, but one taken now would leave the row out.
Result<Members> membersNow(Database &database, const Members &beside)
{
    ATTUNE_TRY(auto rows, database.prepare("SELECT id, content_hash, part, state FROM examples "
                                           "WHERE deleted_at IS NULL",
                                           ReadingVersions));
    Members members;
    ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) -> Result<void> {
        const bool rejected = row.integer(3) == static_cast<std::int64_t>(LabelState::Rejected);
        if (rejected && !beside.contains(row.integer(0)))
            return {};
        ATTUNE_TRY(const auto part, storedPart(database, row, 2));
        members.emplace(row.integer(0), Member{row.text(1), part});
        return {};
    }));
    return members;
}

/// Texts of rows, on one side of a comparison.
class Texts {
public:
    static Result<Texts> create(Database &database, std::int64_t snapshot)
    {
        Texts texts(database, snapshot);
        if (snapshot == 0) {
            ATTUNE_TRY(texts.m_find, database.prepare("SELECT messages FROM examples WHERE id = ?", ReadingVersions));
        } else { // members are found by their place, not by their row
            ATTUNE_CHECK(texts.readAll());
        }
        return texts;
    }

    Result<std::vector<Message>> of(std::int64_t example)
    {
        if (m_snapshot == 0)
            m_find->bind(example);
        else
            m_find->bind(m_versions[example]);
        ATTUNE_TRY(const bool found, m_find->step());
        if (!found)
            return std::vector<Message>();
        return storedMessages(*m_database, m_find->text(0), "a row's text");
    }

private:
    Texts(Database &database, std::int64_t snapshot) : m_database(&database), m_snapshot(snapshot) {}

    Result<void> readAll()
    {
        ATTUNE_TRY(auto rows, m_database->prepare("SELECT example, version FROM snapshot_members WHERE snapshot = ?",
                                                  ReadingVersions));
        rows.bind(m_snapshot);
        ATTUNE_CHECK(
            eachRow(rows, [&](const Statement &row) { m_versions.emplace(row.integer(0), row.integer(1)); }));
        ATTUNE_TRY(m_find, m_database->prepare("SELECT messages FROM row_versions WHERE id = ?", ReadingVersions));
        return {};
    }

    Database *m_database;
    std::int64_t m_snapshot;
    std::map<std::int64_t, std::int64_t> m_versions;
    std::optional<Statement> m_find;
};

Result<std::vector<SnapshotChange>> differences(Database &database, std::int64_t from, std::int64_t to)
{
    Members before;
    Members after;
    if (from != 0) {
        ATTUNE_TRY(before, membersOf(database, from));
    }
    if (to != 0) {
        ATTUNE_TRY(after, membersOf(database, to));
    }
    if (from == 0) {
        ATTUNE_TRY(before, membersNow(database, after));
    }
    if (to == 0) {
        ATTUNE_TRY(after, membersNow(database, before));
    }
    ATTUNE_TRY(auto oldTexts, Texts::create(database, from));
    ATTUNE_TRY(auto newTexts, Texts::create(database, to));
    std::vector<SnapshotChange> changes;
    const auto add = [&](SnapshotChange::Kind kind, std::int64_t id, const Member *was,
                         const Member *is) -> Result<void> {
        SnapshotChange change{kind, id, {}, {}, {}, {}};
        if (was) {
            ATTUNE_TRY(change.before, oldTexts.of(id));
            change.partBefore = was->part;
        }
        if (is) {
            ATTUNE_TRY(change.after, newTexts.of(id));
            change.partAfter = is->part;
        }
        changes.push_back(std::move(change));
        return {};
    };
    using Kind = SnapshotChange::Kind;
    for (const auto &[id, was] : before) {
        const auto is = after.find(id);
        if (is == after.end())
            ATTUNE_CHECK(add(Kind::Removed, id, &was, nullptr));
        else if (is->second.hash != was.hash)
            ATTUNE_CHECK(add(Kind::Edited, id, &was, &is->second));
        else if (is->second.part != was.part)
            ATTUNE_CHECK(add(Kind::Moved, id, &was, &is->second));
    }
    for (const auto &[id, is] : after)
        if (!before.contains(id))
            ATTUNE_CHECK(add(Kind::Added, id, nullptr, &is));
    std::sort(changes.begin(), changes.end(),
              [](const SnapshotChange &a, const SnapshotChange &b) { return a.example < b.example; });
    return changes;
}

} // namespace

Result<std::vector<SavedView>> Labelling::views()
{
    ATTUNE_TRY(auto rows, m_project.m_impl->database.prepare("SELECT name, query FROM saved_views ORDER BY id",
                                                             "read its views"));
    std::vector<SavedView> views;
    ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) { views.push_back({row.text(0), row.text(1)}); }));
    return views;
}

Result<void> Labelling::saveView(const SavedView &view)
{
    if (view.name.empty())
        return fail(ErrorCode::InvalidInput, "A view needs a name.");
    ATTUNE_TRY(auto insert,
               m_project.m_impl->database.prepare("INSERT INTO saved_views (name, query) VALUES (?, ?) ON CONFLICT "
                                                  "(name) DO UPDATE SET query = excluded.query",
                                                  SavingView));
    return insert.bind(view.name, view.query).run();
}

Result<void> Labelling::removeView(const std::string &name)
{
    ATTUNE_TRY(auto remove,
               m_project.m_impl->database.prepare("DELETE FROM saved_views WHERE name = ?", SavingView));
    return remove.bind(name).run();
}

Result<std::vector<SnapshotInfo>> Labelling::snapshots()
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, ReadingVersions));
    ATTUNE_TRY(auto rows, database.prepare("SELECT id, name, created_at, (SELECT count(*) FROM snapshot_members "
                                           "WHERE snapshot = snapshots.id) FROM snapshots ORDER BY id DESC",
                                           ReadingVersions));
    std::vector<SnapshotInfo> snapshots;
    ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) {
        snapshots.push_back({row.integer(0), row.text(1), row.text(2), row.integer(3), {}});
    }));
    ATTUNE_TRY(auto runs, database.prepare("SELECT snapshot, name FROM runs WHERE snapshot IS NOT NULL ORDER BY id",
                                           ReadingVersions));
    ATTUNE_CHECK(eachRow(runs, [&](const Statement &run) {
        const auto of = std::find_if(snapshots.begin(), snapshots.end(),
                                     [&](const SnapshotInfo &info) { return info.id == run.integer(0); });
        if (of != snapshots.end())
            of->runs.push_back(run.text(1));
    }));
    return snapshots;
}

Result<void> Labelling::renameSnapshot(std::int64_t snapshot, const std::string &name)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto update, database.prepare("UPDATE snapshots SET name = ? WHERE id = ?", "rename a snapshot"));
    ATTUNE_CHECK(update.bind(name, snapshot).run());
    if (database.changes() == 0)
        return noSnapshot(database, snapshot);
    return {};
}

Result<std::vector<SnapshotChange>> Labelling::diff(std::int64_t from, std::int64_t to)
{
    Database &database = m_project.m_impl->database;
    if (from == to)
        return std::vector<SnapshotChange>();
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, ReadingVersions));
    return differences(database, from, to);
}

Result<EditStep> Labelling::restoreSnapshot(std::int64_t snapshot)
{
    constexpr auto Doing = "restore a snapshot";
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, RowTransaction::begin(database, Doing));
    ATTUNE_TRY(auto find, database.prepare("SELECT name, created_at FROM snapshots WHERE id = ?", Doing));
    ATTUNE_TRY(const bool known, find.bind(snapshot).step());
    if (snapshot == 0 || !known)
        return noSnapshot(database, snapshot);
    const std::string title = find.text(0).empty() ? "of " + find.text(1) : "\"" + find.text(0) + "\"";
    ATTUNE_TRY(const auto changes, differences(database, 0, snapshot));
    ATTUNE_TRY(auto exists, database.prepare("SELECT 1 FROM examples WHERE id = ?", Doing));
    RowChange change(database, "Snapshot " + title + " restored", {}, Doing);
    for (const SnapshotChange &difference : changes) {
        ExampleEdit edit{.id = difference.example};
        if (difference.kind == SnapshotChange::Kind::Removed) {
            edit.deleted = true;
        } else {
            ATTUNE_TRY(const bool there, exists.bind(difference.example).step());
            if (!there)
                ATTUNE_CHECK(change.insertLost(difference.example, difference.after));
            edit.messages = difference.after;
            edit.part = difference.partAfter;
            edit.deleted = false;
        }
        ATTUNE_CHECK(change.apply(edit));
    }
    ATTUNE_TRY(EditStep step, change.finish());
    if (!step.rows.empty())
        ATTUNE_CHECK(transaction.commit());
    return step;
}

} // namespace attune
