#include "core/model/hardware_limit.h"

#include <QtTest>

using namespace attune;

class TestHardwareLimit : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aProcessorMultipliesAndReads_data()
    {
        QTest::addColumn<bool>("wide");
        QTest::newRow("bfloat16") << false;
        QTest::newRow("float32") << true;
    }
    void aProcessorMultipliesAndReads()
    {
        QFETCH(bool, wide);
        const auto limit = measureHardware("cpu", wide ? ComputeType::Float32 : ComputeType::BFloat16);
        QVERIFY2(limit, limit ? "" : limit.error().message.c_str());
        // No processor is outside of these, however busy.
        QVERIFY2(limit->flops > 1e7 && limit->flops < 1e15, qPrintable(QString::number(limit->flops)));
        QVERIFY2(limit->bytes > 1e7 && limit->bytes < 1e13, qPrintable(QString::number(limit->bytes)));
    }

    void aDeviceThatIsNotThereIsAnError() { QVERIFY(!measureHardware("abacus", ComputeType::Float32)); }
};

QTEST_APPLESS_MAIN(TestHardwareLimit)
#include "tst_hardware_limit.moc"
