#include "ui/data/editor_turns.h"

#include <QtTest>

using namespace attune;
using namespace attune::ui;

class TestEditorTurns : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void changesOfDifferentTurnsAreBothKept();
    void aTurnThatBothChangedIsMineAndToldOf();
    void anOrderThatBothChangedIsMineAndToldOf();
    void equalChangesAreNoClash();
    void aSplitTurnGoesOnInTheOtherRole();
    void mergingTakesTheNextTurnIn();
    void aTurnMovesPastOthers();
    void quotedMailIsTrimmedFromUserTurnsOnly();
    void aTurnOfQuotesAloneStays();
    void theFirstTurnOutOfOrderIsFound_data();
    void theFirstTurnOutOfOrderIsFound();
};

namespace {
const Turns base{{"system", "s"}, {"user", "q"}, {"assistant", "a"}};

Turns with(Turns turns, std::size_t at, const char *content)
{
    turns[at].content = content;
    return turns;
}
} // namespace

void TestEditorTurns::changesOfDifferentTurnsAreBothKept()
{
    const auto merged = mergedTurns(base, with(base, 2, "mine"), with(base, 1, "theirs"));
    QVERIFY(!merged.clash);
    QCOMPARE(merged.turns, (Turns{{"system", "s"}, {"user", "theirs"}, {"assistant", "mine"}}));
}

void TestEditorTurns::aTurnThatBothChangedIsMineAndToldOf()
{
    Turns theirs = with(base, 2, "theirs");
    theirs[1].content = "their question";
    const auto merged = mergedTurns(base, with(base, 2, "mine"), theirs);
    QVERIFY(merged.clash);
    QCOMPARE(merged.turns, (Turns{{"system", "s"}, {"user", "their question"}, {"assistant", "mine"}}));
}

void TestEditorTurns::anOrderThatBothChangedIsMineAndToldOf()
{
    Turns theirs = base;
    theirs.pop_back();
    const auto merged = mergedTurns(base, with(base, 1, "mine"), theirs);
    QVERIFY(merged.clash);
    QCOMPARE(merged.turns, with(base, 1, "mine"));
}

void TestEditorTurns::equalChangesAreNoClash()
{
    const Turns both = with(base, 2, "same");
    QVERIFY(!mergedTurns(base, both, both).clash);
    QCOMPARE(mergedTurns(base, base, both).turns, both);
    QCOMPARE(mergedTurns(base, both, base).turns, both);
}

void TestEditorTurns::aSplitTurnGoesOnInTheOtherRole()
{
    QCOMPARE(splitTurn(base, 1, "where? \n", "\n here"),
             (Turns{{"system", "s"}, {"user", "where?"}, {"assistant", "here"}, {"assistant", "a"}}));
    QCOMPARE(splitTurn(base, 2, "", "a")[3].role, std::string("user"));
}

void TestEditorTurns::mergingTakesTheNextTurnIn()
{
    QCOMPARE(joinedWithNext(base, 1), (Turns{{"system", "s"}, {"user", "q\n\na"}}));
    QCOMPARE(joinedWithNext(with(base, 2, ""), 1)[1].content, std::string("q"));
}

void TestEditorTurns::aTurnMovesPastOthers()
{
    QCOMPARE(moved(base, 2, 0), (Turns{{"assistant", "a"}, {"system", "s"}, {"user", "q"}}));
    QCOMPARE(moved(moved(base, 0, 2), 2, 0), base);
}

void TestEditorTurns::quotedMailIsTrimmedFromUserTurnsOnly()
{
    const Turns mail{{"user", "Where is it?\n\n> On Monday\n> you wrote\n"}, {"assistant", "> quoted"}};
    QVERIFY(hasQuotes(mail));
    QCOMPARE(withoutQuotes(mail), (Turns{{"user", "Where is it?"}, {"assistant", "> quoted"}}));
    QVERIFY(!hasQuotes(withoutQuotes(mail)));
    QCOMPARE(withoutQuotes(base), base);
}

void TestEditorTurns::aTurnOfQuotesAloneStays()
{
    const Turns mail{{"user", "> all\n> of it"}};
    QCOMPARE(withoutQuotes(mail), mail);
}

void TestEditorTurns::theFirstTurnOutOfOrderIsFound_data()
{
    QTest::addColumn<QStringList>("roles");
    QTest::addColumn<int>("odd");
    QTest::newRow("fine") << QStringList{"system", "user", "assistant", "user", "assistant"} << -1;
    QTest::newRow("system later") << QStringList{"user", "system", "assistant"} << 1;
    QTest::newRow("twice") << QStringList{"user", "user"} << 1;
    QTest::newRow("unknown") << QStringList{"user", "bot"} << 1;
    QTest::newRow("tools") << QStringList{"user", "assistant", "tool", "tool", "assistant"} << -1;
}

void TestEditorTurns::theFirstTurnOutOfOrderIsFound()
{
    QFETCH(QStringList, roles);
    QFETCH(int, odd);
    Turns turns;
    for (const QString &role : roles)
        turns.push_back({role.toStdString(), "x"});
    QCOMPARE(firstOddTurn(turns), odd);
}

QTEST_GUILESS_MAIN(TestEditorTurns)
#include "tst_editor_turns.moc"
