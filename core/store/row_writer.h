#pragma once

#include "core/data/example.h"
#include "core/store/sqlite.h"

#include <unordered_map>

// For core/store and its tests only.

namespace attune {

/// A row as the table holds it.
struct StoredRow {
    std::int64_t id = 0;
    std::string messages; ///< JSON, of messagesText()
    std::optional<std::int64_t> part;
    std::int64_t state = 0;
    std::int64_t rating = 0;
    std::string tags = "[]"; ///< JSON
    std::string notes;
    std::string contentHash;
    Origin origin;
    std::string createdAt;
    std::string updatedAt;
    std::optional<std::string> deletedAt;
};

/// What follows from the rows: facts, first words, tags, and the full-text index.
///
/// Not kept by triggers of the file: a project may come from a stranger, so its triggers are switched off for every
/// connection (sqlite.cpp). Instead, RowWriter is the only one that writes rows, and it calls this.
class RowIndex {
public:
    RowIndex(Database &database, std::string_view doing);

    /// `fresh`: no count and no problem can be there yet.
    Result<void> add(const StoredRow &row, std::span<const Message> messages, bool fresh);
    Result<void> remove(std::int64_t id);
    Result<void> labelsChanged(const StoredRow &row);
    Result<void> tagsChanged(const StoredRow &row);
    /// Kept until writeWords(), or until there are many.
    Result<void> addWords(std::int64_t id, std::span<const Message> messages);
    Result<void> removeWords(std::int64_t id, std::span<const Message> messages);
    /// Before the transaction is committed. FTS5 ends a piece of its index at each savepoint, and nearly every other
    /// statement makes one: words and facts in turns cost five times as much as first the facts, then the words.
    Result<void> writeWords();

    Result<std::int64_t> fileId(const std::string &name);

private:
    struct Words {
        std::int64_t id = 0;
        bool removed = false;
        std::string prompt;
        std::string answer;
    };
    Result<void> keepWords(std::int64_t id, bool removed, std::span<const Message> messages);
    Result<void> addTags(const StoredRow &row);

    Database *m_database;
    std::vector<Words> m_words; // to be written
    std::size_t m_wordBytes = 0;
    std::unordered_map<std::string, std::int64_t> m_files;
    LazyStatement m_findFile;
    LazyStatement m_addFile;
    LazyStatement m_findTokens;
    LazyStatement m_findProblems;
    LazyStatement m_addFacts;
    LazyStatement m_setLabels;
    LazyStatement m_removeFacts;
    LazyStatement m_addHeads;
    LazyStatement m_removeHeads;
    LazyStatement m_addTag;
    LazyStatement m_removeTags;
    LazyStatement m_addWords;
    LazyStatement m_removeWords;
};

/// The only one that writes rows. Inside the caller's transaction.
class RowWriter {
public:
    RowWriter(Database &database, std::string_view doing);

    /// Deleted rows too.
    Result<std::optional<StoredRow>> find(std::int64_t id);
    Result<StoredRow> insert(const Example &example, const std::string &now);
    /// As a deleted one that the index knows by its words only; its id.
    Result<std::int64_t> insertUnseen(const Example &example, const std::string &now);
    Result<std::int64_t> fileId(const std::string &name) { return m_index.fileId(name); }
    /// A row that was there once: with its own id, deleted.
    Result<StoredRow> insertDeleted(std::int64_t id, std::span<const Message> messages, const std::string &now);
    /// `before` is the row as it is now; after.contentHash is set by this.
    Result<void> replace(const StoredRow &before, StoredRow &after);
    /// What is left to write; before the transaction is committed.
    Result<void> finish() { return m_index.writeWords(); }

private:
    Result<StoredRow> store(const Example &example, const std::string &now, bool deleted);

    Database *m_database;
    RowIndex m_index;
    LazyStatement m_find;
    LazyStatement m_insert;
    LazyStatement m_insertDeleted;
    LazyStatement m_update;
    LazyStatement m_updateLabels;
};

/// A transaction of a person's work on rows: on the disk when it has committed, even if the power fails then.
///
/// Everything else is committed with synchronous = NORMAL: it survives the death of the process at once, and a power
/// cut up to the last checkpoint of the log. That is right for a run, which writes a metric at every step and can go
/// on from a checkpoint; but typed words can't be computed again, and come seldom enough that one fdatasync each (on
/// a worker, some milliseconds) is no price.
class RowTransaction {
public:
    static Result<RowTransaction> begin(Database &database, std::string_view doing);
    RowTransaction(RowTransaction &&other) noexcept;
    RowTransaction &operator=(RowTransaction &&) = delete;
    ~RowTransaction();
    /// Counts the change, so that other connections notice it.
    Result<void> commit();

private:
    RowTransaction(Database &database, Transaction transaction)
        : m_database(&database), m_transaction(std::move(transaction))
    {
    }
    Database *m_database;
    std::optional<Transaction> m_transaction;
};

/// What the commit of a RowTransaction does too: other connections notice that rows changed.
Result<void> countRowChange(Database &database);

/// The line of a list and what else follows from a conversation alone.
struct RowOutline {
    std::int64_t turns = 0;
    std::int64_t system = 0; ///< equal for equal system turns; 0: none
    std::string prompt;
    std::string answer;
};
RowOutline outlineOf(std::span<const Message> messages);

/// Makes the index anew from the rows; what a migration ends with.
Result<void> rebuildRowIndex(Database &database);

/// Trimmed, without empty ones, each once, in the order given.
std::vector<std::string> cleanTags(const std::vector<std::string> &tags);

constexpr std::size_t HeadBytes = 240;
/// White space folded, cut after at most HeadBytes between two characters.
std::string headOf(std::string_view text);

} // namespace attune
