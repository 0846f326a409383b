#include "core/store/row_import.h"

#include "core/store/imported_rows.h"
#include "core/store/process.h"
#include "core/store/project_impl.h"
#include "core/store/row_writer.h"
#include "core/store/schema.h"

#include <algorithm>
#include <chrono>

namespace attune {

namespace {

constexpr auto Adding = "add rows";
constexpr std::size_t FewestRows = 20; // in a transaction
constexpr std::size_t MostRows = 4000;
constexpr double LongestHold = 0.1; // seconds, of the write lock; what a transaction is to take

} // namespace

struct RowImport::Impl {
    Impl(Database opened, std::string name, Given what)
        : database(std::move(opened)), writer(database, Adding), label(std::move(name)), given(what), now(timeNow()),
          find(database, "SELECT 1 FROM examples WHERE content_hash = ? AND deleted_at IS NULL", Adding),
          keep(
              database,
              "INSERT INTO import_rows (id, import, turns, file, system, prompt, answer) VALUES (?, ?, ?, ?, ?, ?, ?)",
              Adding),
          beat(database, "UPDATE imports SET heartbeat = ? WHERE id = ?", Adding)
    {
    }

    Result<void> begin()
    {
        const auto process = ProcessIdentity::own();
        ATTUNE_TRY(auto transaction, Transaction::begin(database, Adding));
        ATTUNE_TRY(auto insert, database.prepare("INSERT INTO imports (label, step, pid, holder, heartbeat) "
                                                 "VALUES (?, 0, ?, ?, ?)",
                                                 Adding));
        ATTUNE_CHECK(insert.bind(label, process.pid, process.holder(), secondsNow()).run());
        id = database.lastId();
        return transaction.commit();
    }

    Result<std::optional<std::int64_t>> add(const Example &row)
    {
        const std::string hash = contentHash(row.messages);
        const ContentKey key = ContentKey::of(hash);
        if (given == Given::Any && seen.contains(key))
            return std::optional<std::int64_t>();
        ATTUNE_TRY(Statement * known, find.get());
        ATTUNE_TRY(const bool there, known->bind(hash).step());
        known->reset();
        if (there)
            return std::optional<std::int64_t>();
        ATTUNE_TRY(const std::int64_t file, writer.fileId(row.origin.file));
        ATTUNE_TRY(const std::int64_t added, writer.insertUnseen(row, now));
        const RowOutline outline = outlineOf(row.messages);
        ATTUNE_CHECK(keep.run(added, id, outline.turns, file, outline.system, outline.prompt, outline.answer));
        if (given == Given::Any)
            seen.insert(key);
        return std::optional(added);
    }

    /// One transaction.
    Result<void> addSome(std::span<const Example> rows, std::vector<std::optional<std::int64_t>> &added)
    {
        const auto began = std::chrono::steady_clock::now();
        ATTUNE_TRY(auto transaction, Transaction::begin(database, Adding));
        for (const Example &row : rows) {
            ATTUNE_TRY(const auto one, add(row));
            added.push_back(one);
            if (one)
                ids.push_back(*one);
        }
        ATTUNE_CHECK(writer.finish());
        ATTUNE_CHECK(beat.run(secondsNow(), id));
        ATTUNE_CHECK(transaction.commit());
        const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        const double wanted = static_cast<double>(rows.size()) * LongestHold / std::max(took, 1e-4);
        atOnce = std::clamp(static_cast<std::size_t>(wanted), FewestRows, std::min(MostRows, 2 * atOnce));
        return {};
    }

    Result<bool> showNext()
    {
        ATTUNE_TRY(auto transaction, RowTransaction::begin(database, "show the rows of an import"));
        ATTUNE_TRY(const bool more, showSome(database, id, RowsShownAtOnce));
        std::int64_t newest = step;
        if (step == 0) { // made by the first rows
            ATTUNE_TRY(newest, database.number("SELECT max(id) FROM edit_steps", Adding));
        }
        ATTUNE_CHECK(transaction.commit());
        step = newest;
        return more;
    }

    Result<bool> takeBackNext()
    {
        ATTUNE_TRY(auto transaction, Transaction::begin(database, "take an import back"));
        ATTUNE_TRY(const bool more, takeBackSome(database, id, static_cast<std::int64_t>(atOnce)));
        ATTUNE_CHECK(transaction.commit());
        return more;
    }

    Result<void> takeBack(const std::function<void(double share)> &progress)
    {
        for (std::size_t taken = 0;; taken += atOnce) {
            if (progress && !ids.empty())
                progress(std::min(1.0, static_cast<double>(taken) / static_cast<double>(ids.size())));
            ATTUNE_TRY(const bool more, takeBackNext());
            if (!more)
                return {};
            letOthersWrite();
        }
    }

    /// For others to end, as if this process were gone.
    void abandon()
    {
        (void)database.run(("UPDATE imports SET pid = 0 WHERE id = " + std::to_string(id)).c_str(), Adding);
    }

    Database database;
    RowWriter writer;
    std::string label;
    Given given;
    std::string now;
    LazyStatement find;
    LazyStatement keep;
    LazyStatement beat;
    std::int64_t id = 0;
    std::int64_t step = 0; // once its rows are shown
    bool over = false;
    std::size_t atOnce = 250;
    std::vector<std::int64_t> ids;
    ContentSet seen;
};

RowImport::RowImport(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
RowImport::RowImport(RowImport &&) noexcept = default;

RowImport::~RowImport()
{
    if (!m_impl || m_impl->over)
        return;
    if (m_impl->step != 0 || !m_impl->takeBack({}))
        m_impl->abandon();
}

Result<void> RowImport::takeBack(const std::function<void(double share)> &progress)
{
    ATTUNE_CHECK(m_impl->takeBack(progress));
    m_impl->over = true;
    (void)giveSpaceBack(m_impl->database); // a file that stays large is no failure
    return {};
}

Result<RowImport> RowImport::begin(const std::filesystem::path &project, std::string label, Given given)
{
    ATTUNE_TRY(auto database, openProjectFile(project, projectMigrations()));
    // A large import comes back to the same pages of the indexes again and again.
    // So does the log: with the usual 1000 pages each would be copied into the file over and over.
    ATTUNE_CHECK(database.run("PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 16384", Adding));
    ATTUNE_CHECK(endDeadImports(database, false));
    auto impl = std::make_unique<Impl>(std::move(database), std::move(label), given);
    ATTUNE_CHECK(impl->begin());
    return RowImport(std::move(impl));
}

Result<std::vector<std::optional<std::int64_t>>> RowImport::add(std::span<const Example> rows)
{
    std::vector<std::optional<std::int64_t>> added;
    added.reserve(rows.size());
    while (!rows.empty()) {
        const std::size_t count = std::min(rows.size(), m_impl->atOnce);
        ATTUNE_CHECK(m_impl->addSome(rows.first(count), added));
        rows = rows.subspan(count);
        if (!rows.empty())
            letOthersWrite();
    }
    return added;
}

Result<EditStep> RowImport::finish(const std::function<void(double)> &progress)
{
    Impl &impl = *m_impl;
    if (impl.ids.empty()) {
        ATTUNE_CHECK(impl.takeBack({}));
        impl.over = true;
        return EditStep{0, impl.label, {}};
    }
    if (impl.label.empty()) {
        impl.label = impl.ids.size() == 1 ? "Row added" : std::to_string(impl.ids.size()) + " rows added";
        ATTUNE_TRY(auto rename, impl.database.prepare("UPDATE imports SET label = ? WHERE id = ?", Adding));
        ATTUNE_CHECK(rename.bind(impl.label, impl.id).run());
    }
    double shown = 0;
    while (true) {
        ATTUNE_TRY(const bool more, impl.showNext());
        if (!more)
            break;
        shown += static_cast<double>(RowsShownAtOnce);
        if (progress)
            progress(std::min(1.0, shown / static_cast<double>(impl.ids.size())));
        letOthersWrite();
    }
    impl.over = true;
    return EditStep{impl.step, impl.label, impl.ids};
}

Result<ContentSet> storedContents(const std::filesystem::path &project)
{
    ATTUNE_TRY(auto database, openProjectFile(project, projectMigrations()));
    constexpr auto Reading = "look for rows that it has already";
    ATTUNE_TRY(auto find, database.prepare("SELECT content_hash FROM examples WHERE deleted_at IS NULL", Reading));
    ContentSet contents;
    while (true) {
        ATTUNE_TRY(const bool more, find.step());
        if (!more)
            return contents;
        contents.insert(ContentKey::of(find.textView(0)));
    }
}

} // namespace attune
