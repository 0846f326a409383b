#include "train_fixture.h"

#include "ui/train/loss_chart.h"
#include "ui/train/picture_legend.h"
#include "ui/train/small_plots.h"
#include "ui/widgets/plot_frame.h"

#include <QRegularExpression>
#include <QTemporaryDir>

#include <cmath>

using namespace attune;
using namespace attune::ui;

namespace {

QVector<QPointF> pointsOf(const QCPGraph *graph)
{
    QVector<QPointF> points;
    if (graph)
        for (const QCPGraphData &data : *graph->data())
            points.append({data.key, data.value});
    return points;
}

QVector<QPointF> stored(Project &project, std::int64_t run, const char *name)
{
    QVector<QPointF> points;
    for (const Metric &metric : project.metrics(run).value_or(std::vector<Metric>{}))
        if (metric.name == name)
            points.append({double(metric.step), metric.value});
    return points;
}

} // namespace

class TestLossChart : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    void thePointsAreThoseOfTheProjectFile()
    {
        OpenToy open;
        const auto id = open.addRun("one", 20);
        RunBook book(*open.session);
        LossChart chart(book);
        SmallPlots small(book, chart);
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        small.refresh();
        QCOMPARE(pointsOf(chart.rawGraph()), stored(*open.toy.project, id, "loss"));
        QCOMPARE(pointsOf(chart.validationGraph()), stored(*open.toy.project, id, "validation_loss"));
        QCOMPARE(pointsOf(chart.smoothGraph(id)), smoothed(stored(*open.toy.project, id, "loss"), 0.6));
        QCOMPARE(pointsOf(small.graph(Curve::LearningRate)), stored(*open.toy.project, id, "learning_rate"));
        QCOMPARE(pointsOf(small.graph(Curve::GradNorm)), stored(*open.toy.project, id, "grad_norm"));
        QCOMPARE(pointsOf(small.graph(Curve::TokensPerSecond)), stored(*open.toy.project, id, "tokens_per_second"));
        QCOMPARE(pointsOf(small.graph(Curve::Memory)), stored(*open.toy.project, id, "memory_gib"));
    }

    void theFirstPointsAreSeen()
    {
        OpenToy open;
        const auto id = open.addRun("one", 1);
        RunBook book(*open.session);
        LossChart chart(book);
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        QCOMPARE(pointsOf(chart.smoothGraph(id)).size(), 1);
        QCOMPARE(chart.smoothGraph(id)->scatterStyle().shape(), QCPScatterStyle::ssDisc); // no line has one point
        open.addSteps(id, 2, 3);
        book.reload(id);
        QTRY_COMPARE(pointsOf(chart.smoothGraph(id)).size(), 3);
        QCOMPARE(chart.smoothGraph(id)->scatterStyle().shape(), QCPScatterStyle::ssNone);
    }

    void theAxisOfARunningRunGrowsWithIt()
    {
        OpenToy open;
        const auto id = open.addRun("one", 3, RunState::Running); // of 100
        RunBook book(*open.session);
        book.setOwnRun(id);
        LossChart chart(book);
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        QVERIFY(chart.range().upper >= 6 && chart.range().upper < 20);
        open.addSteps(id, 4, 60);
        book.poll(id);
        QTRY_VERIFY(chart.range().upper >= 100 && chart.range().upper < 110);
    }

    void picturesAreOfPaperAndSayWhatTheyShow()
    {
        Theme::instance().setChoice(ThemeChoice::Dark);
        OpenToy open;
        const auto first = open.addRun("one", 12);
        const auto second = open.addRun("two", 8);
        RunBook book(*open.session);
        LossChart chart(book);
        chart.resize(700, 420);
        chart.show();
        QTRY_VERIFY(book.entry(second));
        chart.setShown(second);
        QVERIFY(book.setOverlay(first, true));
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("plot.png"));
        QCOMPARE(chart.frame()->save(path), QString());
        const QString legend = chart.pictureLegend()->text();
        for (const char *word : {"Loss of Run 2", "2 · two, each step", "2 · two, smoothed", "1 · one, smoothed",
                                 "validation", "best"})
            QVERIFY2(legend.contains(QString::fromUtf8(word)), word);
        QVERIFY(!legend.contains(QStringLiteral("not finite"))); // there is none
        const QImage picture(path);
        QCOMPARE(picture.pixelColor(2, 2), color(ui::Token::Surface, false));
        // The screen is as it was.
        QVERIFY(!chart.pictureLegend()->visible());
        QVERIFY(chart.frame()->plot()->xAxis->label().isEmpty());
        QCOMPARE(chart.smoothGraph(first)->pen().color(), seriesColor(0));
        QTRY_COMPARE(chart.frame()->plot()->grab().toImage().pixelColor(2, 2), color(ui::Token::Surface, true));
        Theme::instance().setChoice(ThemeChoice::System);
    }

    void whatAnotherProcessAddsIsDrawn()
    {
        OpenToy open;
        const auto id = open.addRun("one", 5);
        RunBook book(*open.session);
        LossChart chart(book);
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        QCOMPARE(pointsOf(chart.rawGraph()).size(), 5);
        open.addSteps(id, 6, 9);
        book.poll(id);
        QTRY_COMPARE(pointsOf(chart.rawGraph()), stored(*open.toy.project, id, "loss"));
        QCOMPARE(pointsOf(chart.rawGraph()).size(), 9);
    }

    void overlaidRunsAreSmoothedBesideIt()
    {
        OpenToy open;
        const auto first = open.addRun("one", 12);
        const auto second = open.addRun("two", 8);
        RunBook book(*open.session);
        LossChart chart(book);
        QTRY_VERIFY(book.entry(second));
        chart.setShown(second);
        QVERIFY(!chart.smoothGraph(first));
        QVERIFY(book.setOverlay(first, true));
        QVERIFY(chart.smoothGraph(first));
        QCOMPARE(pointsOf(chart.smoothGraph(first)).size(), 12);
        QVERIFY(chart.smoothGraph(first)->pen().color() != chart.smoothGraph(second)->pen().color());
    }

    void smoothingAndAxesChangeWhatIsDrawn()
    {
        OpenToy open;
        const auto id = open.addRun("one", 20);
        RunBook book(*open.session);
        LossChart chart(book);
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        chart.setSmoothing(0);
        QTRY_COMPARE(pointsOf(chart.smoothGraph(id)), stored(*open.toy.project, id, "loss"));
        chart.setAxis(CurveAxis::Epoch);
        QCOMPARE(pointsOf(chart.rawGraph()).last().x(), 2.0); // 20 steps of 10 an epoch
        chart.setAxis(CurveAxis::Time);
        QCOMPARE(pointsOf(chart.rawGraph()).last().x(), 40.0 / 60);
    }

    void clippedPointsAreCounted()
    {
        OpenToy open;
        const auto id = open.addRun("one", 100);
        const std::vector<Metric> spike = {{50, "loss", 1000.0}};
        QVERIFY(open.toy.project->addMetrics(id, spike));
        RunBook book(*open.session);
        LossChart chart(book);
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        QCOMPARE(chart.clippedCount(), 1);
        chart.setClip(false);
        QCOMPARE(chart.clippedCount(), 0);
    }

    /// An SVG of Qt's clips nothing: what lies beyond the axes must not be in it, and must be back in the window.
    void aSavedCurveStaysInItsAxes()
    {
        OpenToy open;
        const auto id = open.addRun("one", 100);
        const std::vector<Metric> spike = {{50, "loss", 1000.0}};
        QVERIFY(open.toy.project->addMetrics(id, spike));
        RunBook book(*open.session);
        LossChart chart(book);
        chart.resize(600, 300);
        chart.show();
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        QTRY_VERIFY(chart.isDrawn());
        const int points = chart.smoothGraph(id)->dataCount();
        const QTemporaryDir folder;
        QCOMPARE(chart.frame()->save(folder.filePath(QStringLiteral("a.svg"))), QString());
        QCOMPARE(chart.smoothGraph(id)->dataCount(), points);
        QFile file(folder.filePath(QStringLiteral("a.svg")));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QString svg = QString::fromUtf8(file.readAll());
        static const QRegularExpression line(QStringLiteral("points=\"([^\"]*)\""));
        int lines = 0;
        for (auto found = line.globalMatch(svg); found.hasNext(); ++lines)
            for (const QString &point : found.next().captured(1).split(QLatin1Char(' '), Qt::SkipEmptyParts))
                QVERIFY2(point.section(QLatin1Char(','), 1).toDouble() > 0, qPrintable(point));
        QVERIFY(lines > 2);
    }

    void theWheelZoomsWhereThePointerIs()
    {
        OpenToy open;
        const auto id = open.addRun("one", 100);
        const std::vector<Metric> spike = {{10, "loss", 1000.0}};
        QVERIFY(open.toy.project->addMetrics(id, spike));
        RunBook book(*open.session);
        LossChart chart(book);
        chart.resize(700, 420);
        chart.show();
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        QCOMPARE(chart.clippedCount(), 1);
        QCustomPlot *plot = chart.frame()->plot();
        const QCPRange whole = chart.range();
        const QPointF at(plot->xAxis->coordToPixel(60), plot->axisRect()->center().y());
        const auto turn = [&](int notches) {
            QWheelEvent event(at, plot->mapToGlobal(at), {}, {0, 120 * notches}, Qt::NoButton, Qt::NoModifier,
                              Qt::NoScrollPhase, false);
            QCoreApplication::sendEvent(plot, &event);
        };
        turn(-1); // there is no more to see
        QCOMPARE(chart.range().size(), whole.size());
        turn(5);
        QVERIFY(chart.range().size() < whole.size() / 2);
        QVERIFY(std::abs(plot->xAxis->pixelToCoord(at.x()) - 60) < 0.5);
        QCOMPARE(chart.clippedCount(), 0); // step 10 is out of sight
        turn(-20);
        QCOMPARE(chart.range().size(), whole.size());
        QCOMPARE(chart.clippedCount(), 1);
    }

    void whereThereIsNoRunNothingIsWritten()
    {
        OpenToy open;
        RunBook book(*open.session);
        LossChart chart(book);
        chart.show();
        QTRY_VERIFY(book.loaded());
        const QCustomPlot *plot = chart.frame()->plot();
        for (int i = 0; i < plot->itemCount(); ++i)
            if (const auto *text = qobject_cast<QCPItemText *>(plot->item(i)))
                QVERIFY2(!text->visible(), qPrintable(text->text()));
    }

    void keysMoveTheCrosshairPointByPoint()
    {
        OpenToy open;
        const auto id = open.addRun("one", 20);
        RunBook book(*open.session);
        LossChart chart(book);
        chart.resize(700, 400);
        chart.show();
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        QWidget *frame = chart.frame();
        QTest::keyClick(frame, Qt::Key_Left);
        QCOMPARE(chart.crossStep(), qint64(20));
        QTest::keyClick(frame, Qt::Key_Left);
        QCOMPARE(chart.crossStep(), qint64(19));
        QTest::keyClick(frame, Qt::Key_Left, Qt::ShiftModifier);
        QCOMPARE(chart.crossStep(), qint64(15));
        QTest::keyClick(frame, Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(chart.crossStep(), qint64(20));
        QTest::keyClick(frame, Qt::Key_Right);
        QCOMPARE(chart.crossStep(), qint64(20));
        QVERIFY(chart.card()->isVisible());
        QVERIFY(chart.card()->text().startsWith(QStringLiteral("Step 20 epoch 2.0")));
        QVERIFY(chart.card()->text().contains(QStringLiteral("1 validation 0.310")));
        QTest::keyClick(frame, Qt::Key_Escape);
        QCOMPARE(chart.crossStep(), qint64(-1));
    }

    void theCurveIsSavedWithItsData()
    {
        OpenToy open;
        const auto id = open.addRun("one", 6);
        RunBook book(*open.session);
        LossChart chart(book);
        QTRY_VERIFY(book.entry(id));
        chart.setShown(id);
        for (const char *ending : {"png", "svg", "pdf", "csv"}) {
            const QString file =
                QString::fromStdString(open.toy.path((std::string("curve.") + ending).c_str()).string());
            QCOMPARE(chart.frame()->save(file), QString());
            QFile written(file);
            QVERIFY(written.open(QIODevice::ReadOnly));
            QVERIFY(written.size() > 100);
            if (std::string_view(ending) != "csv")
                continue;
            const QList<QByteArray> lines = written.readAll().trimmed().split('\n');
            QCOMPARE(lines.size(), 7);
            QVERIFY(lines.first().contains("Run 1 loss"));
            const double loss = stored(*open.toy.project, id, "loss").last().y();
            QVERIFY(lines.last().contains(QByteArray::number(loss, 'g', 8)));
        }
    }

    void thePictureHasNoLineWhereThePointerWas()
    {
        OpenToy open;
        const auto id = open.addRun("one", 20);
        RunBook book(*open.session);
        LossChart chart(book);
        chart.resize(600, 300);
        chart.show();
        QTRY_VERIFY(book.entry(id) && book.entry(id)->history.lastStep() == 20);
        chart.setShown(id);
        QTRY_VERIFY(chart.isDrawn());
        const QTemporaryDir folder;
        const auto saved = [&](const char *name) {
            const QString path = folder.filePath(QString::fromLatin1(name));
            QFile file(path);
            return chart.frame()->save(path).isEmpty() && file.open(QIODevice::ReadOnly) ? file.readAll()
                                                                                         : QByteArray();
        };
        const QByteArray without = saved("a.svg");
        QVERIFY(!without.isEmpty());
        chart.setCrossStep(7);
        QCOMPARE(saved("b.svg"), without);
        QCOMPARE(chart.crossStep(), qint64(7));
    }

    void aRunWithoutStepsDrawsNothingAndDoesNotFail()
    {
        OpenToy open;
        Run run;
        run.settings = TrainSettings{}.toJson();
        const auto made = open.toy.project->createRun(run);
        RunBook book(*open.session);
        LossChart chart(book);
        chart.resize(600, 300);
        chart.show();
        QTRY_VERIFY(book.entry(made->id));
        chart.setShown(made->id);
        chart.setLog(true);
        chart.setAxis(CurveAxis::Time);
        QTest::keyClick(chart.frame(), Qt::Key_Left);
        QCOMPARE(chart.crossStep(), qint64(-1));
        QVERIFY(!chart.grab().isNull());
    }
};

QTEST_MAIN(TestLossChart)
#include "tst_loss_chart.moc"
