#include "ui/theme/theme.h"
#include "ui/widgets/token_layout.h"
#include "ui/widgets/token_strip.h"

#include <QAccessible>
#include <QApplication>
#include <QClipboard>
#include <QPainter>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

using namespace attune::ui;

namespace {

ShownToken token(const QString &text, bool trained = false)
{
    ShownToken shown;
    shown.text = text;
    shown.trained = trained;
    return shown;
}

/// A row as the editor shows it: template, a long mail, an answer of which the end is cut.
QVector<ShownToken> row(int mail)
{
    QVector<ShownToken> tokens;
    const auto add = [&tokens](ShownToken shown) {
        shown.position = tokens.size();
        shown.id = 100 + int(tokens.size() % 50);
        tokens += shown;
    };
    ShownToken begin = token(QStringLiteral("<|im_start|>"));
    begin.special = true;
    add(begin);
    add(token(QStringLiteral("user")));
    add(token(QStringLiteral("\n")));
    for (int i = 0; i < mail; ++i)
        add(token(QStringLiteral(" word%1").arg(i)));
    begin.text = QStringLiteral("<|im_end|>");
    add(begin);
    add(token(QStringLiteral("{\""), true));
    add(token(QStringLiteral("intent"), true));
    ShownToken cut = token(QStringLiteral(" new"), true);
    cut.cut = true;
    add(cut);
    return tokens;
}

} // namespace

class TestTokenStrip : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void blanksAreMadeVisible();
    void tokensStayInsideTheWidth();
    void longMaskedRunsFold();
    void shortRunsDoNotFold();
    void foldOpensByClickAndByKey();
    void trainedTokensNeverFold();
    void keysWalkTheTokens();
    void shiftSelectsAndCopies();
    void hoverIsTold();
    void layoutIsKeptUntilSomethingChanges();
    void fiveThousandTokensPaintOnlyWhatIsSeen();
    void growingStripIsAsHighAsItsText();
    void accessibleTextIsTheWholeText();
    void accessibleValueCountsTheStates();
    void accessibleDescriptionIsTheTokenUnderTheCursor();
    void shiftsMakeRoomForTheirFigures();
    void noTokensShowThePlaceholder();
    void trainedAndCutLookDifferent();
};

void TestTokenStrip::blanksAreMadeVisible()
{
    QCOMPARE(visibleText(QStringLiteral(" the")), QStringLiteral("·the"));
    QCOMPARE(visibleText(QStringLiteral("\n\n")), QStringLiteral("↵↵"));
    QCOMPARE(visibleText(QStringLiteral("\t")), QStringLiteral("→"));
    QCOMPARE(visibleText(QString(24, QLatin1Char(' '))), QStringLiteral("·×24"));
    QCOMPARE(visibleText(QString(QChar(0x200b))), QStringLiteral("‹200b›"));
    QCOMPARE(visibleText(QString(QChar(7))), QString(QChar(0x2407)));
    QCOMPARE(visibleText(QString()), QStringLiteral("∅"));
}

void TestTokenStrip::tokensStayInsideTheWidth()
{
    TokenStrip strip;
    QVector<ShownToken> tokens = row(200);
    tokens.insert(5, token(QString(3000, QLatin1Char('x'))));
    strip.resize(400, 300);
    strip.setTokens(tokens);
    strip.show();
    for (int i = 0; i < tokens.size(); ++i) {
        const QRect rect = strip.tokenRect(i);
        QVERIFY(!rect.isEmpty());
        QVERIFY(rect.left() >= 0 && rect.right() < strip.viewport()->width());
        if (i > 0)
            QVERIFY(rect.top() > strip.tokenRect(i - 1).top() || rect.left() > strip.tokenRect(i - 1).right());
    }
}

void TestTokenStrip::longMaskedRunsFold()
{
    TokenStrip strip;
    strip.resize(600, 400);
    strip.setFoldLongRuns(true);
    strip.setTokens(row(400));
    QCOMPARE(strip.foldCount(), 1);
    QVERIFY(!strip.tokenRect(10).isEmpty());
    QVERIFY(strip.tokenRect(200).isEmpty());
    QVERIFY(!strip.tokenRect(402).isEmpty()); // the end of the run is shown
    QCOMPARE(strip.tokens().size(), 407);
    strip.setFoldLongRuns(false);
    QCOMPARE(strip.foldCount(), 0);
    QVERIFY(!strip.tokenRect(200).isEmpty());
}

void TestTokenStrip::shortRunsDoNotFold()
{
    TokenStrip strip;
    strip.setFoldLongRuns(true);
    strip.setTokens(row(50));
    QCOMPARE(strip.foldCount(), 0);
}

void TestTokenStrip::foldOpensByClickAndByKey()
{
    TokenStrip strip;
    strip.resize(600, 500);
    strip.setFoldLongRuns(true);
    strip.setTokens(row(400));
    strip.show();
    // Right behind the last token before the fold.
    int last = 0;
    while (!strip.tokenRect(last + 1).isEmpty())
        ++last;
    const QRect before = strip.tokenRect(last);
    QTest::mouseClick(strip.viewport(), Qt::LeftButton, {}, before.center() + QPoint(before.width() / 2 + 30, 0));
    QCOMPARE(strip.foldCount(), 0);
    QVERIFY(!strip.tokenRect(last + 1).isEmpty());

    strip.setFoldLongRuns(false);
    TokenStrip other;
    other.resize(600, 500);
    other.setFoldLongRuns(true);
    other.setTokens(row(400));
    other.show();
    for (int i = 0; i <= last + 1; ++i)
        QTest::keyClick(&other, Qt::Key_Right);
    QCOMPARE(other.currentToken(), -1);
    QTest::keyClick(&other, Qt::Key_Return);
    QCOMPARE(other.foldCount(), 0);
    QCOMPARE(other.currentToken(), last + 1);
}

void TestTokenStrip::trainedTokensNeverFold()
{
    TokenStrip strip;
    strip.setFoldLongRuns(true);
    QVector<ShownToken> tokens;
    for (int i = 0; i < 300; ++i)
        tokens += token(QStringLiteral("t"), true);
    strip.setTokens(tokens);
    QCOMPARE(strip.foldCount(), 0);
}

void TestTokenStrip::keysWalkTheTokens()
{
    TokenStrip strip;
    strip.resize(400, 300);
    strip.setTokens(row(60));
    strip.show();
    QTest::keyClick(&strip, Qt::Key_Right);
    QCOMPARE(strip.currentToken(), 0);
    QTest::keyClick(&strip, Qt::Key_Right);
    QCOMPARE(strip.currentToken(), 1);
    QTest::keyClick(&strip, Qt::Key_Left);
    QTest::keyClick(&strip, Qt::Key_Left);
    QCOMPARE(strip.currentToken(), 0);
    QTest::keyClick(&strip, Qt::Key_Down);
    const int below = strip.currentToken();
    QVERIFY(strip.tokenRect(below).top() > strip.tokenRect(0).top());
    QTest::keyClick(&strip, Qt::Key_Up);
    QCOMPARE(strip.tokenRect(strip.currentToken()).top(), strip.tokenRect(0).top());
    QTest::keyClick(&strip, Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(strip.currentToken(), int(strip.tokens().size()) - 1);
    QTest::keyClick(&strip, Qt::Key_Home, Qt::ControlModifier);
    QCOMPARE(strip.currentToken(), 0);
    QTest::keyClick(&strip, Qt::Key_End);
    QVERIFY(strip.currentToken() > 0);
    QCOMPARE(strip.tokenRect(strip.currentToken()).top(), strip.tokenRect(0).top());
}

void TestTokenStrip::shiftSelectsAndCopies()
{
    TokenStrip strip;
    strip.resize(400, 300);
    strip.setTokens(row(60));
    strip.show();
    QTest::keyClick(&strip, Qt::Key_Right);
    QTest::keyClick(&strip, Qt::Key_Right);
    QTest::keyClick(&strip, Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("user"));
    QTest::keyClick(&strip, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(&strip, Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(strip.selectedText(), QStringLiteral("user\n word0"));
    QTest::keyClick(&strip, Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("user\n word0"));
    QTest::keyClick(&strip, Qt::Key_Right);
    QVERIFY(strip.selectedText().isEmpty());
}

void TestTokenStrip::hoverIsTold()
{
    TokenStrip strip;
    strip.resize(400, 300);
    strip.setTokens(row(20));
    strip.show();
    QSignalSpy hovered(&strip, &TokenStrip::tokenHovered);
    QTest::mouseMove(strip.viewport(), strip.tokenRect(3).center());
    QTRY_VERIFY(!hovered.isEmpty());
    QCOMPARE(hovered.last().first().toInt(), 3);
    QCOMPARE(strip.tokenAt(strip.tokenRect(4).center()), 4);
    QCOMPARE(strip.tokenAt({1, 1}), -1);
}

void TestTokenStrip::layoutIsKeptUntilSomethingChanges()
{
    TokenLayout layout;
    layout.setFonts(font(TextStyle::Mono), font(TextStyle::Caption));
    layout.setTokens(row(100));
    QVERIFY(layout.ensure(500));
    QVERIFY(!layout.ensure(500));
    QCOMPARE(layout.heightFor(500), layout.contentHeight());
    QVERIFY(layout.heightFor(250) > layout.contentHeight());
    QVERIFY(!layout.ensure(500));
    QVERIFY(layout.ensure(400));
}

void TestTokenStrip::fiveThousandTokensPaintOnlyWhatIsSeen()
{
    TokenStrip strip;
    strip.resize(600, 300);
    strip.setTokens(row(5000));
    strip.show();
    QVERIFY(strip.verticalScrollBar()->maximum() > 5000);
    // Both ends are drawn where they belong.
    strip.verticalScrollBar()->setValue(strip.verticalScrollBar()->maximum());
    const int last = int(strip.tokens().size()) - 1;
    QVERIFY(strip.viewport()->rect().contains(strip.tokenRect(last)));
    const QImage image = strip.viewport()->grab().toImage();
    const QRect trained = strip.tokenRect(last - 1);
    QCOMPARE(image.pixelColor(trained.center().x(), trained.bottom()), color(Token::TrainedLine));
    QVERIFY(!strip.viewport()->rect().intersects(strip.tokenRect(0)));
}

void TestTokenStrip::growingStripIsAsHighAsItsText()
{
    TokenStrip strip;
    strip.setGrowing(true);
    strip.resize(400, 100);
    strip.setTokens(row(300));
    strip.show();
    QVERIFY(strip.hasHeightForWidth());
    QCOMPARE(strip.heightForWidth(strip.viewport()->width()), strip.contentHeight());
    QVERIFY(strip.heightForWidth(200) > strip.heightForWidth(800));
    QCOMPARE(strip.verticalScrollBar()->maximum(), 0);
}

void TestTokenStrip::accessibleTextIsTheWholeText()
{
    TokenStrip strip;
    strip.setFoldLongRuns(true); // folded for the eye only
    strip.resize(400, 300);
    strip.setTokens(row(400));
    QAccessibleInterface *interface = QAccessible::queryAccessibleInterface(&strip);
    QVERIFY(interface);
    QAccessibleTextInterface *text = interface->textInterface();
    QVERIFY(text);
    QCOMPARE(text->characterCount(), int(strip.accessibleText().size()));
    QVERIFY(strip.accessibleText().contains(QStringLiteral(" word399<|im_end|>{\"intent new")));
    QCOMPARE(text->text(0, 16), QStringLiteral("<|im_start|>user"));
    int from = 0;
    int to = 0;
    const QString attributes = text->attributes(int(strip.accessibleText().size()) - 1, &from, &to);
    QVERIFY(attributes.contains(QStringLiteral("line-through")));
    QCOMPARE(to - from, 4);
}

void TestTokenStrip::accessibleValueCountsTheStates()
{
    TokenStrip strip;
    strip.setTokens(row(20));
    QAccessibleInterface *interface = QAccessible::queryAccessibleInterface(&strip);
    QCOMPARE(interface->text(QAccessible::Value), QStringLiteral("27 tokens: 2 trained, 24 masked, 1 cut"));
    QVERIFY(!interface->text(QAccessible::Name).isEmpty());
}

void TestTokenStrip::accessibleDescriptionIsTheTokenUnderTheCursor()
{
    TokenStrip strip;
    strip.resize(400, 300);
    strip.setTokens(row(20));
    strip.show();
    QTest::keyClick(&strip, Qt::Key_Right);
    QVERIFY(strip.accessibleDescription().contains(QStringLiteral("<|im_start|>")));
    QVERIFY(strip.accessibleDescription().contains(QStringLiteral("id 100, position 0")));
    QVERIFY(strip.accessibleDescription().contains(QStringLiteral("token of the template")));
    QTest::keyClick(&strip, Qt::Key_End, Qt::ControlModifier);
    QVERIFY(strip.accessibleDescription().contains(QStringLiteral("cut")));
}

void TestTokenStrip::shiftsMakeRoomForTheirFigures()
{
    TokenStrip plain;
    TokenStrip shifted;
    QVector<ShownToken> tokens = row(20);
    plain.resize(400, 300);
    shifted.resize(400, 300);
    plain.setTokens(tokens);
    for (ShownToken &shown : tokens)
        shown.shift = 61;
    shifted.setTokens(tokens);
    QVERIFY(shifted.contentHeight() > plain.contentHeight());
}

void TestTokenStrip::noTokensShowThePlaceholder()
{
    TokenStrip strip;
    strip.resize(400, 100);
    const QImage empty = strip.viewport()->grab().toImage();
    strip.setPlaceholder(QStringLiteral("Loading the tokenizer"));
    QVERIFY(strip.viewport()->grab().toImage() != empty);
    QTest::keyClick(&strip, Qt::Key_Right);
    QTest::keyClick(&strip, Qt::Key_End);
    QCOMPARE(strip.currentToken(), -1);
}

void TestTokenStrip::trainedAndCutLookDifferent()
{
    TokenStrip strip;
    strip.resize(400, 200);
    ShownToken cut = token(QStringLiteral("same"), true);
    cut.cut = true;
    strip.setTokens({token(QStringLiteral("same")), token(QStringLiteral("same"), true), cut});
    const QImage image = strip.viewport()->grab().toImage();
    const QImage masked = image.copy(strip.tokenRect(0));
    const QImage trained = image.copy(strip.tokenRect(1));
    const QImage late = image.copy(strip.tokenRect(2));
    QVERIFY(masked != trained);
    QVERIFY(trained != late);
    QVERIFY(masked != late);
}

QTEST_MAIN(TestTokenStrip)
#include "tst_token_strip.moc"
