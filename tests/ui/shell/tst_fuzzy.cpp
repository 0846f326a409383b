#include "ui/shell/fuzzy.h"

#include <QTest>

using namespace attune::ui;

class TestFuzzy : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void lettersMustOccurInOrder()
    {
        QVERIFY(fuzzyScore("nr", "New run"));
        QVERIFY(!fuzzyScore("rn", "New r"));
        QVERIFY(!fuzzyScore("newrunx", "New run"));
    }
    void caseAndSpacesDoNotMatter()
    {
        QCOMPARE(fuzzyScore("NEW RUN", "New run"), fuzzyScore("newrun", "New run"));
    }
    void nothingTypedFindsAll() { QCOMPARE(fuzzyScore("", "anything"), std::optional(0)); }
    void beginningsOfWordsCountMore() { QVERIFY(*fuzzyScore("nr", "New run") > *fuzzyScore("nr", "unriddle")); }
    void lettersInARowCountMore() { QVERIFY(*fuzzyScore("run", "trundle") > *fuzzyScore("run", "trumpeting")); }
    void theBestPlaceIsFoundNotTheFirst()
    {
        // The first r is that of "Larger"; the word that begins with it counts.
        QVERIFY(*fuzzyScore("re", "Larger resume") >= *fuzzyScore("re", "Xxxxxx resume"));
    }
    void theShorterOfTwoAlikeWins()
    {
        QVERIFY(*fuzzyScore("open", "Open") > *fuzzyScore("open", "Open the sample project"));
    }
    void otherScriptsAreFoundToo()
    {
        QVERIFY(fuzzyScore("прив", "Привет"));
        QVERIFY(fuzzyScore("STRASSE", "Strasse"));
    }
};

QTEST_GUILESS_MAIN(TestFuzzy)
#include "tst_fuzzy.moc"
