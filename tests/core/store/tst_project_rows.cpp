#include "core/store/labelling.h"
#include "tests/core/store/project_files.h"

#include <QtTest>

using namespace attune;

class TestProjectRows : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void rowsComeBackAsTheyWereAdded();
    void aKnownConversationIsNotAddedAgain();
    void anErrorTakesTheWholeImportBack();
    void textThatIsNoUtf8IsRefused();
    void filtersChooseRows();
    void aWalkStopsWhereItIsTold();
    void partsChangeTogetherOrNotAtAll();
    void editsAreKeptInTheHistory();
    void settingsAreKept();
    void anEqualSnapshotIsReused();
    void aSnapshotStaysAsItWas();
    void snapshotsShareEqualRows();
    void aHundredThousandRowsAreQuick();
};

void TestProjectRows::rowsComeBackAsTheyWereAdded()
{
    const ProjectFolder folder;
    const Example full{.messages = {{"system", "S"}, {"user", "Grüße \"x\"\n\t\\"}, {"assistant", "\U0001F600"}},
                       .origin = {"mails ü.jsonl", 12},
                       .part = Part::Test,
                       .tags = {"a", "b, c"}};
    std::vector<std::optional<std::int64_t>> ids;
    {
        auto project = Project::create(folder.file());
        QVERIFY(project->addExamples([&](const Project::AddExample &add) -> Result<void> {
            for (const Example &example : {full, exampleOf("U", "A")}) {
                ATTUNE_TRY(auto id, add(example));
                ids.push_back(id);
            }
            return {};
        }));
    }
    QVERIFY(ids[0] && ids[1] && *ids[0] < *ids[1]);
    auto project = Project::open(folder.file());
    const auto rows = allRows(*project);
    QCOMPARE(rows.size(), std::size_t(2));
    QCOMPARE(rows[0].id, *ids[0]);
    QVERIFY(rows[0].messages == full.messages);
    QVERIFY(rows[0].part == Part::Test);
    QVERIFY(rows[0].state == LabelState::ToLabel);
    QCOMPARE(rows[0].tags, full.tags);
    QCOMPARE(rows[0].contentHash, contentHash(full.messages));
    QCOMPARE(rows[0].origin.file, full.origin.file);
    QCOMPARE(rows[0].origin.line, 12);
    QVERIFY(!rows[1].part);
    QVERIFY((*project->example(*ids[1]))->messages == exampleOf("U", "A").messages);
    QVERIFY(!*project->example(99));
}

void TestProjectRows::aKnownConversationIsNotAddedAgain()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 3));
    int added = 0;
    QVERIFY(project->addExamples([&](const Project::AddExample &add) -> Result<void> {
        for (const char *user : {"question 1", "new", "new"}) {
            ATTUNE_TRY(const auto id, add(exampleOf(user, std::string(user) == "new" ? "x" : "answer 1")));
            added += id.has_value();
        }
        return {};
    }));
    QCOMPARE(added, 1);
    QCOMPARE(*project->exampleCount(), 4);
}

void TestProjectRows::anErrorTakesTheWholeImportBack()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 3));
    const auto failed = project->addExamples([&](const Project::AddExample &add) -> Result<void> {
        for (int i = 0; i < 100; ++i)
            ATTUNE_CHECK(add(exampleOf("more " + std::to_string(i), "x")));
        return fail(ErrorCode::Interrupted, "stopped");
    });
    QVERIFY(!failed);
    QCOMPARE(failed.error().message, std::string("stopped"));
    QCOMPARE(*project->exampleCount(), 3);
    QVERIFY(addRows(*project, 1, 3));
    QCOMPARE(*project->exampleCount(), 4);
}

void TestProjectRows::textThatIsNoUtf8IsRefused()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    const auto added = project->addExamples([](const Project::AddExample &add) -> Result<void> {
        ATTUNE_CHECK(add(exampleOf("\xff", "x")));
        return {};
    });
    QVERIFY(!added);
    QVERIFY(added.error().code == ErrorCode::InvalidInput);
    QCOMPARE(*project->exampleCount(), 0);
}

void TestProjectRows::filtersChooseRows()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 5));
    QVERIFY(project->setParts(
        std::vector<std::pair<std::int64_t, Part>>{{1, Part::Train}, {2, Part::Train}, {3, Part::Test}}));
    QVERIFY(project->setLabelState(2, LabelState::Rejected));
    const auto count = [&](const ExampleFilter &filter) {
        const auto rows = allRows(*project, filter);
        return rows.size() == std::size_t(*project->exampleCount(filter)) ? int(rows.size()) : -1;
    };
    QCOMPARE(count({}), 5);
    QCOMPARE(count({.part = {}, .includeRejected = false}), 4);
    QCOMPARE(count({.part = Part::Train}), 2);
    QCOMPARE(count({.part = Part::Train, .includeRejected = false}), 1);
    QCOMPARE(count({.part = Part::Validation}), 0);
    QCOMPARE(allRows(*project, {.part = Part::Test})[0].id, 3);
}

void TestProjectRows::aWalkStopsWhereItIsTold()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 5));
    int seen = 0;
    const auto stopped = project->forEachExample({}, [&](const StoredExample &) -> Result<void> {
        if (++seen == 2)
            return fail(ErrorCode::Interrupted, "enough");
        return {};
    });
    QVERIFY(!stopped);
    QCOMPARE(stopped.error().message, std::string("enough"));
    QCOMPARE(seen, 2);
}

void TestProjectRows::partsChangeTogetherOrNotAtAll()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 2));
    const auto set =
        project->setParts(std::vector<std::pair<std::int64_t, Part>>{{1, Part::Train}, {77, Part::Train}});
    QVERIFY(!set);
    QVERIFY(set.error().code == ErrorCode::NotFound);
    QVERIFY2(contains(set.error().message, "77"), set.error().message.c_str());
    QVERIFY(!allRows(*project)[0].part);
    QVERIFY(project->setLabelState(77, LabelState::Approved).error().code == ErrorCode::NotFound);
}

void TestProjectRows::editsAreKeptInTheHistory()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 1));
    const auto setPart = [&](Part part) {
        return project->setParts(std::vector<std::pair<std::int64_t, Part>>{{1, part}});
    };
    QVERIFY(setPart(Part::Train));
    QVERIFY(setPart(Part::Train));
    QVERIFY(setPart(Part::Test));
    QVERIFY(project->setLabelState(1, LabelState::Approved));
    QVERIFY(project->setLabelState(1, LabelState::Approved));
    const auto versions = Labelling(*project).history(1);
    QVERIFY(versions);
    std::string labels;
    for (const ExampleVersion &version : *versions)
        labels += version.label + "; ";
    QCOMPARE(labels, std::string("Row added; Row 1 moved to train; Row 1 moved to test; Row 1 approved; "));
}

void TestProjectRows::settingsAreKept()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(!*project->setting("seed"));
    QVERIFY(project->setSetting("seed", "1"));
    QVERIFY(project->setSetting("seed", "2"));
    QVERIFY(project->setSetting("empty", ""));
    QCOMPARE(**project->setting("seed"), std::string("2"));
    QCOMPARE(**project->setting("empty"), std::string());
}

void TestProjectRows::anEqualSnapshotIsReused()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 4));
    const auto first = project->takeSnapshot("before");
    QVERIFY(first);
    QCOMPARE(*project->takeSnapshot(), *first);
    QVERIFY(project->setLabelState(1, LabelState::Approved)); // a label changes nothing that a run sees
    QCOMPARE(*project->takeSnapshot(), *first);
    QVERIFY(project->setLabelState(1, LabelState::Rejected));
    const auto without = project->takeSnapshot();
    QVERIFY(*without != *first);
    QVERIFY(project->setLabelState(1, LabelState::ToLabel));
    QCOMPARE(*project->takeSnapshot(), *first);
    QVERIFY(project->setParts(std::vector<std::pair<std::int64_t, Part>>{{2, Part::Test}}));
    QVERIFY(*project->takeSnapshot() > *without);
}

void TestProjectRows::aSnapshotStaysAsItWas()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 4));
    QVERIFY(project->setParts(std::vector<std::pair<std::int64_t, Part>>{{1, Part::Train}, {2, Part::Test}}));
    QVERIFY(project->setLabelState(4, LabelState::Rejected));
    const auto snapshot = project->takeSnapshot();
    // A later edit, as the window will make it.
    const std::vector<Message> edited{{"user", "edited"}, {"assistant", "edited"}};
    QVERIFY(change(folder.file(), "UPDATE examples SET messages = '" + *messagesText(edited) + "', content_hash = '" +
                                      contentHash(edited) + "' WHERE id = 1; DELETE FROM examples WHERE id = 3"));
    QVERIFY(project->setParts(std::vector<std::pair<std::int64_t, Part>>{{1, Part::Test}}));
    QVERIFY(project->setLabelState(2, LabelState::Rejected));

    const auto rows = project->snapshotExamples(*snapshot, {});
    QVERIFY(rows);
    QCOMPARE(rows->size(), std::size_t(3));
    for (std::size_t i = 0; i < 3; ++i) {
        QCOMPARE((*rows)[i].id, std::int64_t(i + 1));
        QCOMPARE((*rows)[i].messages[0].content, "question " + std::to_string(i));
    }
    QVERIFY((*rows)[0].part == Part::Train);
    QVERIFY(!(*rows)[2].part);
    const auto test = project->snapshotExamples(*snapshot, Part::Test);
    QCOMPARE(test->size(), std::size_t(1));
    QCOMPARE((*test)[0].id, 2);
    QVERIFY(project->snapshotExamples(99, {}).error().code == ErrorCode::NotFound);
}

void TestProjectRows::snapshotsShareEqualRows()
{
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QVERIFY(addRows(*project, 10));
    QVERIFY(project->takeSnapshot());
    QVERIFY(addRows(*project, 1, 10));
    QVERIFY(project->takeSnapshot());
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
    QCOMPARE(*database->number("SELECT count(*) FROM row_versions", ""), 11);
    QCOMPARE(*database->number("SELECT count(*) FROM snapshot_members", ""), 21);
}

void TestProjectRows::aHundredThousandRowsAreQuick()
{
    if (!qEnvironmentVariableIsSet("ATTUNE_SLOW_TESTS"))
        QSKIP("set ATTUNE_SLOW_TESTS to measure");
    const ProjectFolder folder;
    auto project = Project::create(folder.file());
    QElapsedTimer timer;
    timer.start();
    QVERIFY(addRows(*project, 100'000));
    qInfo("added in %lld ms", timer.restart());
    std::vector<std::pair<std::int64_t, Part>> parts;
    for (std::int64_t id = 1; id <= 100'000; ++id)
        parts.emplace_back(id, Part::Train);
    QVERIFY(project->setParts(parts));
    qInfo("parts in %lld ms", timer.restart());
    const auto snapshot = project->takeSnapshot();
    qInfo("snapshot in %lld ms", timer.restart());
    QVERIFY(project->takeSnapshot());
    qInfo("equal snapshot in %lld ms", timer.restart());
    QCOMPARE(project->snapshotExamples(*snapshot, Part::Train)->size(), std::size_t(100'000));
    qInfo("read snapshot in %lld ms", timer.restart());
    QCOMPARE(allRows(*project).size(), std::size_t(100'000));
    qInfo("walked in %lld ms", timer.restart());
    QVERIFY(project->quickCheck());
    qInfo("checked in %lld ms", timer.restart());
}

QTEST_APPLESS_MAIN(TestProjectRows)
#include "tst_project_rows.moc"
