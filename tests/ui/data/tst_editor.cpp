#include "core/studio/sample_project.h"
#include "tests/ui/data/editor_fixture.h"
#include "ui/data/editor_header.h"
#include "ui/data/editor_keys.h"
#include "ui/data/editor_snippets.h"
#include "ui/data/editor_tokens.h"
#include "ui/data/editor_versions.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"
#include "ui/widgets/word_diff.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTextEdit>
#include <QtTest>

using namespace attune;
using namespace attune::ui;

namespace {
const std::string System = "Turn the email into JSON.";

std::vector<Message> mail(const std::string &question, const std::string &answer = R"({"intent": "late"})")
{
    return {{"system", System}, {"user", question}, {"assistant", answer}};
}
} // namespace

class TestEditor : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup() { m_f.reset(); }
    void aRowIsShownWhole();
    void rowsAreLabelledByKeysAlone();
    void lettersAreTextWhileTyping();
    void typingModeIsToldAndLeftByEsc();
    void controlEnterApprovesAndGoesOn();
    void theSameKeyAgainTakesTheRatingAway();
    void keysActOnAllSelectedRowsInOneStep();
    void whatIsTypedIsInTheFileByItself();
    void undoAndRedoWalkThroughTypingAndLabels();
    void anyWalkOfActsCanBeUndoneToWhereItBegan();
    void undoOfAnotherRowShowsThatRow();
    void keysFasterThanTheLoopActOnTheTurnThatHasTheCaret();
    void turnsAreSplitMergedMovedAddedAndDeleted();
    void aSystemTurnCanBeChangedInAllRowsThatShareIt();
    void aSystemTurnIsChangedInThisRowOnlyByDefault();
    void aChangeElsewhereIsShownAtOnce();
    void aClashOffersMineTheirsAndTheDifference();
    void tagsAreAddedAndTakenAway();
    void notesAreWrittenByN();
    void theSplitIsChosenByS();
    void aDuplicateIsMadeAndShown();
    void versionsShowTheDifferenceAndComeBack();
    void anEqualVersionIsSaidInPlainLetters();
    void snippetsAreMadeChosenAndInserted();
    void theFirstSnippetIsBegunByTypingIt();
    void whatChangesARowIsOffInAProjectForReading();
    void tokensFollowTheTyping();
    void aCutRowOffersToRaiseTheLength();
    void quotedMailIsTrimmedOnRequest();
    void aRefusedOrderIsMarkedOnTheCardAndTypingGoesOn();
    void aMissingTokenizerIsSaid();
    void aDeletedRowIsSaidAndComesBackWithUndo();
    void focusModeIsLeftByEsc();
    void everyControlHasANameAndEveryActionToo();
    void pictures();

private:
    QAction *action(const char *name)
    {
        for (const WorkspaceAction &one : m_f->editor->actions())
            if (one.action->objectName() == QLatin1String("row.") + QLatin1String(name))
                return one.action;
        return nullptr;
    }
    template <typename T>
    T *child(const char *name)
    {
        return m_f->editor->findChild<T *>(QLatin1String(name));
    }
    void clickLink(InlineNotice *notice, const QString &text)
    {
        for (QPushButton *link : notice->findChildren<QPushButton *>()) {
            if (!link->isHidden() && link->text() == text) {
                link->click();
                return;
            }
        }
        QFAIL(qPrintable(QStringLiteral("no link ") + text));
    }
    std::unique_ptr<EditorFixture> m_f;
};

void TestEditor::init()
{
    m_f = std::make_unique<EditorFixture>();
    for (const char *question : {"Where is my order?", "The lamp is broken.", "Please cancel.", "Wrong colour."})
        m_f->add(mail(question));
}

void TestEditor::aRowIsShownWhole()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    QCOMPARE(child<QLabel>("rowTitle")->text(), QStringLiteral("Row %1").arg(m_f->ids[0]));
    QCOMPARE(child<QLabel>("origin")->text(), QStringLiteral("mails_03.jsonl, line 218"));
    QCOMPARE(m_f->cards()->count(), 3);
    QCOMPARE(m_f->shownText(1), QStringLiteral("Where is my order?"));
    QVERIFY(!m_f->field(0)->isVisible()); // one line, as the others share it
    QTRY_VERIFY(child<EditorTokens>("tokens")->shown());
}

void TestEditor::rowsAreLabelledByKeysAlone()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_A);
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[1]); // went on
    m_f->settle();
    m_f->key(Qt::Key_X);
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[2]);
    m_f->settle();
    m_f->key(Qt::Key_F);
    m_f->key(Qt::Key_4);
    m_f->settle();
    m_f->key(Qt::Key_J);
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[3]);
    m_f->key(Qt::Key_K);
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[2]);
    m_f->settle();
    QCOMPARE(m_f->stored(m_f->ids[0]).state, LabelState::Approved);
    QCOMPARE(m_f->stored(m_f->ids[1]).state, LabelState::Rejected);
    QCOMPARE(m_f->stored(m_f->ids[2]).state, LabelState::Flagged);
    QCOMPARE(m_f->stored(m_f->ids[2]).rating, 4);
    QTRY_COMPARE(child<Badge>("stateBadge")->text(), QStringLiteral("flagged"));
    m_f->key(Qt::Key_U);
    QTRY_COMPARE(m_f->stored(m_f->ids[2]).rating, 0);
}

void TestEditor::lettersAreTextWhileTyping()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_E);
    QTRY_VERIFY(m_f->field(2)->hasFocus());
    m_f->type("axf15jk");
    QCOMPARE(m_f->shownText(2), QStringLiteral(R"({"intent": "late"}axf15jk)"));
    m_f->settle();
    QCOMPARE(m_f->stored(m_f->ids[0]).state, LabelState::ToLabel);
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[0]);
}

void TestEditor::typingModeIsToldAndLeftByEsc()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    QSignalSpy typing(m_f->editor, &ExampleEditor::typingChanged);
    m_f->key(Qt::Key_E);
    QTRY_COMPARE(typing.count(), 1);
    QVERIFY(child<KeyButton>("row.done.button")->isVisible());
    QVERIFY(!child<KeyButton>("row.approve.button")->isVisible());
    m_f->key(Qt::Key_Escape);
    QTRY_COMPARE(typing.count(), 2);
    QVERIFY(child<KeyButton>("row.approve.button")->isVisible());
    m_f->key(Qt::Key_A);
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[1]);
}

void TestEditor::controlEnterApprovesAndGoesOn()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_E);
    m_f->type("!");
    m_f->key(Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[1]);
    m_f->settle();
    QCOMPARE(m_f->stored(m_f->ids[0]).state, LabelState::Approved);
    QCOMPARE(m_f->storedText(m_f->ids[0], 2), std::string(R"({"intent": "late"}!)"));
    QVERIFY(!m_f->editor->typing());
}

void TestEditor::theSameKeyAgainTakesTheRatingAway()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_3);
    m_f->settle();
    QCOMPARE(m_f->stored(m_f->ids[0]).rating, 3);
    m_f->key(Qt::Key_3);
    m_f->settle();
    QCOMPARE(m_f->stored(m_f->ids[0]).rating, 0);
}

void TestEditor::keysActOnAllSelectedRowsInOneStep()
{
    m_f->open();
    m_f->show(m_f->ids[1]);
    m_f->editor->setSelection({m_f->ids[0], m_f->ids[1], m_f->ids[3]});
    QCOMPARE(child<KeyButton>("row.approve.button")->accessibleName(), QStringLiteral("Approve 3"));
    m_f->key(Qt::Key_A);
    m_f->settle();
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[1]); // a selection is not walked
    QCOMPARE(m_f->stored(m_f->ids[0]).state, LabelState::Approved);
    QCOMPARE(m_f->stored(m_f->ids[2]).state, LabelState::ToLabel);
    QCOMPARE(m_f->stored(m_f->ids[3]).state, LabelState::Approved);
    QCOMPARE(m_f->session->undoText(), QStringLiteral("3 rows approved"));
    m_f->key(Qt::Key_U);
    QTRY_COMPARE(m_f->stored(m_f->ids[3]).state, LabelState::ToLabel);
    QCOMPARE(m_f->stored(m_f->ids[0]).state, LabelState::ToLabel);
}

void TestEditor::whatIsTypedIsInTheFileByItself()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_E);
    m_f->type(" and more");
    QTRY_COMPARE_WITH_TIMEOUT(m_f->storedText(m_f->ids[0], 2), std::string(R"({"intent": "late"} and more)"), 1000);
    QVERIFY(m_f->field(2)->hasFocus());
}

void TestEditor::undoAndRedoWalkThroughTypingAndLabels()
{
    m_f->open();
    const auto id = m_f->ids[0];
    m_f->show(id);
    m_f->key(Qt::Key_5);
    m_f->settle();
    m_f->key(Qt::Key_E);
    m_f->type(" typed");
    m_f->key(Qt::Key_Z, Qt::ControlModifier); // from within the text, before it was kept
    QTRY_COMPARE(m_f->shownText(2), QStringLiteral(R"({"intent": "late"})"));
    QTRY_COMPARE(m_f->storedText(id, 2), std::string(R"({"intent": "late"})"));
    m_f->settle();
    m_f->key(Qt::Key_Z, Qt::ControlModifier);
    QTRY_COMPARE(m_f->stored(id).rating, 0);
    m_f->key(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_COMPARE(m_f->stored(id).rating, 5);
    m_f->key(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_COMPARE(m_f->shownText(2), QStringLiteral(R"({"intent": "late"} typed)"));
    QVERIFY(m_f->field(2)->hasFocus());
    QVERIFY(!child<InlineNotice>("clash")->isVisible());
}

void TestEditor::anyWalkOfActsCanBeUndoneToWhereItBegan()
{
    m_f->open();
    std::vector<StoredExample> before;
    for (const auto id : m_f->ids)
        before.push_back(m_f->stored(id));
    QRandomGenerator random(7);
    m_f->show(m_f->ids[0]);
    for (int i = 0; i < 40; ++i) {
        switch (random.bounded(10)) {
        case 0: action("approve")->trigger(); break;
        case 1: action("flag")->trigger(); break;
        case 2: action("rate2")->trigger(); break;
        case 3: action("next")->trigger(); break;
        case 4: action("previous")->trigger(); break;
        case 5: action("addUser")->trigger(); break;
        case 6:
            action("edit")->trigger();
            m_f->type("x");
            break;
        case 7: action("splitTurn")->trigger(); break;
        case 8: action("joinTurn")->trigger(); break;
        case 9: action("turnUp")->trigger(); break;
        }
        m_f->settle();
    }
    action("done")->trigger();
    m_f->settle();
    for (int i = 0; i < 200 && !m_f->session->undoText().isEmpty(); ++i) {
        action("undo")->trigger();
        m_f->settle();
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
        const StoredExample now = m_f->stored(m_f->ids[i]);
        QCOMPARE(now.messages, before[i].messages);
        QCOMPARE(now.state, before[i].state);
        QCOMPARE(now.rating, before[i].rating);
    }
    m_f->settle();
    QCOMPARE(toUtf8(m_f->shownText(1)), m_f->storedText(m_f->editor->shownExample(), 1));
}

void TestEditor::undoOfAnotherRowShowsThatRow()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_A);
    m_f->settle();
    QCOMPARE(m_f->editor->shownExample(), m_f->ids[1]);
    m_f->key(Qt::Key_U);
    QTRY_COMPARE(m_f->editor->shownExample(), m_f->ids[0]);
    QCOMPARE(m_f->stored(m_f->ids[0]).state, LabelState::ToLabel);
}

void TestEditor::keysFasterThanTheLoopActOnTheTurnThatHasTheCaret()
{
    m_f->open();
    const auto id = m_f->ids[1];
    m_f->show(id);
    m_f->cards()->startTyping(1, 8);
    m_f->cards()->startTyping(2, 0);
    m_f->cards()->startTyping(1, 8); // back before card 1 heard that it was left
    QCOMPARE(m_f->cards()->currentTurn(), 1);
}

void TestEditor::turnsAreSplitMergedMovedAddedAndDeleted()
{
    m_f->open();
    const auto id = m_f->ids[1];
    m_f->show(id);
    const auto whole = m_f->stored(id).messages;
    m_f->cards()->startTyping(1, 8); // "The lamp| is broken."
    m_f->key(Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_COMPARE(m_f->stored(id).messages.size(), std::size_t(4));
    QCOMPARE(m_f->storedText(id, 1), std::string("The lamp"));
    QCOMPARE(m_f->stored(id).messages[2], (Message{"assistant", "is broken."}));
    QVERIFY(m_f->field(2)->hasFocus());
    m_f->key(Qt::Key_Up, Qt::AltModifier);
    QTRY_COMPARE(m_f->storedText(id, 1), std::string("is broken."));
    QVERIFY(m_f->field(1)->hasFocus());
    m_f->key(Qt::Key_J, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_COMPARE(m_f->storedText(id, 1), std::string("is broken.\n\nThe lamp"));
    QCOMPARE(m_f->cards()->count(), 3);
    action("removeTurn")->trigger();
    QTRY_COMPARE(m_f->stored(id).messages.size(), std::size_t(2));
    m_f->key(Qt::Key_Escape);
    QTest::mouseClick(child<KeyButton>("addTurn"), Qt::LeftButton);
    QTRY_COMPARE(m_f->stored(id).messages.size(), std::size_t(3));
    QCOMPARE(m_f->stored(id).messages.back().role, std::string("user"));
    m_f->type("Hello");
    QTRY_COMPARE(m_f->stored(id).messages.back().content, std::string("Hello"));
    m_f->key(Qt::Key_Escape);
    for (int i = 0; i < 6; ++i) {
        m_f->key(Qt::Key_U);
        m_f->settle();
    }
    QCOMPARE(m_f->stored(id).messages, whole);
    QCOMPARE(m_f->shownText(1), QStringLiteral("The lamp is broken."));
}

void TestEditor::aSystemTurnCanBeChangedInAllRowsThatShareIt()
{
    m_f->add({{"system", "Other"}, {"user", "q"}, {"assistant", "a"}});
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->cards()->startTyping(0);
    auto *choice = m_f->cards()->card(0)->findChild<ShareChoice *>();
    QVERIFY(choice->isVisible());
    choice->findChild<SegmentedControl *>()->setCurrent(1);
    m_f->field(0)->setFocus();
    m_f->type(" Only JSON.");
    m_f->key(Qt::Key_Escape);
    QTRY_COMPARE(m_f->storedText(m_f->ids[3], 0), System + " Only JSON.");
    QCOMPARE(m_f->storedText(m_f->ids[0], 0), System + " Only JSON.");
    QCOMPARE(m_f->storedText(m_f->ids[4], 0), std::string("Other"));
    QTRY_VERIFY(!m_f->field(0)->isVisible()); // shared again, so one line
}

void TestEditor::aSystemTurnIsChangedInThisRowOnlyByDefault()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->cards()->startTyping(0);
    m_f->type("!");
    m_f->key(Qt::Key_Escape);
    QTRY_COMPARE(m_f->storedText(m_f->ids[0], 0), System + "!");
    m_f->settle();
    QCOMPARE(m_f->storedText(m_f->ids[1], 0), System);
}

void TestEditor::aChangeElsewhereIsShownAtOnce()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->changeElsewhere(m_f->ids[0], 1, "Where is my parcel?");
    QTRY_COMPARE(m_f->shownText(1), QStringLiteral("Where is my parcel?"));
    QVERIFY(!child<InlineNotice>("clash")->isVisible());
}

void TestEditor::aClashOffersMineTheirsAndTheDifference()
{
    m_f->open();
    const auto id = m_f->ids[0];
    m_f->show(id);
    m_f->cards()->startTyping(1);
    m_f->type(" mine");
    m_f->changeElsewhere(id, 1, "theirs");
    auto *clash = child<InlineNotice>("clash");
    QTRY_VERIFY(clash->isVisible());
    QCOMPARE(m_f->shownText(1), QStringLiteral("Where is my order? mine"));
    clickLink(clash, QStringLiteral("Diff"));
    QTRY_VERIFY(child<QTextEdit>("versionDiff")->toPlainText().contains(QStringLiteral("theirs")));
    QVERIFY(child<QTextEdit>("versionDiff")->toPlainText().contains(QStringLiteral("mine")));
    clickLink(clash, QStringLiteral("Theirs"));
    QCOMPARE(m_f->shownText(1), QStringLiteral("theirs"));
    QTRY_COMPARE(m_f->storedText(id, 1), std::string("theirs"));
    QVERIFY(!clash->isVisible());
}

void TestEditor::tagsAreAddedAndTakenAway()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_T);
    QVERIFY(child<QLineEdit>("tagField")->hasFocus());
    m_f->type("refund");
    m_f->key(Qt::Key_Return);
    QTRY_COMPARE(m_f->stored(m_f->ids[0]).tags, std::vector<std::string>{"refund"});
    m_f->type("lamp");
    const auto keeps = [&] { // Ctrl+Z for itself, or leaves it to the window
        QKeyEvent asked(QEvent::ShortcutOverride, Qt::Key_Z, Qt::ControlModifier);
        asked.ignore();
        QApplication::sendEvent(child<QLineEdit>("tagField"), &asked);
        return asked.isAccepted();
    };
    QVERIFY(keeps());
    m_f->key(Qt::Key_Return);
    QTRY_COMPARE(m_f->stored(m_f->ids[0]).tags, (std::vector<std::string>{"refund", "lamp"}));
    QVERIFY(!keeps()); // what was typed last is in the project now
    m_f->key(Qt::Key_Escape);
    QTRY_VERIFY(!child<QLineEdit>("tagField")->isVisible());
    QTRY_VERIFY(child<Chip>("tag.lamp"));
    Q_EMIT child<Chip>("tag.refund")->removed();
    QTRY_COMPARE(m_f->stored(m_f->ids[0]).tags, std::vector<std::string>{"lamp"});
}

void TestEditor::notesAreWrittenByN()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_N);
    QVERIFY(child<AutoTextEdit>("notes")->hasFocus());
    m_f->type("ask again");
    m_f->key(Qt::Key_Escape);
    QTRY_COMPARE(m_f->stored(m_f->ids[0]).notes, std::string("ask again"));
    m_f->show(m_f->ids[1]);
    QVERIFY(!child<AutoTextEdit>("notes")->isVisible());
    m_f->show(m_f->ids[0]);
    QVERIFY(child<AutoTextEdit>("notes")->isVisible());
}

void TestEditor::theSplitIsChosenByS()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_S);
    QTRY_VERIFY(child<QMenu>("partMenu") && child<QMenu>("partMenu")->isVisible());
    QTest::keyClick(child<QMenu>("partMenu"), Qt::Key_V);
    QTRY_COMPARE(m_f->stored(m_f->ids[0]).part, std::optional(Part::Validation));
    QTRY_COMPARE(child<PartButton>("partButton")->text(), QStringLiteral("validation"));
}

void TestEditor::aDuplicateIsMadeAndShown()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    m_f->key(Qt::Key_D);
    QTRY_VERIFY(m_f->editor->shownExample() > m_f->ids.back());
    const StoredExample copy = m_f->stored(m_f->editor->shownExample());
    QCOMPARE(copy.messages, m_f->stored(m_f->ids[0]).messages);
    QCOMPARE(copy.part, std::optional(Part::Train));
    QVERIFY(copy.origin.file.empty());
}

void TestEditor::versionsShowTheDifferenceAndComeBack()
{
    m_f->open();
    const auto id = m_f->ids[0];
    m_f->show(id);
    m_f->cards()->startTyping(1);
    m_f->type(" Today?");
    m_f->key(Qt::Key_Escape);
    m_f->settle();
    m_f->key(Qt::Key_A);
    m_f->settle();
    m_f->show(id);
    QTRY_COMPARE(child<KeyButton>("versionsLink")->text(), QStringLiteral("3 versions"));
    m_f->key(Qt::Key_BracketLeft);
    auto *list = child<QListWidget>("versionList");
    QTRY_COMPARE(list->count(), 3);
    QCOMPARE(list->currentRow(), 1); // the step was asked for before the versions were there
    m_f->key(Qt::Key_BracketLeft);
    QCOMPARE(list->currentRow(), 2);
    QTRY_VERIFY(child<QTextEdit>("versionDiff")->toPlainText().contains(QStringLiteral("Today?")));
    QTest::mouseClick(child<KeyButton>("restoreVersion"), Qt::LeftButton);
    QTRY_COMPARE(m_f->storedText(id, 1), std::string("Where is my order?"));
    QTRY_COMPARE(m_f->shownText(1), QStringLiteral("Where is my order?"));
    QCOMPARE(m_f->stored(id).state, LabelState::ToLabel);
}

void TestEditor::snippetsAreMadeChosenAndInserted()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    action("snippets")->trigger();
    QTest::mouseClick(child<QToolButton>("addSnippet"), Qt::LeftButton);
    QVERIFY(child<QLineEdit>("snippetName")->hasFocus());
    m_f->type("greeting");
    child<AutoTextEdit>("snippetText")->setFocus();
    m_f->type("Dear customer, ");
    QTest::mouseClick(child<QToolButton>("closeSnippets"), Qt::LeftButton);
    m_f->settle();
    const auto kept = m_f->toy.project->setting("snippets");
    QVERIFY(kept && *kept && (*kept)->find("Dear customer, ") != std::string::npos);
    m_f->cards()->startTyping(2, 0);
    m_f->key(Qt::Key_J, Qt::ControlModifier);
    QTRY_VERIFY(child<QMenu>("snippetMenu") && child<QMenu>("snippetMenu")->isVisible());
    QTest::keyClick(child<QMenu>("snippetMenu"), Qt::Key_Return);
    QTRY_COMPARE(m_f->shownText(2), QStringLiteral(R"(Dear customer, {"intent": "late"})"));
    QTRY_COMPARE(m_f->storedText(m_f->ids[0], 2), std::string(R"(Dear customer, {"intent": "late"})"));
}

/// It stands where a removed text stood before, in red and struck out.
void TestEditor::anEqualVersionIsSaidInPlainLetters()
{
    m_f->open();
    const auto id = m_f->ids[0];
    m_f->show(id);
    m_f->cards()->startTyping(1);
    m_f->type(" Today?");
    m_f->key(Qt::Key_Escape);
    m_f->settle();
    m_f->cards()->startTyping(1);
    for (int i = 0; i < 7; ++i)
        m_f->key(Qt::Key_Backspace);
    m_f->key(Qt::Key_Escape);
    m_f->settle();
    action("versions")->trigger();
    auto *list = child<QListWidget>("versionList");
    auto *text = child<QTextEdit>("versionDiff");
    QTRY_VERIFY(list->count() > 1);
    const auto struck = [text] {
        QTextCursor cursor(text->document());
        cursor.movePosition(QTextCursor::End);
        return cursor.charFormat().fontStrikeOut();
    };
    text->document()->clear();
    showDiff(text->document(), {{DiffPiece::Removed, QStringLiteral("gone")}}, true, true);
    QVERIFY(struck());
    list->setCurrentRow(list->count() - 1);
    list->setCurrentRow(0);
    QTRY_VERIFY(text->toPlainText().contains(QLatin1String("as it is")));
    QVERIFY(!struck());
}

void TestEditor::theFirstSnippetIsBegunByTypingIt()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    action("snippets")->trigger();
    QVERIFY(child<QLineEdit>("snippetName")->hasFocus()); // and no letter acts on the row
    m_f->type("bye");
    m_f->key(Qt::Key_Tab);
    m_f->type("Kind regards");
    QCOMPARE(child<QListWidget>("snippetList")->count(), 1);
    m_f->key(Qt::Key_Escape);
    m_f->settle();
    const auto kept = [this] { return m_f->toy.project->setting("snippets").value_or(std::nullopt).value_or(""); };
    QTRY_VERIFY(kept().find("Kind regards") != std::string::npos);
    QVERIFY(kept().find("bye") != std::string::npos);
    QCOMPARE(m_f->stored(m_f->ids[0]).state, LabelState::ToLabel);
}

void TestEditor::whatChangesARowIsOffInAProjectForReading()
{
    QWidget widget;
    EditorKeys keys(&widget);
    keys.forReadingOnly(QStringLiteral("for reading"));
    for (const WorkspaceAction &one : keys.list()) {
        const bool reads = QStringList{QStringLiteral("row.previous"),    QStringLiteral("row.next"),
                                       QStringLiteral("row.versionBack"), QStringLiteral("row.versionForward"),
                                       QStringLiteral("row.done"),        QStringLiteral("row.versions"),
                                       QStringLiteral("row.focusMode"),   QStringLiteral("row.foldTokens")}
                               .contains(one.action->objectName());
        QCOMPARE(one.action->isEnabled(), reads);
        QCOMPARE(one.whyDisabled, reads ? QString() : QStringLiteral("for reading"));
    }
}

void TestEditor::tokensFollowTheTyping()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    auto *tokens = child<EditorTokens>("tokens");
    QTRY_VERIFY(tokens->shown());
    const auto before = tokens->shown()->preview->total();
    m_f->key(Qt::Key_E);
    m_f->type(" more");
    QTRY_VERIFY(tokens->shown() && tokens->shown()->preview->total() > before);
    const auto expected = previewExample(*m_f->session->encoder(), m_f->cards()->card(2) ? tokens->shown()->turns
                                                                                         : Turns(),
                                         m_f->session->maxLength());
    QVERIFY(expected);
    QCOMPARE(tokens->shown()->preview->total(), expected->total());
    QCOMPARE(tokens->shown()->preview->trained, expected->trained);
    QCOMPARE(tokens->strip()->tokens().size(), static_cast<qsizetype>(expected->total()));
    const auto count = m_f->cards()->card(2)->findChild<QLabel *>(QStringLiteral("tokenCount"));
    QTRY_COMPARE(count->text(), QStringLiteral("%1 tokens").arg(tokens->shown()->preview->messageTokens[2]));

    // A character of several tokens is read in the first of them; all their texts make up the row.
    const QString foreign = QString::fromUtf8(" \xf0\x9f\x8e\x89 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d");
    QGuiApplication::clipboard()->setText(foreign);
    m_f->field(2)->paste();
    QTRY_VERIFY(tokens->shown() && tokens->strip()->accessibleText().contains(foreign.trimmed()));
    QVERIFY(tokens->strip()->accessibleText().endsWith(fromUtf8(tokens->shown()->preview->text))); // behind a BOS
    QVERIFY(!tokens->strip()->accessibleText().contains(QChar::ReplacementCharacter));
}

void TestEditor::aCutRowOffersToRaiseTheLength()
{
    m_f->open();
    m_f->session->setMaxLength(24);
    m_f->show(m_f->ids[0]);
    auto *tokens = child<EditorTokens>("tokens");
    QTRY_VERIFY(tokens->shown() && tokens->shown()->maxLength == 24 && tokens->shown()->preview->cut > 0);
    QTRY_VERIFY(child<Badge>("problem.cut"));
    auto *notice = child<InlineNotice>("previewNotice0");
    QVERIFY(notice->isVisible());
    const auto raised = EditorTokens::raisedLength(*tokens->shown()->preview);
    clickLink(notice, QStringLiteral("Raise to %1").arg(raised));
    QCOMPARE(m_f->session->maxLength(), raised);
    QTRY_COMPARE(tokens->shown()->preview->cut, std::int64_t(0));
    QTRY_VERIFY(!child<Badge>("problem.cut") || child<Badge>("problem.cut")->isHidden());
}

void TestEditor::quotedMailIsTrimmedOnRequest()
{
    const auto id = m_f->add(mail("Where is it?\n\n> On Monday you wrote\n> something"));
    m_f->open();
    m_f->show(id);
    action("trimQuotes")->trigger();
    QTRY_COMPARE(m_f->storedText(id, 1), std::string("Where is it?"));
    QCOMPARE(m_f->shownText(1), QStringLiteral("Where is it?"));
}

void TestEditor::aRefusedOrderIsMarkedOnTheCardAndTypingGoesOn()
{
    const auto id = m_f->add({{"user", "one"}, {"assistant", ""}});
    m_f->open();
    m_f->show(id);
    m_f->cards()->startTyping(1);
    m_f->type("answer");
    QTRY_COMPARE(m_f->storedText(id, 1), std::string("answer"));
}

void TestEditor::aMissingTokenizerIsSaid()
{
    m_f->open();
    m_f->session->setBaseModel(QStringLiteral("no-such-model"));
    m_f->show(m_f->ids[0]);
    QTRY_VERIFY(!m_f->session->encoderError().isEmpty());
    auto *notice = child<InlineNotice>("previewNotice0");
    QTRY_VERIFY(notice->isVisible());
    QCOMPARE(notice->text(), m_f->session->encoderError());
}

void TestEditor::aDeletedRowIsSaidAndComesBackWithUndo()
{
    m_f->open();
    const auto id = m_f->ids[0];
    m_f->show(id);
    const ExampleEdit gone{.id = id, .deleted = true};
    QVERIFY(Labelling(*m_f->toy.project).apply("Deleted", std::span(&gone, 1)));
    QTRY_VERIFY(!m_f->cards()->isVisible());
    m_f->key(Qt::Key_U);
    QTRY_VERIFY(m_f->cards()->isVisible());
    QCOMPARE(m_f->shownText(1), QStringLiteral("Where is my order?"));
}

void TestEditor::focusModeIsLeftByEsc()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    QSignalSpy asked(m_f->editor, &ExampleEditor::focusModeRequested);
    const int before = m_f->field(1)->font().pixelSize();
    m_f->editor->setFocus();
    m_f->key(Qt::Key_Z);
    QCOMPARE(asked.count(), 1);
    QVERIFY(m_f->field(1)->font().pixelSize() > before);
    QVERIFY(m_f->editor->hasFocus()); // and no button that Space would press
    m_f->key(Qt::Key_J);
    QTRY_COMPARE(m_f->editor->shownExample(), m_f->ids[1]);
    m_f->settle();
    for (const int turn : {1, 2}) // plain text and JSON
        QVERIFY(m_f->field(turn)->font().pixelSize() > before);
    m_f->key(Qt::Key_Escape);
    QCOMPARE(asked.count(), 2);
    QCOMPARE(asked[1][0].toBool(), false);
    QCOMPARE(m_f->field(1)->font().pixelSize(), before);
}

void TestEditor::everyControlHasANameAndEveryActionToo()
{
    m_f->open();
    m_f->show(m_f->ids[0]);
    action("versions")->trigger();
    m_f->settle();
    for (const QWidget *widget : m_f->editor->findChildren<QWidget *>()) {
        if (!(widget->focusPolicy() & Qt::TabFocus) || widget->objectName().startsWith(QLatin1String("qt_")))
            continue;
        QString name = widget->accessibleName();
        if (const auto *button = qobject_cast<const QAbstractButton *>(widget); button && name.isEmpty())
            name = button->text();
        QVERIFY2(!name.isEmpty(), qPrintable(QLatin1String(widget->metaObject()->className()) + QLatin1Char(' ') +
                                             widget->objectName()));
    }
    QSet<QString> names;
    QSet<QString> shortcuts;
    for (const WorkspaceAction &one : m_f->editor->actions()) {
        QVERIFY(!one.action->text().isEmpty());
        QVERIFY(!names.contains(one.action->objectName()));
        names.insert(one.action->objectName());
        for (const QKeySequence &key : one.action->shortcuts()) {
            QVERIFY2(!shortcuts.contains(key.toString()), qPrintable(key.toString()));
            shortcuts.insert(key.toString());
        }
    }
}

/// With ATTUNE_SHOTS set to a folder, it writes what the editor looks like; else it shows that both themes paint.
void TestEditor::pictures()
{
    std::string question =
        "Hello, I ordered the folding desk lamp three weeks ago (order A-10482) and it arrived with a "
        "cracked hinge. I wrote to you on Monday and got no answer. I need it for work, so please "
        "either send a new one before Friday or give me the money back. The photos are attached.\n";
    for (int i = 0; i < 7; ++i)
        question += "> On Monday you wrote: Thank you for your message, we will come back to you within two working "
                    "days.\n> Please keep the box and do not use the lamp until we have looked at the photos. If you "
                    "write again about the same order, add the number to the subject so that nothing is lost.\n";
    const auto id = m_f->add(mail(question, "{\"intent\": \"refund_or_replace\", \"order_id\": \"A-10482\",\n "
                                            "\"urgency\": \"high\", \"product\": \"folding desk lamp\",\n "
                                            "\"summary\": \"Lamp arrived with a cracked hinge; wants a new\"}"));
    // For people to look at, the real tokenizer; the test itself needs none.
    const QString folder = qEnvironmentVariable("ATTUNE_SHOTS");
    m_f->open({705, 829}, folder.isEmpty() ? ToyProject::model().string() : std::string(sampleModel));
    m_f->session->setMaxLength(512);
    m_f->show(id);
    for (const char *tag : {"refund", "lamp"}) {
        m_f->key(Qt::Key_T);
        m_f->type(tag);
        m_f->key(Qt::Key_Return);
        m_f->key(Qt::Key_Escape);
        m_f->settle();
    }
    m_f->settle();
    QTRY_VERIFY_WITH_TIMEOUT(child<Badge>("problem.cut"), 20000);
    const auto shoot = [&](const QString &name) {
        QTest::qWait(50);
        const QPixmap picture = m_f->window->grab();
        QVERIFY(!picture.isNull());
        if (!folder.isEmpty())
            picture.save(folder + QStringLiteral("/editor-") + name + QStringLiteral(".png"));
    };
    for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
        Theme::instance().setChoice(choice);
        const QString theme = choice == ThemeChoice::Light ? QStringLiteral("light") : QStringLiteral("dark");
        m_f->window->resize(705, 829);
        m_f->editor->setFocus();
        shoot(theme + QStringLiteral("-keys"));
        m_f->key(Qt::Key_E);
        m_f->settle();
        shoot(theme + QStringLiteral("-typing"));
        m_f->cards()->startTyping(0);
        shoot(theme + QStringLiteral("-system"));
        m_f->key(Qt::Key_Escape);
        action("versions")->trigger();
        m_f->settle();
        m_f->key(Qt::Key_BracketLeft);
        m_f->settle();
        shoot(theme + QStringLiteral("-versions"));
        m_f->window->resize(480, 600);
        m_f->settle();
        QCOMPARE(m_f->window->width(), 480);
        shoot(theme + QStringLiteral("-versions-narrow"));
        QTest::mouseClick(child<QToolButton>("closeVersions"), Qt::LeftButton);
        Q_EMIT child<Badge>("problem.cut")->clicked();
        shoot(theme + QStringLiteral("-narrow"));
        clickLink(child<InlineNotice>("explanation"), QStringLiteral("Close"));
    }
    Theme::instance().setChoice(ThemeChoice::Light);
}

QTEST_MAIN(TestEditor)
#include "tst_editor.moc"
