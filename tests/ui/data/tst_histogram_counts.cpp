#include "ui/data/histogram_counts.h"

#include <QTest>

#include <numeric>

using namespace attune::ui;

class TestHistogramCounts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void cutCountsRowsAndTokensAsAWalkOverThemDoes();
    void binsHoldEveryRowOnce();
    void noRowsAreNoCut();
    void anAxisKeepsAFewHugeRowsFromSqueezingTheRest();
};

void TestHistogramCounts::cutCountsRowsAndTokensAsAWalkOverThemDoes()
{
    const std::vector<std::int64_t> tokens{539, 512, 100, 513, 1377, 214, 7};
    const LengthCounts lengths(tokens);
    for (const std::int64_t length : {1, 7, 100, 511, 512, 513, 1376, 1377, 5000}) {
        std::int64_t rows = 0, lost = 0;
        for (const std::int64_t count : tokens)
            if (count > length) {
                ++rows;
                lost += count - length;
            }
        QCOMPARE(lengths.cutAt(length).rows, rows);
        QCOMPARE(lengths.cutAt(length).tokens, lost);
    }
    QCOMPARE(lengths.median(), 512);
    QCOMPARE(lengths.longest(), 1377);
}

void TestHistogramCounts::binsHoldEveryRowOnce()
{
    std::vector<std::int64_t> tokens(1000);
    std::iota(tokens.begin(), tokens.end(), 0);
    const auto bins = LengthCounts(tokens).bins(64, 5);
    QCOMPARE(bins.size(), std::size_t(5));
    QCOMPARE(bins[0], 64);
    QCOMPARE(bins[3], 64);
    QCOMPARE(bins[4], 1000 - 4 * 64); // the last one takes what is longer
    QCOMPARE(std::accumulate(bins.begin(), bins.end(), std::int64_t(0)), 1000);
}

void TestHistogramCounts::noRowsAreNoCut()
{
    const LengthCounts none(std::vector<std::int64_t>{});
    QCOMPARE(none.cutAt(512).rows, 0);
    QCOMPARE(none.median(), 0);
    QVERIFY(lengthAxis(none, 1024).count > 0);
}

void TestHistogramCounts::anAxisKeepsAFewHugeRowsFromSqueezingTheRest()
{
    std::vector<std::int64_t> tokens(2000, 200);
    tokens.push_back(90'000);
    const LengthAxis axis = lengthAxis(LengthCounts(tokens), 512);
    QVERIFY2(axis.end() <= 2048, qPrintable(QString::number(axis.end())));
    QVERIFY(axis.end() >= 512);
}

QTEST_GUILESS_MAIN(TestHistogramCounts)
#include "tst_histogram_counts.moc"
