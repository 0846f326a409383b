#include "core/studio/loss_plot.h"

#include <QTest>
#include <QXmlStreamReader>

using namespace attune;

namespace {

std::vector<Metric> metricsOf(int steps)
{
    std::vector<Metric> metrics;
    for (int i = 1; i <= steps; ++i) {
        metrics.push_back({i, "loss", 3.0 / i + 0.5});
        metrics.push_back({i, "learning_rate", 1e-4});
        if (i % 5 == 0)
            metrics.push_back({i, "validation_loss", 3.2 / i + 0.6});
    }
    return metrics;
}

/// Elements of each name; empty where the text is not well-formed.
QMap<QString, int> elements(const std::string &svg)
{
    QMap<QString, int> count;
    QXmlStreamReader reader(QByteArray::fromStdString(svg));
    while (!reader.atEnd())
        if (reader.readNext() == QXmlStreamReader::StartElement)
            ++count[reader.name().toString()];
    return reader.hasError() ? QMap<QString, int>() : count;
}

} // namespace

class TestLossPlot : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void bothCurvesAndEveryValidationAreDrawn()
    {
        const auto count = elements(lossPlotSvg(metricsOf(20), "A run"));
        QCOMPARE(count["polyline"], 3); // raw, smoothed, validation
        QCOMPARE(count["circle"], 4);
        QVERIFY(count["text"] > 10);
    }

    void aTitleWithMarkupIsText()
    {
        const std::string svg = lossPlotSvg(metricsOf(3), "a <b> & c");
        QVERIFY(elements(svg)["svg"] == 1);
        QVERIFY(svg.find("a &lt;b&gt; &amp; c") != std::string::npos);
    }

    void oddCurvesStillGiveAPicture_data()
    {
        QTest::addColumn<int>("steps");
        QTest::addColumn<double>("value");
        QTest::newRow("nothing") << 0 << 0.0;
        QTest::newRow("one step") << 1 << 1.0;
        QTest::newRow("flat") << 30 << 2.0;
        QTest::newRow("not a number") << 5 << std::nan("");
        QTest::newRow("huge") << 5 << 1e30;
    }
    void oddCurvesStillGiveAPicture()
    {
        QFETCH(int, steps);
        QFETCH(double, value);
        std::vector<Metric> metrics;
        for (int i = 1; i <= steps; ++i)
            metrics.push_back({i, "loss", value});
        const std::string svg = lossPlotSvg(metrics, "odd");
        QCOMPARE(elements(svg)["svg"], 1);
        QVERIFY(svg.find("nan") == std::string::npos);
        QVERIFY(svg.find("inf") == std::string::npos);
        QVERIFY(svg.size() < 200'000);
    }
};

QTEST_APPLESS_MAIN(TestLossPlot)
#include "tst_loss_plot.moc"
