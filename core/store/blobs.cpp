#include "core/store/blobs.h"

#include <algorithm>
#include <new>
#include <xxhash.h>

namespace attune {

namespace {

constexpr std::size_t ChunkSize = std::size_t(1) << 20;

std::int64_t checksum(std::span<const std::byte> bytes)
{
    return static_cast<std::int64_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

tl::unexpected<Error> damaged(const Database &database, std::string_view doing, const std::string &how)
{
    return fail(ErrorCode::Corrupt,
                database.path().string() + ": can't " + std::string(doing) +
                    ": what is stored there is damaged; restore a backup or use another checkpoint.",
                how);
}

} // namespace

Result<std::int64_t> writeBlob(Database &database, std::string_view bytes, std::string_view doing)
{
    ATTUNE_TRY(auto addBlob, database.prepare("INSERT INTO blobs (size) VALUES (?)", doing));
    ATTUNE_CHECK(addBlob.bind(static_cast<std::int64_t>(bytes.size())).run());
    const std::int64_t blob = database.lastId();
    ATTUNE_TRY(
        auto addChunk,
        database.prepare("INSERT INTO blob_chunks (blob, ordinal, checksum, data) VALUES (?, ?, ?, ?)", doing));
    std::int64_t ordinal = 0;
    for (auto rest = std::as_bytes(std::span(bytes)); !rest.empty();) {
        const auto chunk = rest.first(std::min(ChunkSize, rest.size()));
        rest = rest.subspan(chunk.size());
        ATTUNE_CHECK(addChunk.bind(blob, ordinal++, checksum(chunk), chunk).run());
    }
    return blob;
}

Result<std::string> readBlob(Database &database, std::int64_t blob, std::string_view doing)
{
    ATTUNE_TRY(auto sizes,
               database.prepare("SELECT size, (SELECT sum(length(data)) FROM blob_chunks WHERE blob = id) "
                                "FROM blobs WHERE id = ?",
                                doing));
    ATTUNE_TRY(const bool found, sizes.bind(blob).step());
    if (!found)
        return damaged(database, doing, "blob " + std::to_string(blob) + " is missing");
    const std::int64_t size = sizes.integer(0);
    // Asked before memory is taken for it: a damaged size could be anything.
    if (size < 0 || size != sizes.integer(1))
        return damaged(database, doing, "blob " + std::to_string(blob) + " has a wrong size");

    std::string bytes;
    try {
        bytes.reserve(static_cast<std::size_t>(size));
    } catch (const std::exception &) {
        return fail(ErrorCode::OutOfMemory, database.path().string() + ": can't " + std::string(doing) +
                                                ": there is not enough memory for " + std::to_string(size) +
                                                " bytes.");
    }
    ATTUNE_TRY(auto chunks, database.prepare("SELECT ordinal, checksum, data FROM blob_chunks WHERE blob = ? "
                                             "ORDER BY ordinal",
                                             doing));
    chunks.bind(blob);
    for (std::int64_t ordinal = 0;; ++ordinal) {
        ATTUNE_TRY(const bool more, chunks.step());
        if (!more)
            break;
        const auto data = chunks.blob(2);
        if (chunks.integer(0) != ordinal || chunks.integer(1) != checksum(data))
            return damaged(database, doing,
                           "chunk " + std::to_string(ordinal) + " of blob " + std::to_string(blob) + " differs");
        bytes.append(reinterpret_cast<const char *>(data.data()), data.size());
    }
    if (bytes.size() != static_cast<std::size_t>(size))
        return damaged(database, doing, "blob " + std::to_string(blob) + " lacks chunks");
    return bytes;
}

Result<void> removeBlob(Database &database, std::int64_t blob, std::string_view doing)
{
    for (const char *sql : {"DELETE FROM blob_chunks WHERE blob = ?", "DELETE FROM blobs WHERE id = ?"}) {
        ATTUNE_TRY(auto remove, database.prepare(sql, doing));
        ATTUNE_CHECK(remove.bind(blob).run());
    }
    return {};
}

} // namespace attune
