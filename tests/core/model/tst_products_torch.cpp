#include "core/model/kernels/kernels.h"
#include "core/model/products_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <QTest>

using namespace attune;

/// The rounding of one bfloat16 result, against the largest value of the product.
static double furthest(const at::Tensor &a, const at::Tensor &b)
{
    return ((a.to(at::kDouble) - b.to(at::kDouble)).abs().max() / b.to(at::kDouble).abs().max()).item<double>();
}

class TestProducts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void bfloat16IsWidenedOnlyWhereTheProcessorCantMultiplyIt()
    {
        const bool multiplies = cpuKernels().level.substr(0, 6) == "avx512";
        QCOMPARE(productType(at::kBFloat16, at::kCPU), multiplies ? at::kBFloat16 : at::kFloat);
        QCOMPARE(productType(at::kFloat, at::kCPU), at::kFloat);
        QCOMPARE(productType(at::kDouble, at::kCPU), at::kDouble);
        QCOMPARE(productType(at::kBFloat16, at::Device(at::kCUDA, 0)), at::kBFloat16);
    }

    void aProductIsThatOfTheWidenedOperandsRoundedOnce()
    {
        const at::Tensor a = at::randn({33, 70}).to(at::kBFloat16);
        const at::Tensor b = at::randn({70, 45}).to(at::kBFloat16);
        const at::Tensor y = product(a, b);
        QCOMPARE(y.scalar_type(), at::kBFloat16);
        QVERIFY(furthest(y, at::mm(a.to(at::kDouble), b.to(at::kDouble))) < 1.0 / 256);
    }

    void batchesAreMultipliedMatrixByMatrix()
    {
        const at::Tensor a = at::randn({3, 33, 70}).to(at::kBFloat16);
        const at::Tensor b = at::randn({3, 45, 70}).to(at::kBFloat16).transpose(1, 2);
        const at::Tensor expected = at::bmm(a.to(at::kDouble), b.to(at::kDouble));
        QVERIFY(furthest(batchProduct(a, b), expected) < 1.0 / 256);
        QVERIFY(furthest(wideBatchProduct(a, b), expected) < 1.0 / 256);
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
