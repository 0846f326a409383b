#include "core/store/project_impl.h"
#include "core/store/row_writer.h"

#include <xxhash.h>

namespace attune {

namespace {

constexpr auto NoDoing = "read its rows";

bool isAnswer(const Message &message)
{
    return message.role == "assistant";
}

/// What the full-text index holds of a row: its answers, or all else. To remove a row from it takes the very same
/// words, so a change here needs a migration that rebuilds it.
std::string wordsOf(std::span<const Message> messages, bool answers)
{
    std::string words;
    for (const Message &message : messages) {
        if (isAnswer(message) != answers)
            continue;
        if (!words.empty())
            words += '\n';
        words += message.content;
    }
    return words;
}

std::string promptHead(std::span<const Message> messages)
{
    const Message *first = nullptr;
    for (const Message &message : messages) {
        if (message.role == "user")
            return headOf(message.content);
        if (!first && !isAnswer(message))
            first = &message;
    }
    return first ? headOf(first->content) : std::string();
}

std::string answerHead(std::span<const Message> messages)
{
    for (auto message = messages.rbegin(); message != messages.rend(); ++message)
        if (isAnswer(*message))
            return headOf(message->content);
    return {};
}

/// 0: no system turn. Equal turns have equal numbers.
std::int64_t systemNumber(std::span<const Message> messages)
{
    for (const Message &message : messages)
        if (message.role == "system") {
            const auto hash = XXH3_64bits(message.content.data(), message.content.size());
            return static_cast<std::int64_t>(hash == 0 ? 1 : hash);
        }
    return 0;
}

std::int64_t turnsOf(std::span<const Message> messages)
{
    std::int64_t turns = 0;
    for (const Message &message : messages)
        turns += message.role != "system";
    return turns;
}

} // namespace

RowOutline outlineOf(std::span<const Message> messages)
{
    return {turnsOf(messages), systemNumber(messages), promptHead(messages), answerHead(messages)};
}

std::string headOf(std::string_view text)
{
    std::string head;
    bool space = false;
    for (const char c : text) {
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            space = !head.empty();
            continue;
        }
        if (space)
            head += ' ';
        space = false;
        head += c;
        if (head.size() > HeadBytes)
            break;
    }
    if (head.size() > HeadBytes) {
        std::size_t end = HeadBytes;
        while (end > 0 && (static_cast<unsigned char>(head[end]) & 0xC0) == 0x80)
            --end;
        head.resize(end);
    }
    return head;
}

RowIndex::RowIndex(Database &database, std::string_view doing)
    : m_database(&database), m_findFile(database, "SELECT id FROM source_files WHERE name = ?", doing),
      m_addFile(database, "INSERT INTO source_files (name) VALUES (?)", doing),
      m_findTokens(database, "SELECT tokens, trained FROM token_counts WHERE content_hash = ?", doing),
      m_findProblems(database, "SELECT DISTINCT kind FROM row_problems WHERE example = ?", doing),
      m_addFacts(database,
                 "INSERT OR REPLACE INTO row_facts (id, part, state, rating, turns, tokens, trained, problems, file, "
                 "changed, system) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(unixepoch(?), 0), ?)",
                 doing),
      m_setLabels(database,
                  "UPDATE row_facts SET part = ?, state = ?, rating = ?, changed = coalesce(unixepoch(?), 0) "
                  "WHERE id = ?",
                  doing),
      m_removeFacts(database, "DELETE FROM row_facts WHERE id = ?", doing),
      m_addHeads(database, "INSERT OR REPLACE INTO row_heads (id, prompt, answer) VALUES (?, ?, ?)", doing),
      m_removeHeads(database, "DELETE FROM row_heads WHERE id = ?", doing),
      m_addTag(database, "INSERT OR IGNORE INTO row_tags (tag, example) VALUES (?, ?)", doing),
      m_removeTags(database, "DELETE FROM row_tags WHERE example = ?", doing),
      m_addWords(database, "INSERT INTO row_words (rowid, prompt, answer) VALUES (?, ?, ?)", doing),
      m_removeWords(database, "INSERT INTO row_words (row_words, rowid, prompt, answer) VALUES ('delete', ?, ?, ?)",
                    doing)
{
}

Result<std::int64_t> RowIndex::fileId(const std::string &name)
{
    if (const auto known = m_files.find(name); known != m_files.end())
        return known->second;
    ATTUNE_TRY(Statement * find, m_findFile.get());
    ATTUNE_TRY(const bool found, find->bind(name).step());
    std::int64_t id = found ? find->integer(0) : 0;
    find->reset();
    if (!found) {
        ATTUNE_CHECK(m_addFile.run(name));
        id = m_database->lastId();
    }
    m_files.emplace(name, id);
    return id;
}

Result<void> RowIndex::add(const StoredRow &row, std::span<const Message> messages, bool fresh)
{
    ATTUNE_TRY(const std::int64_t file, fileId(row.origin.file));
    std::optional<std::int64_t> tokens;
    std::optional<std::int64_t> trained;
    ATTUNE_TRY(Statement * counted, m_findTokens.get());
    ATTUNE_TRY(const bool known, counted->bind(row.contentHash).step());
    if (known) {
        tokens = counted->integer(0);
        trained = counted->integer(1);
    }
    counted->reset();
    std::int64_t problems = 0;
    if (!fresh) {
        ATTUNE_TRY(Statement * kinds, m_findProblems.get());
        kinds->bind(row.id);
        while (true) {
            ATTUNE_TRY(const bool more, kinds->step());
            if (!more)
                break;
            problems |= std::int64_t(1) << (kinds->integer(0) & 31);
        }
    }
    ATTUNE_CHECK(m_addFacts.run(row.id, row.part, row.state, row.rating, turnsOf(messages), tokens, trained, problems,
                                file, row.updatedAt, systemNumber(messages)));
    ATTUNE_CHECK(m_addHeads.run(row.id, promptHead(messages), answerHead(messages)));
    return addTags(row);
}

Result<void> RowIndex::addTags(const StoredRow &row)
{
    ATTUNE_TRY(const auto tags, storedTexts(*m_database, row.tags, "a row's tags"));
    for (const std::string &tag : tags)
        ATTUNE_CHECK(m_addTag.run(tag, row.id));
    return {};
}

Result<void> RowIndex::remove(std::int64_t id)
{
    ATTUNE_CHECK(m_removeFacts.run(id));
    ATTUNE_CHECK(m_removeHeads.run(id));
    return m_removeTags.run(id);
}

Result<void> RowIndex::labelsChanged(const StoredRow &row)
{
    return m_setLabels.run(row.part, row.state, row.rating, row.updatedAt, row.id);
}

Result<void> RowIndex::tagsChanged(const StoredRow &row)
{
    ATTUNE_CHECK(m_removeTags.run(row.id));
    return addTags(row);
}

Result<void> RowIndex::addWords(std::int64_t id, std::span<const Message> messages)
{
    return keepWords(id, false, messages);
}

Result<void> RowIndex::removeWords(std::int64_t id, std::span<const Message> messages)
{
    return keepWords(id, true, messages);
}

Result<void> RowIndex::keepWords(std::int64_t id, bool removed, std::span<const Message> messages)
{
    constexpr std::size_t MostBytes = std::size_t(8) << 20;
    m_words.push_back({id, removed, wordsOf(messages, false), wordsOf(messages, true)});
    m_wordBytes += m_words.back().prompt.size() + m_words.back().answer.size();
    return m_wordBytes > MostBytes ? writeWords() : Result<void>();
}

Result<void> RowIndex::writeWords()
{
    for (const Words &words : m_words)
        ATTUNE_CHECK((words.removed ? m_removeWords : m_addWords).run(words.id, words.prompt, words.answer));
    m_words.clear();
    m_wordBytes = 0;
    return {};
}

Result<void> rebuildRowIndex(Database &database)
{
    constexpr auto Doing = "make the index of its rows";
    ATTUNE_CHECK(database.run("DELETE FROM row_facts; DELETE FROM row_heads; DELETE FROM row_tags; "
                              "INSERT INTO row_words (row_words) VALUES ('delete-all')",
                              Doing));
    RowIndex index(database, Doing);
    ATTUNE_TRY(auto rows, database.prepare("SELECT id, messages, part, state, rating, tags, content_hash, "
                                           "origin_file, updated_at, deleted_at FROM examples ORDER BY id",
                                           NoDoing));
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            break;
        StoredRow row;
        row.id = rows.integer(0);
        ATTUNE_TRY(const auto messages, storedMessages(database, rows.text(1), "a row's text"));
        ATTUNE_CHECK(index.addWords(row.id, messages));
        if (!rows.isNull(9))
            continue;
        if (!rows.isNull(2))
            row.part = rows.integer(2);
        row.state = rows.integer(3);
        row.rating = rows.integer(4);
        row.tags = rows.text(5);
        row.contentHash = rows.text(6);
        row.origin.file = rows.text(7);
        row.updatedAt = rows.text(8);
        ATTUNE_CHECK(index.add(row, messages, false));
    }
    return index.writeWords();
}

} // namespace attune
