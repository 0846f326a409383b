#include "core/store/journal.h"
#include "core/store/labelling.h"
#include "core/store/project_impl.h"

namespace attune {

namespace {

constexpr auto ReadingRows = "read its rows";

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

/// Adds rows one by one; after a failure, every further call fails too, as SQLite may have ended the transaction.
class Adder {
public:
    static Result<Adder> create(Database &database, RowChange &change)
    {
        Adder adder(change);
        ATTUNE_TRY(
            adder.m_find,
            database.prepare("SELECT 1 FROM examples WHERE content_hash = ? AND deleted_at IS NULL", "add rows"));
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
    explicit Adder(RowChange &change) : m_change(&change) {}

    Result<std::optional<std::int64_t>> tryAdd(const Example &example)
    {
        ATTUNE_TRY(const bool known, m_find->bind(contentHash(example.messages)).step());
        if (known)
            return std::optional<std::int64_t>();
        ATTUNE_TRY(const std::int64_t id, m_change->insert(example));
        return std::optional(id);
    }

    RowChange *m_change;
    std::optional<Statement> m_find;
    std::optional<Error> m_failure;
};

} // namespace

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

Result<void> Project::addExamples(const std::function<Result<void>(const AddExample &)> &produce,
                                  const std::string &label)
{
    constexpr auto Doing = "add rows";
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, RowTransaction::begin(database, Doing));
    RowChange change(database, label, {}, Doing);
    ATTUNE_TRY(auto adder, Adder::create(database, change));
    ATTUNE_CHECK(produce([&](const Example &example) { return adder.add(example); }));
    if (adder.failure())
        return tl::unexpected(*adder.failure());
    ATTUNE_TRY(const EditStep step, change.finish());
    if (step.rows.empty())
        return {};
    if (label.empty())
        ATTUNE_CHECK(change.rename(step.rows.size() == 1 ? "Row added"
                                                         : std::to_string(step.rows.size()) + " rows added"));
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

Result<void> Project::setParts(std::span<const std::pair<std::int64_t, Part>> parts, const std::string &label)
{
    std::vector<ExampleEdit> edits;
    edits.reserve(parts.size());
    for (const auto &[id, part] : parts)
        edits.push_back({.id = id, .part = std::optional(part)});
    std::string words = label;
    if (words.empty() && parts.size() == 1)
        words = "Row " + std::to_string(parts[0].first) + " moved to " + std::string(name(parts[0].second));
    else if (words.empty())
        words = "Parts of " + std::to_string(parts.size()) + " rows set";
    if (auto applied = Labelling(*this).apply(words, edits); !applied)
        return forward(applied);
    return {};
}

Result<void> Project::setLabelState(std::int64_t id, LabelState state)
{
    const std::vector<ExampleEdit> edits{{.id = id, .state = state}};
    const std::string row = "Row " + std::to_string(id);
    if (auto applied = Labelling(*this).apply(
            row + (state == LabelState::ToLabel ? " is to label again" : " " + std::string(name(state))), edits);
        !applied)
        return forward(applied);
    return {};
}

} // namespace attune
