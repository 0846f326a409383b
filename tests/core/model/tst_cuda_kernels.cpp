#include "core/model/kernels/kernels.h"

#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

#include "cuda_emulation.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // the program's namespace has a Bf16 too
#pragma GCC diagnostic ignored "-Wpedantic"
namespace card {
#include "../../../resources/kernels/attune.cu"
}
#pragma GCC diagnostic pop

using attune::cpuKernels;
using Bits = std::vector<attune::Bf16>;
using Floats = std::vector<float>;

namespace {

std::mt19937 random_(7);

Floats randomFloats(std::size_t count, float scale = 1)
{
    std::normal_distribution<float> normal(0, scale);
    Floats values(count);
    for (float &v : values)
        v = normal(random_);
    return values;
}

Bits randomBits(std::size_t count, float scale = 1)
{
    Bits bits;
    for (const float v : randomFloats(count, scale))
        bits.push_back(card::narrow(v));
    return bits;
}

/// Largest difference, relative to the largest value.
double difference(const Floats &expected, const Floats &got)
{
    double largest = 1e-30;
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(double(expected[i])));
        const double d = std::abs(double(expected[i]) - double(got[i]));
        worst = std::isfinite(d) ? std::max(worst, d) : std::numeric_limits<double>::infinity();
    }
    return worst / largest;
}

Floats wide(const Bits &bits)
{
    Floats values;
    for (const auto b : bits)
        values.push_back(card::wide(b));
    return values;
}

constexpr double oneRounding = 0.004; // the last bit of a bfloat16

/// A random NF4 weight, single or double quantised, and what it is restored to by plain loops.
struct Weight {
    Weight(std::size_t out, std::size_t in, bool doubleQuant)
    {
        const std::size_t blocks = out * in / 64;
        std::uniform_int_distribution<int> byte(0, 255);
        for (std::size_t i = 0; i < out * in / 2; ++i)
            packed.push_back(static_cast<unsigned char>(byte(random_)));
        absmax = randomFloats(blocks);
        for (std::size_t i = 0; i < blocks; ++i) {
            absmax[i] = std::abs(absmax[i]) + 0.1F;
            codes.push_back(static_cast<unsigned char>(byte(random_)));
        }
        absmax2 = randomFloats((blocks + 255) / 256);
        argument = {packed.data(),  attune::nf4Levels(), doubleQuant ? nullptr : absmax.data(), codes.data(),
                    absmax2.data(), attune::dynamicCodes(), 0.25F};
        for (std::size_t i = 0; i < out * in; ++i) {
            const std::size_t block = i / 64;
            const float scale = doubleQuant ? attune::dynamicCodes()[codes[block]] * absmax2[block / 256] + 0.25F
                                            : absmax[block];
            const unsigned code = i % 2 == 0 ? packed[i / 2] >> 4U : packed[i / 2] & 15U;
            values.push_back(attune::nf4Levels()[code] * scale);
        }
    }

    std::vector<unsigned char> packed;
    std::vector<unsigned char> codes;
    Floats absmax;
    Floats absmax2;
    Floats values;
    card::Nf4 argument{};
};

} // namespace

/// Every CUDA kernel, run by emulated blocks and threads, against the CPU kernels or plain loops.
class TestCudaKernels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bfloat16IsRoundedToTheNearestEven()
    {
        QCOMPARE(card::narrow(1.0F), card::Bf16(0x3F80));
        QCOMPARE(card::narrow(card::wide(0x3F81) + 0x1p-8F), card::Bf16(0x3F82)); // a tie
        QCOMPARE(card::narrow(1.0F + 0x1p-8F), card::Bf16(0x3F80));               // a tie
        QVERIFY(std::isnan(card::wide(card::narrow(std::nanf("")))));
        QVERIFY(std::isinf(card::wide(card::narrow(std::numeric_limits<float>::infinity()))));
    }

    void nf4IsUnpackedBitForBit_data()
    {
        QTest::addColumn<bool>("doubleQuant");
        QTest::newRow("single") << false;
        QTest::newRow("double") << true;
    }
    void nf4IsUnpackedBitForBit()
    {
        QFETCH(bool, doubleQuant);
        // More than 256 blocks of 64, so that the second absmax2 counts; not a whole number of thread blocks.
        const Weight w(130, 192, doubleQuant);
        const auto count = static_cast<card::Index>(w.values.size());
        Bits narrowed(w.values.size(), 0xFFFF);
        Floats widened(w.values.size(), -99);
        const std::size_t blocks = (w.values.size() / 8 + 255) / 256;
        emulate(blocks, 256, [&] { card::nf4ToBf16(w.argument, count, narrowed.data()); });
        emulate(blocks, 256, [&] { card::nf4ToFloat(w.argument, count, widened.data()); });
        QCOMPARE(difference(w.values, widened) < 1e-6, true);
        for (std::size_t i = 0; i < w.values.size(); ++i)
            QCOMPARE(narrowed[i], card::narrow(widened[i]));
    }

    void nf4TimesFewVectorsIsThePlainProduct()
    {
        const std::size_t in = 1088; // a lane's second turn, and not for all lanes
        const std::size_t out = 6;   // not a whole number of blocks of four warps
        const Weight w(out, in, true);
        using MatVec = void (*)(card::Nf4, card::Index, card::Index, const card::Bf16 *, int, card::Bf16 *);
        const MatVec kernels[] = {card::nf4MatVec1, card::nf4MatVec2, card::nf4MatVec4, card::nf4MatVec8};
        for (std::size_t rows = 1; rows <= 8; ++rows) {
            const Bits x = randomBits(rows * in);
            Floats expected;
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t o = 0; o < out; ++o) {
                    double sum = 0;
                    for (std::size_t i = 0; i < in; ++i)
                        sum += double(w.values[o * in + i]) * double(card::wide(x[r * in + i]));
                    expected.push_back(static_cast<float>(sum));
                }
            Bits y(rows * out, 0xFFFF);
            emulate(2, 128, [&] {
                kernels[std::bit_width(rows - 1)](w.argument, static_cast<card::Index>(in),
                                                  static_cast<card::Index>(out), x.data(), static_cast<int>(rows),
                                                  y.data());
            });
            QVERIFY2(difference(expected, wide(y)) < oneRounding, qPrintable(QString::number(rows)));
        }
    }

    void layersAreThoseOfTheCpu_data()
    {
        QTest::addColumn<int>("n");
        QTest::newRow("by eights") << 72;
        QTest::newRow("one by one") << 45;
        QTest::newRow("more than the block's threads at once") << 1040;
    }
    void layersAreThoseOfTheCpu()
    {
        QFETCH(int, n);
        const auto &cpu = *cpuKernels("plain");
        const std::size_t rows = 3;
        const auto size = rows * static_cast<std::size_t>(n);
        const Bits x = randomBits(size);
        const Bits dy = randomBits(size);
        const Floats weight = randomFloats(static_cast<std::size_t>(n));
        Bits y(size), expected(size);
        Floats rstd(rows), expectedRstd(rows);
        emulate(rows, 64, [&] { card::rmsNorm(x.data(), weight.data(), n, 1e-5F, y.data(), rstd.data()); });
        cpu.rmsNorm(x.data(), weight.data(), n, 1e-5F, 0, rows, expected.data(), expectedRstd.data());
        QVERIFY(difference(wide(expected), wide(y)) < oneRounding);
        QVERIFY(difference(expectedRstd, rstd) < 1e-5);

        Bits dx = randomBits(size);
        Bits expectedDx = dx;
        emulate(rows, 64,
                [&] { card::rmsNormBackward(dy.data(), x.data(), weight.data(), rstd.data(), n, dx.data()); });
        cpu.rmsNormBackward(dy.data(), x.data(), weight.data(), expectedRstd.data(), n, 0, rows, expectedDx.data());
        QVERIFY(difference(wide(expectedDx), wide(dx)) < oneRounding);

        const Bits gateUp = randomBits(2 * size);
        const auto total = static_cast<card::Index>(size);
        const std::size_t blocks = (size + 63) / 64;
        emulate(blocks, 64, [&] { card::swiGlu(gateUp.data(), n, total, y.data()); });
        cpu.swiGlu(gateUp.data(), n, 0, rows, expected.data());
        QVERIFY(difference(wide(expected), wide(y)) < oneRounding);
        Bits d(2 * size), expectedD(2 * size);
        emulate(blocks, 64, [&] { card::swiGluBackward(dy.data(), gateUp.data(), n, total, d.data()); });
        cpu.swiGluBackward(dy.data(), gateUp.data(), n, 0, rows, expectedD.data());
        QVERIFY(difference(wide(expectedD), wide(d)) < oneRounding);
    }

    void headsAreRotatedToTheirPositionsAndBack()
    {
        const int heads = 3, kvHeads = 1, d = 20, time = 2, first = 5;
        const std::size_t tokens = 4; // two rows of two
        const std::size_t row = (heads + 2 * kvHeads) * d;
        Floats cosine, sine;
        for (int p = 0; p < first + time; ++p)
            for (int i = 0; i < d / 2; ++i) {
                cosine.push_back(std::cos(float(p) / float(i + 1)));
                sine.push_back(std::sin(float(p) / float(i + 1)));
            }
        const Bits in = randomBits(tokens * row);
        const auto rotate = [&](const Bits &from, float sign) {
            Bits out(from.size());
            emulate(tokens, 64, [&] {
                card::rotateHeads({from.data(), card::Index(row)}, {from.data() + heads * d, card::Index(row)},
                                  {from.data() + (heads + kvHeads) * d, card::Index(row)}, cosine.data(), sine.data(),
                                  first, time, heads, kvHeads, d, sign, out.data());
            });
            return out;
        };
        const Bits out = rotate(in, 1);
        Bits expected = in;
        for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t h = 0; h < heads + kvHeads; ++h) {
                const std::size_t angle = (first + t % time) * (d / 2);
                cpuKernels("plain")->rotate(in.data() + t * row + h * d, cosine.data() + angle, sine.data() + angle,
                                            d, 1, expected.data() + t * row + h * d);
            }
        QVERIFY(difference(wide(expected), wide(out)) < oneRounding);
        QVERIFY(difference(wide(in), wide(rotate(out, -1))) < 2 * oneRounding);
    }

    void crossEntropyAndItsGradientAreThoseOfTheCpu()
    {
        const std::int64_t vocabulary = 333;
        const std::size_t rows = 3;
        const Bits logits = randomBits(rows * vocabulary, 4);
        const std::vector<card::Index> targets = {0, 332, 100};
        const std::vector<std::int64_t> same(targets.begin(), targets.end());
        for (const float scale : {0.0F, 0.125F}) {
            Bits got = logits, expected = logits;
            Floats nll(rows), expectedNll(rows);
            emulate(rows, 96, [&] {
                card::crossEntropy(got.data(), targets.data(), vocabulary, scale, nll.data());
            });
            cpuKernels("plain")->crossEntropyRows(expected.data(), vocabulary, same.data(), scale, 0, rows,
                                                  expectedNll.data());
            QVERIFY(difference(expectedNll, nll) < 1e-4);
            QVERIFY(difference(wide(expected), wide(got)) < oneRounding);
        }
    }

    void dropoutDropsTheSamePlacesAsOnTheCpu()
    {
        const std::size_t count = 3001;
        const attune::DropoutRule rule{0.3, 123};
        const attune::DropoutKey key(rule);
        const Bits x = randomBits(count);
        const Bits sum = randomBits(count);
        for (const bool add : {false, true}) {
            Bits got = sum, expected = sum;
            emulate((count + 511) / 512, 64, [&] {
                card::dropout(x.data(), card::Index(count), key.low, key.high, key.threshold, key.scale, add ? 1 : 0,
                              got.data());
            });
            cpuKernels("plain")->dropout(rule, x.data(), 0, count, add, expected.data());
            QCOMPARE(got, expected);
        }
    }
};

QTEST_APPLESS_MAIN(TestCudaKernels)
#include "tst_cuda_kernels.moc"
