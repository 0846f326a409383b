#include "core/store/sqlite.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <limits>
#include <sqlite3.h>
#include <system_error>
#include <utility>

namespace attune {

namespace {

constexpr int BusyTimeout = 30000; // milliseconds; a change of all rows at once takes some seconds
constexpr int BusyPause = 2;       // milliseconds

/// SQLite's own way to wait sleeps up to a tenth of a second, and misses the pauses between the transactions of an
/// import again and again.
int waitForLock(void *timeout, int tries)
{
    if (static_cast<std::intptr_t>(tries) * BusyPause >= reinterpret_cast<std::intptr_t>(timeout))
        return 0;
    sqlite3_sleep(BusyPause);
    return 1;
}

/// SQLite's URI form of a path, in which ?, # and % have a meaning.
std::string uriOf(const std::filesystem::path &path, std::string_view query)
{
    std::string uri = "file:";
    for (const char c : path.string()) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                           c == '.' || c == '-' || c == '_';
        if (plain) {
            uri += c;
            continue;
        }
        constexpr std::string_view Digits = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        uri += '%';
        uri += Digits[byte >> 4];
        uri += Digits[byte & 15];
    }
    return uri + "?" + std::string(query);
}

struct Cause {
    ErrorCode code;
    const char *why; ///< and what to do
};

Cause causeOf(int extended)
{
    if (extended == SQLITE_CONSTRAINT_FOREIGNKEY)
        return {ErrorCode::NotFound, "what it belongs to is not in the file, or not any more"};
    switch (extended & 0xff) {
    case SQLITE_FULL:
        return {ErrorCode::Io, "there is no space left on the disk; free some and try again"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {ErrorCode::Io, "the file is locked by another program; wait for it to finish and try again"};
    case SQLITE_READONLY:
        return {ErrorCode::Io, "the file or its folder is read-only; make it writable or work on a copy"};
    case SQLITE_CORRUPT:
        return {ErrorCode::Corrupt, "the file is damaged; restore a backup"};
    case SQLITE_NOTADB:
        return {ErrorCode::Corrupt, "the file is damaged or no SQLite file; restore a backup"};
    case SQLITE_CANTOPEN:
        return {ErrorCode::Io, "the file can't be opened; check that it and its folder can be read and written"};
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return {ErrorCode::Io, "access is denied; check the permissions of the file and its folder"};
    case SQLITE_IOERR:
        return {ErrorCode::Io, "the disk reported an error; check the disk and its free space"};
    case SQLITE_NOMEM:
        return {ErrorCode::OutOfMemory, "there is not enough memory; close other programs and try again"};
    case SQLITE_TOOBIG:
        return {ErrorCode::InvalidInput, "a value is too large for the file; nothing was stored"};
    case SQLITE_INTERRUPT:
        return {ErrorCode::Interrupted, "it was stopped"};
    default:
        return {ErrorCode::Internal, "SQLite refused it, which is a mistake in this program; please report it"};
    }
}

} // namespace

void Database::Closer::operator()(sqlite3 *handle) const
{
    sqlite3_close_v2(handle);
}

void Statement::Finaliser::operator()(sqlite3_stmt *statement) const
{
    sqlite3_finalize(statement);
}

Result<Database> Database::open(const std::filesystem::path &path, Mode mode)
{
    Database database;
    database.m_path = path;
    std::error_code ignored;
    // Absolute, so that no name is special to SQLite (":memory:", or an empty one).
    const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    std::string name = absolute.string();
    if (mode == Mode::Immutable) {
        flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
        name = uriOf(absolute, "immutable=1");
    } else {
        flags |= SQLITE_OPEN_READWRITE | (mode == Mode::Create ? SQLITE_OPEN_CREATE : 0);
    }
    sqlite3 *handle = nullptr;
    const int opened = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
    database.m_handle.reset(handle);
    if (!handle)
        return fail(ErrorCode::OutOfMemory, path.string() + " can't be opened: there is not enough memory.");
    if (opened != SQLITE_OK)
        return tl::unexpected(database.failure("open it"));
    database.setBusyTimeout(BusyTimeout);
    // A project may come from a stranger: nothing in it may run on its own, and no broken page may pass unseen.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    ATTUNE_CHECK(database.run("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
                              "PRAGMA secure_delete = OFF;"
                              "PRAGMA journal_size_limit = 67108864;",
                              "open it"));
    ATTUNE_CHECK(database.run(UsualPragmas, "open it"));
    return database;
}

Result<std::string> Database::firstBytes(const std::filesystem::path &path, std::size_t count)
{
    std::error_code ignored;
    sqlite3 *handle = nullptr;
    const int opened = sqlite3_open_v2(std::filesystem::absolute(path, ignored).c_str(), &handle,
                                       SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    const std::unique_ptr<sqlite3, Closer> closing(handle);
    sqlite3_file *file = nullptr;
    sqlite3_int64 size = 0;
    if (opened != SQLITE_OK || sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        const int number = handle ? sqlite3_system_errno(handle) : ENOMEM;
        return fail(ErrorCode::Io, path.string() + " can't be read: " +
                                       std::generic_category().message(number ? number : EIO) + ".");
    }
    std::string bytes(static_cast<std::size_t>(std::min<sqlite3_int64>(size, static_cast<sqlite3_int64>(count))),
                      '\0');
    if (!bytes.empty() && file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0) != SQLITE_OK)
        return fail(ErrorCode::Io, path.string() + " can't be read; check the disk.");
    return bytes;
}

Result<void> Database::run(const char *sql, std::string_view doing)
{
    if (sqlite3_exec(m_handle.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return tl::unexpected(failure(doing));
    return {};
}

Result<Statement> Database::prepare(std::string_view sql, std::string_view doing)
{
    Statement statement;
    sqlite3_stmt *handle = nullptr;
    const int prepared =
        sqlite3_prepare_v2(m_handle.get(), sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
    statement.m_statement.reset(handle);
    statement.m_database = this;
    statement.m_doing = doing;
    if (prepared != SQLITE_OK)
        return tl::unexpected(failure(doing));
    return statement;
}

Result<std::int64_t> Database::number(std::string_view sql, std::string_view doing)
{
    ATTUNE_TRY(auto statement, prepare(sql, doing));
    ATTUNE_TRY(const bool row, statement.step());
    return row ? statement.integer(0) : 0;
}

Result<std::string> Database::text(std::string_view sql, std::string_view doing)
{
    ATTUNE_TRY(auto statement, prepare(sql, doing));
    ATTUNE_TRY(const bool row, statement.step());
    return row ? statement.text(0) : std::string();
}

std::int64_t Database::lastId() const
{
    return sqlite3_last_insert_rowid(m_handle.get());
}

std::int64_t Database::changes() const
{
    return sqlite3_changes64(m_handle.get());
}

std::int64_t Database::totalChanges() const
{
    return sqlite3_total_changes64(m_handle.get());
}

bool Database::readOnly() const
{
    return sqlite3_db_readonly(m_handle.get(), "main") == 1;
}

bool Database::inTransaction() const
{
    return sqlite3_get_autocommit(m_handle.get()) == 0;
}

void Database::setBusyTimeout(int milliseconds)
{
    sqlite3_busy_handler(m_handle.get(), waitForLock, reinterpret_cast<void *>(std::intptr_t(milliseconds)));
}

Result<void> Database::backupTo(const std::filesystem::path &path)
{
    ATTUNE_TRY(auto target, open(path, Mode::Create));
    sqlite3_backup *backup = sqlite3_backup_init(target.m_handle.get(), "main", m_handle.get(), "main");
    if (backup) {
        sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup); // leaves its verdict as the target's error
    }
    if (sqlite3_errcode(target.m_handle.get()) != SQLITE_OK)
        return tl::unexpected(target.failure("write a backup of " + m_path.string()));
    return {};
}

Error Database::failure(std::string_view doing) const
{
    const Cause cause = causeOf(sqlite3_extended_errcode(m_handle.get()));
    return {cause.code, m_path.string() + ": can't " + std::string(doing) + ": " + cause.why + ".",
            sqlite3_errmsg(m_handle.get())};
}

Statement &Statement::bindAll(std::span<const SqlValue> values)
{
    reset();
    int index = 0;
    for (const SqlValue &value : values)
        std::visit([&](const auto &plain) { bindOne(index, plain); }, value), ++index;
    return *this;
}

Result<Statement *> LazyStatement::get()
{
    if (!m_statement) {
        ATTUNE_TRY(m_statement, m_database->prepare(m_sql, m_doing));
    }
    return &*m_statement;
}

Result<bool> Statement::step()
{
    if (!m_bound)
        return fail(ErrorCode::InvalidInput, m_database->path().string() + ": can't " + m_doing +
                                                 ": a value is too large for the file; nothing was stored.");
    const int result = sqlite3_step(m_statement.get());
    if (result == SQLITE_ROW)
        return true;
    if (result == SQLITE_DONE)
        return false;
    Error error = m_database->failure(m_doing);
    sqlite3_reset(m_statement.get()); // else the failed statement would keep the transaction open
    return tl::unexpected(std::move(error));
}

Result<void> Statement::run()
{
    auto row = step();
    sqlite3_reset(m_statement.get());
    if (!row)
        return forward(row);
    return {};
}

void Statement::reset()
{
    sqlite3_reset(m_statement.get());
    m_bound = true;
}

void Statement::bindOne(int index, std::int64_t value)
{
    sqlite3_bind_int64(m_statement.get(), index + 1, value);
}

void Statement::bindOne(int index, double value)
{
    sqlite3_bind_double(m_statement.get(), index + 1, value); // NaN becomes NULL
}

void Statement::bindOne(int index, std::string_view value)
{
    // An empty view may hold a null pointer, which SQLite would take for NULL.
    m_bound &= sqlite3_bind_text64(m_statement.get(), index + 1, value.empty() ? "" : value.data(), value.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK;
}

void Statement::bindOne(int index, std::span<const std::byte> value)
{
    // Not copied: a blob outlives the step that stores it.
    m_bound &= (value.empty() ? sqlite3_bind_zeroblob(m_statement.get(), index + 1, 0)
                              : sqlite3_bind_blob64(m_statement.get(), index + 1, value.data(), value.size(),
                                                    SQLITE_STATIC)) == SQLITE_OK;
}

void Statement::bindOne(int index, std::nullopt_t)
{
    sqlite3_bind_null(m_statement.get(), index + 1);
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

double Statement::real(int column) const
{
    return isNull(column) ? std::numeric_limits<double>::quiet_NaN()
                          : sqlite3_column_double(m_statement.get(), column);
}

std::string_view Statement::textView(int column) const
{
    const auto *data = sqlite3_column_text(m_statement.get(), column);
    if (!data)
        return {};
    return {reinterpret_cast<const char *>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(m_statement.get(), column))};
}

std::string Statement::text(int column) const
{
    return std::string(textView(column));
}

std::span<const std::byte> Statement::blob(int column) const
{
    const auto *data = static_cast<const std::byte *>(sqlite3_column_blob(m_statement.get(), column));
    return {data, data ? static_cast<std::size_t>(sqlite3_column_bytes(m_statement.get(), column)) : 0};
}

Result<Transaction> Transaction::begin(Database &database, std::string_view doing)
{
    ATTUNE_CHECK(database.run("BEGIN IMMEDIATE", doing));
    return Transaction(database, doing);
}

Result<Transaction> Transaction::beginReading(Database &database, std::string_view doing)
{
    ATTUNE_CHECK(database.run("BEGIN", doing));
    return Transaction(database, doing);
}

Transaction::Transaction(Transaction &&other) noexcept
    : m_database(std::exchange(other.m_database, nullptr)), m_doing(std::move(other.m_doing))
{
}

Transaction::~Transaction()
{
    // SQLite itself may have rolled back already, after a full disk for one.
    if (m_database && m_database->inTransaction())
        (void)m_database->run("ROLLBACK", m_doing);
}

Result<void> Transaction::commit()
{
    ATTUNE_CHECK(m_database->run("COMMIT", m_doing)); // on failure the destructor rolls back
    m_database = nullptr;
    return {};
}

} // namespace attune
