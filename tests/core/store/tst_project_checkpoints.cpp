#include "tests/core/store/project_files.h"

#include <QtTest>
#include <random>

using namespace attune;

namespace {

std::string noise(std::size_t size, unsigned seed)
{
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (char &byte : bytes)
        byte = static_cast<char>(random());
    return bytes;
}

/// "step resumable best" of each checkpoint that is left.
std::string left(Project &project)
{
    std::string text;
    const auto all = project.checkpoints(1);
    for (const CheckpointInfo &info : *all)
        text += std::to_string(info.step) + (info.resumable ? "r" : "") + (info.best ? "b" : "") + " ";
    return text;
}

CheckpointInfo at(std::int64_t step, bool best = false)
{
    return {.run = 1, .step = step, .validationLoss = 1.0 / double(step), .best = best};
}

Project withRun(const ProjectFolder &folder)
{
    auto project = Project::create(folder.file());
    (void)project->createRun({});
    return std::move(*project);
}

} // namespace

class TestProjectCheckpoints : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void blobsOfManyChunksComeBack();
    void blobSizesAtChunkBordersWork();
    void aFlippedByteIsFoundOnReading();
    void aMissingChunkIsFoundOnReading();
    void aHugeSizeIsRefusedBeforeMemoryIsTaken();
    void pruningKeepsTheNewestAndTheBest();
    void aCheckpointWithoutStateLeavesTheResumableOne();
    void theSameStepIsReplaced();
    void runsDoNotPruneEachOther();
    void spaceOfDroppedCheckpointsIsUsedAgain();
    void aFailedSaveKeepsTheOldOnes();
    void evaluationsComeBack();
};

void TestProjectCheckpoints::blobsOfManyChunksComeBack()
{
    const ProjectFolder folder;
    const std::string adapter = noise(2'500'000, 1);
    const std::string state = noise(1'200'000, 2);
    {
        Project project = withRun(folder);
        QVERIFY(project.saveCheckpoint(at(4, true), {adapter, state}));
    }
    auto project = Project::open(folder.file());
    const auto all = project->checkpoints(1);
    QCOMPARE(all->size(), std::size_t(1));
    const CheckpointInfo &info = all->front();
    QCOMPARE(info.run, 1);
    QCOMPARE(info.step, 4);
    QCOMPARE(*info.validationLoss, 0.25);
    QVERIFY(info.best && info.resumable && info.createdAt.ends_with('Z'));
    const auto blobs = project->checkpointBlobs(info.id);
    QVERIFY(blobs);
    QVERIFY(blobs->adapter == adapter);
    QVERIFY(blobs->state == state);
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
    QCOMPARE(*database->number("SELECT count(*) FROM blob_chunks", ""), 5);
    QVERIFY(project->checkpointBlobs(99).error().code == ErrorCode::NotFound);
}

void TestProjectCheckpoints::blobSizesAtChunkBordersWork()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    std::int64_t step = 0;
    for (const std::size_t size : {std::size_t(0), std::size_t(1), (std::size_t(1) << 20) - 1, std::size_t(1) << 20,
                                   (std::size_t(1) << 20) + 1, std::size_t(2) << 20}) {
        const std::string adapter = noise(size, 3);
        const auto id = project.saveCheckpoint(at(++step), {adapter, {}});
        QVERIFY(id);
        const auto blobs = project.checkpointBlobs(*id);
        QVERIFY2(blobs && blobs->adapter == adapter && blobs->state.empty(), std::to_string(size).c_str());
    }
}

void TestProjectCheckpoints::aFlippedByteIsFoundOnReading()
{
    const ProjectFolder folder;
    const std::string adapter = noise(1'500'000, 1);
    {
        Project project = withRun(folder);
        QVERIFY(project.saveCheckpoint(at(1), {adapter, "state"}));
    }
    std::string bytes = bytesOf(folder.file());
    const auto place = bytes.find(adapter.substr(1'300'000, 40));
    QVERIFY(place != std::string::npos);
    bytes[place + 20] = static_cast<char>(bytes[place + 20] ^ 1);
    writeBytes(folder.file(), bytes);
    auto project = Project::open(folder.file());
    QVERIFY(project);
    const auto blobs = project->checkpointBlobs(1);
    QVERIFY(!blobs);
    QVERIFY(blobs.error().code == ErrorCode::Corrupt);
    QVERIFY2(contains(blobs.error().message, "damaged"), blobs.error().message.c_str());
    QVERIFY2(contains(blobs.error().detail, "chunk 1"), blobs.error().detail.c_str());
}

void TestProjectCheckpoints::aMissingChunkIsFoundOnReading()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    QVERIFY(project.saveCheckpoint(at(1), {noise(2'500'000, 1), {}}));
    QVERIFY(change(folder.file(), "DELETE FROM blob_chunks WHERE ordinal = 1"));
    QVERIFY(project.checkpointBlobs(1).error().code == ErrorCode::Corrupt);
    QVERIFY(change(folder.file(), "UPDATE blobs SET size = (SELECT sum(length(data)) FROM blob_chunks)"));
    QVERIFY(project.checkpointBlobs(1).error().code == ErrorCode::Corrupt);
    QVERIFY(change(folder.file(), "PRAGMA foreign_keys = OFF; DELETE FROM blobs"));
    QVERIFY(project.checkpointBlobs(1).error().code == ErrorCode::Corrupt);
}

void TestProjectCheckpoints::aHugeSizeIsRefusedBeforeMemoryIsTaken()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    QVERIFY(project.saveCheckpoint(at(1), {"adapter", {}}));
    for (const char *size : {"9000000000000000000", "-1"}) {
        QVERIFY(change(folder.file(), "UPDATE blobs SET size = " + std::string(size)));
        QVERIFY(project.checkpointBlobs(1).error().code == ErrorCode::Corrupt);
    }
}

void TestProjectCheckpoints::pruningKeepsTheNewestAndTheBest()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    const auto save = [&](std::int64_t step, bool best) {
        return project.saveCheckpoint(at(step, best),
                                      {"adapter " + std::to_string(step), "state " + std::to_string(step)});
    };
    QVERIFY(save(10, true));
    QCOMPARE(left(project), std::string("10rb "));
    QVERIFY(save(20, true));
    QCOMPARE(left(project), std::string("20rb "));
    QVERIFY(save(30, false));
    QCOMPARE(left(project), std::string("20b 30r "));
    const auto best = project.checkpoints(1)->front();
    QCOMPARE(project.checkpointBlobs(best.id)->adapter, std::string("adapter 20"));
    QVERIFY(project.checkpointBlobs(best.id)->state.empty());
    QVERIFY(save(40, false));
    QCOMPARE(left(project), std::string("20b 40r "));
    QCOMPARE(project.checkpointBlobs(project.checkpoints(1)->back().id)->state, std::string("state 40"));
    QVERIFY(save(50, true));
    QCOMPARE(left(project), std::string("50rb "));
    // Nothing of the others is left behind.
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
    QCOMPARE(*database->number("SELECT count(*) FROM blobs", ""), 2);
    QCOMPARE(*database->number("SELECT count(*) FROM blob_chunks", ""), 2);
}

void TestProjectCheckpoints::aCheckpointWithoutStateLeavesTheResumableOne()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    QVERIFY(project.saveCheckpoint(at(10), {"a", "s"}));
    QVERIFY(project.saveCheckpoint(at(20, true), {"a", {}}));
    QCOMPARE(left(project), std::string("10r 20b "));
    QVERIFY(project.saveCheckpoint(at(30), {"a", {}}));
    QCOMPARE(left(project), std::string("10r 20b 30 "));
    QVERIFY(project.saveCheckpoint(at(40), {"a", "s"}));
    QCOMPARE(left(project), std::string("20b 40r "));
}

void TestProjectCheckpoints::theSameStepIsReplaced()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    QVERIFY(project.saveCheckpoint(at(10), {"old", "s"}));
    const auto id = project.saveCheckpoint(at(10, true), {"new", "s"});
    QCOMPARE(left(project), std::string("10rb "));
    QCOMPARE(project.checkpointBlobs(*id)->adapter, std::string("new"));
}

void TestProjectCheckpoints::runsDoNotPruneEachOther()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    QVERIFY(project.createRun({}));
    QVERIFY(project.saveCheckpoint(at(10, true), {"a", "s"}));
    CheckpointInfo other = at(10, true);
    other.run = 2;
    QVERIFY(project.saveCheckpoint(other, {"b", "s"}));
    QCOMPARE(left(project), std::string("10rb "));
    QCOMPARE(project.checkpoints(2)->size(), std::size_t(1));
    other.run = 3;
    QVERIFY(project.saveCheckpoint(other, {"b", "s"}).error().code == ErrorCode::NotFound);
}

void TestProjectCheckpoints::spaceOfDroppedCheckpointsIsUsedAgain()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite);
    const auto pagesAfter = [&](std::int64_t step) {
        (void)project.saveCheckpoint(at(step, true), {noise(1'500'000, unsigned(step)), noise(500'000, 1)});
        return *database->number("PRAGMA page_count", "");
    };
    pagesAfter(1);
    const auto second = pagesAfter(2); // the old one is dropped only after the new one is written
    for (std::int64_t step = 3; step < 8; ++step)
        QVERIFY(pagesAfter(step) <= second + 8);
}

void TestProjectCheckpoints::aFailedSaveKeepsTheOldOnes()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    QVERIFY(project.saveCheckpoint(at(10, true), {"a", "s"}));
    project.path();
    const auto limit = Database::open(folder.file(), Database::Mode::ReadWrite)->number("PRAGMA page_count", "");
    auto opened = openProjectFile(folder.file(), projectMigrations());
    QVERIFY(opened->run(("PRAGMA max_page_count = " + std::to_string(*limit + 100)).c_str(), ""));
    Project full = Project::Impl::wrap(std::move(*opened));
    QVERIFY(!full.saveCheckpoint(at(20, true), {noise(1'000'000, 1), "s"}));
    QCOMPARE(left(full), std::string("10rb "));
    QCOMPARE(full.checkpointBlobs(1)->adapter, std::string("a"));
    QVERIFY(full.saveCheckpoint(at(20, true), {"small", "s"}));
    QCOMPARE(left(full), std::string("20rb "));
}

void TestProjectCheckpoints::evaluationsComeBack()
{
    const ProjectFolder folder;
    Project project = withRun(folder);
    StoredEvaluation base;
    base.summary = {{"loss", 2.5}, {"fields", {{"name", 0.5}}}};
    const auto first = project.addEvaluation(base, {});
    StoredEvaluation tuned;
    tuned.run = 1;
    tuned.checkpoint = "best";
    tuned.part = Part::Validation;
    const std::vector<EvaluatedExample> examples{{9, "zwölf", {{"exact", 1}}}, {3, "", {{"exact", 0}}}};
    const auto second = project.addEvaluation(tuned, examples);
    QVERIFY(first && second && *first < *second);
    const auto all = project.evaluations();
    QCOMPARE(all->size(), std::size_t(2));
    QVERIFY(!(*all)[0].run);
    QVERIFY((*all)[0].part == Part::Test);
    QVERIFY((*all)[0].summary == base.summary);
    QVERIFY((*all)[1].run == 1);
    QCOMPARE((*all)[1].checkpoint, std::string("best"));
    QVERIFY((*all)[1].part == Part::Validation);
    QVERIFY((*all)[1].createdAt.ends_with('Z'));
    const auto answers = project.evaluationExamples(*second);
    QCOMPARE(answers->size(), std::size_t(2));
    QCOMPARE((*answers)[0].example, 9);
    QCOMPARE((*answers)[0].answer, std::string("zwölf"));
    QVERIFY((*answers)[1].scores == examples[1].scores);
}

QTEST_APPLESS_MAIN(TestProjectCheckpoints)
#include "tst_project_checkpoints.moc"
