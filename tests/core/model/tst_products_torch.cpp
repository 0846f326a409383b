#include "core/model/kernels/kernels.h"
#include "core/model/products_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace attune;

/// The rounding of one bfloat16 result, against the largest value of the product.
static double furthest(const at::Tensor &a, const at::Tensor &b)
{
    return ((a.to(at::kDouble) - b.to(at::kDouble)).abs().max() / b.to(at::kDouble).abs().max()).item<double>();
}

class TestProducts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void bfloat16GoesThroughTheKernelOnlyWhereTheProcessorCantMultiplyIt()
    {
        const bool multiplies = cpuKernels().level.substr(0, 6) == "avx512";
        QCOMPARE(multipliesByKernel(at::kBFloat16, at::kCPU), !multiplies);
        QVERIFY(!multipliesByKernel(at::kFloat, at::kCPU));
        QVERIFY(!multipliesByKernel(at::kDouble, at::kCPU));
        QVERIFY(!multipliesByKernel(at::kBFloat16, at::Device(at::kCUDA, 0)));
    }

    void aProductIsThatOfTheWidenedOperandsRoundedOnce_data()
    {
        QTest::addColumn<int>("n");
        QTest::addColumn<int>("k");
        QTest::addColumn<int>("m");
        QTest::newRow("one value") << 1 << 1 << 1;
        QTest::newRow("no depth") << 3 << 0 << 4;
        QTest::newRow("part of a tile") << 5 << 7 << 3;
        QTest::newRow("odd sizes") << 33 << 70 << 45;
        QTest::newRow("several depths") << 100 << 2100 << 60;
        QTest::newRow("several blocks of columns") << 20 << 40 << 1700;
        QTest::newRow("several blocks of rows") << 1700 << 40 << 20;
        QTest::newRow("large enough for whole numbers") << 203 << 135 << 141;
        QTest::newRow("whole numbers, several depths") << 150 << 2100 << 170;
    }
    void aProductIsThatOfTheWidenedOperandsRoundedOnce()
    {
        QFETCH(int, n);
        QFETCH(int, k);
        QFETCH(int, m);
        const at::Tensor a = at::randn({n, k}).to(at::kBFloat16);
        const at::Tensor b = at::randn({k, m}).to(at::kBFloat16);
        const at::Tensor expected = at::mm(a.to(at::kDouble), b.to(at::kDouble));
        const double scale = std::max(1e-30, expected.abs().max().item<double>());
        const auto off = [&](const at::Tensor &y, const at::Tensor &from) {
            return (y.to(at::kDouble) - from).abs().max().item<double>() / scale;
        };
        QCOMPARE(product(a, b).scalar_type(), at::kBFloat16);
        // Each operand row-major, and as the transpose of a row-major one.
        for (const at::Tensor &left : {a, a.t().contiguous().t()})
            for (const at::Tensor &right : {b, b.t().contiguous().t()}) {
                QVERIFY(off(product(left, right), expected) < 1.0 / 256);
                QVERIFY(off(wideProduct(left, right), expected) < 1.0 / 256);
                const at::Tensor sum = at::full({n, m}, 0.5);
                addProduct(sum, left, right);
                QVERIFY(off(sum, expected + 0.5) < 1.0 / 256);
            }
        // Into a part of a wider matrix, of which nothing else changes.
        const at::Tensor wide = at::ones({n, m + 9}, at::kBFloat16);
        addProduct(wide.narrow(1, 4, m), a, b);
        QVERIFY(furthest(wide.narrow(1, 4, m), expected + 1) < 1.0 / 128);
        QVERIFY(wide.narrow(1, 0, 4).eq(1).all().item<bool>() && wide.narrow(1, 4 + m, 5).eq(1).all().item<bool>());
    }

    void wholeNumbersKeepWhatDoesNotFitThemNearZeroTinyOrInfinite()
    {
        const std::int64_t size = 192;
        at::Tensor a = at::randn({size, size});
        a.narrow(0, 0, 1).zero_();
        a.narrow(0, 1, 1).mul_(1e-30);
        a.narrow(0, 2, 1).mul_(1e30);
        const at::Tensor b = at::randn({size, size});
        const at::Tensor narrowA = a.to(at::kBFloat16);
        const at::Tensor narrowB = b.to(at::kBFloat16);
        const at::Tensor expected = at::mm(narrowA.to(at::kDouble), narrowB.to(at::kDouble));
        const at::Tensor y = wideProduct(narrowA, narrowB);
        const double bar = y.scalar_type() == at::kFloat ? 1e-3 : 1.0 / 256; // bfloat16's unit of rounding
        for (const std::int64_t row : {0, 1, 2, 3}) { // each row by its own measure
            const at::Tensor off = (y[row].to(at::kDouble) - expected[row]).abs().max();
            QVERIFY2(off.item<double>() <= bar * expected[row].abs().max().item<double>(),
                     qPrintable(QString::number(row)));
        }
        for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
            at::Tensor damaged = narrowA.clone();
            damaged[5][70].fill_(bad);
            const at::Tensor of = wideProduct(damaged, narrowB);
            QVERIFY(!of[5].isfinite().any().item<bool>()); // never a number that looks right
            QVERIFY(of[6].isfinite().all().item<bool>());
            at::Tensor weight = narrowB.clone();
            weight[70][5].fill_(bad);
            QVERIFY(!wideProduct(narrowA, weight).select(1, 5).narrow(0, 3, 10).isfinite().any().item<bool>());
        }
    }

    void valuesTooSmallToScaleCountAsZeroInNf4Products()
    {
        const std::int64_t in = 128;
        const std::vector<std::uint8_t> packed(std::size_t(in / 2), 0xF0); // levels 1 and -1 in turns
        const std::vector<float> absmax(std::size_t(in / 64), 1.0F);
        Nf4View weight;
        weight.packed = packed.data();
        weight.absmax = absmax.data();
        for (const std::string_view level : cpuLevels())
            for (const double value : {0.0, 1e-39, 1e-37, 1e-33}) {
                const at::Tensor x = at::zeros({in}, at::kBFloat16);
                x[3].fill_(value);
                x[90].fill_(value);
                float y = 7;
                cpuKernels(level)->nf4MatVec(weight, in, 0, 1, static_cast<const Bf16 *>(x.const_data_ptr()), 1, &y,
                                             1);
                QVERIFY2(std::abs(y) <= 2.1F * float(value), level.data());
            }
    }

    void theKernelIsExactAtEachProcessorLevel()
    {
        const std::int64_t m = 41;
        const std::int64_t k = 1530; // two depths
        const std::int64_t n = 77;
        const at::Tensor a = at::randn({m, k});
        const at::Tensor b = at::randn({n, k}).to(at::kBFloat16);
        const at::Tensor expected = at::mm(a.to(at::kDouble), b.to(at::kDouble).t());
        for (const std::string_view level : cpuLevels()) {
            const CpuKernels &kernels = *cpuKernels(level);
            std::vector<float> workspace(std::size_t(kernels.gemmWorkspace(m, n, k, 0)));
            const at::Tensor y = at::empty({m, n});
            kernels.gemm({a.const_data_ptr(), false, k, 1}, {b.const_data_ptr(), true, 1, k}, m, n, k, {},
                         {y.mutable_data_ptr(), false, n, false}, workspace.data());
            QVERIFY2(furthest(y, expected) < 1e-5, level.data());
        }
    }

    void aThinProductJoinsInOnePassAndItsDropoutIsThatOfTheWholeMatrix()
    {
        for (const int k : {70, 1400}) { // one depth and several
            const std::int64_t n = 230;
            const std::int64_t m = 150;
            const std::int64_t rank = 7;
            const at::Tensor a = at::randn({n, k}).to(at::kBFloat16);
            const at::Tensor b = at::randn({m, k}).to(at::kBFloat16).t();
            const at::Tensor u = at::randn({n, rank}).to(at::kBFloat16);
            const at::Tensor v = (at::randn({rank, m}) * 3).to(at::kBFloat16);
            const at::Tensor main = at::mm(a.to(at::kDouble), b.to(at::kDouble));
            const at::Tensor thin = at::mm(u.to(at::kDouble), v.to(at::kDouble));
            const at::Tensor y = at::ones({n, m}, at::kBFloat16);
            productInto(y, a, b, {u, v, std::nullopt});
            QVERIFY(furthest(y, main + thin) < 1.0 / 256);

            const DropoutRule rule{0.3, 11};
            const at::Tensor mask = at::empty({n, m});
            cpuKernels().dropoutMask(rule, 0, n * m, mask.mutable_data_ptr<float>());
            productInto(y, a, b, {u, v, rule});
            QVERIFY(furthest(y, main + thin * mask.to(at::kDouble)) < 1.0 / 256);

            const at::Tensor wide = at::ones({n, m + 9}, at::kBFloat16); // none beside it: no depth
            productInto(wide.narrow(1, 4, m), a, b, {u.narrow(1, 0, 0), v.narrow(0, 0, 0), std::nullopt});
            QVERIFY(furthest(wide.narrow(1, 4, m), main) < 1.0 / 256);
            QVERIFY(wide.narrow(1, 0, 4).eq(1).all().item<bool>() &&
                    wide.narrow(1, 4 + m, 5).eq(1).all().item<bool>());
        }
    }

    void batchesAreMultipliedMatrixByMatrix()
    {
        for (const int batch : {1, 3, 16}) {
            const at::Tensor a = at::randn({batch, 33, 70}).to(at::kBFloat16);
            const at::Tensor b = at::randn({batch, 45, 70}).to(at::kBFloat16).transpose(1, 2);
            const at::Tensor expected = at::bmm(a.to(at::kDouble), b.to(at::kDouble));
            QVERIFY(furthest(batchProduct(a, b), expected) < 1.0 / 256);
            const at::Tensor sum = at::ones({batch, 33, 45});
            addBatchProduct(sum, a, b);
            QVERIFY(furthest(sum, expected + 1) < 1.0 / 256);
        }
    }

    void dropoutKeepsTheShareAskedForAtEachProcessorLevelAndInAnyPieces()
    {
        const std::int64_t n = 100003;
        for (const double probability : {0.05, 0.5, 0.9}) {
            std::vector<float> first;
            for (const std::string_view level : cpuLevels()) {
                const CpuKernels &kernels = *cpuKernels(level);
                std::vector<float> mask(n, -1.0F);
                kernels.dropoutMask({probability, 7}, 0, 40001, mask.data());
                kernels.dropoutMask({probability, 7}, 40001, n, mask.data());
                if (first.empty())
                    first = mask;
                QVERIFY(mask == first);
            }
            double kept = 0;
            double pairs = 0;
            for (std::int64_t i = 0; i < n; ++i) {
                QVERIFY(first[std::size_t(i)] == 0 || std::abs(first[std::size_t(i)] * (1 - probability) - 1) < 1e-6);
                kept += first[std::size_t(i)] > 0;
                pairs += i > 0 && first[std::size_t(i)] > 0 && first[std::size_t(i - 1)] > 0;
            }
            // Five standard deviations of a fair draw, and neighbours that know nothing of each other.
            const double keep = 1 - probability;
            QVERIFY(std::abs(kept / n - keep) < 5 * std::sqrt(keep * probability / n));
            QVERIFY(std::abs(pairs / n - keep * keep) < 0.01);
            std::vector<float> other(n);
            cpuKernels().dropoutMask({probability, 8}, 0, n, other.data());
            double same = 0;
            for (std::size_t i = 0; i < other.size(); ++i)
                same += other[i] > 0 && first[i] > 0;
            QVERIFY(std::abs(same / n - keep * keep) < 0.01);
        }
    }

    void doublePrecisionIsKept()
    {
        const at::Tensor a = at::randn({5, 7}, at::kDouble);
        const at::Tensor b = at::randn({7, 3}, at::kDouble);
        QVERIFY(furthest(product(a, b), at::mm(a, b)) < 1e-15);
    }
};

QTEST_GUILESS_MAIN(TestProducts)
#include "tst_products_torch.moc"
