#include "core/store/project_impl.h"

#include "core/store/blobs.h"

namespace attune {

namespace {

constexpr auto SavingCheckpoint = "save a checkpoint";

struct Stored {
    CheckpointInfo info;
    std::int64_t adapter = 0;
    std::optional<std::int64_t> state;
};

/// In the order in which they were saved.
Result<std::vector<Stored>> checkpointsOf(Database &database, std::int64_t run, std::string_view doing)
{
    ATTUNE_TRY(auto rows, database.prepare("SELECT id, step, validation_loss, best, adapter, state, created_at FROM "
                                           "checkpoints WHERE run = ? ORDER BY id",
                                           doing));
    rows.bind(run);
    std::vector<Stored> all;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return all;
        Stored stored;
        stored.info = {.id = rows.integer(0),
                       .run = run,
                       .step = rows.integer(1),
                       .validationLoss = rows.isNull(2) ? std::nullopt : std::optional(rows.real(2)),
                       .best = rows.integer(3) != 0,
                       .resumable = !rows.isNull(5),
                       .createdAt = rows.text(6)};
        stored.adapter = rows.integer(4);
        if (!rows.isNull(5))
            stored.state = rows.integer(5);
        all.push_back(std::move(stored));
    }
}

Result<void> removeCheckpoint(Database &database, const Stored &stored)
{
    ATTUNE_TRY(auto remove, database.prepare("DELETE FROM checkpoints WHERE id = ?", SavingCheckpoint));
    ATTUNE_CHECK(remove.bind(stored.info.id).run());
    ATTUNE_CHECK(removeBlob(database, stored.adapter, SavingCheckpoint));
    if (stored.state)
        ATTUNE_CHECK(removeBlob(database, *stored.state, SavingCheckpoint));
    return {};
}

Result<void> dropState(Database &database, const Stored &stored)
{
    ATTUNE_TRY(auto update, database.prepare("UPDATE checkpoints SET state = NULL WHERE id = ?", SavingCheckpoint));
    ATTUNE_CHECK(update.bind(stored.info.id).run());
    return removeBlob(database, *stored.state, SavingCheckpoint);
}

/// Keeps the newest, the newest that can be resumed from, and the adapter of the best.
Result<void> prune(Database &database, std::int64_t run)
{
    ATTUNE_TRY(const auto all, checkpointsOf(database, run, SavingCheckpoint));
    std::int64_t resumable = 0;
    for (const Stored &stored : all)
        resumable = stored.state ? stored.info.id : resumable;
    for (const Stored &stored : all) {
        const bool newest = stored.info.id == all.back().info.id;
        if (!newest && stored.info.id != resumable && !stored.info.best)
            ATTUNE_CHECK(removeCheckpoint(database, stored));
        else if (stored.state && stored.info.id != resumable)
            ATTUNE_CHECK(dropState(database, stored));
    }
    return {};
}

} // namespace

Result<std::int64_t> Project::saveCheckpoint(CheckpointInfo info, const CheckpointBlobs &blobs)
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, SavingCheckpoint));
    ATTUNE_TRY(const auto before, checkpointsOf(database, info.run, SavingCheckpoint));
    for (const Stored &stored : before) {
        if (stored.info.step == info.step)
            ATTUNE_CHECK(removeCheckpoint(database, stored));
    }
    if (info.best) {
        ATTUNE_TRY(auto update, database.prepare("UPDATE checkpoints SET best = 0 WHERE run = ?", SavingCheckpoint));
        ATTUNE_CHECK(update.bind(info.run).run());
    }
    ATTUNE_TRY(const std::int64_t adapter, writeBlob(database, blobs.adapter, SavingCheckpoint));
    std::optional<std::int64_t> state;
    if (!blobs.state.empty()) {
        ATTUNE_TRY(state, writeBlob(database, blobs.state, SavingCheckpoint));
    }
    ATTUNE_TRY(auto insert,
               database.prepare("INSERT INTO checkpoints (run, step, validation_loss, best, adapter, state, "
                                "created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                                SavingCheckpoint));
    ATTUNE_CHECK(
        insert.bind(info.run, info.step, info.validationLoss, std::int64_t(info.best), adapter, state, timeNow())
            .run());
    const std::int64_t id = database.lastId();
    ATTUNE_CHECK(prune(database, info.run));
    ATTUNE_CHECK(transaction.commit());
    return id;
}

Result<std::vector<CheckpointInfo>> Project::checkpoints(std::int64_t run)
{
    ATTUNE_TRY(const auto all, checkpointsOf(m_impl->database, run, "read the checkpoints of a run"));
    std::vector<CheckpointInfo> infos;
    for (const Stored &stored : all)
        infos.push_back(stored.info);
    return infos;
}

Result<CheckpointBlobs> Project::checkpointBlobs(std::int64_t checkpoint)
{
    constexpr auto Doing = "read a checkpoint";
    Database &database = m_impl->database;
    // The process that trains may prune it meanwhile.
    ATTUNE_TRY(const auto moment, Transaction::beginReading(database, Doing));
    ATTUNE_TRY(auto find, database.prepare("SELECT adapter, state FROM checkpoints WHERE id = ?", Doing));
    ATTUNE_TRY(const bool found, find.bind(checkpoint).step());
    if (!found)
        return fail(ErrorCode::NotFound, path().string() + " has no checkpoint " + std::to_string(checkpoint) + ".");
    CheckpointBlobs blobs;
    ATTUNE_TRY(blobs.adapter, readBlob(database, find.integer(0), Doing));
    if (!find.isNull(1)) {
        ATTUNE_TRY(blobs.state, readBlob(database, find.integer(1), Doing));
    }
    return blobs;
}

} // namespace attune
