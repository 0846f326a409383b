#include "core/formats/safetensors.h"
#include "core/model/nf4.h"
#include "core/model/nf4_torch.h"

#include <ATen/ATen.h>
#include <QtTest>

using namespace attune;

namespace {

std::vector<float> floats(const SafetensorsFile &file, const std::string &name)
{
    const auto tensor = file.tensor(name);
    std::vector<float> values(static_cast<std::size_t>(tensor->elements()));
    if (tensor->dtype == DType::U8)
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<float>(tensor->data[i]);
    else
        toFloat(*tensor, 0, tensor->elements(), values.data());
    return values;
}

double worst(const std::vector<float> &a, const std::vector<float> &b)
{
    if (a.size() != b.size())
        return 1e30;
    double w = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        w = std::max(w, std::abs(double(a[i]) - double(b[i])));
    return w;
}

Nf4Tensor quantised(const at::Tensor &w, bool doubleQuant)
{
    return quantizeNf4(w.size(0), w.size(1), doubleQuant, [&](std::int64_t begin, std::int64_t end, float *out) {
        std::copy_n(w.const_data_ptr<float>() + begin * w.size(1), (end - begin) * w.size(1), out);
    });
}

} // namespace

class TestNf4 : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void equalsBitsandbytes_data()
    {
        QTest::addColumn<bool>("doubleQuant");
        QTest::newRow("single") << false;
        QTest::newRow("double") << true;
    }
    void equalsBitsandbytes()
    {
        QFETCH(bool, doubleQuant);
        const auto file = SafetensorsFile::open(ATTUNE_TEST_DATA "/parity/nf4.safetensors");
        QVERIFY(file);
        const auto shape = file->tensor("weight")->shape;
        const auto parts = nf4Parts(floats(*file, "weight"), shape[0], shape[1], doubleQuant);
        QVERIFY(parts);
        const std::string kind = doubleQuant ? "double" : "single";
        const auto packed = file->tensor(kind + ".packed");
        QCOMPARE(packed->data.size(), parts->packed.size());
        QVERIFY(std::equal(parts->packed.begin(), parts->packed.end(),
                           reinterpret_cast<const std::uint8_t *>(packed->data.data())));
        QVERIFY(worst(parts->dequantised, floats(*file, kind + ".dequantised")) < 1e-6);
        if (doubleQuant) {
            const std::vector<float> codes(parts->absmaxCodes.begin(), parts->absmaxCodes.end());
            QVERIFY(worst(codes, floats(*file, "double.absmax")) == 0);
            QVERIFY(worst(parts->code, floats(*file, "double.state2.code")) < 1e-7);
            QVERIFY(worst(parts->absmax2, floats(*file, "double.state2.absmax")) < 1e-7);
        } else {
            QVERIFY(worst(parts->absmax, floats(*file, "single.absmax")) == 0);
        }
    }

    void anAllZeroBlockPacksAs0x77()
    {
        const auto parts = nf4Parts(std::vector<float>(128, 0.0F), 2, 64, false);
        QVERIFY(parts);
        for (const std::uint8_t byte : parts->packed)
            QCOMPARE(byte, std::uint8_t(0x77));
    }

    void blocksRunOnOverRowsThatAreNoMultipleOf64()
    {
        at::manual_seed(3);
        const at::Tensor w = at::randn({10, 50});
        const at::Tensor flat = at::cat({w.view({-1}), at::zeros({12})}); // 500 values, 8 blocks
        const at::Tensor again = dequantize(quantised(w, false), at::kFloat);
        const at::Tensor byBlock = dequantize(quantised(flat.view({8, 64}), false), at::kFloat);
        QVERIFY(at::equal(again.view({-1}), byBlock.view({-1}).narrow(0, 0, 500)));
    }

    void theVectorKernelRoundsTheExactValues()
    {
        at::manual_seed(4);
        const at::Tensor w = at::randn({96, 192});
        for (const bool doubleQuant : {false, true}) {
            const Nf4Tensor q = quantised(w, doubleQuant);
            QVERIFY(at::equal(dequantize(q, at::kBFloat16), dequantize(q, at::kFloat).to(at::kBFloat16)));
        }
    }

    void everyProcessorLevelGivesTheSame()
    {
        at::manual_seed(5);
        const at::Tensor w = at::randn({64, 256});
        const Nf4Tensor q = quantised(w, true);
        const at::Tensor exact = dequantize(q, at::kFloat);
        for (const auto level : cpuLevels()) {
            const CpuKernels &k = *cpuKernels(level);
            at::Tensor narrow = at::empty({64, 256}, at::kBFloat16);
            k.nf4ToBf16(q.view(), 0, q.blocks(), static_cast<Bf16 *>(narrow.data_ptr()));
            QVERIFY2(at::equal(narrow, exact.to(at::kBFloat16)), level.data());

            std::vector<std::uint8_t> packed(std::size_t(q.blocks()) * 32);
            std::vector<float> absmax(std::size_t(q.blocks()));
            k.quantizeNf4(w.const_data_ptr<float>(), 0, q.blocks(), packed.data(), absmax.data());
            QVERIFY2(std::equal(packed.begin(), packed.end(), q.packed.const_data_ptr<std::uint8_t>()), level.data());

            for (const std::int64_t count : {1, 3, 8}) {
                const at::Tensor x = at::randn({count, 256}).to(at::kBFloat16);
                const at::Tensor paired = x.view({count, 4, 32, 2}).transpose(2, 3).contiguous();
                at::Tensor y = at::empty({count, 64});
                k.nf4MatVec(q.view(), 256, 0, 64, static_cast<const Bf16 *>(paired.const_data_ptr()), count,
                            y.data_ptr<float>(), 64);
                const at::Tensor expected = at::matmul(x.to(at::kFloat), exact.t());
                const double scale = expected.abs().max().item<double>();
                QVERIFY2((y - expected).abs().max().item<double>() / scale < 0.01, level.data());
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestNf4)
#include "tst_nf4_torch.moc"
