#include "bad_input.h"
#include "project_state.h"

#include <QElapsedTimer>
#include <QRandomGenerator>
#include <optional>

/// Of the project's bad inputs from outside, 21: project files that are broken or can't be written, and programs
/// killed at work. ATTUNE_KILLS sets how often each is killed (2 unless said), ATTUNE_KILL_SEED when.
class TestBadProjects : public QObject {
    Q_OBJECT

    Workplace m_place; // with the project p.attune, and a trained run
    QByteArray m_good;
    QProcess m_waiting; // for a locked project: the program gives a lock half a minute
    std::unique_ptr<RawProject> m_lock;

    static int number(const char *variable, int usual)
    {
        bool given = false;
        const int value = qEnvironmentVariableIntValue(variable, &given);
        return given ? value : usual;
    }

    QString copy(const QString &name) const
    {
        m_place.write(name, m_good);
        return name;
    }
    QString changed(const QString &name, const char *sql) const
    {
        if (RawProject(m_place.path(copy(name))).ask(sql).startsWith("error"))
            qFatal("can't spoil a project");
        return name;
    }
    QString withBytes(const QString &name, const QByteArray &bytes) const
    {
        m_place.write(name, bytes);
        return name;
    }
    /// A page of the good file turned into noise.
    QByteArray noisyPage(const char *table) const
    {
        const RawProject good(m_place.path("p.attune"));
        const int size = good.ask("PRAGMA page_size").trimmed().toInt();
        const int page =
            good.ask(("SELECT rootpage FROM sqlite_schema WHERE name = '" + QByteArray(table) + "'").constData())
                .trimmed()
                .toInt();
        QByteArray bytes = m_good;
        for (int i = (page - 1) * size; i < page * size; ++i)
            bytes[i] = static_cast<char>(i * 37 % 251);
        return bytes;
    }

    /// How a mount space may be made here, if it may: a user needs the rights of one of his own, which nobody gets in
    /// a chroot.
    static std::optional<QStringList> mountSpace()
    {
        for (const QStringList &options : {QStringList{"-r", "-m"}, QStringList{"-m"}})
            if (QProcess::execute("unshare", options + QStringList{"true"}) == 0)
                return options;
        return std::nullopt;
    }

    /// The program in a mount space of its own, set up by `script`; the status 77 where none may be made.
    Outcome inMounts(const QString &script) const
    {
        static const std::optional<QStringList> space = mountSpace();
        if (!space)
            return {77, {}, {}};
        QProcess process;
        m_place.prepare(process);
        process.setProgram("unshare");
        process.setArguments(*space + QStringList{"sh", "-c", script, ATTUNE_BINARY});
        process.start();
        if (!process.waitForFinished(60'000 * Patience) || process.error() == QProcess::FailedToStart)
            return {77, {}, {}};
        return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
                process.readAllStandardOutput(), process.readAllStandardError()};
    }

    /// Kills the program at a random moment of the second half of the time that it takes, and looks at the project.
    void killAtWork(const QStringList &arguments, const std::function<bool(const RawProject &)> &whole,
                    const QByteArray &before)
    {
        QRandomGenerator random(static_cast<quint32>(number("ATTUNE_KILL_SEED", 7)));
        m_place.write("k.attune", before);
        QElapsedTimer timer;
        timer.start();
        const auto undisturbed = m_place.attune(arguments);
        QVERIFY2(undisturbed.status == 0, qPrintable(undisturbed.error));
        const auto usual = static_cast<int>(timer.elapsed());
        for (int kill = 0; kill < number("ATTUNE_KILLS", 2); ++kill) {
            for (const char *ending : {"", "-wal", "-shm"})
                QFile::remove(m_place.path(QString("k.attune") + ending));
            QDir(m_place.path("out")).removeRecursively();
            QFile::remove(m_place.path("out.jsonl"));
            m_place.write("k.attune", before);
            QProcess process;
            m_place.prepare(process);
            process.setArguments(arguments);
            process.start();
            process.waitForFinished(usual / 3 + static_cast<int>(random.bounded(usual * 2 / 3)));
            process.kill();
            process.waitForFinished(10'000);
            const auto listed = m_place.attune({"data", "k.attune", "list", "--json"});
            QVERIFY2(listed.status == 0, qPrintable(listed.error));
            const RawProject project(m_place.path("k.attune"));
            QVERIFY(project.sound());
            QVERIFY(whole(project));
        }
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_place.write("rows.jsonl",
                      Workplace::rows("train", 40) + Workplace::rows("validation", 4) + Workplace::rows("test", 20));
        m_place.write("more.jsonl", Workplace::rows("train", 1).replace("train order", "one more order"));
        m_place.write("many.jsonl", Workplace::rows("train", 3000).replace("train order", "question order"));
        QCOMPARE(m_place.attune({"init", "p.attune"}).status, 0);
        QCOMPARE(m_place.attune({"import", "p.attune", "rows.jsonl"}).status, 0);
        const auto train = m_place.attune({"train", "p.attune", "--model", Workplace::model(), "--name", "first",
                                           "--set", "max_steps=2", "--set", "lora_r=4", "--set", "max_length=64"});
        QVERIFY2(train.status == 0, qPrintable(train.error));
        m_good = m_place.read("p.attune");

        m_lock = std::make_unique<RawProject>(m_place.path(copy("locked.attune")));
        QVERIFY(!m_lock->ask("BEGIN IMMEDIATE").startsWith("error"));
        m_place.prepare(m_waiting);
        m_waiting.setArguments({"import", "locked.attune", "many.jsonl"});
        m_waiting.start();
    }

    void aBadProjectIsRefusedAndLeftAsItIs_data()
    {
        BadInput::columns();
        const auto refused = [](const char *what, const QString &file, const QStringList &named) {
            BadInput::row(what, {"import", file, "more.jsonl", "--json"}, QStringList{file} + named);
        };
        refused("a newer schema", changed("newer.attune", "PRAGMA user_version = 999"), {"999", "update"});
        refused("another program's file", changed("other.attune", "PRAGMA application_id = 5"), {"another program"});
        refused("a table that is gone", changed("table.attune", "PRAGMA foreign_keys = OFF; DROP TABLE votes"),
                {"votes"});
        QByteArray column = m_good;
        column.replace("undone INTEGER", "undone_INTEGER"); // one byte of the list of tables
        refused("a column that is gone", withBytes("column.attune", column), {"edit_steps", "restore a backup"});
        refused("noise in the place of the rows", withBytes("noise.attune", noisyPage("examples")), {"damaged"});
        refused("noise in the place of the list of tables", withBytes("schema.attune", noisyPage("settings")),
                {"damaged"});
        refused("a file cut short", withBytes("cut.attune", m_good.left(m_good.size() / 2)), {"cut short"});
        refused("an empty file", withBytes("empty.attune", {}), {"empty"});
        refused("a text", withBytes("text.attune", "hello\n"), {"not an Attune project"});
        refused("a missing file", "none.attune", {"attune init"});
        QDir().mkpath(m_place.path("folder.attune"));
        refused("a folder", "folder.attune", {"folder"});
        QByteArray flipped = m_good;
        flipped.replace("validation order 100", "validation order 1O0");
        BadInput::row("a letter changed in a row's text",
                      {"data", withBytes("flip.attune", flipped), "check", "--json"}, {"flip.attune", "row "});
        BadInput::row("a new project in the place of one", {"init", copy("there.attune")},
                      {"there.attune", "exists"});
    }
    void aBadProjectIsRefusedAndLeftAsItIs()
    {
        QFETCH(QStringList, arguments);
        const QString file = arguments.filter(".attune").front();
        const QByteArray before = m_place.read(file);
        const QString fault = BadInput::fault(m_place.attune(arguments));
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
        QVERIFY2(m_place.read(file) == before, "the project changed");
    }

    void aProjectInAReadOnlyFolderCanBeReadAndNotChanged()
    {
        QDir().mkpath(m_place.path("ro"));
        copy("ro/p.attune");
        const QString mount = "mount --bind ro ro && mount -o remount,ro,bind ro ro || exit 77; ";
        const auto import = inMounts(mount + "exec \"$0\" import ro/p.attune more.jsonl --json");
        if (import.status == 77)
            QSKIP("No mount space may be made here, and the superuser may write to any folder.");
        QCOMPARE(import.status, 1);
        QVERIFY2(import.errorLines().size() == 1 && import.error.contains("ro/p.attune") &&
                     import.error.contains("read-only"),
                 qPrintable(import.error));
        const auto list = inMounts(mount + "exec \"$0\" data ro/p.attune list --json");
        QVERIFY2(list.status == 0, qPrintable(list.error));
        QCOMPARE(list.json().size(), 64);
        QVERIFY(m_place.read("ro/p.attune") == m_good);
    }

    void aFullDiskLeavesTheProjectAsItWas()
    {
        QDir().mkpath(m_place.path("full"));
        QDir().mkpath(m_place.path("after"));
        const int kilobytes = static_cast<int>(m_good.size() / 1024) + 300;
        const auto import = inMounts(QString("mount -t tmpfs -o size=%1k none full || exit 77; cp p.attune full/; "
                                             "\"$0\" import full/p.attune many.jsonl --json; status=$?; "
                                             "cp full/p.attune* after/; exit $status")
                                         .arg(kilobytes));
        if (import.status == 77)
            QSKIP("No small disk may be mounted here.");
        QCOMPARE(import.status, 1);
        QVERIFY2(import.errorLines().size() == 1 && import.error.contains("full/p.attune") &&
                     import.error.contains("space"),
                 qPrintable(import.error));
        const RawProject after(m_place.path("after/p.attune"));
        QVERIFY(after.sound());
        QVERIFY(after.rows() == RawProject(m_place.path("p.attune")).rows());
    }

    void anImportThatIsKilledAddsAllOrNothing()
    {
        killAtWork({"import", "k.attune", "many.jsonl"},
                   [](const RawProject &project) {
                       const int seen = project.ask("SELECT count(*) FROM row_facts").trimmed().toInt();
                       const auto listed =
                           project.ask("SELECT count(*) FROM examples WHERE messages LIKE '%question%' AND "
                                       "id IN (SELECT id FROM row_facts)");
                       return seen == 64 ? listed.trimmed() == "0" : seen == 3064;
                   },
                   m_good);
    }

    /// An import shows its rows last, a few thousand at a time. The test takes the lock between two such pieces, so
    /// that the kill always comes in the middle.
    void anImportThatIsKilledWhileItShowsItsRowsIsFinishedByTheNextProgram()
    {
        constexpr int Rows = 12'000;
        m_place.write("most.jsonl", Workplace::rows("train", Rows).replace("train order", "question order"));
        QCOMPARE(m_place.attune({"import", copy("whole.attune"), "most.jsonl"}).status, 0);
        QProcess process;
        m_place.prepare(process);
        process.setArguments({"import", copy("half.attune"), "most.jsonl"});
        {
            const RawProject project(m_place.path("half.attune"));
            process.start();
            while (project.ask("SELECT count(*) FROM imports WHERE step <> 0") != "1\n" &&
                   !process.waitForFinished(1)) {
            }
            while (project.ask("BEGIN IMMEDIATE").startsWith("error") && !process.waitForFinished(0)) {
            }
            process.kill();
            process.waitForFinished(10'000);
            const int hidden = project.ask("SELECT count(*) FROM import_rows").trimmed().toInt();
            QVERIFY(!project.ask("ROLLBACK").startsWith("error"));
            QVERIFY2(hidden > 0 && hidden < Rows, qPrintable(QString::number(hidden) + " rows not shown yet"));
        }
        const auto listed = m_place.attune({"data", "half.attune", "list", "--json"});
        QVERIFY2(listed.status == 0, qPrintable(listed.error));
        QCOMPARE(listed.json().size(), 64 + Rows);
        const RawProject half(m_place.path("half.attune"));
        const RawProject whole(m_place.path("whole.attune"));
        QVERIFY(half.sound());
        QVERIFY(half.rows() == whole.rows());
        for (const char *sql : {"SELECT count(*) FROM row_facts", "SELECT count(*) FROM row_heads",
                                "SELECT count(*) FROM imports", "SELECT count(*) FROM import_rows",
                                "SELECT label FROM edit_steps", "SELECT first, last FROM edit_ranges"})
            QCOMPARE(half.ask(sql), whole.ask(sql));
    }

    void aSplitThatIsKilledGivesAllOrNoPart()
    {
        changed("unsplit.attune", "UPDATE examples SET part = NULL; UPDATE row_facts SET part = NULL");
        killAtWork({"data", "k.attune", "split", "--json"},
                   [](const RawProject &project) {
                       const auto without = project.ask("SELECT count(*) FROM examples WHERE part IS NULL").trimmed();
                       return without == "0" || without == "64";
                   },
                   m_place.read("unsplit.attune"));
    }

    void aTrainingThatIsKilledLeavesWholeCheckpoints()
    {
        killAtWork(
            {"train", "k.attune", "--model", Workplace::model(), "--name", "second", "--set", "max_steps=60", "--set",
             "save_steps=3", "--set", "eval_steps=40", "--set", "lora_r=4", "--set", "max_length=64"},
            [this](const RawProject &project) {
                const auto saved = project.ask("SELECT count(*) FROM checkpoints WHERE run = 2").trimmed().toInt();
                const auto out = m_place.attune({"export", "k.attune", "--run", "second", "out", "--json"});
                return (out.status == 0) == (saved > 0) && out.errorLines().size() == (saved > 0 ? 0 : 1);
            },
            m_good);
    }

    void anEvaluationThatIsKilledIsNotThere()
    {
        killAtWork({"eval", "k.attune", "--run", "first", "--max-new-tokens", "16", "--json"},
                   [](const RawProject &project) {
                       const auto count = project.ask("SELECT count(*) FROM evaluations").trimmed();
                       const auto answers = project.ask("SELECT count(*) FROM evaluation_examples").trimmed();
                       return (count == "0" && answers == "0") || (count == "1" && answers == "20");
                   },
                   m_good);
    }

    void anExportThatIsKilledLeavesAWholeFileOrNone()
    {
        killAtWork({"data", "k.attune", "export", "out.jsonl"},
                   [this](const RawProject &) {
                       const QByteArray out = m_place.read("out.jsonl");
                       return out.isEmpty() || (out.count('\n') == 64 && out.endsWith('\n'));
                   },
                   m_good);
        killAtWork({"export", "k.attune", "--run", "first", "out"},
                   [this](const RawProject &) {
                       const QStringList files = QDir(m_place.path("out")).entryList(QDir::Files);
                       if (!files.contains("adapter_config.json")) // the last to be written
                           return true;
                       return m_place
                                  .attune({"logits", "--model", Workplace::model(), "--adapter", "out", "--ids", "1",
                                           "--out", "l.safetensors"})
                                  .status == 0;
                   },
                   m_good);
    }

    void aProjectLockedByAnotherProgramIsLeftAlone() // last: the program waits for the lock meanwhile
    {
        QVERIFY(m_waiting.waitForFinished(90'000 * Patience));
        QCOMPARE(m_waiting.exitCode(), 1);
        const QString error = m_waiting.readAllStandardError();
        QVERIFY2(error.count('\n') == 1 && error.contains("locked.attune") && error.contains("locked by another"),
                 qPrintable(error));
        QVERIFY(!m_lock->ask("ROLLBACK").startsWith("error"));
        QVERIFY(m_lock->sound());
        QVERIFY(m_lock->rows() == RawProject(m_place.path("p.attune")).rows());
    }
};

QTEST_GUILESS_MAIN(TestBadProjects)
#include "tst_bad_projects.moc"
