#include "core/store/row_import.h"
#include "core/store/imported_rows.h"
#include "tests/core/store/labelling_rows.h"

#include <QElapsedTimer>
#include <QtTest>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace attune;

namespace {

std::vector<Example> someRows(int count, int first = 0)
{
    std::vector<Example> rows;
    for (int i = first; i < first + count; ++i) {
        Example row = exampleOf("imported question " + std::to_string(i), "answer " + std::to_string(i));
        row.tags = {i % 2 ? "odd" : "even"};
        row.part = static_cast<Part>(i % 3);
        row.rating = i % 6;
        rows.push_back(std::move(row));
    }
    return rows;
}

std::int64_t numberIn(const ProjectFolder &folder, const std::string &sql)
{
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
    return database ? database->number(sql, "").value_or(-1) : -2;
}

/// Runs `work` in a process of its own and kills that once it has said that it is so far.
template <typename Work>
void killed(Work work)
{
    int ready[2];
    QCOMPARE(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (work() && ::write(ready[1], "y", 1) == 1)
            ::pause();
        ::_exit(1);
    }
    ::close(ready[1]);
    char answer = 0;
    const auto got = ::read(ready[0], &answer, 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    QCOMPARE(got, ssize_t(1));
}

} // namespace

class TestRowImport : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void rowsAppearTogetherAndAreOneStep();
    void nobodySeesThemBefore();
    void knownRowsGetNoNumber();
    void withoutAFinishNothingIsLeft();
    void anImportTakenBackLeavesTheFileAsSmallAsItWas();
    void aKilledImportIsNeverSeen();
    void anImportKilledWhileItShowsIsFinished();
    void aSnapshotHoldsAllOfAnImportOrNothing();
    void othersWriteBetweenItsTransactions();
    void theIndexIsThatOfRowsAddedOneByOne();
    void anEmptyImportIsNoStep();
    void anUndoneImportComesBackAsItWas();
    void anImportRedoneInPartIsFinishedByTheNextOne();
    void whatAnUndoneImportLeftGoesWithItsStep();
    void anUndoThatIsKilledIsEndedByTheNextOne();
    void changesMadeDuringAnUndoStand();
    void anUndoOnItsWayCanBeTurned();
    void undoAndRedoOfManyRowsAreTimed();
};

void TestRowImport::rowsAppearTogetherAndAreOneStep()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 3));
    auto import = RowImport::begin(folder.file(), "Import of a.jsonl");
    QVERIFY(import);
    QVERIFY(import->add(someRows(700)));
    QVERIFY(addRows(*project, 1, 3)); // by somebody else
    const auto more = import->add(someRows(9000, 700));
    QVERIFY(more);
    const auto step = import->finish();
    QVERIFY2(step, step ? "" : (step.error().message + step.error().detail).c_str());
    QCOMPARE(step->rows.size(), std::size_t(9700));
    QCOMPARE(*project->exampleCount(), 9704);
    Labelling labelling(*project);
    QCOMPARE(labelling.ids({})->size(), std::size_t(9704));
    QCOMPARE(labelling.undoState()->undo, std::string("Import of a.jsonl"));
    QCOMPARE(labelling.rowsOfSteps(std::vector<std::int64_t>{step->id})->size(), std::size_t(9700));
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM edit_ranges"), 2); // one on each side of the other's row
    const auto history = labelling.history(step->rows.front());
    QVERIFY(history);
    QCOMPARE(history->size(), std::size_t(1));
    QCOMPARE(history->front().label, std::string("Import of a.jsonl"));

    const auto undone = labelling.undo();
    QVERIFY(undone && *undone);
    QCOMPARE((*undone)->rows, step->rows);
    QCOMPARE(*project->exampleCount(), 4);
    QCOMPARE(labelling.facets({})->rows, 4);
    QCOMPARE(labelling.facets({})->tags.size(), std::size_t(0));
    const auto redone = labelling.redo();
    QVERIFY(redone && *redone);
    QCOMPARE((*redone)->rows, step->rows);
    QCOMPARE(*project->exampleCount(), 9704);
    QCOMPARE(labelling.ids({.search = "imported 8123"})->size(), std::size_t(1));
    QVERIFY(project->quickCheck());
}

void TestRowImport::nobodySeesThemBefore()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 2));
    auto import = RowImport::begin(folder.file(), "Import");
    QVERIFY(import && import->add(someRows(500)));
    Labelling labelling(*project);
    QCOMPARE(*project->exampleCount(), 2);
    QCOMPARE(labelling.ids({.search = "imported"})->size(), std::size_t(0));
    QCOMPARE(labelling.facets({})->all, 2);
    QVERIFY(labelling.facets({})->tags.empty());
    QVERIFY(labelling.undoState()->undo != "Import");
    QVERIFY(project->quickCheck());
}

void TestRowImport::knownRowsGetNoNumber()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 2));
    auto import = RowImport::begin(folder.file(), "Import");
    QVERIFY(import);
    std::vector<Example> rows{exampleOf("question 1", "answer 1"), exampleOf("new", "row"), exampleOf("new", "row")};
    const auto ids = import->add(rows);
    QVERIFY(ids);
    QVERIFY(!(*ids)[0] && (*ids)[1] && !(*ids)[2]);
    QVERIFY(!import->add(rows)->at(1));
    QCOMPARE(import->finish()->rows.size(), std::size_t(1));
}

void TestRowImport::withoutAFinishNothingIsLeft()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 2));
    {
        auto import = RowImport::begin(folder.file(), "Import");
        QVERIFY(import && import->add(someRows(3000)));
        QCOMPARE(numberIn(folder, "SELECT count(*) FROM examples"), 3002);
    }
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM examples"), 2);
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM import_rows"), 0);
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM imports"), 0);
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM row_words WHERE row_words MATCH 'imported'"), 0);
    QVERIFY(change(folder.file(), "INSERT INTO row_words (row_words) VALUES ('integrity-check')"));
    QCOMPARE(Labelling(*project).ids({.search = "question"})->size(), std::size_t(2));
}

void TestRowImport::anImportTakenBackLeavesTheFileAsSmallAsItWas()
{
    const ProjectFolder folder;
    const auto pages = [&] { return numberIn(folder, "PRAGMA page_count"); };
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 200));
    const std::int64_t before = pages();
    auto import = RowImport::begin(folder.file(), "Import");
    QVERIFY(import && import->add(someRows(12'000)));
    QVERIFY2(pages() > 10 * before, "the rows are too few to tell");
    QVERIFY(import->takeBack({}));
    QVERIFY2(pages() <= before + before / 10, qPrintable(QString("%1 pages, %2 before").arg(pages()).arg(before)));
    QVERIFY(change(folder.file(), "INSERT INTO row_words (row_words) VALUES ('integrity-check')"));
    QCOMPARE(Labelling(*project).ids({.search = "question"})->size(), std::size_t(200));
    QVERIFY(project->quickCheck());
}

void TestRowImport::aKilledImportIsNeverSeen()
{
    const ProjectFolder folder;
    {
        auto project = Project::create(folder.file());
        QVERIFY(project && addRows(*project, 2));
    }
    killed([&] {
        auto import = RowImport::begin(folder.file(), "Import");
        const bool good = import && import->add(someRows(2000));
        if (import)
            new RowImport(std::move(*import)); // lives as long as the process
        return good;
    });
    auto project = Project::open(folder.file());
    QVERIFY(project);
    QCOMPARE(*project->exampleCount(), 2);
    QCOMPARE(Labelling(*project).ids({.search = "imported"})->size(), std::size_t(0));
    QVERIFY(project->quickCheck());
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM examples"), 2002);
    auto next = RowImport::begin(folder.file(), "Next");
    QVERIFY(next && next->add(someRows(10)));
    QCOMPARE(next->finish()->rows.size(), std::size_t(10));
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM examples"), 12);
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM imports"), 0);
    QCOMPARE(Labelling(*project).ids({.search = "imported"})->size(), std::size_t(10));
}

void TestRowImport::anImportKilledWhileItShowsIsFinished()
{
    const ProjectFolder folder;
    QVERIFY(Project::create(folder.file()));
    killed([&] {
        auto import = RowImport::begin(folder.file(), "Import");
        bool good = import && import->add(someRows(2000));
        if (import)
            new RowImport(std::move(*import));
        auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
        auto transaction = Transaction::begin(*database, "");
        const auto more = showSome(*database, 1, 700);
        return good && more && *more && transaction->commit();
    });
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM row_facts"), 700);
    auto project = Project::open(folder.file());
    QVERIFY(project);
    QCOMPARE(*project->exampleCount(), 2000);
    Labelling labelling(*project);
    QCOMPARE((*labelling.undo())->rows.size(), std::size_t(2000));
    QCOMPARE(*project->exampleCount(), 0);
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM imports"), 0);
}

void TestRowImport::aSnapshotHoldsAllOfAnImportOrNothing()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 2));
    auto import = RowImport::begin(folder.file(), "Import");
    QVERIFY(import && import->add(someRows(300)));
    const auto before = project->takeSnapshot();
    QVERIFY(before);
    QCOMPARE(project->snapshotExamples(*before, {})->size(), std::size_t(2));
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
    {
        auto transaction = Transaction::begin(*database, "");
        QVERIFY(*showSome(*database, 1, 100));
        QVERIFY(transaction->commit());
    }
    const auto within = project->takeSnapshot();
    QVERIFY(within);
    QCOMPARE(project->snapshotExamples(*within, {})->size(), std::size_t(302));
    QVERIFY(import->finish()); // somebody else did it
    QCOMPARE(*project->exampleCount(), 302);
}

void TestRowImport::othersWriteBetweenItsTransactions()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 20));
    std::atomic<bool> done = false;
    bool good = false;
    std::jthread importing([&] {
        auto import = RowImport::begin(folder.file(), "Import");
        good = import && import->add(someRows(12'000)) && import->finish();
        done = true;
    });
    int edits = 0;
    qint64 longest = 0;
    Labelling labelling(*project);
    while (!done) {
        QElapsedTimer timer;
        timer.start();
        const std::vector<ExampleEdit> edit{{.id = edits % 20 + 1, .notes = "note " + std::to_string(edits)}};
        QVERIFY(labelling.apply("Note", edit));
        longest = std::max(longest, timer.elapsed());
        ++edits;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    importing.join();
    QVERIFY(good);
    qInfo("%d edits during the import, the longest took %lld ms", edits, longest);
    QVERIFY(edits > 1);
    QCOMPARE(*project->exampleCount(), 12'020);
    // Its rows are one step still, wherever the others' steps stand.
    std::size_t most = 0;
    while (true) {
        const auto step = labelling.undo();
        QVERIFY(step);
        if (!*step)
            break;
        most = std::max(most, (*step)->rows.size());
    }
    QCOMPARE(most, std::size_t(12'000));
    QCOMPARE(*project->exampleCount(), 0);
}

void TestRowImport::theIndexIsThatOfRowsAddedOneByOne()
{
    const ProjectFolder one;
    const ProjectFolder other;
    auto rows = someRows(60);
    rows[7].messages.insert(rows[7].messages.begin(), {"system", "Be kind."});
    rows[8].tags = {};
    rows[9].tags = {"a", "b", "a"};
    rows[10].notes = "a note";
    for (const auto *folder : {&one, &other}) {
        auto project = Project::create(folder->file());
        QVERIFY(project);
        QVERIFY(change(folder->file(),
                       "INSERT INTO token_counts VALUES ('" + contentHash(rows[3].messages) + "', 12, 3)"));
    }
    QVERIFY(Project::open(one.file())->addExamples([&](const Project::AddExample &add) -> Result<void> {
        for (const Example &row : rows)
            ATTUNE_CHECK(add(row));
        return {};
    }));
    auto import = RowImport::begin(other.file(), "");
    QVERIFY(import && import->add(rows) && import->finish());
    for (
        const char *sql :
        {"SELECT group_concat(id || '|' || coalesce(part, '-') || state || rating || turns || coalesce(tokens, '-') || "
         "coalesce(trained, '-') || problems || file || '|' || system) FROM row_facts",
         "SELECT group_concat(id || prompt || answer) FROM row_heads",
         "SELECT group_concat(tag || example) FROM row_tags",
         "SELECT group_concat(id || messages || tags || notes || content_hash || origin_file || origin_line || "
         "coalesce(deleted_at, '-')) FROM examples",
         "SELECT label FROM edit_steps"}) {
        auto a = Database::open(one.file(), Database::Mode::ReadWrite);
        auto b = Database::open(other.file(), Database::Mode::ReadWrite);
        QCOMPARE(*b->text(sql, ""), *a->text(sql, ""));
    }
}

void TestRowImport::anEmptyImportIsNoStep()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project);
    auto import = RowImport::begin(folder.file(), "Import");
    QVERIFY(import);
    const auto step = import->finish();
    QVERIFY(step && step->rows.empty());
    QVERIFY(Labelling(*project).undoState()->undo.empty());
    QCOMPARE(numberIn(folder, "SELECT count(*) FROM imports"), 0);
}

void TestRowImport::anUndoneImportComesBackAsItWas()
{
    LabellingFixture f;
    f.add({exampleOf("mine", "own")});
    auto import = RowImport::begin(f.folder.file(), "Import");
    QVERIFY(import && import->add(someRows(50)));
    const auto step = import->finish();
    QVERIFY(step);
    QVERIFY(f.labelling.setProblems(std::array{ProblemKind::PersonalData, ProblemKind::Leak},
                                    std::vector<StoredProblem>{{step->rows[4], ProblemKind::PersonalData, "x", 0, 0},
                                                               {step->rows[4], ProblemKind::Leak, "y", 1, 0}}));
    const std::string before = rowsAsText(f.folder.file());
    for (int round = 0; round < 3; ++round) {
        const auto undone = f.labelling.undo();
        QVERIFY(undone && *undone);
        QCOMPARE((*undone)->rows, step->rows);
        QCOMPARE(*f.project->exampleCount(), 1);
        QCOMPARE(f.found("imported"), std::string());
        const auto redone = f.labelling.redo();
        QVERIFY(redone && *redone);
        QCOMPARE((*redone)->rows, step->rows);
        QCOMPARE(rowsAsText(f.folder.file()), before);
        QCOMPARE(numberIn(f.folder, "SELECT count(*) FROM imports"), 0);
        QCOMPARE(numberIn(f.folder, "SELECT count(*) FROM import_rows"), 0);
        QCOMPARE(numberIn(f.folder, "SELECT count(*) FROM edit_ranges"), 1);
    }
}

/// A process that ends between two pieces of a redo.
void TestRowImport::anImportRedoneInPartIsFinishedByTheNextOne()
{
    LabellingFixture f;
    auto import = RowImport::begin(f.folder.file(), "Import");
    QVERIFY(import && import->add(someRows(50)) && import->finish());
    const std::string before = rowsAsText(f.folder.file());
    QVERIFY(f.labelling.undo());
    {
        auto database = Database::open(f.folder.file(), Database::Mode::ReadWrite);
        const auto number = showAgain(*database, 1, "Import");
        QVERIFY(number && *number != 0);
        QVERIFY(database->run("UPDATE edit_steps SET undone = 0; UPDATE imports SET pid = 0", ""));
        QVERIFY(showSome(*database, *number, 20));
    }
    QCOMPARE(*f.project->exampleCount(), 20);
    auto opened = Project::open(f.folder.file());
    QVERIFY(opened);
    QCOMPARE(rowsAsText(f.folder.file()), before);
}

void TestRowImport::whatAnUndoneImportLeftGoesWithItsStep()
{
    LabellingFixture f;
    const auto mine = f.add({exampleOf("mine", "own")});
    auto import = RowImport::begin(f.folder.file(), "Import");
    QVERIFY(import && import->add(someRows(50)) && import->finish());
    QVERIFY(f.labelling.undo());
    QCOMPARE(numberIn(f.folder, "SELECT count(*) FROM import_rows"), 50);
    QVERIFY(f.edit({.id = mine[0], .rating = 3}));
    QCOMPARE(numberIn(f.folder, "SELECT count(*) FROM import_rows"), 0);
    QVERIFY(f.labelling.undoState()->redo.empty());
}

namespace {

constexpr int Many = 9000; // in more than two pieces

/// A row of the user's, and an import that takes a walk of several pieces.
struct LargeImport : LabellingFixture {
    LargeImport()
    {
        mine = add({exampleOf("mine", "own")});
        auto import = RowImport::begin(folder.file(), "Import");
        if (!import || !import->add(someRows(Many)) || !import->finish())
            qFatal("no import");
        before = rowsAsText(folder.file());
    }
    std::vector<std::int64_t> mine;
    std::string before;
};

} // namespace

void TestRowImport::anUndoThatIsKilledIsEndedByTheNextOne()
{
    LargeImport f;
    killed([&] {
        auto project = Project::open(f.folder.file());
        const auto walk = Labelling(*project).beginWalk(WalkDirection::Back);
        return walk && *walk && (*walk)->more && (*walk)->step.rows.size() == std::size_t(Many);
    });
    QVERIFY(*f.project->exampleCount() > 1);
    QVERIFY(*f.project->exampleCount() <= Many + 1 - RowsShownAtOnce);
    QCOMPARE(f.labelling.undoState()->redo, std::string("Import")); // it is undone already
    {
        auto opened = Project::open(f.folder.file());
        QVERIFY(opened);
        QCOMPARE(*opened->exampleCount(), 1);
    }
    killed([&] {
        auto project = Project::open(f.folder.file());
        const auto walk = Labelling(*project).beginWalk(WalkDirection::Forth);
        return walk && *walk && (*walk)->more && Labelling(*project).walkOn((*walk)->step.id).value_or(false);
    });
    QCOMPARE(*f.project->exampleCount(), 1 + 2 * RowsShownAtOnce);
    QVERIFY(*f.labelling.undo()); // of all of it, without another look at the file
    QCOMPARE(*f.project->exampleCount(), 1);
    QVERIFY(*f.labelling.redo());
    QCOMPARE(rowsAsText(f.folder.file()), f.before);
    QVERIFY(f.project->quickCheck());
}

/// The step can't be redone any more; its rows go all the same, and nothing of them is kept.
void TestRowImport::changesMadeDuringAnUndoStand()
{
    LargeImport f;
    const auto walk = f.labelling.beginWalk(WalkDirection::Back);
    QVERIFY(walk && *walk && (*walk)->more);
    QVERIFY(f.edit({.id = f.mine[0], .rating = 3}));
    QVERIFY(f.labelling.undoState()->redo.empty());
    const auto turned = f.labelling.turnWalk((*walk)->step.id);
    QVERIFY(turned && !*turned);
    while (f.labelling.walkOn((*walk)->step.id).value_or(false))
        ;
    QCOMPARE(*f.project->exampleCount(), 1);
    for (const char *table : {"import_rows", "imports", "edit_ranges", "edit_steps WHERE undone <> 0"})
        QCOMPARE(numberIn(f.folder, std::string("SELECT count(*) FROM ") + table), 0);
    QVERIFY(*f.labelling.undo()); // the rating
    QVERIFY(*f.labelling.redo());

    // And during a redo: the rows come, and the change is the newest.
    LargeImport g;
    QVERIFY(*g.labelling.undo());
    const auto back = g.labelling.beginWalk(WalkDirection::Forth);
    QVERIFY(back && *back && (*back)->more);
    QVERIFY(g.edit({.id = g.mine[0], .rating = 3}));
    QVERIFY(!*g.labelling.turnWalk((*back)->step.id));
    while (g.labelling.walkOn((*back)->step.id).value_or(false))
        ;
    QCOMPARE(*g.project->exampleCount(), Many + 1);
    QVERIFY(*g.labelling.undo());
    QCOMPARE(rowsAsText(g.folder.file()), g.before);
}

void TestRowImport::anUndoOnItsWayCanBeTurned()
{
    LargeImport f;
    for (const auto direction : {WalkDirection::Back, WalkDirection::Forth}) {
        const bool back = direction == WalkDirection::Back;
        if (!back)
            QVERIFY(*f.labelling.undo());
        const auto walk = f.labelling.beginWalk(direction);
        QVERIFY(walk && *walk && (*walk)->more);
        const auto turned = f.labelling.turnWalk((*walk)->step.id);
        QVERIFY(turned && *turned);
        while (f.labelling.walkOn((*walk)->step.id).value_or(false))
            ;
        QCOMPARE(*f.project->exampleCount(), back ? Many + 1 : 1);
        QCOMPARE(f.labelling.undoState()->undo.empty(), false);
        QCOMPARE(f.labelling.undoState()->redo, std::string(back ? "" : "Import"));
        QCOMPARE(numberIn(f.folder, "SELECT count(*) FROM imports"), 0);
        if (back)
            QCOMPARE(rowsAsText(f.folder.file()), f.before);
        QVERIFY(!*f.labelling.turnWalk((*walk)->step.id)); // it is over
    }
    QVERIFY(*f.labelling.redo());
    QCOMPARE(rowsAsText(f.folder.file()), f.before);
}

void TestRowImport::undoAndRedoOfManyRowsAreTimed()
{
    const bool slow = qEnvironmentVariableIsSet("ATTUNE_SLOW_TESTS");
    const int rows = slow ? 100'000 : 9'000;
    LabellingFixture f;
    auto import = RowImport::begin(f.folder.file(), "Import");
    QVERIFY(import);
    for (int first = 0; first < rows; first += 1000)
        QVERIFY(import->add(someRows(1000, first)));
    QVERIFY(import->finish());
    std::atomic_bool over = false;
    std::atomic<double> longest = 0;
    std::thread other([&] { // somebody who writes meanwhile
        auto project = Project::open(f.folder.file());
        for (int i = 0; !over; ++i) {
            QElapsedTimer timer;
            timer.start();
            if (!project->setSetting("a", std::to_string(i)))
                break;
            longest = std::max(longest.load(), static_cast<double>(timer.nsecsElapsed()) / 1e6);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    });
    for (const bool forth : {false, true}) {
        longest = 0;
        QElapsedTimer timer;
        timer.start();
        const auto step = forth ? f.labelling.redo() : f.labelling.undo();
        qInfo("%s of %d rows: %lld ms, longest wait of another writer %.0f ms", forth ? "redo" : "undo", rows,
              static_cast<long long>(timer.elapsed()), longest.load());
        if (!step || (*step)->rows.size() != std::size_t(rows))
            qWarning("not all rows");
    }
    over = true;
    other.join();
    QCOMPARE(*f.project->exampleCount(), std::int64_t(rows));
}

QTEST_APPLESS_MAIN(TestRowImport)
#include "tst_row_import.moc"
