#include "ui/theme/theme.h"
#include "ui/widgets/custom_plot.h"
#include "ui/widgets/plot_frame.h"
#include "ui/widgets/plot_files.h"
#include "ui/widgets/sparkline.h"

#include <QAccessible>
#include <QApplication>
#include <QFile>
#include <QMenu>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>

#include <limits>

using namespace attune::ui;

class TestPlotFrame : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void cleanup() { Theme::instance().setChoice(ThemeChoice::System); }
    void savesEveryKind_data();
    void savesEveryKind();
    void refusesOtherEndings();
    void saysWhatCouldNotBeWritten();
    void csvQuotesWhatNeedsIt();
    void tableShowsTheSameData();
    void axesFollowTheTheme();
    void ownerRestylesAfterASwitch();
    void summaryIsTheDescription();
    void menuNamesItsActions();
    void seriesPensKeepTheirDashInPixels();
    void sparklineBreaksAtWhatIsNotFinite();

private:
    static void fill(PlotFrame &frame);
};

void TestPlotFrame::fill(PlotFrame &frame)
{
    frame.resize(400, 240);
    frame.setTitle(QStringLiteral("Loss of run 14"));
    auto *graph = frame.plot()->addGraph();
    graph->setData({0, 1, 2}, {2.5, 1.2, 0.6});
    graph->setPen(seriesPen(0, 2.4));
    frame.plot()->rescaleAxes();
    frame.setTable([] {
        return QList<QStringList>{{QStringLiteral("step"), QStringLiteral("loss")},
                                  {QStringLiteral("0"), QStringLiteral("2.5")},
                                  {QStringLiteral("1"), QStringLiteral("1.2")}};
    });
}

void TestPlotFrame::savesEveryKind_data()
{
    QTest::addColumn<QString>("ending");
    QTest::addColumn<QByteArray>("begin");
    QTest::newRow("png") << "png" << QByteArray("\x89PNG");
    QTest::newRow("svg") << "svg" << QByteArray("<?xml");
    QTest::newRow("pdf") << "pdf" << QByteArray("%PDF");
    QTest::newRow("csv") << "csv" << QByteArray("step,loss\r\n0,2.5\r\n");
}

void TestPlotFrame::savesEveryKind()
{
    QFETCH(QString, ending);
    QFETCH(QByteArray, begin);
    QTemporaryDir folder;
    PlotFrame frame;
    fill(frame);
    QSignalSpy saved(&frame, &PlotFrame::saved);
    const QString path = folder.filePath(QStringLiteral("plot.") + ending);
    QCOMPARE(frame.save(path), QString());
    QCOMPARE(saved.count(), 1);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(file.readAll().startsWith(begin));
    QVERIFY(ending == QLatin1String("csv") || file.size() > 500);
}

void TestPlotFrame::refusesOtherEndings()
{
    PlotFrame frame;
    fill(frame);
    QVERIFY(frame.save(QStringLiteral("plot.bmp")).contains(QStringLiteral("bmp")));
}

void TestPlotFrame::saysWhatCouldNotBeWritten()
{
    PlotFrame frame;
    fill(frame);
    QVERIFY(frame.save(QStringLiteral("/nowhere/plot.png")).contains(QStringLiteral("/nowhere/plot.png")));
}

void TestPlotFrame::csvQuotesWhatNeedsIt()
{
    QCOMPARE(csvOf({{QStringLiteral("a,b"), QStringLiteral("say \"hi\""), QStringLiteral("plain")}}),
             QByteArray("\"a,b\",\"say \"\"hi\"\"\",plain\r\n"));
}

void TestPlotFrame::tableShowsTheSameData()
{
    PlotFrame frame;
    fill(frame);
    frame.show();
    QSignalSpy shown(&frame, &PlotFrame::tableShownChanged);
    frame.setTableShown(true);
    auto *table = frame.findChild<QTableWidget *>();
    QVERIFY(table->isVisible());
    QCOMPARE(table->rowCount(), 2);
    QCOMPARE(table->horizontalHeaderItem(1)->text(), QStringLiteral("loss"));
    QCOMPARE(table->item(1, 1)->text(), QStringLiteral("1.2"));
    QCOMPARE(shown.count(), 1);
    QTest::keyClick(&frame, Qt::Key_Escape);
    QVERIFY(!frame.tableShown());
}

void TestPlotFrame::axesFollowTheTheme()
{
    PlotFrame frame;
    fill(frame);
    Theme::instance().setChoice(ThemeChoice::Dark);
    QCOMPARE(frame.plot()->xAxis->basePen().color(), color(Token::Edge, true));
    QCOMPARE(frame.plot()->yAxis->tickLabelColor(), color(Token::Text3, true));
    QCOMPARE(frame.plot()->xAxis->grid()->pen().color(), color(Token::Grid, true));
}

void TestPlotFrame::ownerRestylesAfterASwitch()
{
    PlotFrame frame;
    fill(frame);
    int restyled = 0;
    frame.onThemeChanged([&restyled] { ++restyled; });
    QCOMPARE(restyled, 1);
    Theme::instance().setChoice(ThemeChoice::Dark);
    QCOMPARE(restyled, 2);
}

void TestPlotFrame::summaryIsTheDescription()
{
    PlotFrame frame;
    fill(frame);
    frame.setSummary(QStringLiteral("Loss of run 14, step 412: 0.46, falling"));
    QAccessibleInterface *interface = QAccessible::queryAccessibleInterface(frame.plot());
    QVERIFY(interface);
    QCOMPARE(interface->text(QAccessible::Name), QStringLiteral("Loss of run 14"));
    QCOMPARE(interface->text(QAccessible::Description), QStringLiteral("Loss of run 14, step 412: 0.46, falling"));
}

void TestPlotFrame::menuNamesItsActions()
{
    PlotFrame frame;
    fill(frame);
    QMenu *menu = frame.saveMenu();
    QCOMPARE(frame.saveMenu(), menu);
    int actions = 0;
    for (const QAction *action : menu->actions()) {
        if (action->isSeparator())
            continue;
        QVERIFY(!action->objectName().isEmpty());
        ++actions;
    }
    QCOMPARE(actions, 6);
}

void TestPlotFrame::seriesPensKeepTheirDashInPixels()
{
    const QPen thin = seriesPen(2, 1);
    const QPen thick = seriesPen(2, 2);
    QCOMPARE(thin.dashPattern()[0], 5.0);
    QCOMPARE(thick.dashPattern()[0], 2.5);
    QCOMPARE(seriesPen(1, 2.4).widthF(), 1.6);
    QCOMPARE(seriesPen(0, 2.4).style(), Qt::SolidLine);
}

void TestPlotFrame::sparklineBreaksAtWhatIsNotFinite()
{
    QVector<QPointF> points;
    for (int i = 0; i < 30; ++i)
        points.append({double(i), 1.0 / (i + 1)});
    const QPixmap whole = sparkline(points, {60, 20}, seriesColor(0), QVector<qreal>{}, false, 1);
    points[15].setY(std::numeric_limits<double>::quiet_NaN());
    const QPixmap broken = sparkline(points, {60, 20}, seriesColor(0), QVector<qreal>{}, false, 1);
    const QPixmap failed = sparkline(points, {60, 20}, seriesColor(0), QVector<qreal>{}, true, 1);
    QVERIFY(whole.toImage() != broken.toImage());
    QVERIFY(broken.toImage() != failed.toImage());
    const QImage empty = sparkline({}, {60, 20}, seriesColor(0), QVector<qreal>{}, false, 2).toImage();
    QCOMPARE(empty.size(), QSize(120, 40));
    QCOMPARE(qAlpha(empty.pixel(60, 20)), 0);
}

QTEST_MAIN(TestPlotFrame)
#include "tst_plot_frame.moc"
