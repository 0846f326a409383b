#include "ui/compare/answer_view.h"
#include "ui/theme/theme.h"

#include <QAbstractTextDocumentLayout>
#include <QApplication>
#include <QTest>
#include <QTextBlock>
#include <QTextCursor>

using namespace attune::ui;

namespace {

QString textOf(const QVector<DiffPiece> &pieces, DiffPiece::Kind kind)
{
    QString text;
    for (const DiffPiece &piece : pieces)
        if (piece.kind == kind)
            text += piece.text;
    return text;
}

double topOf(const AnswerView &view, int block)
{
    return view.document()->documentLayout()->blockBoundingRect(view.document()->findBlockByNumber(block)).top();
}

} // namespace

class TestAnswerView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    void theEndOfAGrowingAnswerIsNotJudged()
    {
        AnswerDifference difference{"red lamp came broken today", "red desk", true, false, false, true};
        // Column 1 of two: "lamp" is replaced for good only where words that both have follow.
        auto pieces = judgedPieces(difference);
        QCOMPARE(textOf(pieces, DiffPiece::Removed), QString());
        QCOMPARE(textOf(pieces, DiffPiece::Same).remove(QLatin1Char(' ')), QStringLiteral("redlampcamebrokentoday"));
        difference.after = "red desk came broken";
        pieces = judgedPieces(difference);
        QCOMPARE(textOf(pieces, DiffPiece::Removed).trimmed(), QStringLiteral("lamp"));
        difference.after = "red desk came broken";
        difference.afterGrows = false;
        pieces = judgedPieces(difference);
        QVERIFY(textOf(pieces, DiffPiece::Removed).contains(QStringLiteral("today")));
    }

    void eachColumnKeepsItsOwnText()
    {
        const QString before = "one two three four";
        const QString after = "one 2 three five six";
        // Both grow: the left one shows nothing of the right one, and the other way round.
        const auto left = judgedPieces({before, after, true, false, true, true});
        QString own;
        for (const DiffPiece &piece : left)
            own += piece.kind == DiffPiece::Added ? QString() : piece.text;
        QCOMPARE(own, before);
        const auto right = judgedPieces({before, after, false, true, true, true});
        own.clear();
        for (const DiffPiece &piece : right)
            own += piece.kind == DiffPiece::Removed ? QString() : piece.text;
        QCOMPARE(own, after);
    }

    void whatComesAfterTheDifferenceIsShownAtOnce()
    {
        AnswerView view;
        view.resize(400, 300);
        view.setAnswer(QStringLiteral("one 2"));
        view.showDifference({QStringLiteral("one two three"), QStringLiteral("one 2"), false, true, false, true});
        view.append(QStringLiteral(" three"));
        QCOMPARE(view.toPlainText(), QStringLiteral("one 2 three"));
        QTRY_VERIFY(!view.pieces().isEmpty());
        QCOMPARE(view.toPlainText(), QStringLiteral("one 2 three"));
        // Its end, told once more, leaves the difference where it is.
        view.setAnswer(QStringLiteral("one 2 three four"));
        QVERIFY(!view.pieces().isEmpty());
        QCOMPARE(view.toPlainText(), QStringLiteral("one 2 three four"));
        view.setAnswer(QStringLiteral("another"));
        QVERIFY(view.pieces().isEmpty());
        QCOMPARE(view.toPlainText(), QStringLiteral("another"));
    }

    void theMarkOfAStreamStandsWhereTheNextWordComes_data()
    {
        QTest::addColumn<QString>("answer");
        QTest::addColumn<bool>("fromTheRight");
        QTest::newRow("left to right") << QStringLiteral("Hello there") << false;
        QTest::newRow("right to left") << QStringLiteral("\u05e9\u05dc\u05d5\u05dd \u05e8\u05d1") << true;
    }

    void theMarkOfAStreamStandsWhereTheNextWordComes()
    {
        QFETCH(QString, answer);
        QFETCH(bool, fromTheRight);
        AnswerView view;
        view.resize(400, 200);
        view.setAnswer(answer);
        view.setStreaming(true);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QTextCursor end(view.document());
        end.movePosition(QTextCursor::End);
        const QRect at = view.cursorRect(end);
        const QImage shown = view.viewport()->grab().toImage();
        const double ratio = shown.devicePixelRatio();
        const auto pixel = [&](int dx) {
            return shown.pixelColor(QPoint(at.left() + dx, at.center().y()) * ratio);
        };
        const QColor mark = color(Token::Fill);
        QCOMPARE(pixel(-4) == mark, fromTheRight); // beside the last letter, not over it
        QCOMPARE(pixel(4) == mark, !fromTheRight);
    }

    void fieldsStandAtTheSameHeight()
    {
        AnswerView left;
        AnswerView right;
        for (AnswerView *view : {&left, &right}) {
            view->resize(260, 400);
            view->show();
        }
        const QString lengthy =
            QStringLiteral("\"a summary of many words that takes several lines in a narrow column\"");
        left.setEarlier({{QStringLiteral("User"), lengthy}});
        right.setEarlier({{QStringLiteral("User"), QStringLiteral("Hello")}});
        left.setAnswer(QStringLiteral("{}"));
        left.showFields({{"summary", lengthy, FieldLine::Plain}, {"intent", "\"a\"", FieldLine::Plain}});
        right.setAnswer(QStringLiteral("{}"));
        right.showFields({{"summary", "\"short\"", FieldLine::Differs}, {"intent", "\"a\"", FieldLine::Equal}});
        const int intent = left.document()->blockCount() - 1;
        QVERIFY(topOf(left, intent) > topOf(right, intent));
        QVector<double> most = left.fieldHeights();
        const QVector<double> others = right.fieldHeights();
        QCOMPARE(most.size(), 3);
        for (int i = 0; i < most.size(); ++i)
            most[i] = std::max(most[i], others[i]);
        for (int again = 0; again < 2; ++again) { // and it stays so
            left.setFieldHeights(most);
            right.setFieldHeights(most);
            QVERIFY(qAbs(topOf(left, intent) - topOf(right, intent)) < 1);
            QCOMPARE(right.fieldHeights(), others);
        }
    }
};

QTEST_MAIN(TestAnswerView)
#include "tst_answer_view.moc"
