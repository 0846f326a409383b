#include "tests/core/store/labelling_rows.h"

#include <QtTest>

using namespace attune;

namespace {

std::string hashOf(LabellingFixture &f, std::int64_t id)
{
    return (*f.project->example(id))->contentHash;
}

std::string numbers(const std::vector<std::int64_t> &ids)
{
    std::string text;
    for (const std::int64_t id : ids)
        text += (text.empty() ? "" : " ") + std::to_string(id);
    return text;
}

std::string kinds(const std::vector<SnapshotChange> &changes)
{
    std::string text;
    for (const SnapshotChange &change : changes)
        text += std::to_string(change.example) + "+-em"[static_cast<std::size_t>(change.kind)] + " ";
    return text;
}

} // namespace

class TestLabellingChecks : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aCountBelongsToATextAndATokenizer();
    void aCountOfAnOlderTextIsNotShown();
    void problemsAreReplacedByKindAndRow();
    void aProblemOfADeletedRowComesBackWithIt();
    void derivedAndStrayProblemsAreRefused();
    void anEqualSetOfProblemsWritesNothing();
    void viewsAreKeptByName();
    void snapshotsTellTheirRunsAndKeepTheirNames();
    void aDifferenceNamesWhatChanged();
    void aSnapshotIsRestoredInOneStep();
    void aRowThatTheTableLostIsRestored();
    void transcriptsAreKept();
    void smallUpdatesOfARunDoNotMeet();
};

void TestLabellingChecks::aCountBelongsToATextAndATokenizer()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d")});
    QCOMPARE(numbers(*f.labelling.uncounted("f")), std::string("1 2"));
    const std::string first = hashOf(f, 1);
    QVERIFY(f.labelling.setTokenCounts("f", std::vector<TokenCount>{{1, first, 10, 4}}));
    QCOMPARE(numbers(*f.labelling.uncounted("f")), std::string("2"));
    QCOMPARE(numbers(*f.labelling.uncounted("g")), std::string("1 2"));

    QVERIFY(f.edit({.id = 1, .messages = exampleOf("edited", "b").messages}));
    QCOMPARE(numbers(*f.labelling.uncounted("f")), std::string("1 2"));
    QVERIFY(f.labelling.setTokenCounts("f", std::vector<TokenCount>{{1, hashOf(f, 1), 12, 4}}));
    QVERIFY(*f.labelling.undo()); // and with the text, its count is back
    QVERIFY(f.labelling.summaries(std::vector<std::int64_t>{1})->front().tokens == 10);
    QVERIFY(*f.labelling.redo());
    QVERIFY(f.labelling.summaries(std::vector<std::int64_t>{1})->front().tokens == 12);

    QVERIFY(f.labelling.setTokenCounts("g", std::vector<TokenCount>{{2, hashOf(f, 2), 7, 1}}));
    QCOMPARE(numbers(*f.labelling.uncounted("g")), std::string("1"));
    const auto lengths = f.labelling.tokenLengths({});
    QCOMPARE(lengths->size(), std::size_t(1));
    QCOMPARE(lengths->front(), (std::pair<std::int64_t, std::int64_t>(2, 7)));
}

void TestLabellingChecks::aCountOfAnOlderTextIsNotShown()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    const std::string old = hashOf(f, 1);
    QVERIFY(f.edit({.id = 1, .messages = exampleOf("typed meanwhile", "b").messages}));
    QVERIFY(f.labelling.setTokenCounts("f", std::vector<TokenCount>{{1, old, 10, 4}, {99, "gone", 3, 1}}));
    QCOMPARE(numbers(*f.labelling.uncounted("f")), std::string("1"));
}

void TestLabellingChecks::problemsAreReplacedByKindAndRow()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d"), exampleOf("e", "f")});
    using Kind = ProblemKind;
    const std::vector<StoredProblem> duplicates{{1, Kind::Duplicate, "", 2, 1}, {2, Kind::Duplicate, "", 1, 1}};
    QVERIFY(f.labelling.setProblems(std::array{Kind::Duplicate}, duplicates));
    QVERIFY(f.labelling.setProblems(std::array{Kind::NotJson, Kind::MissingKeys},
                                    std::vector<StoredProblem>{{1, Kind::NotJson, "line 1", 0, 0},
                                                               {3, Kind::MissingKeys, "missing \"a\"", 0, 0},
                                                               {3, Kind::MissingKeys, "missing \"b\"", 0, 0}}));
    QCOMPARE(f.found("problem:duplicate"), std::string("1 2"));
    QCOMPARE(f.labelling.problems(1)->size(), std::size_t(2));
    QCOMPARE(*f.labelling.problemsOfKind(Kind::Duplicate), duplicates);
    // One row is checked again, for one kind.
    QVERIFY(
        f.labelling.setProblems(std::array{Kind::NotJson, Kind::MissingKeys}, {}, std::array<std::int64_t, 1>{1}));
    QCOMPARE(f.found("problem:not-json"), std::string());
    QCOMPARE(f.found("problem:missing"), std::string("3"));
    QCOMPARE(f.labelling.problems(3)->size(), std::size_t(2));
    QCOMPARE(f.labelling.problems(1)->size(), std::size_t(1));
    QVERIFY(f.labelling.setProblems(std::array{Kind::Duplicate}, {}));
    QCOMPARE(f.found("problem:duplicate"), std::string());
    QCOMPARE(f.found("problem:any"), std::string("3"));
}

void TestLabellingChecks::aProblemOfADeletedRowComesBackWithIt()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d")});
    QVERIFY(f.labelling.setProblems(std::array{ProblemKind::Leak},
                                    std::vector<StoredProblem>{{1, ProblemKind::Leak, "like row 2", 2, 0}}));
    QVERIFY(f.edit({.id = 1, .deleted = true}));
    QVERIFY(f.labelling.problemsOfKind(ProblemKind::Leak)->empty());
    QCOMPARE(f.labelling.facets({})->problemRows, 0);
    QVERIFY(*f.labelling.undo());
    QCOMPARE(f.found("problem:leak"), std::string("1"));
    // A check that was on its way when the row went finds nothing to say.
    QVERIFY(f.edit({.id = 2, .deleted = true}));
    QVERIFY(f.labelling.setProblems(std::array{ProblemKind::NoAnswer},
                                    std::vector<StoredProblem>{{2, ProblemKind::NoAnswer, "", 0, 0}}));
    QVERIFY(*f.labelling.undo());
    QCOMPARE(f.found("problem:no-answer"), std::string());
}

void TestLabellingChecks::derivedAndStrayProblemsAreRefused()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    QVERIFY(!f.labelling.setProblems(std::array{ProblemKind::Cut}, {}));
    QVERIFY(!f.labelling.setProblems(std::array{ProblemKind::Leak},
                                     std::vector<StoredProblem>{{1, ProblemKind::NotJson, "", 0, 0}}));
    QVERIFY(!f.labelling.setProblems(std::array{ProblemKind::Leak},
                                     std::vector<StoredProblem>{{1, ProblemKind::Leak, "", 0, 0}},
                                     std::array<std::int64_t, 1>{2}));
    QCOMPARE(f.found("problem:any"), std::string());
}

void TestLabellingChecks::anEqualSetOfProblemsWritesNothing()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    const std::vector<StoredProblem> found{{1, ProblemKind::Leak, "x", 0, 0}, {1, ProblemKind::NoAnswer, "", 0, 0}};
    const std::array checked{ProblemKind::Leak, ProblemKind::NoAnswer};
    QVERIFY(f.labelling.setProblems(checked, found));
    const auto before = f.labelling.changeCounter();
    QVERIFY(f.labelling.setProblems(checked, std::vector<StoredProblem>{found[1], found[0]}));
    QVERIFY(f.labelling.setProblems(checked, found, std::array<std::int64_t, 1>{1}));
    QCOMPARE(*f.labelling.changeCounter(), *before);
}

void TestLabellingChecks::viewsAreKeptByName()
{
    LabellingFixture f;
    QVERIFY(f.labelling.saveView({"mine", "{}"}));
    QVERIFY(f.labelling.saveView({"other", toJson({.search = "x"}).dump()}));
    QVERIFY(f.labelling.saveView({"mine", "{\"search\":\"y\"}"}));
    QVERIFY(f.labelling.saveView({"", "{}"}).error().code == ErrorCode::InvalidInput);
    const auto views = f.labelling.views();
    QCOMPARE(views->size(), std::size_t(2));
    QCOMPARE((*views)[0].query, std::string("{\"search\":\"y\"}"));
    QVERIFY(exampleQueryFromJson(Json::parse((*views)[1].query))->search == "x");
    QVERIFY(f.labelling.removeView("mine"));
    QCOMPARE(f.labelling.views()->front().name, std::string("other"));
}

void TestLabellingChecks::snapshotsTellTheirRunsAndKeepTheirNames()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d")});
    const auto unnamed = f.project->takeSnapshot();
    QCOMPARE(*f.project->takeSnapshot("first"), *unnamed); // equal rows, but now it has a name
    QCOMPARE(*f.project->takeSnapshot("second"), *unnamed);
    Run run;
    run.snapshot = *unnamed;
    QVERIFY(f.project->createRun(run));
    QVERIFY(f.edit({.id = 1, .deleted = true}));
    QVERIFY(f.project->takeSnapshot());
    auto snapshots = f.labelling.snapshots();
    QCOMPARE(snapshots->size(), std::size_t(2));
    QCOMPARE((*snapshots)[0].rows, 1);
    QCOMPARE((*snapshots)[1].rows, 2);
    QCOMPARE((*snapshots)[1].name, std::string("first"));
    QCOMPARE((*snapshots)[1].runs, std::vector<std::string>{"run-1"});
    QVERIFY(f.labelling.renameSnapshot(*unnamed, "before the merge"));
    QCOMPARE(f.labelling.snapshots()->back().name, std::string("before the merge"));
    QVERIFY(f.labelling.renameSnapshot(77, "x").error().code == ErrorCode::NotFound);
}

void TestLabellingChecks::aDifferenceNamesWhatChanged()
{
    LabellingFixture f;
    f.add({exampleOf("stays", "x"), exampleOf("edited", "x"), exampleOf("moved", "x"), exampleOf("removed", "x"),
           exampleOf("rejected before", "x"), exampleOf("rejected after", "x")});
    QVERIFY(f.edit({.id = 5, .state = LabelState::Rejected}));
    const auto first = *f.project->takeSnapshot("first");
    QVERIFY(f.labelling.diff(first, 0)->empty());
    QVERIFY(f.edit({.id = 2, .messages = exampleOf("edited now", "x").messages}));
    QVERIFY(f.edit({.id = 3, .part = std::optional(Part::Test)}));
    QVERIFY(f.edit({.id = 4, .deleted = true}));
    QVERIFY(f.edit({.id = 6, .state = LabelState::Rejected, .rating = 1}));
    f.add({exampleOf("new", "x")});
    const auto now = f.labelling.diff(first, 0);
    QVERIFY(now);
    QCOMPARE(kinds(*now), std::string("2e 3m 4- 7+ ")); // a label is no difference
    QCOMPARE((*now)[0].before[0].content, std::string("edited"));
    QCOMPARE((*now)[0].after[0].content, std::string("edited now"));
    QVERIFY(!(*now)[1].partBefore && (*now)[1].partAfter == Part::Test);
    QVERIFY((*now)[2].after.empty() && (*now)[3].before.empty());
    const auto second = *f.project->takeSnapshot();
    QCOMPARE(kinds(*f.labelling.diff(first, second)), std::string("2e 3m 4- 6- 7+ "));
    QCOMPARE(kinds(*f.labelling.diff(second, first)), std::string("2e 3m 4+ 6+ 7- "));
    QVERIFY(f.labelling.diff(first, first)->empty());
    QVERIFY(f.labelling.diff(first, 99).error().code == ErrorCode::NotFound);
}

void TestLabellingChecks::aSnapshotIsRestoredInOneStep()
{
    LabellingFixture f;
    f.add({exampleOf("a", "x"), exampleOf("b", "x"), exampleOf("c", "x")});
    QVERIFY(f.edit({.id = 3, .state = LabelState::Rejected}));
    const auto snapshot = *f.project->takeSnapshot("good");
    QVERIFY(f.edit({.id = 1, .messages = exampleOf("worse", "x").messages, .rating = 3}));
    QVERIFY(f.edit({.id = 2, .deleted = true}));
    f.add({exampleOf("new", "x")});
    const std::string before = rowsAsText(f.folder.file());
    const auto step = f.labelling.restoreSnapshot(snapshot);
    QVERIFY2(step, step ? "" : step.error().message.c_str());
    QCOMPARE(step->label, std::string("Snapshot \"good\" restored"));
    QCOMPARE(f.found(""), std::string("1 2 3")); // the rejected row was none of its rows, and stays
    QCOMPARE((*f.project->example(1))->messages[0].content, std::string("a"));
    QCOMPARE((*f.project->example(1))->rating, 3);
    QVERIFY(f.labelling.diff(snapshot, 0)->empty());
    QVERIFY(f.labelling.restoreSnapshot(snapshot)->rows.empty());
    QVERIFY(*f.labelling.undo());
    QCOMPARE(rowsAsText(f.folder.file()), before);
    QVERIFY(f.labelling.restoreSnapshot(99).error().code == ErrorCode::NotFound);
}

void TestLabellingChecks::aRowThatTheTableLostIsRestored()
{
    LabellingFixture f;
    f.add({exampleOf("a", "x"), exampleOf("b", "x")});
    const auto snapshot = *f.project->takeSnapshot();
    QVERIFY(change(f.folder.file(), "PRAGMA foreign_keys = ON; DELETE FROM examples WHERE id = 2"));
    QCOMPARE(f.found(""), std::string("1"));
    QVERIFY(f.labelling.restoreSnapshot(snapshot));
    QCOMPARE((*f.project->example(2))->messages[0].content, std::string("b"));
    QVERIFY(*f.labelling.undo());
    QCOMPARE(f.found(""), std::string("1"));
}

void TestLabellingChecks::transcriptsAreKept()
{
    LabellingFixture f;
    const auto first = f.project->addTranscript("Where is my parcel?", {{"turns", 1}});
    const auto second = f.project->addTranscript("Grüße", Json::array());
    QVERIFY(first && second);
    QVERIFY(f.project->updateTranscript(*first, "Where?", {{"turns", 2}}));
    const auto all = f.project->transcripts();
    QCOMPARE(all->size(), std::size_t(2));
    QCOMPARE((*all)[0].title, std::string("Grüße"));
    QCOMPARE((*all)[1].title, std::string("Where?"));
    QCOMPARE((*all)[1].body["turns"].get<int>(), 2);
    QCOMPARE((*all)[1].createdAt.size(), std::size_t(20));
    QVERIFY(f.project->removeTranscript(*second));
    QCOMPARE(f.project->transcripts()->size(), std::size_t(1));
    QVERIFY(f.project->updateTranscript(*second, "x", {}).error().code == ErrorCode::NotFound);
}

void TestLabellingChecks::smallUpdatesOfARunDoNotMeet()
{
    LabellingFixture f;
    Run run = *f.project->createRun({});
    auto other = Project::open(f.folder.file());
    QVERIFY(other->setRunName(run.id, "renamed"));
    QVERIFY(other->setRunTags(run.id, std::vector<std::string>{"best"}));
    QVERIFY(change(f.folder.file(), "UPDATE runs SET heartbeat = 5"));
    QVERIFY(f.project->beatRun(run.id));
    QVERIFY(f.project->findRun("renamed")->heartbeat > 5);
    QVERIFY(f.project->endRun(run.id, RunState::Failed, "The loss is not finite."));
    const auto read = other->findRun("renamed");
    QVERIFY(read);
    QVERIFY(read->state == RunState::Failed);
    QCOMPARE(read->error, std::string("The loss is not finite."));
    QCOMPARE(read->tags, std::vector<std::string>{"best"});
    QVERIFY(!read->endedAt.empty());
    for (const auto &refused : {f.project->setRunName(9, "x"), f.project->setRunTags(9, {}), f.project->beatRun(9),
                                f.project->endRun(9, RunState::Stopped)})
        QVERIFY(refused.error().code == ErrorCode::NotFound);
    QVERIFY(f.project->setRunName(run.id, "12").error().code == ErrorCode::InvalidInput);
}

QTEST_APPLESS_MAIN(TestLabellingChecks)
#include "tst_labelling_checks.moc"
