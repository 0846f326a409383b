#include "core/store/journal.h"
#include "core/store/labelling_impl.h"

#include <algorithm>
#include <set>

namespace attune {

namespace {

constexpr auto Reading = "read the history of a row";

Result<StoredExample> exampleOf(const Database &database, const StoredRow &row)
{
    StoredExample example;
    example.id = row.id;
    ATTUNE_TRY(example.messages, storedMessages(database, row.messages, "a row's text"));
    if (row.part) {
        ATTUNE_TRY(const Part part, storedEnum<Part>(database, *row.part, PartCount, "a row's part"));
        example.part = part;
    }
    ATTUNE_TRY(example.state, storedEnum<LabelState>(database, row.state, LabelStateCount, "a row's state"));
    example.rating = static_cast<int>(row.rating);
    ATTUNE_TRY(example.tags, storedTexts(database, row.tags, "a row's tags"));
    example.notes = row.notes;
    example.contentHash = contentHash(example.messages);
    example.origin = row.origin;
    return example;
}

} // namespace

Result<std::vector<ExampleVersion>> Labelling::history(std::int64_t example)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, Reading));
    RowWriter reader(database, Reading);
    ATTUNE_TRY(auto row, reader.find(example));
    if (!row || row->deletedAt)
        return fail(ErrorCode::NotFound, database.path().string() + " has no row " + std::to_string(example) + ".");

    // From the row as it is backwards: each change tells what was before it.
    std::vector<ExampleVersion> versions;
    const auto keep = [&](std::int64_t id, const std::string &time, const std::string &label) -> Result<void> {
        if (row->deletedAt)
            return {};
        ATTUNE_TRY(auto was, exampleOf(database, *row));
        versions.push_back({id, time, label, std::move(was)});
        return {};
    };
    ATTUNE_TRY(auto changes,
               database.prepare("SELECT edit_rows.id, before, label, strftime('%Y-%m-%dT%H:%M:%SZ', made_at, "
                                "'unixepoch') FROM edit_rows JOIN edit_steps ON edit_steps.id = step "
                                "WHERE example = ? AND undone = 0 ORDER BY edit_rows.id DESC",
                                Reading));
    changes.bind(example);
    std::int64_t version = 0;
    const auto stepBack = [&](const Statement &change) -> Result<void> {
        ATTUNE_CHECK(keep(version, change.text(3), change.text(2)));
        version = change.integer(0);
        ATTUNE_TRY(*row, withChange(database, *row, change.text(1)));
        return {};
    };
    ATTUNE_CHECK(eachRow(changes, stepBack));
    ATTUNE_TRY(
        auto import,
        database.prepare("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', made_at, 'unixepoch'), label FROM edit_ranges "
                         "JOIN edit_steps ON edit_steps.id = step WHERE first <= ?1 AND last >= ?1 AND undone = 0",
                         Reading));
    ATTUNE_TRY(const bool imported, import.bind(example).step());
    if (imported) {
        ATTUNE_CHECK(keep(version, import.text(0), import.text(1)));
        row->deletedAt = row->createdAt; // before that it was not there
    }
    ATTUNE_CHECK(keep(version, row->createdAt, {})); // where it was there before the journal
    std::reverse(versions.begin(), versions.end());
    return versions;
}

Result<std::vector<StepMark>> Labelling::latestSteps(std::int64_t count)
{
    ATTUNE_TRY(auto find,
               m_project.m_impl->database.prepare("SELECT id, CAST(made_at * 1000 AS INTEGER), undone FROM "
                                                  "edit_steps ORDER BY id DESC LIMIT ?",
                                                  Reading));
    find.bind(count);
    std::vector<StepMark> steps;
    ATTUNE_CHECK(eachRow(find, [&](const Statement &row) {
        steps.push_back({row.integer(0), row.integer(1), row.integer(2) != 0});
    }));
    return steps;
}

Result<std::vector<std::int64_t>> Labelling::rowsOfSteps(std::span<const std::int64_t> steps)
{
    ATTUNE_TRY(auto find,
               m_project.m_impl->database.prepare("SELECT example FROM edit_rows WHERE step = ?1 UNION ALL "
                                                  "SELECT examples.id FROM edit_ranges JOIN examples ON "
                                                  "examples.id BETWEEN first AND last WHERE step = ?1",
                                                  Reading));
    std::set<std::int64_t> rows;
    for (const std::int64_t step : steps) {
        find.bind(step);
        ATTUNE_CHECK(eachRow(find, [&](const Statement &row) { rows.insert(row.integer(0)); }));
    }
    return std::vector<std::int64_t>(rows.begin(), rows.end());
}

Result<std::vector<std::int64_t>> Labelling::equalRows(std::span<const std::int64_t> ids)
{
    ATTUNE_TRY(auto find, m_project.m_impl->database.prepare(
                              "SELECT twin.id FROM examples AS own JOIN examples AS twin USING (content_hash) "
                              "WHERE own.id = ? AND own.deleted_at IS NULL AND twin.deleted_at IS NULL",
                              Reading));
    std::set<std::int64_t> equal;
    for (const std::int64_t id : ids) {
        std::vector<std::int64_t> twins; // itself among them
        find.bind(id);
        ATTUNE_CHECK(eachRow(find, [&](const Statement &row) { twins.push_back(row.integer(0)); }));
        if (twins.size() > 1)
            equal.insert(twins.begin(), twins.end());
    }
    return std::vector<std::int64_t>(equal.begin(), equal.end());
}

Result<EditStep> Labelling::restore(std::int64_t example, std::int64_t version)
{
    ATTUNE_TRY(const auto versions, history(example));
    const auto found = std::find_if(versions.begin(), versions.end(),
                                    [&](const ExampleVersion &candidate) { return candidate.id == version; });
    if (found == versions.end())
        return fail(ErrorCode::NotFound, rowName(example) + " has no version " + std::to_string(version) +
                                             " any more; open its history again.");
    const StoredExample &was = found->example;
    const std::vector<ExampleEdit> edits{{.id = example,
                                          .messages = was.messages,
                                          .part = was.part,
                                          .state = was.state,
                                          .rating = was.rating,
                                          .tags = was.tags,
                                          .notes = was.notes}};
    return apply(rowName(example) + " restored", edits);
}

} // namespace attune
