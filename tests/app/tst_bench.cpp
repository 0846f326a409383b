#include "attune_process.h"

#include <QTest>

/// `attune bench` from outside: what it prints, and that it is no nonsense. How fast the toy is does not matter.
class TestBench : public QObject {
    Q_OBJECT

    Workplace m_place;

    /// A share of a limit that was measured a moment later, on a machine that does other things too.
    static bool plausible(double share) { return share > 0 && share < 1.5; }

private Q_SLOTS:
    void trainingTellsItsShareOfTheProducts()
    {
        const QStringList arguments = {"bench",   "train", "--model", Workplace::model(), "--seq", "48",
                                       "--steps", "4",     "--rank",  "4",                "--device", "cpu"};
        const auto outcome = m_place.attune(QStringList(arguments) << "--json");
        QVERIFY2(outcome.status == 0, qPrintable(outcome.error));
        const auto lines = outcome.json();
        QCOMPARE(lines.size(), 1);
        for (const char *key : {"tokens_per_s", "step_s", "peak_memory_gib", "planned_memory_gib", "loss",
                                "limit_gemm_tflops", "limit_read_gb_per_s", "step_gflop", "limit_share"})
            QVERIFY2(lines[0][key].toDouble() > 0, key);
        const double share = lines[0]["limit_share"].toDouble();
        QVERIFY2(plausible(share), qPrintable(QString::number(share)));
        // They are one calculation.
        const double again = lines[0]["step_gflop"].toDouble() / lines[0]["step_s"].toDouble() / 1000 /
                             lines[0]["limit_gemm_tflops"].toDouble();
        QVERIFY(std::abs(again / share - 1) < 1e-6);
        // The toy's seven projections of each layer, at 48 tokens, and its head at 12 of them.
        const double projections = 2 * (64 * 64 + 2 * 64 * 32 + 64 * 64 + 3 * 64 * 192);
        QCOMPARE(lines[0]["step_gflop"].toDouble(), 4 * (projections * 48 + 512 * 64 * 12) / 1e9);

        const auto forPeople = m_place.attune(arguments);
        for (const char *word : {"tokens/s", "TFLOP/s", "GB/s", "% of the limit"})
            QVERIFY2(forPeople.out.contains(word), qPrintable(forPeople.out));
    }

    void generatingTellsItsShareOfTheMemory()
    {
        const QStringList arguments = {"bench", "generate", "--model", Workplace::model(), "--prompt", "16",
                                       "--new", "16",       "--device", "cpu"};
        const auto outcome = m_place.attune(QStringList(arguments) << "--json");
        QVERIFY2(outcome.status == 0, qPrintable(outcome.error));
        const auto lines = outcome.json();
        QCOMPARE(lines.size(), 1);
        for (const char *key :
             {"prefill_tokens_per_s", "decode_tokens_per_s", "peak_memory_gib", "limit_gemm_tflops",
              "limit_read_gb_per_s", "bytes_per_token", "prefill_limit_share", "decode_limit_share"})
            QVERIFY2(lines[0][key].toDouble() > 0, key);
        QVERIFY(plausible(lines[0]["prefill_limit_share"].toDouble()));
        QVERIFY(plausible(lines[0]["decode_limit_share"].toDouble()));
        const auto forPeople = m_place.attune(arguments);
        for (const char *word : {"prefill reaches", "GB a token", "% of the limit"})
            QVERIFY2(forPeople.out.contains(word), qPrintable(forPeople.out));
    }
};

QTEST_GUILESS_MAIN(TestBench)
#include "tst_bench.moc"
