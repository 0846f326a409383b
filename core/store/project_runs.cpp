#include "core/store/project_impl.h"

#include "core/store/blobs.h"
#include "core/store/process.h"
#include "core/text/utf8.h"

#include <algorithm>
#include <charconv>

namespace attune {

namespace {

constexpr auto ReadingRuns = "read its runs";
constexpr auto SavingRun = "save a run";
constexpr double ElsewhereGrace = 60; // seconds since the last sign of life of a process that can't be looked up

constexpr std::string_view RunColumns =
    "id, name, state, snapshot, settings, model, model_path, fingerprint, machine, "
    "created_at, ended_at, error, tags, pid, heartbeat, holder";
constexpr int HolderColumn = 15;

Result<Run> runOf(const Database &database, const Statement &row)
{
    Run run;
    run.id = row.integer(0);
    run.name = row.text(1);
    ATTUNE_TRY(run.state, storedEnum<RunState>(database, row.integer(2), RunStateCount, "a run's state"));
    run.snapshot = row.integer(3);
    ATTUNE_TRY(run.settings, storedJson(database, row.text(4), "a run's settings"));
    run.model = row.text(5);
    run.modelPath = row.text(6);
    run.fingerprint = row.text(7);
    run.machine = row.text(8);
    run.createdAt = row.text(9);
    run.endedAt = row.text(10);
    run.error = row.text(11);
    ATTUNE_TRY(run.tags, storedTexts(database, row.text(12), "a run's tags"));
    run.pid = row.integer(13);
    run.heartbeat = row.real(14);
    return run;
}

bool isNumber(const std::string &text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> snapshotOrNone(std::int64_t snapshot)
{
    return snapshot > 0 ? std::optional(snapshot) : std::nullopt;
}

tl::unexpected<Error> noRun(const Database &database, std::int64_t run)
{
    return fail(ErrorCode::NotFound, database.path().string() + " has no run " + std::to_string(run) + ".");
}

/// A run is asked for by number or by name, so no name may look like a number.
Result<void> checkName(Database &database, const std::string &name, std::int64_t ownId)
{
    if (name.empty())
        return fail(ErrorCode::InvalidInput, "A run needs a name.");
    if (!isName(name))
        return fail(ErrorCode::InvalidInput,
                    "\"" + name + "\" can't be the name of a run: it is to be a line of UTF-8.");
    if (isNumber(name))
        return fail(ErrorCode::InvalidInput,
                    "\"" + name + "\" can't be the name of a run, since runs have numbers too; add a letter.");
    ATTUNE_TRY(auto find, database.prepare("SELECT id FROM runs WHERE name = ? AND id <> ?", SavingRun));
    ATTUNE_TRY(const bool taken, find.bind(name, ownId).step());
    if (taken)
        return fail(ErrorCode::InvalidInput,
                    database.path().string() + " has a run named \"" + name + "\" already; choose another name.");
    return {};
}

/// "run-3", or with a letter where somebody gave that name to another run.
Result<std::string> freeName(Database &database, std::int64_t id)
{
    std::string name = "run-" + std::to_string(id);
    ATTUNE_TRY(auto find, database.prepare("SELECT 1 FROM runs WHERE name = ?", SavingRun));
    while (true) {
        ATTUNE_TRY(const bool taken, find.bind(name).step());
        if (!taken)
            return name;
        name += "b";
    }
}

Result<void> holdForThisProcess(Database &database, std::int64_t run)
{
    const ProcessIdentity own = ProcessIdentity::own();
    ATTUNE_TRY(auto update,
               database.prepare("UPDATE runs SET state = ?, pid = ?, holder = ?, heartbeat = ?, ended_at = "
                                "'', error = '' WHERE id = ?",
                                SavingRun));
    return update.bind(static_cast<std::int64_t>(RunState::Running), own.pid, own.holder(), secondsNow(), run).run();
}

/// Fails with InvalidInput where a process other than this one trains the run.
Result<void> checkFree(Database &database, std::int64_t id)
{
    ATTUNE_TRY(auto find,
               database.prepare("SELECT " + std::string(RunColumns) + " FROM runs WHERE id = ?", SavingRun));
    ATTUNE_TRY(const bool found, find.bind(id).step());
    if (!found)
        return noRun(database, id);
    ATTUNE_TRY(const Run run, runOf(database, find));
    if (run.state != RunState::Running)
        return {};
    const ProcessIdentity holder = ProcessIdentity::stored(run.pid, find.text(HolderColumn));
    const ProcessIdentity own = ProcessIdentity::own();
    if (holder.pid == own.pid && holder.holder() == own.holder())
        return {};
    const std::string where = database.path().string() + ": run \"" + run.name + "\" ";
    switch (liveness(holder)) {
    case Liveness::Alive:
        return fail(ErrorCode::InvalidInput,
                    where + "is being trained by process " + std::to_string(run.pid) + "; stop that one first.");
    case Liveness::Elsewhere:
        if (secondsNow() - run.heartbeat < ElsewhereGrace)
            return fail(ErrorCode::InvalidInput,
                        where +
                            "seems to be in training on another machine or in another container, as it gave a sign "
                            "of life less than a minute ago; stop it there, or try again in a minute.");
        return {};
    case Liveness::Dead:
        break;
    }
    return {};
}

} // namespace

Result<Run> Project::createRun(Run run)
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, SavingRun));
    run.createdAt = timeNow();
    const bool named = !run.name.empty();
    if (named)
        ATTUNE_CHECK(checkName(database, run.name, 0));
    ATTUNE_TRY(
        auto insert,
        database.prepare("INSERT INTO runs (name, state, snapshot, settings, model, model_path, fingerprint, "
                         "machine, created_at, ended_at, error, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         SavingRun));
    // The number is known only afterwards; no run can have a number as its name.
    ATTUNE_CHECK(insert
                     .bind(named ? run.name : std::string("0"), static_cast<std::int64_t>(run.state),
                           snapshotOrNone(run.snapshot), jsonText(run.settings), run.model, run.modelPath,
                           run.fingerprint, run.machine, run.createdAt, run.endedAt, run.error, jsonText(run.tags))
                     .run());
    run.id = database.lastId();
    if (!named) {
        ATTUNE_TRY(run.name, freeName(database, run.id));
        ATTUNE_TRY(auto rename, database.prepare("UPDATE runs SET name = ? WHERE id = ?", SavingRun));
        ATTUNE_CHECK(rename.bind(run.name, run.id).run());
    }
    if (run.state == RunState::Running)
        ATTUNE_CHECK(holdForThisProcess(database, run.id));
    ATTUNE_CHECK(transaction.commit());
    return findRun(std::to_string(run.id));
}

Result<std::vector<Run>> Project::runs()
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto rows,
               database.prepare("SELECT " + std::string(RunColumns) + " FROM runs ORDER BY id", ReadingRuns));
    std::vector<Run> all;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return all;
        ATTUNE_TRY(Run run, runOf(database, rows));
        all.push_back(std::move(run));
    }
}

Result<Run> Project::findRun(const std::string &numberOrName)
{
    Database &database = m_impl->database;
    std::int64_t id = 0;
    const char *end = numberOrName.data() + numberOrName.size();
    const auto parsed = std::from_chars(numberOrName.data(), end, id);
    const bool byNumber = parsed.ec == std::errc() && parsed.ptr == end;
    ATTUNE_TRY(auto find, database.prepare("SELECT " + std::string(RunColumns) + " FROM runs WHERE " +
                                               (byNumber ? "id" : "name") + " = ?",
                                           ReadingRuns));
    if (byNumber)
        find.bind(id);
    else
        find.bind(numberOrName);
    ATTUNE_TRY(const bool found, find.step());
    if (found)
        return runOf(database, find);

    ATTUNE_TRY(auto rows, database.prepare("SELECT id, name FROM runs ORDER BY id DESC LIMIT 21", ReadingRuns));
    std::string present;
    for (int count = 0;; ++count) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            break;
        present +=
            count == 20 ? ", ..." : (count ? ", " : "") + std::to_string(rows.integer(0)) + " (" + rows.text(1) + ")";
    }
    return fail(ErrorCode::NotFound, path().string() + " has no run \"" + numberOrName + "\"; " +
                                         (present.empty() ? "it has no runs yet." : "it has " + present + "."));
}

Result<void> Project::updateRun(const Run &run)
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, SavingRun));
    ATTUNE_CHECK(checkName(database, run.name, run.id));
    // The holder is known for this process only; with a new number from elsewhere, nothing is known.
    const ProcessIdentity own = ProcessIdentity::own();
    const std::string holder = run.pid == own.pid ? own.holder() : std::string();
    ATTUNE_TRY(auto update,
               database.prepare("UPDATE runs SET name = ?, tags = ?, state = ?, ended_at = ?, error = ?, "
                                "heartbeat = ?, holder = CASE WHEN pid = ?7 AND ?8 = '' THEN holder ELSE ?8 "
                                "END, pid = ?7 WHERE id = ?9",
                                SavingRun));
    ATTUNE_CHECK(update
                     .bind(run.name, jsonText(run.tags), static_cast<std::int64_t>(run.state), run.endedAt, run.error,
                           run.heartbeat, run.pid, holder, run.id)
                     .run());
    if (database.changes() == 0)
        return noRun(database, run.id);
    return transaction.commit();
}

Result<void> Project::setRunName(std::int64_t run, const std::string &name)
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, SavingRun));
    ATTUNE_CHECK(checkName(database, name, run));
    ATTUNE_TRY(auto update, database.prepare("UPDATE runs SET name = ? WHERE id = ?", SavingRun));
    ATTUNE_CHECK(update.bind(name, run).run());
    if (database.changes() == 0)
        return noRun(database, run);
    return transaction.commit();
}

Result<void> Project::setRunTags(std::int64_t run, std::span<const std::string> tags)
{
    ATTUNE_TRY(auto update, m_impl->database.prepare("UPDATE runs SET tags = ? WHERE id = ?", SavingRun));
    ATTUNE_CHECK(update.bind(jsonText(Json(std::vector<std::string>(tags.begin(), tags.end()))), run).run());
    if (m_impl->database.changes() == 0)
        return noRun(m_impl->database, run);
    return {};
}

Result<void> Project::beatRun(std::int64_t run)
{
    ATTUNE_TRY(auto update, m_impl->database.prepare("UPDATE runs SET heartbeat = ? WHERE id = ?", SavingRun));
    ATTUNE_CHECK(update.bind(secondsNow(), run).run());
    if (m_impl->database.changes() == 0)
        return noRun(m_impl->database, run);
    return {};
}

Result<void> Project::endRun(std::int64_t run, RunState state, const std::string &error)
{
    ATTUNE_TRY(
        auto update,
        m_impl->database.prepare("UPDATE runs SET state = ?, ended_at = ?, error = ? WHERE id = ?", SavingRun));
    ATTUNE_CHECK(update.bind(static_cast<std::int64_t>(state), timeNow(), error, run).run());
    if (m_impl->database.changes() == 0)
        return noRun(m_impl->database, run);
    return {};
}

Result<void> Project::claimRun(std::int64_t run)
{
    ATTUNE_TRY(auto transaction, Transaction::begin(m_impl->database, SavingRun));
    ATTUNE_CHECK(checkFree(m_impl->database, run));
    ATTUNE_CHECK(holdForThisProcess(m_impl->database, run));
    return transaction.commit();
}

Result<void> Project::removeRun(std::int64_t run)
{
    constexpr auto Doing = "remove a run";
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, Doing));
    ATTUNE_CHECK(checkFree(database, run));
    std::vector<std::int64_t> blobs;
    ATTUNE_TRY(auto rows,
               database.prepare("SELECT adapter FROM checkpoints WHERE run = ?1 UNION ALL SELECT state FROM "
                                "checkpoints WHERE run = ?1 AND state IS NOT NULL",
                                Doing));
    rows.bind(run);
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            break;
        blobs.push_back(rows.integer(0));
    }
    ATTUNE_TRY(auto remove, database.prepare("DELETE FROM runs WHERE id = ?", Doing));
    ATTUNE_CHECK(remove.bind(run).run());
    for (const std::int64_t blob : blobs)
        ATTUNE_CHECK(removeBlob(database, blob, Doing));
    return transaction.commit();
}

Result<void> Project::addMetrics(std::int64_t run, std::span<const Metric> metrics)
{
    constexpr auto Doing = "save the history of a run";
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, Doing));
    ATTUNE_TRY(auto insert, database.prepare("INSERT INTO metrics (run, step, name, value) VALUES (?, ?, ?, ?) "
                                             "ON CONFLICT (run, step, name) DO UPDATE SET value = excluded.value",
                                             Doing));
    for (const Metric &metric : metrics)
        ATTUNE_CHECK(insert.bind(run, metric.step, metric.name, metric.value).run());
    return transaction.commit();
}

Result<std::int64_t> Project::lastStep(std::int64_t run)
{
    ATTUNE_TRY(auto last, m_impl->database.prepare("SELECT max(step) FROM metrics WHERE run = ?",
                                                   "read the history of a run"));
    ATTUNE_TRY(const bool row, last.bind(run).step());
    return row && !last.isNull(0) ? last.integer(0) : -1;
}

Result<std::vector<Metric>> Project::metrics(std::int64_t run, std::int64_t afterStep)
{
    ATTUNE_TRY(auto rows, m_impl->database.prepare("SELECT step, name, value FROM metrics WHERE run = ? AND step > ? "
                                                   "ORDER BY step, name",
                                                   "read the history of a run"));
    rows.bind(run, afterStep);
    std::vector<Metric> metrics;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return metrics;
        metrics.push_back({rows.integer(0), rows.text(1), rows.real(2)});
    }
}

Result<void> Project::dropMetricsAfter(std::int64_t run, std::int64_t step)
{
    ATTUNE_TRY(auto remove, m_impl->database.prepare("DELETE FROM metrics WHERE run = ? AND step > ?",
                                                     "change the history of a run"));
    return remove.bind(run, step).run();
}

Result<void> Project::addLog(std::int64_t run, std::string_view level, std::string_view text)
{
    ATTUNE_TRY(auto insert,
               m_impl->database.prepare("INSERT INTO run_log (run, logged_at, level, text) VALUES (?, ?, "
                                        "?, ?)",
                                        "save the log of a run"));
    return insert.bind(run, timeNow(), level, text).run();
}

Result<std::vector<std::string>> Project::log(std::int64_t run)
{
    ATTUNE_TRY(auto rows,
               m_impl->database.prepare("SELECT logged_at, level, text FROM run_log WHERE run = ? ORDER BY id",
                                        "read the log of a run"));
    rows.bind(run);
    std::vector<std::string> lines;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return lines;
        lines.push_back(rows.text(0) + " " + rows.text(1) + " " + rows.text(2));
    }
}

} // namespace attune
