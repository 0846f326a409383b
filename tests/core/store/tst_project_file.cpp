#include "tests/core/store/project_files.h"

#include <QtTest>
#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace attune;

namespace {

/// A project with something in every table that has a reader.
Result<void> fill(const std::filesystem::path &path)
{
    ATTUNE_TRY(auto project, Project::create(path));
    ATTUNE_CHECK(project.setSetting("seed", "42"));
    ATTUNE_CHECK(addRows(project, 60));
    ATTUNE_CHECK(project.setParts(std::vector<std::pair<std::int64_t, Part>>{{1, Part::Test}, {2, Part::Train}}));
    Run run;
    ATTUNE_TRY(run.snapshot, project.takeSnapshot());
    run.settings = {{"lora_r", 8}};
    ATTUNE_TRY(run, project.createRun(run));
    ATTUNE_CHECK(project.addMetrics(run.id, std::vector<Metric>{{1, "loss", 2.0}, {2, "loss", 1.0}}));
    ATTUNE_CHECK(project.addLog(run.id, "info", "started"));
    ATTUNE_CHECK(project.saveCheckpoint({.run = run.id, .step = 2, .validationLoss = 1.5},
                                        {std::string(5000, 'a'), std::string(9000, 'b')}));
    StoredEvaluation evaluation;
    evaluation.run = run.id;
    evaluation.summary = {{"loss", 1.0}};
    ATTUNE_CHECK(project.addEvaluation(evaluation, std::vector<EvaluatedExample>{{1, "answer", {{"exact", 1}}}}));
    return {};
}

/// Uses every reader; counts those that reported damage.
int readAll(Project &project)
{
    int failures = 0;
    const auto note = [&](const auto &result) { failures += result ? 0 : 1; };
    note(project.setting("seed"));
    note(project.exampleCount());
    note(project.forEachExample({}, [](const StoredExample &) -> Result<void> { return {}; }));
    note(project.example(3));
    note(project.snapshotExamples(1, {}));
    note(project.runs());
    note(project.findRun("1"));
    note(project.metrics(1));
    note(project.log(1));
    note(project.checkpoints(1));
    note(project.checkpointBlobs(1));
    note(project.evaluations());
    note(project.evaluationExamples(1));
    note(project.takeSnapshot());
    note(project.setLabelState(2, LabelState::Approved));
    note(project.addExamples([](const Project::AddExample &add) -> Result<void> {
        ATTUNE_CHECK(add(exampleOf("one more", "answer")));
        return {};
    }));
    return failures;
}

Migration addColumn()
{
    return {projectMigrations().back().version + 1,
            "ALTER TABLE examples ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'",
            {}};
}

std::filesystem::path backupOf(const ProjectFolder &folder, const std::string &more = {})
{
    return folder.file("p.attune.backup-v" + std::to_string(projectMigrations().back().version) + more);
}

std::vector<Migration> withNext(Migration next)
{
    std::vector<Migration> migrations = projectMigrations();
    migrations.push_back(std::move(next));
    return migrations;
}

} // namespace

class TestProjectFile : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aNewProjectIsAnSqliteFileOfItsOwnKind();
    void openingAgainKeepsTheLocksOfThisProcess();
    void anExistingFileIsNeverReplaced();
    void aFileThatCannotBeMadeLeavesNothing();
    void eachWrongFileHasItsOwnSentence();
    void aNewerSchemaIsRefused();
    void aMissingTableIsDamage();
    void oddFileNamesWork();
    void aReadOnlyFolderOpensForReading();
    void migrationsRunForwardAfterABackup();
    void aSecondBackupReplacesNoFirst();
    void aFailedMigrationLeavesTheFileAsItWas();
    void twoConnectionsSeeEachOthersChanges();
    void aLockedFileIsSaidToBeLocked();
    void aFullDiskHarmsNothing();
    void aKilledProcessLosesNoCommittedRow();
    void aChangedTextIsFoundByTheCheck();
    void cutFilesAreDamageAndNoCrash();
    void flippedBytesAreDamageAndNoCrash();
};

void TestProjectFile::aNewProjectIsAnSqliteFileOfItsOwnKind()
{
    const ProjectFolder folder;
    {
        auto project = Project::create(folder.file());
        QVERIFY(project);
        QCOMPARE(project->path(), folder.file());
        QVERIFY(!project->readOnly());
        QVERIFY(project->quickCheck());
    }
    const std::string bytes = bytesOf(folder.file());
    QVERIFY(bytes.starts_with("SQLite format 3"));
    QCOMPARE(bytes.substr(68, 4), std::string("Attn"));
    QCOMPARE(int(bytes[63]), projectMigrations().back().version);
    QCOMPARE(int(bytes[18]), 2); // WAL
    QVERIFY(!std::filesystem::exists(folder.file("p.attune-wal")));
    QVERIFY(Project::open(folder.file()));
}

void TestProjectFile::openingAgainKeepsTheLocksOfThisProcess()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(project && addRows(*project, 3));
    QVERIFY(Project::open(folder.file())); // as workers and trainings do while the window has it open
    // SQLite shares a lock on these bytes while a connection is open. Without it, the next process that closes the
    // project would remove the log in which the rows are.
    const int descriptor =
        ::open(folder.file().c_str(), O_RDWR | O_CLOEXEC); // never closed: that would drop the locks
    QVERIFY(descriptor >= 0);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000002;
    lock.l_len = 510;
    QCOMPARE(::fcntl(descriptor, F_OFD_GETLK, &lock), 0);
    QCOMPARE(lock.l_type, short(F_RDLCK));

    const pid_t child = ::fork();
    if (child == 0) { // another process looks into the file and leaves it
        const bool read = Project::open(folder.file()).has_value();
        ::_exit(read ? 0 : 1);
    }
    int status = -1;
    QCOMPARE(::waitpid(child, &status, 0), child);
    QCOMPARE(status, 0);
    QVERIFY(std::filesystem::exists(folder.file().string() + "-wal"));
    QVERIFY(addRows(*project, 3, 3));
    QVERIFY(project->quickCheck());
    QCOMPARE(project->exampleCount().value_or(0), std::int64_t(6));
}

void TestProjectFile::anExistingFileIsNeverReplaced()
{
    const ProjectFolder folder;
    writeBytes(folder.file(), "mine");
    const auto project = Project::create(folder.file());
    QVERIFY(!project);
    QVERIFY(project.error().code == ErrorCode::InvalidInput);
    QCOMPARE(bytesOf(folder.file()), std::string("mine"));
}

void TestProjectFile::aFileThatCannotBeMadeLeavesNothing()
{
    const ProjectFolder folder;
    const auto noFolder = Project::create(folder.file("none/p.attune"));
    QVERIFY(!noFolder);
    QVERIFY(noFolder.error().code == ErrorCode::NotFound);
    const std::vector<Migration> broken{{1, "CREATE TABLE (", {}}};
    QVERIFY(!createProjectFile(folder.file(), broken));
    QVERIFY(!std::filesystem::exists(folder.file()));
}

void TestProjectFile::eachWrongFileHasItsOwnSentence()
{
    const ProjectFolder folder;
    std::vector<std::string> messages;
    const auto check = [&](const std::filesystem::path &path, ErrorCode code, std::string_view part) {
        const auto project = Project::open(path);
        QVERIFY(!project);
        const std::string &message = project.error().message;
        QVERIFY2(project.error().code == code, message.c_str());
        QVERIFY2(contains(message, part), message.c_str());
        QVERIFY2(contains(message, path.string()), message.c_str());
        QVERIFY2(std::count(messages.begin(), messages.end(), message) == 0, message.c_str());
        messages.push_back(message);
    };
    check(folder.file("none.attune"), ErrorCode::NotFound, "does not exist");
    check(folder.file(""), ErrorCode::InvalidInput, "folder");
    writeBytes(folder.file("empty"), "");
    check(folder.file("empty"), ErrorCode::InvalidInput, "empty");
    writeBytes(folder.file("text"), "{\"messages\": []}");
    check(folder.file("text"), ErrorCode::InvalidInput, "not an SQLite file");
    writeBytes(folder.file("short"), "SQLite form");
    check(folder.file("short"), ErrorCode::Corrupt, "cut short");
    QVERIFY(change(folder.file("other"), "CREATE TABLE notes (text TEXT)"));
    check(folder.file("other"), ErrorCode::InvalidInput, "another program");
}

void TestProjectFile::aNewerSchemaIsRefused()
{
    const ProjectFolder folder;
    QVERIFY(Project::create(folder.file()));
    const int newest = projectMigrations().back().version;
    QVERIFY(change(folder.file(), "PRAGMA user_version = " + std::to_string(newest + 5)));
    const auto project = Project::open(folder.file());
    QVERIFY(!project);
    QVERIFY2(contains(project.error().message, "made by a newer Attune (schema " + std::to_string(newest + 5) +
                                                   ", this one knows " + std::to_string(newest) + ")"),
             project.error().message.c_str());
}

void TestProjectFile::aMissingTableIsDamage()
{
    const ProjectFolder folder;
    QVERIFY(Project::create(folder.file()));
    QVERIFY(change(folder.file(), "DROP TABLE votes"));
    const auto project = Project::open(folder.file());
    QVERIFY(!project);
    QVERIFY(project.error().code == ErrorCode::Corrupt);
    QVERIFY(contains(project.error().message, "\"votes\""));
}

void TestProjectFile::oddFileNamesWork()
{
    const ProjectFolder folder;
    for (const char *name : {"a b?mode=ro#x%41.attune", "Größe.attune", ":memory:", "file:x"}) {
        QVERIFY(Project::create(folder.file(name)));
        QVERIFY(std::filesystem::exists(folder.file(name)));
        QVERIFY(Project::open(folder.file(name)));
    }
}

void TestProjectFile::aReadOnlyFolderOpensForReading()
{
    const ProjectFolder folder;
    QVERIFY(fill(folder.file("50% a?.attune")));
    const std::filesystem::path path = folder.file("50% a?.attune");
    QCOMPARE(::chmod(path.c_str(), 0444), 0);
    QCOMPARE(::chmod(path.parent_path().c_str(), 0555), 0);
    const bool root = ::geteuid() == 0;
    if (root) // whom no permission stops
        QCOMPARE(::seteuid(65534), 0);
    auto project = Project::open(path);
    std::size_t rows = 0;
    bool readOnly = false;
    Result<void> written;
    if (project) {
        rows = allRows(*project).size();
        readOnly = project->readOnly();
        written = project->setSetting("a", "b");
    }
    auto older = openProjectFile(path, withNext(addColumn()));
    if (root)
        QCOMPARE(::seteuid(0), 0);
    QCOMPARE(::chmod(path.parent_path().c_str(), 0755), 0);
    QVERIFY2(project, project ? "" : (project.error().message + project.error().detail).c_str());
    QCOMPARE(rows, std::size_t(60));
    QVERIFY(readOnly);
    QVERIFY(!written);
    QVERIFY2(contains(written.error().message, "read-only"), written.error().message.c_str());
    QVERIFY(!older);
    QVERIFY2(contains(older.error().message, "read-only"), older.error().message.c_str());
}

void TestProjectFile::migrationsRunForwardAfterABackup()
{
    const ProjectFolder folder;
    QVERIFY(fill(folder.file()));
    bool codeRan = false;
    Migration next = addColumn();
    next.code = [&](Database &database) -> Result<void> {
        codeRan = true;
        return database.run("UPDATE examples SET colour = 'red' WHERE id = 2", "colour it");
    };
    auto migrations = withNext(next);
    const int last = migrations.back().version + 1;
    migrations.push_back(
        {last,
         "DROP TABLE votes; CREATE TABLE votes (id INTEGER PRIMARY KEY, comparison, choice, blind, created_at)",
         {}});
    auto database = openProjectFile(folder.file(), migrations);
    QVERIFY2(database, database ? "" : database.error().message.c_str());
    QVERIFY(codeRan);
    QCOMPARE(*database->number("PRAGMA user_version", ""), last);
    QCOMPARE(*database->text("SELECT colour FROM examples WHERE id = 2", ""), std::string("red"));
    QCOMPARE(*database->text("SELECT colour FROM examples WHERE id = 3", ""), std::string("blue"));

    // The copy is a whole project of the old version.
    auto backup = Project::open(backupOf(folder));
    QVERIFY2(backup, backup ? "" : backup.error().message.c_str());
    QVERIFY(backup->quickCheck());
    QCOMPARE(allRows(*backup).size(), std::size_t(60));
    // And this program now refuses the file.
    QVERIFY(contains(Project::open(folder.file()).error().message, "schema " + std::to_string(last)));
}

void TestProjectFile::aSecondBackupReplacesNoFirst()
{
    const ProjectFolder folder;
    QVERIFY(Project::create(folder.file()));
    writeBytes(backupOf(folder), "precious");
    QVERIFY(openProjectFile(folder.file(), withNext(addColumn())));
    QCOMPARE(bytesOf(backupOf(folder)), std::string("precious"));
    QVERIFY(Project::open(backupOf(folder, "-2")));
}

void TestProjectFile::aFailedMigrationLeavesTheFileAsItWas()
{
    const ProjectFolder folder;
    QVERIFY(fill(folder.file()));
    Migration next = addColumn();
    next.code = [](Database &) -> Result<void> { return fail(ErrorCode::Internal, "It went wrong."); };
    const auto database = openProjectFile(folder.file(), withNext(next));
    QVERIFY(!database);
    QVERIFY2(contains(database.error().message, "It went wrong. The file is as it was"),
             database.error().message.c_str());
    QVERIFY2(contains(database.error().message, backupOf(folder).string()), database.error().message.c_str());
    auto project = Project::open(folder.file());
    QVERIFY(project);
    QCOMPARE(readAll(*project), 0);
}

void TestProjectFile::twoConnectionsSeeEachOthersChanges()
{
    const ProjectFolder folder;
    auto window = Project::create(folder.file());
    auto tool = Project::open(folder.file());
    QVERIFY(window && tool);
    QVERIFY(addRows(*tool, 3));
    QCOMPARE(*window->exampleCount(), 3);
    QVERIFY(window->setLabelState(2, LabelState::Rejected));
    QCOMPARE(*tool->exampleCount({.part = {}, .includeRejected = false}), 2);
    // A reader is no hindrance for a writer, nor the other way round.
    int seen = 0;
    QVERIFY(window->forEachExample({}, [&](const StoredExample &) -> Result<void> {
        ++seen;
        return addRows(*tool, 1, 100 + seen);
    }));
    QCOMPARE(seen, 3);
    QCOMPARE(*window->exampleCount(), 6);
}

void TestProjectFile::aLockedFileIsSaidToBeLocked()
{
    const ProjectFolder folder;
    auto first = Project::create(folder.file());
    QVERIFY(first);
    auto opened = openProjectFile(folder.file(), projectMigrations());
    QVERIFY(opened);
    opened->setBusyTimeout(10);
    Project second = Project::Impl::wrap(std::move(*opened));
    Result<void> inside;
    QVERIFY(first->addExamples([&](const Project::AddExample &add) -> Result<void> {
        ATTUNE_CHECK(add(exampleOf("a", "b")));
        inside = second.setSetting("a", "b");
        return {};
    }));
    QVERIFY(!inside);
    QVERIFY(inside.error().code == ErrorCode::Io);
    QVERIFY2(contains(inside.error().message, "locked by another program"), inside.error().message.c_str());
    QVERIFY(second.setSetting("a", "b"));
}

void TestProjectFile::aFullDiskHarmsNothing()
{
    const ProjectFolder folder;
    QVERIFY(fill(folder.file()));
    auto opened = openProjectFile(folder.file(), projectMigrations());
    QVERIFY(opened);
    // SQLite answers the same to a file that may not grow as to a disk that is full.
    const auto pages = opened->number("PRAGMA page_count", "");
    QVERIFY(opened->run(("PRAGMA max_page_count = " + std::to_string(*pages + 4)).c_str(), ""));
    Project project = Project::Impl::wrap(std::move(*opened));

    const auto added = addRows(project, 1000, 1000);
    QVERIFY(!added);
    QVERIFY(added.error().code == ErrorCode::Io);
    QVERIFY2(contains(added.error().message, "no space left"), added.error().message.c_str());
    // A callback that overlooks the failure keeps nothing of what it added either.
    QVERIFY(!project.addExamples([](const Project::AddExample &add) -> Result<void> {
        for (int i = 0; i < 2000; ++i)
            (void)add(exampleOf("q" + std::to_string(i), std::string(100, 'x')));
        return {};
    }));
    const auto saved = project.saveCheckpoint({.run = 1, .step = 3, .validationLoss = {}, .best = true},
                                              {std::string(3'000'000, 'x'), "state"});
    QVERIFY(!saved);
    QVERIFY2(contains(saved.error().message, "no space left"), saved.error().message.c_str());

    QCOMPARE(*project.exampleCount(), 60);
    QCOMPARE(project.checkpoints(1)->size(), std::size_t(1));
    QCOMPARE(project.checkpointBlobs(1)->state, std::string(9000, 'b'));
    QVERIFY(project.quickCheck());
    QVERIFY(Project::open(folder.file())->quickCheck());
}

void TestProjectFile::aKilledProcessLosesNoCommittedRow()
{
    const ProjectFolder folder;
    int ready[2];
    QCOMPARE(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        auto project = Project::create(folder.file());
        bool good = project && addRows(*project, 50);
        good = good && project->addExamples([&](const Project::AddExample &add) -> Result<void> {
            for (int i = 0; i < 50; ++i)
                ATTUNE_CHECK(add(exampleOf("never committed " + std::to_string(i), "x")));
            if (::write(ready[1], "y", 1) == 1)
                ::pause();
            return {};
        });
        ::_exit(1);
    }
    char answer = 0;
    QCOMPARE(::read(ready[0], &answer, 1), ssize_t(1));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto project = Project::open(folder.file());
    QVERIFY(project);
    QCOMPARE(*project->exampleCount(), 50);
    QVERIFY(project->quickCheck());
}

void TestProjectFile::aChangedTextIsFoundByTheCheck()
{
    const ProjectFolder folder;
    QVERIFY(fill(folder.file()));
    std::string bytes = bytesOf(folder.file());
    const auto at = bytes.find("question 33");
    QVERIFY(at != std::string::npos);
    for (auto place = at; place != std::string::npos; place = bytes.find("question 33", place + 1))
        bytes[place] = 'Q';
    writeBytes(folder.file(), bytes);
    auto project = Project::open(folder.file());
    QVERIFY(project);
    const auto checked = project->quickCheck();
    QVERIFY(!checked);
    QVERIFY(checked.error().code == ErrorCode::Corrupt);
    QVERIFY2(contains(checked.error().message, "row 34"), checked.error().message.c_str());
    const auto snapshot = project->snapshotExamples(1, {});
    QVERIFY(!snapshot);
    QVERIFY(snapshot.error().code == ErrorCode::Corrupt);
}

void TestProjectFile::cutFilesAreDamageAndNoCrash()
{
    const ProjectFolder folder;
    QVERIFY(fill(folder.file()));
    const std::string whole = bytesOf(folder.file());
    for (std::size_t size : {whole.size() - 1, whole.size() - 4096, whole.size() / 2, std::size_t(4096),
                             std::size_t(1000), std::size_t(101), std::size_t(100), std::size_t(50)}) {
        writeBytes(folder.file("cut"), std::string_view(whole).substr(0, size));
        auto project = Project::open(folder.file("cut"));
        QVERIFY2(!project, std::to_string(size).c_str());
        QVERIFY2(project.error().code == ErrorCode::Corrupt, project.error().message.c_str());
    }
}

void TestProjectFile::flippedBytesAreDamageAndNoCrash()
{
    const ProjectFolder folder;
    QVERIFY(fill(folder.file()));
    {
        auto project = Project::open(folder.file());
        QVERIFY(project && addRows(*project, 240, 1000)); // so that there is something to hit
    }
    const std::string whole = bytesOf(folder.file());
    std::mt19937 random(1);
    int noticed = 0;
    constexpr int Rounds = 60;
    for (int i = 0; i < Rounds; ++i) {
        std::string bytes = whole;
        // A stretch of a page, as a bad sector leaves it.
        const std::size_t begin = random() % bytes.size();
        for (std::size_t at = begin; at < std::min(begin + 200, bytes.size()); ++at)
            bytes[at] = static_cast<char>(random());
        writeBytes(folder.file("bad"), bytes);
        auto project = Project::open(folder.file("bad"));
        if (!project) {
            ++noticed;
            QVERIFY(!project.error().message.empty());
            continue;
        }
        const bool checked = project->quickCheck().has_value();
        noticed += readAll(*project) > 0 || !checked;
        std::filesystem::remove(folder.file("bad-wal"));
        std::filesystem::remove(folder.file("bad-shm"));
    }
    // The rest hit bytes that hold nothing: most pages of so small a project are nearly empty.
    QVERIFY2(noticed > Rounds / 4, std::to_string(noticed).c_str());
}

QTEST_APPLESS_MAIN(TestProjectFile)
#include "tst_project_file.moc"
