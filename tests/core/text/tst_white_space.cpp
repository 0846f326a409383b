#include "core/text/white_space.h"

#include <QtTest>

using namespace attune;

class TestWhiteSpace : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void onlyTheEndsAreTrimmed();
    void whiteSpaceAloneIsBlank();
};

void TestWhiteSpace::onlyTheEndsAreTrimmed()
{
    QCOMPARE(trimmed(" \t\r\n\v\fa \n b\f\v\n\r\t "), std::string_view("a \n b"));
    QCOMPARE(trimmed("a"), std::string_view("a"));
    QVERIFY(trimmed("").empty() && trimmed(WhiteSpace).empty());
}

void TestWhiteSpace::whiteSpaceAloneIsBlank()
{
    QVERIFY(isBlank("") && isBlank(WhiteSpace));
    QVERIFY(!isBlank(" \n.") && !isBlank("\u00a0") && !isBlank(std::string_view("\0", 1)));
}

QTEST_APPLESS_MAIN(TestWhiteSpace)
#include "tst_white_space.moc"
