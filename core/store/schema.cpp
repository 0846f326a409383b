#include "core/store/schema.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace attune {

namespace {

constexpr std::string_view Magic("SQLite format 3\0", 16);

std::filesystem::path besideFile(const std::filesystem::path &path, const char *ending)
{
    return std::filesystem::path(path) += ending;
}

tl::unexpected<Error> notAProject(const std::filesystem::path &path, std::string_view why)
{
    return fail(ErrorCode::InvalidInput, path.string() + " is not an Attune project: " + std::string(why) + ".");
}

bool hasLog(const std::filesystem::path &path)
{
    std::error_code error;
    const auto size = std::filesystem::file_size(besideFile(path, "-wal"), error);
    return !error && size > 0;
}

/// Bytes that a file with this header must have: its page size times its pages, both big-endian. With a log beside
/// it, the last pages may still be there.
std::uintmax_t promisedSize(std::span<const char, 100> header)
{
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uintmax_t>(static_cast<unsigned char>(header[at]));
    };
    const std::uintmax_t pageSize = byte(16) << 8 | byte(17);
    const std::uintmax_t pages = byte(28) << 24 | byte(29) << 16 | byte(30) << 8 | byte(31);
    return (pageSize == 1 ? 65536 : pageSize) * pages;
}

/// What can be told before SQLite is asked, so that each mistake gets a sentence of its own.
Result<void> checkHeader(const std::filesystem::path &path)
{
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found)
        return fail(ErrorCode::NotFound, path.string() + " does not exist; make it with attune init.");
    if (status.type() == std::filesystem::file_type::directory)
        return notAProject(path, "it is a folder");
    std::array<char, 100> header{};
    ATTUNE_TRY(const auto begin, Database::firstBytes(path, header.size()));
    const std::size_t size = begin.copy(header.data(), header.size());
    if (size == 0)
        return notAProject(path, "it is empty");
    if (!begin.starts_with(Magic.substr(0, size)))
        return notAProject(path, "it is not an SQLite file");
    const auto fileSize = std::filesystem::file_size(path, error);
    if (size < header.size() || (!error && !hasLog(path) && fileSize < promisedSize(header)))
        return fail(ErrorCode::Corrupt, path.string() + " is damaged: it is cut short; restore a backup.");
    return {};
}

Result<int> schemaVersion(Database &database)
{
    ATTUNE_TRY(const auto version, database.number("PRAGMA user_version", "read its version"));
    return static_cast<int>(version);
}

/// The tables that the program knows, with their columns; those of a later version come after them.
struct Table {
    const char *name;
    std::string_view columns;
};
constexpr Table Tables[] = {
    {"settings", "key value"},
    {"examples",
     "id messages part state rating tags notes content_hash origin_file origin_line created_at updated_at "
     "deleted_at"},
    {"row_versions", "id content_hash messages"},
    {"snapshots", "id name created_at digest"},
    {"snapshot_members", "snapshot ordinal example version part"},
    {"runs",
     "id name state snapshot settings model model_path fingerprint machine created_at ended_at error tags pid "
     "holder heartbeat"},
    {"metrics", "run step name value"},
    {"run_log", "id run logged_at level text"},
    {"blobs", "id size"},
    {"blob_chunks", "blob ordinal checksum data"},
    {"checkpoints", "id run step validation_loss best adapter state created_at"},
    {"prompt_templates", "id name text created_at"},
    {"test_sets", "id name prompts created_at"},
    {"evaluations", "id run checkpoint part test_set summary created_at"},
    {"evaluation_examples", "evaluation ordinal example answer scores"},
    {"comparisons", "id prompt answers sampling created_at"},
    {"votes", "id comparison choice blind created_at"},
    {"transcripts", "id created_at title body"},
    {"row_facts", "id part state rating turns tokens trained problems file changed system"},
    {"row_heads", "id prompt answer"},
    {"row_tags", "tag example"},
    {"row_words", "prompt answer"},
    {"row_problems", "id example kind detail other group_id"},
    {"token_counts", "content_hash tokens trained"},
    {"source_files", "id name"},
    {"counters", "name value"},
    {"saved_views", "id name query"},
    {"edit_steps", "id label merge_key made_at undone"},
    {"edit_rows", "id step example before after"},
    {"edit_ranges", "id step first last"},
    {"imports", "id label step pid holder heartbeat"},
    {"import_rows", "id import turns file system prompt answer"},
};

/// All of them must be there, or a later query would fail in a way of its own, half-way through a change.
Result<void> checkTables(Database &database)
{
    ATTUNE_TRY(auto query, database.prepare("SELECT group_concat(name, ' ') || ' ' FROM pragma_table_info(?)",
                                            "read its tables"));
    for (const Table &table : Tables) {
        ATTUNE_TRY(const bool row, query.bind(table.name).step());
        const std::string columns = row && !query.isNull(0) ? query.text(0) : std::string();
        if (!columns.starts_with(std::string(table.columns) + " "))
            return fail(ErrorCode::Corrupt, database.path().string() + " is damaged: its table \"" + table.name +
                                                (columns.empty() ? "\" is missing" : "\" lacks a column") +
                                                "; restore a backup.");
    }
    return {};
}

/// A name that is not taken: an older backup is never written over.
std::filesystem::path backupName(const std::filesystem::path &path, int version)
{
    const std::string plain = ".backup-v" + std::to_string(version);
    std::filesystem::path name = besideFile(path, plain.c_str());
    std::error_code ignored;
    for (int i = 2; std::filesystem::exists(name, ignored); ++i)
        name = besideFile(path, (plain + "-" + std::to_string(i)).c_str());
    return name;
}

Result<void> applyAfter(Database &database, int version, std::span<const Migration> migrations)
{
    const std::string doing = "bring it to schema " + std::to_string(migrations.back().version);
    for (const Migration &migration : migrations) {
        if (migration.version <= version)
            continue;
        ATTUNE_CHECK(database.run(migration.sql, doing));
        if (migration.code)
            ATTUNE_CHECK(migration.code(database));
        ATTUNE_CHECK(database.run(("PRAGMA user_version = " + std::to_string(migration.version)).c_str(), doing));
    }
    return {};
}

Result<void> migrate(Database &database, int version, std::span<const Migration> migrations)
{
    const std::string path = database.path().string();
    if (database.readOnly())
        return fail(ErrorCode::Io, path + " was made by an older Attune and must be brought up to date, but it is "
                                          "read-only; make it writable or open a copy.");
    const std::filesystem::path backup = backupName(database.path(), version);
    if (auto written = database.backupTo(backup); !written) {
        std::error_code ignored;
        std::filesystem::remove(backup, ignored);
        return forward(written);
    }
    ATTUNE_TRY(auto transaction, Transaction::begin(database, "bring it up to date"));
    // Another process may have done it in the meantime.
    ATTUNE_TRY(const int now, schemaVersion(database));
    if (auto applied = applyAfter(database, now, migrations); !applied) {
        applied.error().message += " The file is as it was, and a copy is in " + backup.string() + ".";
        return forward(applied);
    }
    return transaction.commit();
}

/// Reads the header through SQLite, which opens the write-ahead log too.
Result<void> checkKind(Database &database, std::span<const Migration> migrations)
{
    ATTUNE_TRY(const auto application, database.number("PRAGMA application_id", "open it"));
    if (application != ApplicationId)
        return notAProject(database.path(), "it is an SQLite file of another program");
    ATTUNE_TRY(const int version, schemaVersion(database));
    const int newest = migrations.back().version;
    if (version > newest)
        return fail(ErrorCode::InvalidInput, database.path().string() + " was made by a newer Attune (schema " +
                                                 std::to_string(version) + ", this one knows " +
                                                 std::to_string(newest) + "); update Attune to open it.");
    if (version < newest)
        ATTUNE_CHECK(migrate(database, version, migrations));
    return checkTables(database);
}

Result<Database> openAndCheck(const std::filesystem::path &path, Database::Mode mode,
                              std::span<const Migration> migrations)
{
    ATTUNE_TRY(auto database, Database::open(path, mode));
    ATTUNE_CHECK(checkKind(database, migrations));
    return database;
}

} // namespace

Result<Database> createProjectFile(const std::filesystem::path &path, std::span<const Migration> migrations)
{
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == EEXIST)
        return fail(ErrorCode::InvalidInput, path.string() + " exists already; choose another name or open it.");
    if (descriptor < 0) {
        const int number = errno;
        return fail(number == ENOENT || number == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io,
                    path.string() + " can't be made: " + std::generic_category().message(number) + ".");
    }
    ::close(descriptor);

    const auto make = [&]() -> Result<Database> {
        ATTUNE_TRY(auto database, Database::open(path, Database::Mode::Create));
        // Not every file system can do WAL; then SQLite keeps to a rollback journal.
        ATTUNE_CHECK(database.run("PRAGMA journal_mode = WAL", "make it"));
        ATTUNE_TRY(auto transaction, Transaction::begin(database, "make it"));
        ATTUNE_CHECK(database.run(("PRAGMA application_id = " + std::to_string(ApplicationId)).c_str(), "make it"));
        ATTUNE_CHECK(applyAfter(database, 0, migrations));
        ATTUNE_CHECK(transaction.commit());
        return database;
    };
    auto made = make();
    if (!made) {
        std::error_code ignored;
        for (const char *ending : {"", "-wal", "-shm"})
            std::filesystem::remove(besideFile(path, ending), ignored);
    }
    return made;
}

Result<Database> openProjectFile(const std::filesystem::path &path, std::span<const Migration> migrations)
{
    ATTUNE_CHECK(checkHeader(path));
    auto opened = openAndCheck(path, Database::Mode::ReadWrite, migrations);
    if (opened || opened.error().code != ErrorCode::Io)
        return opened;
    // In a folder where no log can be made beside it, SQLite opens a WAL file only if told that nobody writes to it,
    // which holds where there is no log.
    const auto writable = [](const std::filesystem::path &place) {
        return ::faccessat(AT_FDCWD, place.c_str(), W_OK, AT_EACCESS) == 0;
    };
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    if (hasLog(path) || (writable(path) && writable(folder)))
        return opened;
    return openAndCheck(path, Database::Mode::Immutable, migrations);
}

} // namespace attune
