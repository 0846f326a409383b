#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

struct sqlite3;
struct sqlite3_stmt;

// A thin layer over SQLite's C interface, for core/store and its tests only.

namespace attune {

/// What every connection is opened with and comes back to.
constexpr auto UsualPragmas = "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -12000";

class Statement;
using SqlValue = std::variant<std::int64_t, std::string>;

/// A connection to one file. Movable; one thread at a time.
class Database {
public:
    enum class Mode {
        ReadWrite, ///< read-only where the file system allows no more
        Create,
        Immutable, ///< read-only, without locks: for a file in a folder where none can be made
    };
    static Result<Database> open(const std::filesystem::path &path, Mode mode);
    /// The first bytes of a file that may be a database, fewer where it is shorter. Read through SQLite: whoever else
    /// closes a descriptor of the file drops all locks that this process has on it (POSIX), and the next process that
    /// closes the project would take it for its last user, and its log for its own to remove.
    static Result<std::string> firstBytes(const std::filesystem::path &path, std::size_t count);

    /// Runs one or more statements without results.
    Result<void> run(const char *sql, std::string_view doing);
    Result<Statement> prepare(std::string_view sql, std::string_view doing);
    /// The first column of the first row.
    Result<std::int64_t> number(std::string_view sql, std::string_view doing);
    Result<std::string> text(std::string_view sql, std::string_view doing);

    std::int64_t lastId() const;
    std::int64_t changes() const;
    std::int64_t totalChanges() const; ///< since the connection was opened
    bool readOnly() const;
    bool inTransaction() const;
    void setBusyTimeout(int milliseconds);
    /// Copies the whole database to a new file.
    Result<void> backupTo(const std::filesystem::path &path);

    /// The last failure as a sentence: "<path>: can't <doing>: <why>; <what to do>."
    Error failure(std::string_view doing) const;
    const std::filesystem::path &path() const noexcept { return m_path; }

private:
    struct Closer {
        void operator()(sqlite3 *handle) const;
    };
    Database() = default;
    std::unique_ptr<sqlite3, Closer> m_handle;
    std::filesystem::path m_path;
};

/// A prepared statement; the database must outlive it and stay where it is. Columns and parameters count from 0.
class Statement {
public:
    /// Binds the parameters in order and starts over.
    template <typename... Values>
    Statement &bind(const Values &...values)
    {
        reset();
        int index = 0;
        (bindOne(index++, values), ...);
        return *this;
    }

    /// The same for a list that is known only at run time.
    Statement &bindAll(std::span<const SqlValue> values);

    /// True: there is a row.
    Result<bool> step();
    /// For a statement without results.
    Result<void> run();
    /// Ends a question whose other rows nobody wants: while it is open, so is what it reads of the file, and a
    /// transaction that begins later can't write once somebody else has.
    void reset();

    bool isNull(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const; ///< NaN for NULL
    std::string text(int column) const;
    std::string_view textView(int column) const; ///< valid until the next step
    std::span<const std::byte> blob(int column) const; ///< valid until the next step

private:
    friend class Database;
    struct Finaliser {
        void operator()(sqlite3_stmt *statement) const;
    };
    Statement() = default;
    void bindOne(int index, std::int64_t value);
    void bindOne(int index, int value) { bindOne(index, std::int64_t(value)); }
    void bindOne(int index, double value);
    void bindOne(int index, std::string_view value);
    void bindOne(int index, const std::string &value) { bindOne(index, std::string_view(value)); }
    void bindOne(int index, const char *value) { bindOne(index, std::string_view(value)); }
    void bindOne(int index, std::span<const std::byte> value);
    void bindOne(int index, std::nullopt_t);
    template <typename T>
    void bindOne(int index, const std::optional<T> &value)
    {
        if (value)
            bindOne(index, *value);
        else
            bindOne(index, std::nullopt);
    }

    std::unique_ptr<sqlite3_stmt, Finaliser> m_statement;
    const Database *m_database = nullptr;
    std::string m_doing;
    bool m_bound = true; // false: a parameter was too large for SQLite
};

/// A statement that is prepared when it is first used; for writers of which a call needs a few of many.
class LazyStatement {
public:
    LazyStatement(Database &database, std::string_view sql, std::string_view doing)
        : m_database(&database), m_sql(sql), m_doing(doing)
    {
    }
    Result<Statement *> get();

    template <typename... Values>
    Result<void> run(const Values &...values)
    {
        ATTUNE_TRY(Statement * statement, get());
        return statement->bind(values...).run();
    }

private:
    Database *m_database;
    std::string_view m_sql;   // a literal
    std::string_view m_doing; // likewise
    std::optional<Statement> m_statement;
};

/// Rolled back unless committed.
class Transaction {
public:
    /// Takes the write lock at the start, so that what it has read can't change under it.
    static Result<Transaction> begin(Database &database, std::string_view doing);
    /// All that is read in it is of one moment.
    static Result<Transaction> beginReading(Database &database, std::string_view doing);
    Transaction(Transaction &&other) noexcept;
    Transaction &operator=(Transaction &&) = delete;
    ~Transaction();
    Result<void> commit();

private:
    Transaction(Database &database, std::string_view doing) : m_database(&database), m_doing(doing) {}
    Database *m_database;
    std::string m_doing;
};

} // namespace attune
