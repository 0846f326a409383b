#include "ui/data/editor_card.h"

#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"

#include <QSignalSpy>
#include <QTextBlock>
#include <QtTest>

using namespace attune;
using namespace attune::ui;

class TestEditorCard : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup() { m_card.reset(); }
    void charactersThatFieldsChangeStayAsTheyWere();
    void windowsLineEndsStay();
    void validJsonIsSaid();
    void theFirstErrorOfJsonIsNamedAndGoneTo();
    void proseIsNotCheckedAsJson();
    void lostCharactersAreMarked();
    void aLongTurnIsFoldedUntilItIsWorkedOn();
    void aSharedSystemTurnIsOneLineUntilItIsOpened();
    void editingASharedTurnAsksInTheCard();
    void aTextOverOneMegabyteIsReadOnlyAndSaysWhy();
    void aTextChangedFromOutsideKeepsTheCaret();
    void undoIsLeftToTheProject();
    void quotedLinesAreGrey();
    void everyFieldHasAName();

private:
    template <typename T>
    T *child(const char *name)
    {
        return m_card->findChild<T *>(QLatin1String(name));
    }
    void show(const char *role, const std::string &content) { m_card->setTurn(1, 3, {role, content}, true); }
    std::unique_ptr<RoleCard> m_card;
};

void TestEditorCard::init()
{
    applyTheme(*qApp);
    m_card = std::make_unique<RoleCard>();
    m_card->resize(500, 200);
    m_card->show();
    QApplication::setActiveWindow(m_card.get());
    QVERIFY(QTest::qWaitForWindowActive(m_card.get()));
}

void TestEditorCard::charactersThatFieldsChangeStayAsTheyWere()
{
    const std::string odd = "a\u00a0b\u2028c\td";
    show("user", odd);
    QSignalSpy typed(m_card.get(), &RoleCard::typed);
    m_card->startTyping();
    QTest::keyClicks(m_card->edit(), "!");
    QCOMPARE(typed.count(), 1);
    QCOMPARE(typed[0][1].value<std::string>(), odd + "!");
}

void TestEditorCard::windowsLineEndsStay()
{
    show("user", "one\r\ntwo");
    QSignalSpy typed(m_card.get(), &RoleCard::typed);
    m_card->startTyping();
    QTest::keyClicks(m_card->edit(), "!");
    QCOMPARE(typed[0][1].value<std::string>(), std::string("one\r\ntwo!"));
}

void TestEditorCard::validJsonIsSaid()
{
    show("assistant", R"({"intent": "late"})");
    QVERIFY(child<Badge>("jsonBadge")->isVisible());
    QCOMPARE(child<Badge>("jsonBadge")->text(), QStringLiteral("valid JSON"));
}

void TestEditorCard::theFirstErrorOfJsonIsNamedAndGoneTo()
{
    show("assistant", "{\"intent\": \"late\",\n \"order\" 3}");
    auto *badge = child<Badge>("jsonBadge");
    QCOMPARE(badge->text(), QStringLiteral("JSON: line 2, column 10"));
    Q_EMIT badge->clicked();
    QCOMPARE(m_card->edit()->textCursor().blockNumber(), 1);
    QCOMPARE(m_card->edit()->textCursor().positionInBlock(), 9);
    QTest::keyClicks(m_card->edit(), ":"); // live
    QCOMPARE(badge->text(), QStringLiteral("valid JSON"));
}

void TestEditorCard::proseIsNotCheckedAsJson()
{
    show("assistant", "Your order is on its way.");
    QVERIFY(!child<Badge>("jsonBadge")->isVisible());
    show("user", "{\"broken\"");
    QVERIFY(!child<Badge>("jsonBadge")->isVisible());
}

void TestEditorCard::lostCharactersAreMarked()
{
    show("user", "caf\uFFFD au lait");
    auto *badge = child<Badge>("encodingBadge");
    QVERIFY(badge->isVisible());
    Q_EMIT badge->clicked();
    QCOMPARE(m_card->edit()->textCursor().selectionStart(), 3);
    show("user", "cafe");
    QVERIFY(!badge->isVisible());
}

void TestEditorCard::aLongTurnIsFoldedUntilItIsWorkedOn()
{
    std::string mail;
    for (int i = 0; i < 45; ++i)
        mail += "line " + std::to_string(i) + "\n";
    show("user", mail + "end");
    auto *more = child<KeyButton>("showMore");
    QTRY_VERIFY(more->isVisible());
    QCOMPARE(more->text(), QStringLiteral("show 39 more lines"));
    const int folded = m_card->edit()->height();
    QTest::mouseClick(more, Qt::LeftButton);
    QVERIFY(!more->isVisible());
    QVERIFY(m_card->edit()->height() > 4 * folded);
    show("user", mail + "of another row");
    QTRY_VERIFY(!m_card->edit()->hasFocus() || !more->isVisible());
}

void TestEditorCard::aSharedSystemTurnIsOneLineUntilItIsOpened()
{
    show("system", "Turn the email into JSON.");
    m_card->setShare(1702);
    QVERIFY(!m_card->edit()->isVisible());
    QCOMPARE(child<QLabel>("tokenCount")->text(), QStringLiteral("shared by 1,702 rows"));
    m_card->setFocus();
    QTest::keyClick(m_card.get(), Qt::Key_Return);
    QVERIFY(m_card->edit()->isVisible());
    QVERIFY(m_card->edit()->hasFocus());
}

void TestEditorCard::editingASharedTurnAsksInTheCard()
{
    show("system", "Turn the email into JSON.");
    m_card->setShare(3);
    QSignalSpy chosen(m_card.get(), &RoleCard::shareChosen);
    m_card->startTyping();
    auto *choice = child<ShareChoice>("shareChoice");
    QVERIFY(choice->isVisible());
    QVERIFY(!m_card->changesAll());
    choice->findChild<SegmentedControl *>()->setCurrent(1);
    QCOMPARE(chosen.count(), 1);
    QVERIFY(m_card->changesAll());
    show("system", "Another row");
    QVERIFY(!m_card->changesAll());
}

void TestEditorCard::aTextOverOneMegabyteIsReadOnlyAndSaysWhy()
{
    show("user", std::string((1 << 20) + 1, 'x'));
    QVERIFY(m_card->edit()->isReadOnly());
    QVERIFY(child<Badge>("sizeBadge")->isVisible());
    QVERIFY(child<Badge>("sizeBadge")->text().contains(QStringLiteral("not to edit")));
    QVERIFY(m_card->edit()->document()->characterCount() < 10000);
    show("user", "short");
    QVERIFY(!m_card->edit()->isReadOnly());
    QVERIFY(!child<Badge>("sizeBadge")->isVisible());
}

void TestEditorCard::aTextChangedFromOutsideKeepsTheCaret()
{
    show("user", "one two three");
    m_card->startTyping(5); // behind "t" of two
    m_card->setTurn(1, 3, {"user", "zero one two three four"}, false);
    QCOMPARE(m_card->edit()->toPlainText(), QStringLiteral("zero one two three four"));
    m_card->setTurn(1, 3, {"user", "zero one two three"}, false);
    QVERIFY(m_card->edit()->hasFocus());
    QVERIFY(m_card->caret() > 0);
}

void TestEditorCard::undoIsLeftToTheProject()
{
    show("user", "text");
    QSignalSpy coming(m_card.get(), &RoleCard::stepComing);
    QSignalSpy asked(m_card.get(), &RoleCard::undoAsked);
    m_card->startTyping();
    QTest::keyClicks(m_card->edit(), "!");
    QTest::keySequence(m_card->edit(), QKeySequence::Undo);
    QCOMPARE(coming.count(), 1);
    QCOMPARE(asked.count(), 1);
    QCOMPARE(m_card->edit()->toPlainText(), QStringLiteral("text!"));
}

void TestEditorCard::quotedLinesAreGrey()
{
    show("user", "mine\n> theirs");
    QTRY_VERIFY(!m_card->edit()->document()->findBlockByNumber(1).layout()->formats().isEmpty());
    const auto formats = m_card->edit()->document()->findBlockByNumber(1).layout()->formats();
    QCOMPARE(formats[0].format.foreground().color(), color(ui::Token::Text3));
    QVERIFY(m_card->edit()->document()->firstBlock().layout()->formats().isEmpty());
}

void TestEditorCard::everyFieldHasAName()
{
    show("assistant", "text");
    QCOMPARE(m_card->edit()->accessibleName(), QStringLiteral("Assistant, turn 2 of 3"));
    for (const QWidget *widget : m_card->findChildren<QWidget *>())
        if (widget->focusPolicy() & Qt::TabFocus && widget->isVisible())
            QVERIFY2(!widget->accessibleName().isEmpty(), widget->metaObject()->className());
}

QTEST_MAIN(TestEditorCard)
#include "tst_editor_card.moc"
