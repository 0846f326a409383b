#include "core/store/imported_rows.h"

#include "core/store/journal.h"
#include "core/store/process.h"
#include "core/store/project_impl.h"

#include <array>
#include <chrono>
#include <thread>

namespace attune {

namespace {

constexpr auto Showing = "show the rows of an import";
constexpr auto Hiding = "undo a change";
constexpr auto TakingBack = "take an import back";
constexpr double LongestSilence = 60;     // seconds, of a process that can't be looked up

struct Stretch {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

Result<std::vector<std::int64_t>> nextIds(Database &database, std::int64_t import, std::int64_t most,
                                          std::string_view doing)
{
    ATTUNE_TRY(auto find, database.prepare("SELECT id FROM import_rows WHERE import = ? ORDER BY id LIMIT ?", doing));
    find.bind(import, most);
    std::vector<std::int64_t> ids;
    while (true) {
        ATTUNE_TRY(const bool more, find.step());
        if (!more)
            return ids;
        ids.push_back(find.integer(0));
    }
}

/// Rows that others added meanwhile stand between those of an import.
std::vector<Stretch> runsOf(std::span<const std::int64_t> ids)
{
    std::vector<Stretch> runs;
    for (const std::int64_t id : ids) {
        if (!runs.empty() && runs.back().last + 1 == id)
            runs.back().last = id;
        else
            runs.push_back({id, id});
    }
    return runs;
}

Result<void> runOver(Database &database, std::span<const char *const> statements, const Stretch &run,
                     std::string_view doing)
{
    for (const char *sql : statements) {
        ATTUNE_TRY(auto statement, database.prepare(sql, doing));
        ATTUNE_CHECK(statement.bind(run.first, run.last).run());
    }
    return {};
}

Result<void> noteRun(Database &database, std::int64_t step, const Stretch &run)
{
    ATTUNE_TRY(auto longer, database.prepare("UPDATE edit_ranges SET last = ? WHERE step = ? AND last = ?", Showing));
    ATTUNE_CHECK(longer.bind(run.last, step, run.first - 1).run());
    if (database.changes() > 0)
        return {};
    // A step that is done again has its ranges already.
    ATTUNE_TRY(auto insert,
               database.prepare("INSERT INTO edit_ranges (step, first, last) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
                                "(SELECT 1 FROM edit_ranges WHERE step = ?1 AND first <= ?2 AND last >= ?3)",
                                Showing));
    return insert.bind(step, run.first, run.last).run();
}

Result<void> forget(Database &database, std::int64_t import, std::string_view doing)
{
    ATTUNE_TRY(auto remove, database.prepare("DELETE FROM imports WHERE id = ?", doing));
    return remove.bind(import).run();
}

/// The step that its rows belong to, made with the first of them. None: the import is over.
Result<std::optional<std::int64_t>> stepOf(Database &database, std::int64_t import)
{
    ATTUNE_TRY(auto find, database.prepare("SELECT step, label FROM imports WHERE id = ?", Showing));
    ATTUNE_TRY(const bool found, find.bind(import).step());
    if (!found)
        return std::optional<std::int64_t>();
    if (find.integer(0) != 0)
        return std::optional(find.integer(0));
    ATTUNE_TRY(const std::int64_t step, newStep(database, find.text(1), {}, Showing));
    ATTUNE_TRY(auto keep, database.prepare("UPDATE imports SET step = ? WHERE id = ?", Showing));
    ATTUNE_CHECK(keep.bind(step, import).run());
    return std::optional(step);
}

bool isDead(std::int64_t pid, const std::string &holder, double heartbeat)
{
    switch (liveness(ProcessIdentity::stored(pid, holder))) {
    case Liveness::Alive:
        return false;
    case Liveness::Elsewhere:
        return secondsNow() - heartbeat > LongestSilence;
    case Liveness::Dead:
        break;
    }
    return true;
}

Result<std::vector<Stretch>> rangesOf(Database &database, std::int64_t step)
{
    ATTUNE_TRY(auto find,
               database.prepare("SELECT first, last FROM edit_ranges WHERE step = ? ORDER BY first", Hiding));
    find.bind(step);
    std::vector<Stretch> ranges;
    while (true) {
        ATTUNE_TRY(const bool more, find.step());
        if (!more)
            return ranges;
        ranges.push_back({find.integer(0), find.integer(1)});
    }
}

/// The first rows that came with a step and are still seen.
Result<std::vector<std::int64_t>> seenOf(Database &database, std::int64_t step, std::int64_t most)
{
    ATTUNE_TRY(const auto ranges, rangesOf(database, step));
    ATTUNE_TRY(auto find,
               database.prepare("SELECT id FROM row_facts WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", Hiding));
    std::vector<std::int64_t> ids;
    for (const Stretch &range : ranges) {
        find.bind(range.first, range.last, most - static_cast<std::int64_t>(ids.size()));
        while (true) {
            ATTUNE_TRY(const bool more, find.step());
            if (!more)
                break;
            ids.push_back(find.integer(0));
        }
        if (static_cast<std::int64_t>(ids.size()) == most)
            break;
    }
    return ids;
}

/// Hides rows that stand next to each other; `kept` for a redo of the step, if that can still come.
Result<void> hide(Database &database, std::int64_t step, const Stretch &run, bool kept)
{
    if (kept) {
        ATTUNE_TRY(
            auto keep,
            database.prepare("INSERT OR REPLACE INTO import_rows (id, import, turns, file, system, prompt, answer) "
                             "SELECT id, ?, turns, file, system, prompt, answer FROM row_facts JOIN row_heads "
                             "USING (id) WHERE id BETWEEN ? AND ?",
                             Hiding));
        ATTUNE_CHECK(keep.bind(-step, run.first, run.last).run());
    }
    constexpr std::array Statements{"UPDATE examples SET deleted_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') "
                                    "WHERE id BETWEEN ? AND ? AND deleted_at IS NULL",
                                    "DELETE FROM row_facts WHERE id BETWEEN ? AND ?",
                                    "DELETE FROM row_heads WHERE id BETWEEN ? AND ?",
                                    "DELETE FROM row_tags WHERE example BETWEEN ? AND ?"};
    return runOver(database, Statements, run, Hiding);
}

/// A walk of a step is an import with the step's negative number.
Result<std::int64_t> beginWalk(Database &database, std::int64_t step, const std::string &label, bool hiding)
{
    const auto process = ProcessIdentity::own();
    ATTUNE_TRY(auto insert, database.prepare("INSERT INTO imports (id, label, step, pid, holder, heartbeat) "
                                             "VALUES (?, ?, ?, ?, ?, ?)",
                                             Hiding));
    ATTUNE_CHECK(
        insert.bind(-step, label, hiding ? -step : step, process.pid, process.holder(), secondsNow()).run());
    return -step;
}

Result<std::int64_t> anyWalk(Database &database)
{
    return database.number("SELECT min(id) FROM imports WHERE step <> 0", Showing);
}

/// Does a piece of work again and again, each in a transaction of its own.
template <typename Begin, typename Piece>
Result<void> inPieces(Database &database, std::string_view doing, Begin begin, Piece piece)
{
    while (true) {
        ATTUNE_TRY(auto transaction, begin(database, doing));
        ATTUNE_TRY(const bool more, piece());
        ATTUNE_CHECK(transaction.commit());
        if (!more)
            return {};
        letOthersWrite();
    }
}

} // namespace

Result<bool> showSome(Database &database, std::int64_t import, std::int64_t most)
{
    constexpr std::array Statements{
        "UPDATE examples SET deleted_at = NULL WHERE id BETWEEN ? AND ?",
        "INSERT INTO row_facts (id, part, state, rating, turns, tokens, trained, problems, file, changed, system) "
        "SELECT import_rows.id, part, state, rating, turns, tokens, trained, "
        "(SELECT coalesce(sum(DISTINCT 1 << kind), 0) FROM row_problems WHERE example = import_rows.id), file, "
        "coalesce(unixepoch(updated_at), 0), system FROM import_rows JOIN examples USING (id) "
        "LEFT JOIN token_counts USING (content_hash) WHERE import_rows.id BETWEEN ? AND ?",
        "INSERT INTO row_heads (id, prompt, answer) SELECT id, prompt, answer FROM import_rows WHERE id BETWEEN ? AND ?",
        "INSERT OR IGNORE INTO row_tags (tag, example) SELECT json_each.value, examples.id "
        "FROM examples, json_each(examples.tags) WHERE examples.id BETWEEN ? AND ? AND tags <> '[]'",
        "DELETE FROM import_rows WHERE id BETWEEN ? AND ?"};
    ATTUNE_TRY(const auto step, stepOf(database, import));
    if (!step)
        return false;
    ATTUNE_TRY(const auto ids, nextIds(database, import, most, Showing));
    for (const Stretch &run : runsOf(ids)) {
        ATTUNE_CHECK(runOver(database, Statements, run, Showing));
        ATTUNE_CHECK(noteRun(database, *step, run));
    }
    if (static_cast<std::int64_t>(ids.size()) == most)
        return true;
    ATTUNE_CHECK(forget(database, import, Showing));
    return false;
}

Result<bool> hideSome(Database &database, std::int64_t walk, std::int64_t most)
{
    const std::int64_t step = -walk;
    ATTUNE_TRY(auto find, database.prepare("SELECT undone FROM edit_steps WHERE id = ?", Hiding));
    ATTUNE_TRY(const bool found, find.bind(step).step());
    if (found) {
        const bool gone = find.integer(0) == GoneStep;
        ATTUNE_TRY(const auto ids, seenOf(database, step, most));
        for (const Stretch &run : runsOf(ids))
            ATTUNE_CHECK(hide(database, step, run, !gone));
        if (static_cast<std::int64_t>(ids.size()) == most)
            return true;
        if (gone) {
            ATTUNE_TRY(auto remove, database.prepare("DELETE FROM edit_steps WHERE id = ?", Hiding));
            ATTUNE_CHECK(remove.bind(step).run());
        }
    }
    ATTUNE_CHECK(forget(database, walk, Hiding));
    return false;
}

Result<bool> walkSome(Database &database, std::int64_t import, std::int64_t most)
{
    ATTUNE_TRY(auto find, database.prepare("SELECT step FROM imports WHERE id = ?", Showing));
    ATTUNE_TRY(const bool found, find.bind(import).step());
    if (!found)
        return false;
    return find.integer(0) < 0 ? hideSome(database, import, most) : showSome(database, import, most);
}

Result<void> endWalks(Database &database)
{
    while (true) {
        ATTUNE_TRY(const auto walk, anyWalk(database));
        if (walk == 0)
            return {};
        ATTUNE_CHECK(walkSome(database, walk, RowsShownAtOnce));
    }
}

Result<void> endWalksInPieces(Database &database)
{
    while (true) {
        ATTUNE_TRY(const auto walk, anyWalk(database));
        if (walk == 0)
            return {};
        ATTUNE_CHECK(inPieces(database, Showing, RowTransaction::begin,
                              [&] { return walkSome(database, walk, RowsShownAtOnce); }));
    }
}

Result<std::vector<std::int64_t>> idsOfImport(Database &database, std::int64_t import)
{
    return nextIds(database, import, -1, Showing);
}

Result<std::int64_t> beginHiding(Database &database, std::int64_t step, const std::string &label)
{
    return beginWalk(database, step, label, true);
}

Result<std::int64_t> showAgain(Database &database, std::int64_t step, const std::string &label)
{
    ATTUNE_TRY(auto find, database.prepare("SELECT 1 FROM import_rows WHERE import = ? LIMIT 1", Showing));
    ATTUNE_TRY(const bool kept, find.bind(-step).step());
    if (!kept)
        return 0;
    return beginWalk(database, step, label, false);
}

Result<bool> turnWalk(Database &database, std::int64_t step)
{
    // What is undone stays newer than what is not.
    ATTUNE_TRY(auto turn,
               database.prepare("UPDATE edit_steps SET undone = 1 - undone WHERE id = ?1 AND undone IN (0, 1) AND "
                                "EXISTS (SELECT 1 FROM imports WHERE id = -?1) AND "
                                "NOT EXISTS (SELECT 1 FROM edit_steps WHERE id > ?1 AND undone = 0)",
                                Hiding));
    ATTUNE_CHECK(turn.bind(step).run());
    if (database.changes() == 0)
        return false;
    ATTUNE_TRY(auto other, database.prepare("UPDATE imports SET step = -step WHERE id = ?", Hiding));
    ATTUNE_CHECK(other.bind(-step).run());
    return true;
}

Result<void> leaveWalk(Database &database, std::int64_t step)
{
    ATTUNE_TRY(auto leave, database.prepare("UPDATE imports SET pid = 0 WHERE id = ?", Hiding));
    return leave.bind(-step).run();
}

Result<void> forgetHidden(Database &database)
{
    return database.run("DELETE FROM import_rows WHERE import < 0 AND import NOT IN "
                        "(SELECT id FROM imports WHERE step > 0)",
                        Hiding);
}

Result<bool> takeBackSome(Database &database, std::int64_t import, std::int64_t most)
{
    constexpr std::array Statements{"DELETE FROM examples WHERE id BETWEEN ? AND ?"}; // import_rows follows
    ATTUNE_TRY(const auto ids, nextIds(database, import, most, TakingBack));
    ATTUNE_TRY(auto find, database.prepare("SELECT messages FROM examples WHERE id = ?", TakingBack));
    RowIndex index(database, TakingBack);
    for (const std::int64_t id : ids) {
        ATTUNE_TRY(const bool found, find.bind(id).step());
        if (!found)
            continue;
        // A text that can't be read leaves its words behind; nobody meets them, as the number is never used again.
        if (const auto messages = storedMessages(database, find.text(0), "a row's text"))
            ATTUNE_CHECK(index.removeWords(id, *messages));
    }
    ATTUNE_CHECK(index.writeWords());
    for (const Stretch &run : runsOf(ids))
        ATTUNE_CHECK(runOver(database, Statements, run, TakingBack));
    if (static_cast<std::int64_t>(ids.size()) == most)
        return true;
    ATTUNE_CHECK(forget(database, import, TakingBack));
    return false;
}

Result<void> giveSpaceBack(Database &database)
{
    constexpr auto Doing = "give space back";
    constexpr std::int64_t WorthIt = 1 << 20;
    constexpr std::int64_t QuicklyCopied = 64 << 20;
    ATTUNE_TRY(const auto pageSize, database.number("PRAGMA page_size", Doing));
    const auto free = [&] { return database.number("PRAGMA freelist_count", Doing); };
    const auto all = [&] { return database.number("PRAGMA page_count", Doing); };
    ATTUNE_TRY(auto unused, free());
    ATTUNE_TRY(auto pages, all());
    if (unused * pageSize < WorthIt || 3 * unused < pages)
        return {};
    // Words of rows that are gone stay in the full-text index, beside marks of their going, until its pieces are
    // merged. FTS5: a negative count makes one piece of all, in steps; fewer than two changes: there is nothing left
    // to do.
    for (const char *merge = "INSERT INTO row_words (row_words, rank) VALUES ('merge', -500)";;
         merge = "INSERT INTO row_words (row_words, rank) VALUES ('merge', 500)") {
        const std::int64_t changes = database.totalChanges();
        ATTUNE_CHECK(database.run(merge, Doing));
        if (database.totalChanges() - changes < 2)
            break;
        letOthersWrite();
    }
    ATTUNE_TRY(unused, free());
    ATTUNE_TRY(pages, all());
    if ((pages - unused) * pageSize > QuicklyCopied)
        return {};
    return database.run("VACUUM", Doing);
}

Result<void> endDeadImports(Database &database, bool shownOnly)
{
    struct Dead {
        std::int64_t id = 0;
        bool shown = false;
    };
    std::vector<Dead> all;
    {
        ATTUNE_TRY(auto find, database.prepare("SELECT id, step, pid, holder, heartbeat FROM imports", TakingBack));
        while (true) {
            ATTUNE_TRY(const bool more, find.step());
            if (!more)
                break;
            const bool shown = find.integer(1) != 0;
            if ((shown || !shownOnly) && isDead(find.integer(2), find.text(3), find.real(4)))
                all.push_back({find.integer(0), shown});
        }
    }
    bool tookBack = false;
    for (const Dead &import : all) {
        if (import.shown) {
            ATTUNE_CHECK(inPieces(database, Showing, RowTransaction::begin,
                                  [&] { return walkSome(database, import.id, RowsShownAtOnce); }));
        } else {
            ATTUNE_CHECK(inPieces(database, TakingBack, Transaction::begin,
                                  [&] { return takeBackSome(database, import.id, RowsShownAtOnce / 4); }));
            tookBack = true;
        }
    }
    if (tookBack)
        (void)giveSpaceBack(database); // a file that stays large is no failure
    return {};
}

void letOthersWrite()
{
    std::this_thread::sleep_for(std::chrono::milliseconds(6));
}

} // namespace attune
