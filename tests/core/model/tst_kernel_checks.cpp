#include "core/model/kernel_checks.h"

#include <QtTest>
#include <limits>

using namespace attune;

class TestKernelChecks : public QObject {
    Q_OBJECT

    static QStringList failed(const CpuKernels &kernels)
    {
        QStringList names;
        for (const KernelCheck &check : checkKernels(kernels))
            if (!check.passed())
                names << QString::fromStdString(check.name);
        return names;
    }

private Q_SLOTS:
    void everyLevelOfThisProcessorPasses()
    {
        for (const auto level : cpuLevels()) {
            const QStringList names = failed(*cpuKernels(level));
            QVERIFY2(names.isEmpty(), qPrintable(QString::fromUtf8(level.data()) + ": " + names.join(", ")));
        }
    }

    void aWrongKernelIsNamed()
    {
        CpuKernels broken = *cpuKernels("plain");
        broken.rotate = [](const Bf16 *in, const float *, const float *, std::int64_t d, float, Bf16 *out) {
            std::copy_n(in, d, out);
        };
        QCOMPARE(failed(broken), QStringList{"rotary embedding"});
        broken = *cpuKernels("plain");
        broken.softmaxRows = [](Bf16 *, const SoftmaxRows &, float, std::int64_t, std::int64_t, float *lse) {
            lse[0] = std::numeric_limits<float>::quiet_NaN();
        };
        QCOMPARE(failed(broken), QStringList{"softmax and its gradient"});
        broken = *cpuKernels("plain");
        broken.nf4ToBf16 = [](const Nf4View &, std::int64_t, std::int64_t, Bf16 *out) { out[0] = 1; };
        QCOMPARE(failed(broken), QStringList{"NF4: dequantise"});
    }
};

QTEST_APPLESS_MAIN(TestKernelChecks)
#include "tst_kernel_checks.moc"
