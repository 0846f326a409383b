#include "ui/data/editor_draft.h"

#include "core/store/labelling.h"
#include "tests/core/studio/toy_project.h"

#include <QSignalSpy>
#include <QtTest>

#include <csignal>
#include <sys/resource.h>

using namespace attune;
using namespace attune::ui;

class TestEditorDraft : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void typingIsKeptByItself();
    void typingOnAndOnIsKeptMeanwhile();
    void typingInOneTurnIsOneStep();
    void aChangeOfOrderIsAStepOfItsOwn();
    void whatIsTypedIsKeptWhenAnotherRowIsShown();
    void anotherTurnChangedElsewhereIsNotWrittenOver();
    void theSameTurnChangedElsewhereIsMineAndTheirsIsOffered();
    void theirsCanBeTaken();
    void undoIsFollowedWithoutAWord();
    void aChangeElsewhereUnderTheCaretIsAskedAbout();
    void aRefusedWriteIsToldAndCanBeTriedAgain();
    void whatCouldNotBeWrittenIsThereWhenItsRowIsShownAgain();
    void whatCouldNotBeWrittenGoesWithTheNextThatIs();
    void notesAreKept();

private:
    Turns stored() { return m_toy->project->example(m_id).value()->messages; }
    void changeElsewhere(std::size_t turn, const std::string &content)
    {
        Turns turns = stored();
        turns[turn].content = content;
        const ExampleEdit edit{.id = m_id, .messages = turns};
        QVERIFY(Labelling(*m_toy->project).apply("Elsewhere", std::span(&edit, 1)));
    }
    std::string undoLabel() { return Labelling(*m_toy->project).undoState().value().undo; }

    std::unique_ptr<ToyProject> m_toy;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<EditorDraft> m_draft;
    std::int64_t m_id = 0;
};

void TestEditorDraft::init()
{
    m_toy = std::make_unique<ToyProject>();
    m_toy->addRows(2, Part::Train);
    auto session = Session::open(m_toy->project->path());
    QVERIFY(session);
    m_session = std::move(*session);
    m_id = 1;
    m_draft = std::make_unique<EditorDraft>(*m_session);
    m_draft->show(m_id, stored(), {});
}

void TestEditorDraft::cleanup()
{
    m_draft.reset();
    m_session.reset();
    m_toy.reset();
}

void TestEditorDraft::typingIsKeptByItself()
{
    QSignalSpy kept(m_draft.get(), &EditorDraft::keptNow);
    m_draft->type(1, "typed");
    QVERIFY(!m_draft->kept());
    QTRY_COMPARE(stored()[1].content, std::string("typed"));
    QTRY_COMPARE(kept.count(), 1);
    QVERIFY(m_draft->kept());
}

void TestEditorDraft::typingOnAndOnIsKeptMeanwhile()
{
    // Each key starts the pause anew; the file must not wait for the end of it.
    const Turns before = stored();
    QElapsedTimer clock;
    clock.start();
    for (int i = 0; stored() == before && clock.elapsed() < 5000; ++i) {
        m_draft->type(1, "typed " + std::to_string(i));
        QTest::qWait(20);
    }
    QVERIFY(stored() != before);
}

void TestEditorDraft::typingInOneTurnIsOneStep()
{
    const Turns before = stored();
    for (const char *text : {"t", "ty", "typed"}) {
        m_draft->type(1, text);
        QTRY_COMPARE(stored()[1].content, std::string(text)); // a write each
    }
    QTRY_VERIFY(m_draft->kept());
    m_session->undo();
    QTRY_COMPARE(stored(), before);
}

void TestEditorDraft::aChangeOfOrderIsAStepOfItsOwn()
{
    m_draft->type(1, "typed");
    m_draft->restructure("Turn moved", moved(m_draft->turns(), 1, 0));
    QTRY_COMPARE(stored().front().content, std::string("typed"));
    QCOMPARE(undoLabel(), std::string("Turn moved"));
    QVERIFY(Labelling(*m_toy->project).undo().value());
    QCOMPARE(stored()[1].content, std::string("typed"));
}

void TestEditorDraft::whatIsTypedIsKeptWhenAnotherRowIsShown()
{
    m_draft->type(1, "typed");
    m_draft->show(2, m_toy->project->example(2).value()->messages, {});
    QTRY_COMPARE(stored()[1].content, std::string("typed"));
}

void TestEditorDraft::anotherTurnChangedElsewhereIsNotWrittenOver()
{
    QSignalSpy clashed(m_draft.get(), &EditorDraft::clashed);
    changeElsewhere(0, "their question");
    m_draft->type(1, "my answer");
    QTRY_COMPARE(stored()[1].content, std::string("my answer"));
    QCOMPARE(stored()[0].content, std::string("their question"));
    QTRY_COMPARE(m_draft->turns()[0].content, std::string("their question"));
    QCOMPARE(clashed.count(), 0);
}

void TestEditorDraft::theSameTurnChangedElsewhereIsMineAndTheirsIsOffered()
{
    Turns theirs;
    connect(m_draft.get(), &EditorDraft::clashed, this, [&](const Turns &turns) { theirs = turns; });
    changeElsewhere(1, "theirs");
    m_draft->type(1, "mine");
    QTRY_VERIFY(!theirs.empty());
    QCOMPARE(theirs[1].content, std::string("theirs"));
    QCOMPARE(stored()[1].content, std::string("mine"));
    // and nothing is lost: theirs is a version of the row
    const auto history = Labelling(*m_toy->project).history(m_id);
    QVERIFY(history);
    QVERIFY(std::any_of(history->begin(), history->end(),
                        [&](const ExampleVersion &version) { return version.example.messages == theirs; }));
}

void TestEditorDraft::theirsCanBeTaken()
{
    Turns theirs;
    connect(m_draft.get(), &EditorDraft::clashed, this, [&](const Turns &turns) { theirs = turns; });
    changeElsewhere(1, "theirs");
    m_draft->type(1, "mine");
    QTRY_VERIFY(!theirs.empty());
    m_draft->takeTheirs(theirs);
    QCOMPARE(m_draft->turns()[1].content, std::string("theirs"));
    QTRY_COMPARE(stored()[1].content, std::string("theirs"));
}

void TestEditorDraft::undoIsFollowedWithoutAWord()
{
    QSignalSpy clashed(m_draft.get(), &EditorDraft::clashed);
    const Turns before = stored();
    m_draft->type(1, "typed");
    QTRY_VERIFY(m_draft->kept());
    m_session->undo(); // as from the menu: the draft is not told
    QTRY_COMPARE(stored(), before);
    m_draft->follow(stored(), {});
    QCOMPARE(m_draft->turns(), before);
    QCOMPARE(clashed.count(), 0);
}

void TestEditorDraft::aChangeElsewhereUnderTheCaretIsAskedAbout()
{
    QSignalSpy clashed(m_draft.get(), &EditorDraft::clashed);
    m_draft->type(1, "mine");
    QTRY_VERIFY(m_draft->kept());
    changeElsewhere(1, "theirs");
    m_draft->follow(stored(), {});
    QCOMPARE(clashed.count(), 1);
    QCOMPARE(m_draft->turns()[1].content, std::string("mine"));
    m_draft->keep(); // Mine
    QTRY_COMPARE(stored()[1].content, std::string("mine"));
}

void TestEditorDraft::aRefusedWriteIsToldAndCanBeTriedAgain()
{
    QSignalSpy failed(m_draft.get(), &EditorDraft::failed);
    const ExampleEdit gone{.id = m_id, .deleted = true};
    QVERIFY(Labelling(*m_toy->project).apply("Deleted", std::span(&gone, 1)));
    m_draft->type(1, "typed");
    m_draft->show(2, m_toy->project->example(2).value()->messages, {});
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(Labelling(*m_toy->project).undo().value());
    m_draft->tryAgain();
    QTRY_COMPARE(stored()[1].content, std::string("typed"));
}

/// As on a full disk: a limit of the file's size, which every write of the window's worker runs into.
class NoRoom {
public:
    NoRoom()
    {
        ::getrlimit(RLIMIT_FSIZE, &m_before);
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit none = m_before;
        none.rlim_cur = 1024; // of bytes: no page fits
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~NoRoom() { ::setrlimit(RLIMIT_FSIZE, &m_before); }

private:
    rlimit m_before{};
};

void TestEditorDraft::whatCouldNotBeWrittenIsThereWhenItsRowIsShownAgain()
{
    QSignalSpy failed(m_draft.get(), &EditorDraft::failed);
    const auto first = stored();
    const auto second = m_toy->project->example(2).value()->messages;
    {
        const NoRoom full;
        m_draft->type(1, "typed without room");
        m_draft->typeNotes("noted");
        m_draft->show(2, second, {});
        QTRY_VERIFY(failed.count() >= 2);
        QVERIFY(m_draft->waits());
        QCOMPARE(stored()[1].content, first[1].content);
        m_draft->show(m_id, first, {});
        QCOMPARE(m_draft->turns()[1].content, std::string("typed without room"));
        QCOMPARE(m_draft->notes(), std::string("noted"));
    }
    m_draft->keep();
    QTRY_COMPARE(stored()[1].content, std::string("typed without room"));
    QTRY_COMPARE(m_toy->project->example(m_id).value()->notes, std::string("noted"));
    QTRY_VERIFY(m_draft->kept() && !m_draft->waits());
}

void TestEditorDraft::whatCouldNotBeWrittenGoesWithTheNextThatIs()
{
    QSignalSpy failed(m_draft.get(), &EditorDraft::failed);
    {
        const NoRoom full;
        m_draft->type(1, "typed without room");
        m_draft->show(2, m_toy->project->example(2).value()->messages, {});
        QTRY_VERIFY(failed.count() >= 1);
        QTRY_VERIFY(m_draft->waits());
    }
    m_draft->type(1, "another row");
    QTRY_COMPARE(stored()[1].content, std::string("typed without room"));
    QTRY_VERIFY(!m_draft->waits());
}

void TestEditorDraft::notesAreKept()
{
    m_draft->typeNotes("look again");
    QTRY_COMPARE(m_toy->project->example(m_id).value()->notes, std::string("look again"));
    QTRY_VERIFY(m_draft->kept());
}

QTEST_MAIN(TestEditorDraft)
#include "tst_editor_draft.moc"
