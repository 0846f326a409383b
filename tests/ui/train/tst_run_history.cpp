#include "ui/train/run_history.h"

#include <QTest>

#include <cmath>

using namespace attune;
using namespace attune::ui;

class TestRunHistory : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatComesAgainReplacesAndIsNoChange()
    {
        RunHistory history;
        const std::vector<Metric> first = {{1, "loss", 2}, {2, "loss", 1}, {2, "validation_loss", 1.5}};
        QVERIFY(history.add(first));
        QVERIFY(!history.add(first));
        QCOMPARE(history.curve(Curve::Loss).size(), 2);
        const std::vector<Metric> again = {{2, "loss", 3}};
        QVERIFY(history.add(again));
        QCOMPARE(history.curve(Curve::Loss).last(), QPointF(2, 3));
        QCOMPARE(history.lastStep(), qint64(2));
    }

    void aStepThatComesLateFindsItsPlace()
    {
        RunHistory history;
        const std::vector<Metric> metrics = {{1, "loss", 1}, {3, "loss", 3}, {2, "loss", 2}};
        history.add(metrics);
        const QVector<QPointF> expected = {{1, 1}, {2, 2}, {3, 3}};
        QCOMPARE(history.curve(Curve::Loss), expected);
    }

    void unknownNamesAreNoCurve()
    {
        RunHistory history;
        const std::vector<Metric> metrics = {{1, "supervised_tokens", 5}, {1, "of_the_future", 5}};
        QVERIFY(!history.add(metrics));
        QCOMPARE(history.lastStep(), qint64(0));
    }

    void theTimeLeftIsTheMedianOfTheLastFiftySteps()
    {
        RunHistory history;
        std::vector<Metric> metrics = {{0, "total_steps", 100}, {0, "steps_per_epoch", 20}};
        for (int step = 1; step <= 60; ++step) {
            metrics.push_back({step, "loss", 1});
            // The first ten are slow, and one of the others is a hiccup.
            metrics.push_back({step, "seconds", step <= 10 ? 60.0 : step == 30 ? 500.0 : 2.0});
        }
        history.add(metrics);
        QCOMPARE(history.secondsLeft(), std::optional(80.0));
        QCOMPARE(history.seconds(), 10 * 60.0 + 500 + 49 * 2.0);
        QCOMPARE(history.meanStepSeconds(), std::optional(history.seconds() / 60));
        QCOMPARE(history.secondsOf(0), 0.0);
        QCOMPARE(history.secondsOf(2), 120.0);
        QCOMPARE(history.epochOf(30), 1.5);
        QVERIFY(!RunHistory().secondsLeft());
        QVERIFY(!RunHistory().meanStepSeconds());
    }

    void theBestIsTheLowestFiniteValidation()
    {
        RunHistory history;
        const std::vector<Metric> metrics = {{4, "validation_loss", 0.7},
                                             {8, "validation_loss", 0.6},
                                             {12, "validation_loss", std::nan("")},
                                             {16, "validation_loss", 0.65}};
        history.add(metrics);
        QCOMPARE(history.best(), std::optional(QPointF(8, 0.6)));
    }

    void aPointOnAnyAxisIsFoundAgain_data()
    {
        QTest::addColumn<int>("axis");
        QTest::newRow("step") << int(CurveAxis::Step);
        QTest::newRow("epoch") << int(CurveAxis::Epoch);
        QTest::newRow("time") << int(CurveAxis::Time);
    }
    void aPointOnAnyAxisIsFoundAgain()
    {
        QFETCH(int, axis);
        RunHistory history;
        std::vector<Metric> metrics = {{0, "steps_per_epoch", 4}};
        for (int step = 1; step <= 9; ++step) {
            metrics.push_back({step, "loss", 1});
            metrics.push_back({step, "seconds", 1.0 + step});
        }
        history.add(metrics);
        for (int step = 1; step <= 9; ++step)
            QCOMPARE(history.stepAt(history.xOf(step, CurveAxis(axis)), CurveAxis(axis)), qint64(step));
        QCOMPARE(RunHistory().stepAt(3, CurveAxis(axis)), qint64(-1));
    }

    void smoothingIsNotDrawnToZeroAtItsStart()
    {
        const QVector<QPointF> constant = {{1, 5}, {2, 5}, {3, 5}};
        QCOMPARE(smoothed(constant, 0.99), constant);
        const QVector<QPointF> points = {{1, 4}, {2, 2}};
        const auto result = smoothed(points, 0.5);
        QCOMPARE(result[0].y(), 4.0);
        QVERIFY(std::abs(result[1].y() - (0.25 * 4 + 0.5 * 2) / 0.75) < 1e-12);
        QCOMPARE(smoothed(points, 0), points);
    }

    void aValueThatIsNotFiniteLeavesAGapOnly()
    {
        const QVector<QPointF> points = {{1, 1}, {2, std::nan("")}, {3, 1}};
        const auto result = smoothed(points, 0.6);
        QVERIFY(std::isnan(result[1].y()));
        QCOMPARE(result[2].y(), 1.0);
    }

    void percentilesLeaveOutWhatIsAbove()
    {
        QVector<QPointF> points;
        for (int i = 1; i <= 100; ++i)
            points.append({double(i), double(i)});
        points.append({101, std::nan("")});
        QCOMPARE(percentile(points, 0.99), 99.0);
        QCOMPARE(percentile(points, 1), 100.0);
        QCOMPARE(percentile({}, 0.99), 0.0);
    }
};

QTEST_APPLESS_MAIN(TestRunHistory)
#include "tst_run_history.moc"
