#include "core/store/row_writer.h"
#include "tests/core/store/labelling_rows.h"

#include <QtTest>
#include <csignal>
#include <random>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace attune;

class TestLabellingUndo : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anEditIsUndoneAndRedone();
    void aWalkOfEditsEndsWhereItBegan_data();
    void aWalkOfEditsEndsWhereItBegan();
    void anImportIsOneStep();
    void aRowEqualToADeletedOneIsImported();
    void typingInOneCardIsOneStep();
    void anUndoneStepIsGoneAfterTheNextChange();
    void anEditThatChangesNothingIsNoStep();
    void aBadEditChangesNothing();
    void wordsFollowEveryChange();
    void historyTellsWhatARowWas();
    void aVersionIsRestored();
    void anotherConnectionUndoes();
    void countersTellWhoChangedWhat();
    void stepsTellWhatChangedSinceAnEarlierLook();
    void equalRowsAreFound();
    void forgottenStepsLeaveTheRows();
    void aKilledProcessLosesNoEdit();
};

void TestLabellingUndo::anEditIsUndoneAndRedone()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d")});
    const std::string before = rowsAsText(f.folder.file());
    const std::vector<ExampleEdit> edits{
        {.id = 1, .messages = exampleOf("A", "B").messages, .tags = std::vector<std::string>{"t"}},
        {.id = 2, .part = std::optional(Part::Test), .rating = 4, .notes = "n"}};
    const auto step = f.labelling.apply("Two rows edited", edits);
    QVERIFY(step);
    QCOMPARE(step->rows, (std::vector<std::int64_t>{1, 2}));
    const std::string after = rowsAsText(f.folder.file());
    QVERIFY(after != before);
    QCOMPARE(f.labelling.undoState()->undo, std::string("Two rows edited"));
    QCOMPARE(f.labelling.undoState()->redo, std::string());

    const auto undone = f.labelling.undo();
    QVERIFY(undone && *undone);
    QCOMPARE((*undone)->label, std::string("Two rows edited"));
    QCOMPARE((*undone)->rows, step->rows);
    QCOMPARE(rowsAsText(f.folder.file()), before);
    QCOMPARE(f.labelling.undoState()->undo, std::string("Rows added"));
    QCOMPARE(f.labelling.undoState()->redo, std::string("Two rows edited"));
    QVERIFY(*f.labelling.redo());
    QCOMPARE(rowsAsText(f.folder.file()), after);
    QVERIFY(!*f.labelling.redo());
}

void TestLabellingUndo::aWalkOfEditsEndsWhereItBegan_data()
{
    QTest::addColumn<unsigned>("seed");
    for (unsigned seed = 1; seed <= 8; ++seed)
        QTest::addRow("%u", seed) << seed;
}

namespace {

/// One change of any kind, drawn by chance.
Result<void> anyChange(LabellingFixture &f, std::mt19937 &random)
{
    const auto draw = [&](unsigned below) { return int(random() % below); };
    ATTUNE_TRY(const auto ids, f.labelling.ids({}));
    const auto anyId = [&] { return ids[random() % ids.size()]; };
    const auto word = [&] { return "word" + std::to_string(draw(20)); };
    const auto anyEdit = [&](std::int64_t id) {
        ExampleEdit edit{.id = id};
        if (draw(3) == 0)
            edit.messages = exampleOf(word() + " " + word(), word()).messages;
        if (draw(3) == 0)
            edit.part = draw(2) ? std::optional(static_cast<Part>(draw(3))) : std::nullopt;
        if (draw(3) == 0)
            edit.state = static_cast<LabelState>(draw(4));
        if (draw(3) == 0)
            edit.rating = draw(6);
        if (draw(3) == 0)
            edit.tags = std::vector<std::string>(std::size_t(draw(3)), word());
        if (draw(3) == 0)
            edit.notes = word();
        if (draw(8) == 0)
            edit.deleted = true;
        return edit;
    };
    switch (ids.size() < 3 ? 0 : draw(7)) {
    case 0: {
        std::vector<Example> rows;
        for (int i = draw(4); i >= 0; --i)
            rows.push_back(exampleOf(word(), word()));
        ATTUNE_CHECK(f.labelling.insert("Rows added", rows));
        return {};
    }
    case 1:
        return f.project->addExamples([&](const Project::AddExample &add) -> Result<void> {
            for (int i = 0; i < 3; ++i)
                ATTUNE_CHECK(add(exampleOf(word(), word())));
            return {};
        });
    case 2:
        return f.project->setParts(std::vector<std::pair<std::int64_t, Part>>{{anyId(), Part::Test}});
    case 3:
        return f.project->setLabelState(anyId(), static_cast<LabelState>(draw(4)));
    case 4: { // undone halfway: what comes next drops it
        ATTUNE_CHECK(f.labelling.undo());
        if (draw(2))
            ATTUNE_CHECK(f.labelling.redo());
        return {};
    }
    default: {
        std::vector<ExampleEdit> edits;
        std::set<std::int64_t> chosen;
        for (int i = draw(3); i >= 0; --i)
            if (const auto id = anyId(); chosen.insert(id).second)
                edits.push_back(anyEdit(id));
        ATTUNE_CHECK(f.labelling.apply("Edited", edits, draw(2) ? "key" : ""));
        return {};
    }
    }
}

} // namespace

void TestLabellingUndo::aWalkOfEditsEndsWhereItBegan()
{
    QFETCH(unsigned, seed);
    std::mt19937 random(seed);
    LabellingFixture f;
    f.add({exampleOf("first", "row"), exampleOf("second", "row"), exampleOf("third", "row"), exampleOf("x", "y")});
    QVERIFY(f.labelling.forgetSteps());
    const std::string start = rowsAsText(f.folder.file());
    const auto snapshot = f.project->takeSnapshot();
    for (int i = 0; i < 60; ++i) {
        const auto changed = anyChange(f, random);
        QVERIFY2(changed, changed ? "" : (changed.error().message + changed.error().detail).c_str());
    }
    QVERIFY(f.labelling.restoreSnapshot(*snapshot));
    QVERIFY(f.labelling.diff(*snapshot, 0)->empty());
    while (*f.labelling.redo()) // what an undo left over at the end
        ;
    const std::string end = rowsAsText(f.folder.file());
    const std::string words = f.found("word1");
    int steps = 0;
    while (*f.labelling.undo())
        ++steps;
    QVERIFY2(steps > 10, std::to_string(steps).c_str());
    QCOMPARE(rowsAsText(f.folder.file()), start);
    QCOMPARE(f.found("word"), std::string());
    QCOMPARE(f.found("row"), std::string("1 2 3"));
    while (*f.labelling.redo())
        --steps;
    QCOMPARE(steps, 0);
    QCOMPARE(rowsAsText(f.folder.file()), end);
    QCOMPARE(f.found("word1"), words);
    QVERIFY(f.project->quickCheck());
    // What the index holds is what it would hold if it were made anew.
    auto database = Database::open(f.folder.file(), Database::Mode::ReadWrite);
    QVERIFY(database->run("INSERT INTO row_words (row_words) VALUES ('integrity-check')", ""));
    QVERIFY(database->run("DELETE FROM row_facts; DELETE FROM row_heads; DELETE FROM row_tags", ""));
    QVERIFY(rebuildRowIndex(*database));
    QCOMPARE(rowsAsText(f.folder.file()), end);
    QCOMPARE(f.found("word1"), words);
}

void TestLabellingUndo::anImportIsOneStep()
{
    LabellingFixture f;
    QVERIFY(f.project->addExamples(
        [](const Project::AddExample &add) -> Result<void> {
            for (int i = 0; i < 50; ++i)
                ATTUNE_CHECK(add(exampleOf("row " + std::to_string(i), "x")));
            return {};
        },
        "50 rows from a file"));
    const std::string after = rowsAsText(f.folder.file());
    QCOMPARE(f.labelling.undoState()->undo, std::string("50 rows from a file"));
    QVERIFY(*f.labelling.undo());
    QCOMPARE(*f.project->exampleCount(), 0);
    QCOMPARE(f.found(""), std::string());
    QVERIFY(!*f.labelling.undo());
    QVERIFY(*f.labelling.redo());
    QCOMPARE(rowsAsText(f.folder.file()), after);
    QCOMPARE(*f.project->exampleCount(), 50);
}

void TestLabellingUndo::aRowEqualToADeletedOneIsImported()
{
    LabellingFixture f;
    QVERIFY(addRows(*f.project, 3));
    QVERIFY(f.edit({.id = 2, .deleted = true}));
    QVERIFY(!*f.project->example(2));
    QVERIFY(addRows(*f.project, 3));
    QCOMPARE(f.found("question"), std::string("1 3 4"));
    QVERIFY(f.edit({.id = 2, .deleted = false}));
    QCOMPARE(f.found("question"), std::string("1 2 3 4"));
}

void TestLabellingUndo::typingInOneCardIsOneStep()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d")});
    const std::string before = rowsAsText(f.folder.file());
    const auto type = [&](std::int64_t id, const std::string &text, const std::string &merge) {
        return f.edit({.id = id, .messages = exampleOf(text, "b").messages}, merge);
    };
    const auto first = type(1, "h", "row 1");
    QVERIFY(first && type(1, "he", "row 1"));
    QVERIFY(f.edit({.id = 1, .notes = "by the way"}, "row 1"));
    const auto last = type(1, "hel", "row 1");
    QCOMPARE(last->id, first->id);
    QVERIFY(type(2, "other", "row 2")->id != first->id);
    QVERIFY(*f.labelling.undo());
    QVERIFY(*f.labelling.undo());
    QCOMPARE(rowsAsText(f.folder.file()), before);
    // Typing after an undo begins a step.
    QVERIFY(*f.labelling.redo());
    QCOMPARE((*f.project->example(1))->messages[0].content, std::string("hel"));
    QVERIFY(type(1, "hell", "row 1")->id != first->id);
    // So does typing after a pause.
    const auto late = type(1, "hello", "row 1");
    QVERIFY(change(f.folder.file(), "UPDATE edit_steps SET made_at = made_at - 6"));
    QVERIFY(type(1, "hello!", "row 1")->id != late->id);
}

void TestLabellingUndo::anUndoneStepIsGoneAfterTheNextChange()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    QVERIFY(f.edit({.id = 1, .rating = 1}));
    QVERIFY(f.edit({.id = 1, .rating = 2}));
    QVERIFY(*f.labelling.undo());
    QVERIFY(f.edit({.id = 1, .notes = "n"}));
    QCOMPARE(f.labelling.undoState()->redo, std::string());
    QVERIFY(!*f.labelling.redo());
    QVERIFY(*f.labelling.undo());
    QCOMPARE((*f.project->example(1))->rating, 1);
    auto database = Database::open(f.folder.file(), Database::Mode::ReadWrite);
    QCOMPARE(*database->number("SELECT count(*) FROM edit_rows", ""), 3);
}

void TestLabellingUndo::anEditThatChangesNothingIsNoStep()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    const auto counter = f.labelling.rowCounter();
    const auto step = f.edit({.id = 1, .messages = exampleOf("a", "b").messages, .rating = 0, .deleted = false});
    QVERIFY(step);
    QVERIFY(step->rows.empty());
    QVERIFY(f.labelling.insert("Nothing", {})->rows.empty());
    QCOMPARE(f.labelling.undoState()->undo, std::string("Rows added"));
    QCOMPARE(*f.labelling.rowCounter(), *counter);
}

void TestLabellingUndo::aBadEditChangesNothing()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    const std::string before = rowsAsText(f.folder.file());
    const std::vector<std::pair<ExampleEdit, std::string>> bad{
        {{.id = 7, .rating = 1}, "no row 7"},
        {{.id = 1, .messages = std::vector<Message>()}, "at least one turn"},
        {{.id = 1, .messages = exampleOf("\xff", "x").messages}, "UTF-8"},
        {{.id = 1, .rating = 6}, "can't be 6"},
        {{.id = 1, .tags = std::vector<std::string>{"\xff"}}, "UTF-8"},
        {{.id = 1, .notes = "\xff"}, "UTF-8"}};
    for (const auto &[edit, said] : bad) {
        const auto refused = f.labelling.apply("Edited", std::vector<ExampleEdit>{{.id = 1, .notes = "first"}, edit});
        QVERIFY(!refused);
        QVERIFY2(contains(refused.error().message, said), refused.error().message.c_str());
        QCOMPARE(rowsAsText(f.folder.file()), before);
        QCOMPARE(f.labelling.undoState()->undo, std::string("Rows added"));
    }
    QVERIFY(f.edit({.id = 1, .deleted = true}));
    QVERIFY(f.edit({.id = 1, .rating = 1}).error().code == ErrorCode::NotFound);
    QVERIFY(f.edit({.id = 1, .tags = std::vector<std::string>{" a ", "", "a", "b"}, .deleted = false}));
    QCOMPARE((*f.project->example(1))->tags, (std::vector<std::string>{"a", "b"}));
}

void TestLabellingUndo::wordsFollowEveryChange()
{
    LabellingFixture f;
    f.add({exampleOf("apple", "pear"), exampleOf("apple", "plum")});
    QVERIFY(f.edit({.id = 1, .messages = exampleOf("cherry", "pear").messages}));
    QCOMPARE(f.found("apple"), std::string("2"));
    QCOMPARE(f.found("cher"), std::string("1"));
    QVERIFY(f.edit({.id = 1, .deleted = true}));
    QCOMPARE(f.found("pear"), std::string());
    QVERIFY(*f.labelling.undo() && *f.labelling.undo());
    QCOMPARE(f.found("apple"), std::string("1 2"));
    QCOMPARE(f.found("cherry"), std::string());
}

void TestLabellingUndo::historyTellsWhatARowWas()
{
    LabellingFixture f;
    f.add({exampleOf("one", "x")});
    QVERIFY(f.labelling.apply("Text edited",
                              std::vector<ExampleEdit>{{.id = 1, .messages = exampleOf("two", "x").messages}}));
    QVERIFY(f.labelling.apply("Rated", std::vector<ExampleEdit>{{.id = 1, .rating = 4}}));
    QVERIFY(f.labelling.apply("Rated again", std::vector<ExampleEdit>{{.id = 1, .rating = 5}}));
    QVERIFY(*f.labelling.undo());
    const auto versions = f.labelling.history(1);
    QVERIFY(versions);
    QCOMPARE(versions->size(), std::size_t(3));
    QCOMPARE((*versions)[0].label, std::string("Rows added"));
    QCOMPARE((*versions)[0].example.messages[0].content, std::string("one"));
    QCOMPARE((*versions)[1].label, std::string("Text edited"));
    QCOMPARE((*versions)[1].example.messages[0].content, std::string("two"));
    QCOMPARE((*versions)[1].example.rating, 0);
    QCOMPARE((*versions)[2].label, std::string("Rated"));
    QCOMPARE((*versions)[2].id, 0);
    QCOMPARE((*versions)[2].example.rating, 4);
    QVERIFY((*versions)[0].id != 0 && (*versions)[0].id != (*versions)[1].id);
    QCOMPARE((*versions)[0].changedAt.size(), std::size_t(20));
    QVERIFY(f.labelling.history(9).error().code == ErrorCode::NotFound);
}

void TestLabellingUndo::aVersionIsRestored()
{
    LabellingFixture f;
    f.add({exampleOf("one", "x")});
    QVERIFY(f.edit({.id = 1, .messages = exampleOf("two", "x").messages}));
    QVERIFY(f.edit({.id = 1, .rating = 4, .tags = std::vector<std::string>{"t"}}));
    const auto versions = f.labelling.history(1);
    const auto step = f.labelling.restore(1, (*versions)[0].id);
    QVERIFY(step);
    QCOMPARE(step->label, std::string("Row 1 restored"));
    const auto row = *f.project->example(1);
    QCOMPARE(row->messages[0].content, std::string("one"));
    QCOMPARE(row->rating, 0);
    QVERIFY(row->tags.empty());
    QVERIFY(*f.labelling.undo());
    QCOMPARE((*f.project->example(1))->rating, 4);
    QVERIFY(f.labelling.restore(1, 12345).error().code == ErrorCode::NotFound);
}

void TestLabellingUndo::anotherConnectionUndoes()
{
    LabellingFixture f;
    QVERIFY(addRows(*f.project, 2));
    auto tool = Project::open(f.folder.file());
    QVERIFY(tool->setLabelState(1, LabelState::Approved));
    QCOMPARE(f.labelling.undoState()->undo, std::string("Row 1 approved"));
    QVERIFY(*f.labelling.undo());
    QVERIFY((*tool->example(1))->state == LabelState::ToLabel);
    QVERIFY(*Labelling(*tool).redo());
    QVERIFY((*f.project->example(1))->state == LabelState::Approved);
}

void TestLabellingUndo::countersTellWhoChangedWhat()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    auto other = Project::open(f.folder.file());
    Labelling watcher(*other);
    std::int64_t any = *watcher.changeCounter();
    std::int64_t rows = *watcher.rowCounter();
    const auto moved = [](std::int64_t &seen, std::int64_t now) {
        const bool differs = seen != now;
        seen = now;
        return differs;
    };
    const auto anyMoved = [&] { return moved(any, *watcher.changeCounter()); };
    const auto rowsMoved = [&] { return moved(rows, *watcher.rowCounter()); };
    QVERIFY(!anyMoved() && !rowsMoved());
    QVERIFY(f.edit({.id = 1, .rating = 1}));
    QVERIFY(anyMoved());
    QVERIFY(rowsMoved());
    QVERIFY(other->setLabelState(1, LabelState::Approved));
    QVERIFY(anyMoved() && rowsMoved());
    QVERIFY(*f.labelling.undo());
    QVERIFY(anyMoved() && rowsMoved());
    QVERIFY(f.project->createRun({}));
    QVERIFY(anyMoved());
    QVERIFY(!rowsMoved());
    QVERIFY(f.project->addMetrics(1, std::vector<Metric>{{1, "loss", 1}}));
    QVERIFY(anyMoved());
    QVERIFY(!rowsMoved());
}

void TestLabellingUndo::stepsTellWhatChangedSinceAnEarlierLook()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d"), exampleOf("e", "f")});
    auto seen = *f.labelling.latestSteps(10);
    const auto rowsSince = [&] {
        const auto now = *f.labelling.latestSteps(10);
        std::vector<std::int64_t> steps;
        for (const StepMark &step : now)
            if (std::find(seen.begin(), seen.end(), step) == seen.end())
                steps.push_back(step.id);
        seen = now;
        return *f.labelling.rowsOfSteps(steps);
    };
    QVERIFY(rowsSince().empty());
    QVERIFY(f.edit({.id = 2, .rating = 3}));
    QVERIFY(f.edit({.id = 3, .deleted = true}));
    QCOMPARE(rowsSince(), (std::vector<std::int64_t>{2, 3}));
    QVERIFY(*f.labelling.undo());
    QCOMPARE(rowsSince(), (std::vector<std::int64_t>{3}));
    QVERIFY(*f.labelling.redo());
    QCOMPARE(rowsSince(), (std::vector<std::int64_t>{3}));
    QVERIFY(f.edit({.id = 1, .messages = exampleOf("A", "b").messages}, "typing"));
    QCOMPARE(rowsSince(), (std::vector<std::int64_t>{1}));
    QTest::qWait(5);
    QVERIFY(f.edit({.id = 1, .messages = exampleOf("AB", "b").messages}, "typing")); // added to that step
    QCOMPARE(rowsSince(), (std::vector<std::int64_t>{1}));
    QVERIFY(f.labelling.rowsOfSteps(std::vector<std::int64_t>{999})->empty());
}

void TestLabellingUndo::equalRowsAreFound()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b"), exampleOf("c", "d"), exampleOf("a", "b"), exampleOf("a", "b")});
    QCOMPARE(*f.labelling.equalRows(std::vector<std::int64_t>{1, 2}), (std::vector<std::int64_t>{1, 3, 4}));
    QVERIFY(f.labelling.equalRows(std::vector<std::int64_t>{2})->empty());
    QVERIFY(f.edit({.id = 1, .deleted = true}));
    QCOMPARE(*f.labelling.equalRows(std::vector<std::int64_t>{3}), (std::vector<std::int64_t>{3, 4}));
    QVERIFY(f.labelling.equalRows(std::vector<std::int64_t>{1})->empty()); // it is gone itself
}

void TestLabellingUndo::forgottenStepsLeaveTheRows()
{
    LabellingFixture f;
    f.add({exampleOf("a", "b")});
    QVERIFY(f.edit({.id = 1, .rating = 2}));
    const std::string before = rowsAsText(f.folder.file());
    QVERIFY(f.labelling.forgetSteps());
    QVERIFY(!*f.labelling.undo());
    QCOMPARE(rowsAsText(f.folder.file()), before);
    QCOMPARE(f.labelling.history(1)->size(), std::size_t(1));
}

void TestLabellingUndo::aKilledProcessLosesNoEdit()
{
    const ProjectFolder folder;
    int ready[2];
    QCOMPARE(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        auto project = Project::create(folder.file());
        if (project && addRows(*project, 3) && project->setLabelState(2, LabelState::Flagged) &&
            *Labelling(*project).undo() && ::write(ready[1], "y", 1) == 1)
            ::pause();
        ::_exit(1);
    }
    char answer = 0;
    QCOMPARE(::read(ready[0], &answer, 1), ssize_t(1));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto project = Project::open(folder.file());
    QVERIFY(project);
    QCOMPARE(*project->exampleCount(), 3);
    QCOMPARE(Labelling(*project).undoState()->redo, std::string("Row 2 flagged"));
    QVERIFY(*Labelling(*project).redo());
    QVERIFY((*project->example(2))->state == LabelState::Flagged);
}

QTEST_APPLESS_MAIN(TestLabellingUndo)
#include "tst_labelling_undo.moc"
