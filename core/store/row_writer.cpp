#include "core/store/row_writer.h"

#include "core/store/project_impl.h"
#include "core/text/utf8.h"

#include <algorithm>

namespace attune {

std::vector<std::string> cleanTags(const std::vector<std::string> &tags)
{
    std::vector<std::string> clean;
    for (const std::string &tag : tags) {
        const auto begin = tag.find_first_not_of(" \t\r\n");
        if (begin == std::string::npos)
            continue;
        std::string text = tag.substr(begin, tag.find_last_not_of(" \t\r\n") - begin + 1);
        if (std::find(clean.begin(), clean.end(), text) == clean.end())
            clean.push_back(std::move(text));
    }
    return clean;
}

RowWriter::RowWriter(Database &database, std::string_view doing)
    : m_database(&database), m_index(database, doing),
      m_find(database,
             "SELECT id, messages, part, state, rating, tags, notes, content_hash, origin_file, origin_line, "
             "created_at, updated_at, deleted_at FROM examples WHERE id = ?",
             doing),
      m_insert(database,
               "INSERT INTO examples (messages, part, tags, content_hash, origin_file, origin_line, rating, notes, "
               "created_at, updated_at, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9, ?10)",
               doing),
      m_insertDeleted(database,
                      "INSERT INTO examples (id, messages, content_hash, created_at, updated_at, deleted_at) "
                      "VALUES (?, ?, ?, ?4, ?4, ?4)",
                      doing),
      m_update(database,
               "UPDATE examples SET messages = ?, part = ?, state = ?, rating = ?, tags = ?, notes = ?, "
               "content_hash = ?, updated_at = ?, deleted_at = ? WHERE id = ?",
               doing),
      m_updateLabels(database,
                     "UPDATE examples SET part = ?, state = ?, rating = ?, tags = ?, notes = ?, updated_at = ?, "
                     "deleted_at = ? WHERE id = ?",
                     doing)
{
}

Result<std::optional<StoredRow>> RowWriter::find(std::int64_t id)
{
    ATTUNE_TRY(Statement * query, m_find.get());
    ATTUNE_TRY(const bool found, query->bind(id).step());
    if (!found)
        return std::optional<StoredRow>();
    StoredRow row;
    row.id = query->integer(0);
    row.messages = query->text(1);
    if (!query->isNull(2))
        row.part = query->integer(2);
    row.state = query->integer(3);
    row.rating = query->integer(4);
    row.tags = query->text(5);
    row.notes = query->text(6);
    row.contentHash = query->text(7);
    row.origin = {query->text(8), query->integer(9)};
    row.createdAt = query->text(10);
    row.updatedAt = query->text(11);
    if (!query->isNull(12))
        row.deletedAt = query->text(12);
    return std::optional(std::move(row));
}

Result<StoredRow> RowWriter::store(const Example &example, const std::string &now, bool deleted)
{
    StoredRow row;
    ATTUNE_TRY(row.messages, messagesText(example.messages));
    if (example.part)
        row.part = static_cast<std::int64_t>(*example.part);
    row.rating = std::clamp(example.rating, 0, 5);
    if (!example.tags.empty())
        row.tags = jsonText(cleanTags(example.tags));
    // Bytes that are no text become U+FFFD, as in tags: neither is covered by the content hash.
    row.notes = replacedInvalidUtf8(example.notes);
    row.contentHash = contentHash(example.messages);
    row.origin = example.origin;
    row.createdAt = row.updatedAt = now;
    if (deleted)
        row.deletedAt = now;
    ATTUNE_CHECK(m_insert.run(row.messages, row.part, row.tags, row.contentHash, row.origin.file, row.origin.line,
                              row.rating, row.notes, now, row.deletedAt));
    row.id = m_database->lastId();
    ATTUNE_CHECK(m_index.addWords(row.id, example.messages));
    return row;
}

Result<StoredRow> RowWriter::insert(const Example &example, const std::string &now)
{
    ATTUNE_TRY(StoredRow row, store(example, now, false));
    ATTUNE_CHECK(m_index.add(row, example.messages, true));
    return row;
}

Result<std::int64_t> RowWriter::insertUnseen(const Example &example, const std::string &now)
{
    ATTUNE_TRY(const StoredRow row, store(example, now, true));
    return row.id;
}

Result<StoredRow> RowWriter::insertDeleted(std::int64_t id, std::span<const Message> messages, const std::string &now)
{
    StoredRow row;
    row.id = id;
    ATTUNE_TRY(row.messages, messagesText(messages));
    row.contentHash = contentHash(messages);
    row.createdAt = row.updatedAt = now;
    row.deletedAt = now;
    ATTUNE_CHECK(m_insertDeleted.run(id, row.messages, row.contentHash, now));
    ATTUNE_CHECK(m_index.addWords(id, messages));
    return row;
}

Result<void> RowWriter::replace(const StoredRow &before, StoredRow &after)
{
    const bool text = before.messages != after.messages;
    const bool appears = before.deletedAt && !after.deletedAt;
    const bool disappears = !before.deletedAt && after.deletedAt;
    std::vector<Message> messages;
    if (text || appears) {
        ATTUNE_TRY(messages, storedMessages(*m_database, after.messages, "a row's text"));
    }
    if (text) {
        ATTUNE_TRY(const auto old, storedMessages(*m_database, before.messages, "a row's text"));
        after.contentHash = contentHash(messages);
        ATTUNE_CHECK(m_update.run(after.messages, after.part, after.state, after.rating, after.tags, after.notes,
                                  after.contentHash, after.updatedAt, after.deletedAt, after.id));
        ATTUNE_CHECK(m_index.removeWords(after.id, old));
        ATTUNE_CHECK(m_index.addWords(after.id, messages));
    } else {
        ATTUNE_CHECK(m_updateLabels.run(after.part, after.state, after.rating, after.tags, after.notes,
                                        after.updatedAt, after.deletedAt, after.id));
    }
    if (disappears)
        return m_index.remove(after.id);
    if (after.deletedAt)
        return {};
    if (text && !appears && before.tags != after.tags)
        ATTUNE_CHECK(m_index.remove(after.id));
    if (text || appears)
        return m_index.add(after, messages, false);
    ATTUNE_CHECK(m_index.labelsChanged(after));
    return before.tags == after.tags ? Result<void>() : m_index.tagsChanged(after);
}

Result<RowTransaction> RowTransaction::begin(Database &database, std::string_view doing)
{
    // A large import touches pages all over the indexes; with a small cache, each of them would be written many
    // times.
    ATTUNE_CHECK(database.run("PRAGMA synchronous = FULL; PRAGMA cache_size = -65536", doing));
    auto transaction = Transaction::begin(database, doing);
    if (!transaction) {
        (void)database.run(UsualPragmas, doing);
        return forward(transaction);
    }
    return RowTransaction(database, std::move(*transaction));
}

RowTransaction::RowTransaction(RowTransaction &&other) noexcept
    : m_database(std::exchange(other.m_database, nullptr)), m_transaction(std::move(other.m_transaction))
{
    other.m_transaction.reset();
}

RowTransaction::~RowTransaction()
{
    m_transaction.reset(); // rolls back where it did not commit; the setting can't change before
    if (m_database)
        (void)m_database->run(UsualPragmas, "go on");
}

Result<void> countRowChange(Database &database)
{
    return database.run("UPDATE counters SET value = value + 1 WHERE name = 'rows'", "save a change");
}

Result<void> RowTransaction::commit()
{
    ATTUNE_CHECK(countRowChange(*m_database));
    return m_transaction->commit();
}

} // namespace attune
