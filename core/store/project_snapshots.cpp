#include "core/store/imported_rows.h"
#include "core/store/project_impl.h"

#include <array>
#include <xxhash.h>

namespace attune {

namespace {

constexpr auto Taking = "take a snapshot of its rows";
constexpr auto Reading = "read a snapshot";

struct Member {
    std::int64_t example = 0;
    std::string hash;
    std::optional<std::int64_t> part;
};

Result<std::vector<Member>> currentMembers(Database &database)
{
    ATTUNE_TRY(auto rows, database.prepare("SELECT id, content_hash, part FROM examples WHERE deleted_at IS "
                                           "NULL AND state <> ? ORDER BY id",
                                           Taking));
    rows.bind(static_cast<std::int64_t>(LabelState::Rejected));
    std::vector<Member> members;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return members;
        members.push_back(
            {rows.integer(0), rows.text(1), rows.isNull(2) ? std::nullopt : std::optional(rows.integer(2))});
    }
}

std::string digestOf(std::span<const Member> members)
{
    std::string text;
    for (const Member &member : members)
        text += std::to_string(member.example) + " " + member.hash + " " +
                (member.part ? std::to_string(*member.part) : "-") + "\n";
    const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
    return std::to_string(hash.high64) + "-" + std::to_string(hash.low64);
}

Result<void> addMembers(Database &database, std::int64_t snapshot, std::span<const Member> members)
{
    ATTUNE_TRY(
        auto addVersion,
        database.prepare("INSERT INTO row_versions (content_hash, messages) SELECT content_hash, messages FROM "
                         "examples WHERE id = ? ON CONFLICT (content_hash) DO NOTHING",
                         Taking));
    ATTUNE_TRY(auto addMember, database.prepare("INSERT INTO snapshot_members (snapshot, ordinal, example, version, "
                                                "part) SELECT ?, ?, ?, id, ? FROM row_versions "
                                                "WHERE content_hash = ?",
                                                Taking));
    std::int64_t ordinal = 0;
    for (const Member &member : members) {
        ATTUNE_CHECK(addVersion.bind(member.example).run());
        ATTUNE_CHECK(addMember.bind(snapshot, ordinal++, member.example, member.part, member.hash).run());
    }
    return {};
}

} // namespace

Result<std::int64_t> Project::takeSnapshot(const std::string &name)
{
    Database &database = m_impl->database;
    if (!database.readOnly())
        ATTUNE_CHECK(endWalksInPieces(database)); // all of an import or none
    ATTUNE_TRY(auto transaction, Transaction::begin(database, Taking));
    ATTUNE_CHECK(endWalks(database));
    ATTUNE_TRY(const auto members, currentMembers(database));
    const std::string digest = digestOf(members);
    ATTUNE_TRY(auto find, database.prepare("SELECT id FROM snapshots WHERE digest = ?", Taking));
    ATTUNE_TRY(const bool known, find.bind(digest).step());
    if (known) {
        const std::int64_t same = find.integer(0);
        if (!name.empty()) {
            ATTUNE_TRY(auto rename,
                       database.prepare("UPDATE snapshots SET name = ? WHERE id = ? AND name = ''", Taking));
            ATTUNE_CHECK(rename.bind(name, same).run());
            ATTUNE_CHECK(transaction.commit());
        }
        return same;
    }
    ATTUNE_TRY(auto insert,
               database.prepare("INSERT INTO snapshots (name, created_at, digest) VALUES (?, ?, ?)", Taking));
    ATTUNE_CHECK(insert.bind(name, timeNow(), digest).run());
    const std::int64_t snapshot = database.lastId();
    ATTUNE_CHECK(addMembers(database, snapshot, members));
    ATTUNE_CHECK(transaction.commit());
    return snapshot;
}

Result<std::vector<StoredExample>> Project::snapshotExamples(std::int64_t snapshot, std::optional<Part> part)
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto find, database.prepare("SELECT 1 FROM snapshots WHERE id = ?", Reading));
    ATTUNE_TRY(const bool known, find.bind(snapshot).step());
    if (!known)
        return fail(ErrorCode::NotFound, path().string() + " has no snapshot " + std::to_string(snapshot) + ".");

    ATTUNE_TRY(auto rows, database.prepare("SELECT example, messages, part, content_hash FROM "
                                           "snapshot_members LEFT JOIN row_versions ON row_versions.id = version "
                                           "WHERE snapshot = ?1 AND (?2 IS NULL OR part = ?2) ORDER BY ordinal",
                                           Reading));
    rows.bind(snapshot, part ? std::optional(static_cast<std::int64_t>(*part)) : std::nullopt);
    std::vector<StoredExample> examples;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return examples;
        StoredExample example;
        example.id = rows.integer(0);
        ATTUNE_TRY(example.messages, storedMessages(database, rows.text(1), "a row's text"));
        if (!rows.isNull(2)) {
            ATTUNE_TRY(const Part stored, storedEnum<Part>(database, rows.integer(2), PartCount, "a row's part"));
            example.part = stored;
        }
        example.contentHash = rows.text(3);
        // What a run trains on must be what it says it trained on.
        if (contentHash(example.messages) != example.contentHash)
            return fail(ErrorCode::Corrupt, path().string() + " is damaged: the text of row " +
                                                std::to_string(example.id) +
                                                " is not what was stored; restore a backup.");
        examples.push_back(std::move(example));
    }
}

} // namespace attune
