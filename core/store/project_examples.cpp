#include "core/store/project_impl.h"

#include <array>

namespace attune {

namespace {

constexpr auto ReadingRows = "read its rows";

constexpr std::string_view ExampleColumns =
    "id, messages, part, state, rating, tags, notes, content_hash, origin_file, origin_line";

Result<std::optional<Part>> storedPart(const Database &database, const Statement &row, int column)
{
    if (row.isNull(column))
        return std::optional<Part>();
    ATTUNE_TRY(const Part part, storedEnum<Part>(database, row.integer(column), PartCount, "a row's part"));
    return std::optional(part);
}

Result<StoredExample> exampleOf(const Database &database, const Statement &row)
{
    StoredExample example;
    example.id = row.integer(0);
    ATTUNE_TRY(example.messages, storedMessages(database, row.text(1), "a row's text"));
    ATTUNE_TRY(example.part, storedPart(database, row, 2));
    ATTUNE_TRY(example.state, storedEnum<LabelState>(database, row.integer(3), LabelStateCount, "a row's state"));
    example.rating = static_cast<int>(row.integer(4));
    ATTUNE_TRY(example.tags, storedTexts(database, row.text(5), "a row's tags"));
    example.notes = row.text(6);
    example.contentHash = row.text(7);
    example.origin = {row.text(8), row.integer(9)};
    return example;
}

/// WHERE of a filter; its one parameter is the part, or NULL.
std::string whereOf(const ExampleFilter &filter)
{
    std::string where = " WHERE deleted_at IS NULL AND (?1 IS NULL OR part = ?1)";
    if (!filter.includeRejected)
        where += " AND state <> " + std::to_string(static_cast<int>(LabelState::Rejected));
    return where;
}

std::optional<std::int64_t> number(const std::optional<Part> &part)
{
    return part ? std::optional<std::int64_t>(static_cast<std::int64_t>(*part)) : std::nullopt;
}

std::optional<std::string> word(const std::optional<Part> &part)
{
    return part ? std::optional(std::string(name(*part))) : std::nullopt;
}

/// Adds rows one by one; after a failure, every further call fails too, as SQLite may have ended the transaction.
class Adder {
public:
    static Result<Adder> create(Database &database)
    {
        Adder adder;
        ATTUNE_TRY(
            adder.m_find,
            database.prepare("SELECT 1 FROM examples WHERE content_hash = ? AND deleted_at IS NULL", "add rows"));
        ATTUNE_TRY(adder.m_insert,
                   database.prepare("INSERT INTO examples (messages, part, tags, content_hash, origin_file, "
                                    "origin_line, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?7, ?7)",
                                    "add rows"));
        adder.m_database = &database;
        adder.m_now = timeNow();
        return adder;
    }

    Result<std::optional<std::int64_t>> add(const Example &example)
    {
        if (m_failure)
            return tl::unexpected(*m_failure);
        auto added = tryAdd(example);
        if (!added)
            m_failure = added.error();
        return added;
    }

    const std::optional<Error> &failure() const noexcept { return m_failure; }

private:
    Adder() = default;

    Result<std::optional<std::int64_t>> tryAdd(const Example &example)
    {
        const std::string hash = contentHash(example.messages);
        ATTUNE_TRY(const bool known, m_find->bind(hash).step());
        if (known)
            return std::optional<std::int64_t>();
        ATTUNE_TRY(const std::string messages, messagesText(example.messages));
        const std::string tags = example.tags.empty() ? "[]" : jsonText(example.tags);
        ATTUNE_CHECK(
            m_insert
                ->bind(messages, number(example.part), tags, hash, example.origin.file, example.origin.line, m_now)
                .run());
        return std::optional(m_database->lastId());
    }

    Database *m_database = nullptr;
    std::optional<Statement> m_find;
    std::optional<Statement> m_insert;
    std::string m_now;
    std::optional<Error> m_failure;
};

/// Changes one field of a row and notes it in the row's history. Inside the caller's transaction.
class FieldChange {
public:
    static Result<FieldChange> create(Database &database, const char *field, std::string_view doing)
    {
        FieldChange change;
        change.m_field = field;
        change.m_now = timeNow();
        ATTUNE_TRY(change.m_update,
                   database.prepare("UPDATE examples SET " + std::string(field) + " = ?, updated_at = ? WHERE id = ?",
                                    doing));
        ATTUNE_TRY(change.m_note, database.prepare("INSERT INTO example_history (example, changed_at, field, before, "
                                                   "after) VALUES (?, ?, ?, ?, ?)",
                                                   doing));
        return change;
    }

    Result<void> apply(std::int64_t id, std::int64_t value, const std::optional<std::string> &before,
                       const std::optional<std::string> &after)
    {
        ATTUNE_CHECK(m_update->bind(value, m_now, id).run());
        if (!before) // a first value is no edit
            return {};
        return m_note->bind(id, m_now, m_field, before, after).run();
    }

private:
    std::string m_field;
    std::string m_now;
    std::optional<Statement> m_update;
    std::optional<Statement> m_note;
};

} // namespace

Result<void> Project::addExamples(const std::function<Result<void>(const AddExample &)> &produce)
{
    ATTUNE_TRY(auto transaction, Transaction::begin(m_impl->database, "add rows"));
    ATTUNE_TRY(auto adder, Adder::create(m_impl->database));
    ATTUNE_CHECK(produce([&](const Example &example) { return adder.add(example); }));
    if (adder.failure())
        return tl::unexpected(*adder.failure());
    return transaction.commit();
}

Result<std::int64_t> Project::exampleCount(const ExampleFilter &filter)
{
    ATTUNE_TRY(auto query, m_impl->database.prepare("SELECT count(*) FROM examples" + whereOf(filter), ReadingRows));
    ATTUNE_TRY(const bool row, query.bind(number(filter.part)).step());
    return row ? query.integer(0) : 0;
}

Result<void> Project::forEachExample(const ExampleFilter &filter,
                                     const std::function<Result<void>(const StoredExample &)> &visit)
{
    ATTUNE_TRY(auto rows, m_impl->database.prepare("SELECT " + std::string(ExampleColumns) + " FROM examples" +
                                                       whereOf(filter) + " ORDER BY id",
                                                   ReadingRows));
    rows.bind(number(filter.part));
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return {};
        ATTUNE_TRY(const StoredExample example, exampleOf(m_impl->database, rows));
        ATTUNE_CHECK(visit(example));
    }
}

Result<std::optional<StoredExample>> Project::example(std::int64_t id)
{
    ATTUNE_TRY(auto query, m_impl->database.prepare("SELECT " + std::string(ExampleColumns) +
                                                        " FROM examples WHERE id = ? AND deleted_at IS NULL",
                                                    ReadingRows));
    ATTUNE_TRY(const bool found, query.bind(id).step());
    if (!found)
        return std::optional<StoredExample>();
    ATTUNE_TRY(auto example, exampleOf(m_impl->database, query));
    return std::optional(std::move(example));
}

Result<void> Project::setParts(std::span<const std::pair<std::int64_t, Part>> parts)
{
    constexpr auto Doing = "save the parts of rows";
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, Doing));
    ATTUNE_TRY(auto query, database.prepare("SELECT part FROM examples WHERE id = ? AND deleted_at IS NULL", Doing));
    ATTUNE_TRY(auto change, FieldChange::create(database, "part", Doing));
    for (const auto &[id, part] : parts) {
        ATTUNE_TRY(const bool found, query.bind(id).step());
        if (!found)
            return fail(ErrorCode::NotFound, path().string() + " has no row " + std::to_string(id) + ".");
        ATTUNE_TRY(const auto before, storedPart(database, query, 0));
        if (before != part)
            ATTUNE_CHECK(change.apply(id, static_cast<std::int64_t>(part), word(before), word(part)));
    }
    return transaction.commit();
}

Result<void> Project::setLabelState(std::int64_t id, LabelState state)
{
    constexpr auto Doing = "save the state of a row";
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, Doing));
    ATTUNE_TRY(auto query, database.prepare("SELECT state FROM examples WHERE id = ? AND deleted_at IS NULL", Doing));
    ATTUNE_TRY(const bool found, query.bind(id).step());
    if (!found)
        return fail(ErrorCode::NotFound, path().string() + " has no row " + std::to_string(id) + ".");
    ATTUNE_TRY(const auto before,
               storedEnum<LabelState>(database, query.integer(0), LabelStateCount, "a row's state"));
    ATTUNE_TRY(auto change, FieldChange::create(database, "state", Doing));
    if (before != state)
        ATTUNE_CHECK(
            change.apply(id, static_cast<std::int64_t>(state), std::string(name(before)), std::string(name(state))));
    return transaction.commit();
}

} // namespace attune
