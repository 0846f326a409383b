#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"
#include "ui/widgets/sparkline.h"
#include "ui/widgets/word_diff.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QTest>
#include <QTextBlock>
#include <QTextDocument>

#include <limits>

using namespace attune::ui;

class TestText : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void countsAreGroupedByThree_data();
    void countsAreGroupedByThree();
    void durationsSayWhatMatters_data();
    void durationsSayWhatMatters();
    void bytesKeepThreeFigures_data();
    void bytesKeepThreeFigures();
    void numbersHaveNoMinusZero();
    void brokenUtf8BecomesAReplacement();
    void linesAreFolded();
    void longLinesEndWhereTheRoomDoes();
    void diffRebuildsBothTexts();
    void aShownDiffFollowsTheTheme();
    void diffNamesTheChangedWord();
    void diffJoinsChangesOverBlanks();
    void equalTextsAreOnePiece();
    void farApartTextsStillRebuild();
    void shownDiffLeavesOutAKind();
    void jsonErrorsAreLocated();
    void jsonMayBeAnyValue();
    void thinningKeepsSpikes();
};

void TestText::countsAreGroupedByThree_data()
{
    QTest::addColumn<qint64>("value");
    QTest::addColumn<QString>("text");
    QTest::newRow("0") << qint64(0) << "0";
    QTest::newRow("999") << qint64(999) << "999";
    QTest::newRow("1750") << qint64(1750) << "1,750";
    QTest::newRow("negative") << qint64(-123456) << "-123,456";
    QTest::newRow("million") << qint64(1234567) << "1,234,567";
}

void TestText::countsAreGroupedByThree()
{
    QFETCH(qint64, value);
    QFETCH(QString, text);
    QCOMPARE(formatCount(value), text);
}

void TestText::durationsSayWhatMatters_data()
{
    QTest::addColumn<double>("seconds");
    QTest::addColumn<QString>("text");
    QTest::newRow("below a second") << 0.66 << "0.66 s";
    QTest::newRow("seconds") << 2.0 << "2 s";
    QTest::newRow("with a tenth") << 7.31 << "7.3 s";
    QTest::newRow("50") << 50.2 << "50 s";
    QTest::newRow("rounds up to a minute") << 59.7 << "1 min";
    QTest::newRow("7 min") << 425.0 << "7 min";
    QTest::newRow("rounds up to an hour") << 3595.0 << "1 h";
    QTest::newRow("hours") << 4320.0 << "1 h 12 min";
    QTest::newRow("days") << 273600.0 << "3 d 4 h";
    QTest::newRow("unknown") << std::numeric_limits<double>::infinity() << "–";
}

void TestText::durationsSayWhatMatters()
{
    QFETCH(double, seconds);
    QFETCH(QString, text);
    QCOMPARE(formatDuration(seconds), text);
}

void TestText::bytesKeepThreeFigures_data()
{
    QTest::addColumn<qint64>("bytes");
    QTest::addColumn<QString>("text");
    QTest::newRow("bytes") << qint64(17) << "17 B";
    QTest::newRow("kib") << qint64(2048) << "2.0 KiB";
    QTest::newRow("mib") << qint64(124) * 1024 * 1024 << "124 MiB";
    QTest::newRow("gib") << qint64(2.9 * 1024 * 1024 * 1024) << "2.9 GiB";
    QTest::newRow("never 1024") << qint64(1023) * 1024 << "1.0 MiB";
}

void TestText::bytesKeepThreeFigures()
{
    QFETCH(qint64, bytes);
    QFETCH(QString, text);
    QCOMPARE(formatBytes(bytes), text);
}

void TestText::numbersHaveNoMinusZero()
{
    QCOMPARE(formatNumber(-0.001, 2), QStringLiteral("0.00"));
    QCOMPARE(formatSigned(0.0004, 3), QStringLiteral("0.000"));
    QCOMPARE(formatSigned(0.029, 3), QStringLiteral("+0.029"));
    QCOMPARE(formatSigned(-0.088, 3), QStringLiteral("-0.088"));
    QCOMPARE(formatNumber(std::numeric_limits<double>::quiet_NaN(), 2), QStringLiteral("–"));
    QCOMPARE(formatShare(0.42), QStringLiteral("42 %"));
}

void TestText::brokenUtf8BecomesAReplacement()
{
    QCOMPARE(fromUtf8("a\xff" "b"), QStringLiteral("a\uFFFD" "b"));
    QCOMPARE(toUtf8(QStringLiteral("Müller 🙂")), std::string("M\xc3\xbcller \xf0\x9f\x99\x82"));
}

void TestText::linesAreFolded()
{
    QCOMPARE(oneLine(QStringLiteral("  Hello,\n\n I\tordered ")), QStringLiteral("Hello, I ordered"));
    QCOMPARE(oneLine(QString(500, QLatin1Char('x')), 10), QStringLiteral("xxxxxxxxxx…"));
}

void TestText::longLinesEndWhereTheRoomDoes()
{
    const QFontMetrics metrics(font(TextStyle::Body));
    for (const QString &letter :
         {QStringLiteral("m"), QStringLiteral("i"), QStringLiteral("word "), QString::fromUtf8("\xf0\x9f\x8e\x89")}) {
        const QString line = letter.repeated(300);
        for (const int width : {0, 9, 40, 333, 700})
            QCOMPARE(elided(line, metrics, width), metrics.elidedText(line, Qt::ElideRight, width));
    }
    QCOMPARE(elided(QStringLiteral("short"), metrics, 400), QStringLiteral("short"));
    QCOMPARE(elided(QStringLiteral("one\ntwo"), metrics, 400), QStringLiteral("one…"));
}

void TestText::diffRebuildsBothTexts()
{
    // Random texts of few words, so that they share much in many ways.
    QRandomGenerator random(7);
    const QStringList words{QStringLiteral("lamp"), QStringLiteral(" "), QStringLiteral("\n"), QStringLiteral("desk"),
                            QStringLiteral(","),    QStringLiteral("  "), QStringLiteral("ü"),  QStringLiteral("\"")};
    for (int round = 0; round < 400; ++round) {
        QString before;
        QString after;
        for (int i = random.bounded(40); i > 0; --i)
            before += words[random.bounded(int(words.size()))];
        for (int i = random.bounded(40); i > 0; --i)
            after += words[random.bounded(int(words.size()))];
        QString rebuiltBefore;
        QString rebuiltAfter;
        for (const DiffPiece &piece : wordDiff(before, after)) {
            QVERIFY(!piece.text.isEmpty());
            if (piece.kind != DiffPiece::Added)
                rebuiltBefore += piece.text;
            if (piece.kind != DiffPiece::Removed)
                rebuiltAfter += piece.text;
        }
        QCOMPARE(rebuiltBefore, before);
        QCOMPARE(rebuiltAfter, after);
    }
}

void TestText::diffNamesTheChangedWord()
{
    const QVector<DiffPiece> expected{{DiffPiece::Same, QStringLiteral("The ")},
                                      {DiffPiece::Removed, QStringLiteral("grey")},
                                      {DiffPiece::Added, QStringLiteral("blue")},
                                      {DiffPiece::Same, QStringLiteral(" rug came.")}};
    QCOMPARE(wordDiff(QStringLiteral("The grey rug came."), QStringLiteral("The blue rug came.")), expected);
}

void TestText::diffJoinsChangesOverBlanks()
{
    const QVector<DiffPiece> pieces = wordDiff(QStringLiteral("I am sorry"), QStringLiteral("We were late"));
    QCOMPARE(pieces.size(), 2);
    QCOMPARE(pieces[0], (DiffPiece{DiffPiece::Removed, QStringLiteral("I am sorry")}));
    QCOMPARE(pieces[1], (DiffPiece{DiffPiece::Added, QStringLiteral("We were late")}));
    QCOMPARE(changedShare(pieces), 1.0);
}

void TestText::equalTextsAreOnePiece()
{
    QCOMPARE(wordDiff(QStringLiteral("same text"), QStringLiteral("same text")),
             (QVector<DiffPiece>{{DiffPiece::Same, QStringLiteral("same text")}}));
    QVERIFY(wordDiff({}, {}).isEmpty());
    QCOMPARE(wordDiff({}, QStringLiteral("new")).first().kind, DiffPiece::Added);
}

void TestText::farApartTextsStillRebuild()
{
    QString before = QStringLiteral("shared head ");
    QString after = before;
    for (int i = 0; i < 4000; ++i) {
        before += QStringLiteral("a%1 ").arg(i);
        after += QStringLiteral("b%1 ").arg(i);
    }
    before += QStringLiteral("shared tail");
    after += QStringLiteral("shared tail");
    QString rebuilt;
    const QVector<DiffPiece> pieces = wordDiff(before, after);
    for (const DiffPiece &piece : pieces)
        if (piece.kind != DiffPiece::Removed)
            rebuilt += piece.text;
    QCOMPARE(rebuilt, after);
    QCOMPARE(pieces.first(), (DiffPiece{DiffPiece::Same, QStringLiteral("shared head ")}));
}

void TestText::shownDiffLeavesOutAKind()
{
    QTextDocument document;
    const QVector<DiffPiece> pieces = wordDiff(QStringLiteral("The grey rug"), QStringLiteral("The blue rug"));
    showDiff(&document, pieces, false, true);
    QCOMPARE(document.toPlainText(), QStringLiteral("The blue rug"));
    showDiff(&document, pieces, true, false);
    QCOMPARE(document.toPlainText(), QStringLiteral("The grey rug"));
    bool struck = false;
    for (auto it = document.begin().begin(); !it.atEnd(); ++it)
        struck =
            struck || (it.fragment().text() == QLatin1String("grey") && it.fragment().charFormat().fontStrikeOut());
    QVERIFY(struck);
}

void TestText::jsonErrorsAreLocated()
{
    const JsonCheck check = checkJson(QStringLiteral("{\"intent\": \"r\u00fcge\",\n \"id\" 5}"));
    QVERIFY(!check.valid);
    QCOMPARE(check.line, 2);
    QVERIFY(check.column >= 7 && check.column <= 8);
    QVERIFY(!check.message.isEmpty());
    QVERIFY(!checkJson(QStringLiteral("{\"a\": 1")).valid);
    QVERIFY(!checkJson(QString()).valid);
}

void TestText::jsonMayBeAnyValue()
{
    for (const char *text : {"{}", "[1, 2]", "\"word\"", "null", " {\"a\": [true]}\n"})
        QVERIFY2(checkJson(QLatin1String(text)).valid, text);
    QVERIFY(looksLikeJson(QStringLiteral("  {\"a\"")));
    QVERIFY(!looksLikeJson(QStringLiteral("Sure, here is the JSON: {}")));
}

void TestText::thinningKeepsSpikes()
{
    QVector<QPointF> points;
    for (int i = 0; i < 5000; ++i)
        points.append({double(i), i == 3210 ? 9.0 : 1.0});
    const QVector<QPointF> thin = thinned(points, 50);
    QVERIFY(thin.size() <= 50);
    QVERIFY(thin.contains(QPointF(3210, 9)));
    QCOMPARE(thin.first(), points.first());
    QCOMPARE(thin.last(), points.last());
    for (int i = 1; i < thin.size(); ++i)
        QVERIFY(thin[i - 1].x() < thin[i].x());
}

void TestText::aShownDiffFollowsTheTheme()
{
    Theme::instance().setChoice(ThemeChoice::Light);
    QTextDocument document;
    showDiff(&document, wordDiff(QStringLiteral("before Friday, please"), QStringLiteral("before Monday, please")),
             true, true);
    const auto colours = [&] {
        QList<QColor> all;
        for (auto it = document.begin().begin(); !it.atEnd(); ++it)
            all << it.fragment().charFormat().foreground().color();
        return all;
    };
    const QString text = document.toPlainText();
    QCOMPARE(colours(), QList<QColor>({color(Token::Text), color(Token::Bad), color(Token::Ok), color(Token::Text)}));
    Theme::instance().setChoice(ThemeChoice::Dark);
    QCOMPARE(colours(), QList<QColor>({color(Token::Text), color(Token::Bad), color(Token::Ok), color(Token::Text)}));
    QCOMPARE(document.toPlainText(), text);
    Theme::instance().setChoice(ThemeChoice::Light);
}

QTEST_MAIN(TestText)
#include "tst_text.moc"
