#include "ui/data/find_replace_text.h"

#include <QTest>

using namespace attune;
using namespace attune::ui;

class TestFindReplaceText : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void replaces_data();
    void replaces();
    void aBrokenExpressionSaysWhere();
};

void TestFindReplaceText::replaces_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("find");
    QTest::addColumn<QString>("replace");
    QTest::addColumn<bool>("regex");
    QTest::addColumn<bool>("matchCase");
    QTest::addColumn<QString>("expected");
    QTest::addColumn<int>("count");
    QTest::newRow("plain") << "a lamp, a Lamp" << "lamp" << "desk" << false << false << "a desk, a desk" << 2;
    QTest::newRow("case") << "a lamp, a Lamp" << "lamp" << "desk" << false << true << "a desk, a Lamp" << 1;
    QTest::newRow("signs are no expression") << "1+1=2 1*1" << "1+1" << "x" << false << false << "x=2 1*1" << 1;
    QTest::newRow("a backslash is one") << "ab" << "b" << "\\1" << false << false << "a\\1" << 1;
    QTest::newRow("groups") << "order A-104 and B-7"
                            << "([A-Z])-(\\d+)"
                            << "\\2\\1" << true << true << "order 104A and 7B" << 2;
    QTest::newRow("line ends") << "a\nb" << "^b$" << "c\\n" << true << true << "a\nc\n" << 1;
    QTest::newRow("empty match") << "abc" << "x*" << "-" << true << true << "abc" << 0;
    QTest::newRow("umlaut") << QStringLiteral("\u00dcber alles") << QStringLiteral("\u00fcber") << "x" << false
                            << false << "x alles" << 1;
}

void TestFindReplaceText::replaces()
{
    QFETCH(QString, text);
    QFETCH(QString, find);
    QFETCH(QString, replace);
    QFETCH(bool, regex);
    QFETCH(bool, matchCase);
    const ReplaceOptions options{.find = find, .replace = replace, .regex = regex, .matchCase = matchCase};
    const auto pattern = compile(options);
    QVERIFY(pattern);
    const Replaced replaced = replaceIn(text, *pattern, options);
    QTEST(replaced.text, "expected");
    QTEST(replaced.count, "count");
}

void TestFindReplaceText::aBrokenExpressionSaysWhere()
{
    const auto pattern = compile({.find = QStringLiteral("a(b"), .replace = {}, .regex = true});
    QVERIFY(!pattern);
    QVERIFY(pattern.error().message.find("character 4") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestFindReplaceText)
#include "tst_find_replace_text.moc"
