#include "core/formats/safetensors.h"
#include "core/formats/tensor_view.h"

#include <QtTest>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace attune;

class TestTensorView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyHalfBecomesItsValue();
    void brainFloatsAreTheUpperHalfOfAFloat();
    void quantisedBlocksHaveTheLowNibblesFirst();
    void everyQuantisedTypeIsReadAsByTheGgufPackage();
    void aPartStartsAtItsOwnBlock();
    void integersAndDoublesConvertToo();
};

namespace {

template <typename T>
void put(std::vector<std::byte> &bytes, T value)
{
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

std::vector<float> floats(DType type, std::int64_t count, const std::vector<std::byte> &bytes, std::int64_t begin = 0)
{
    const TensorView view{"t", type, {count}, bytes};
    std::vector<float> out(std::size_t(count - begin));
    toFloat(view, begin, count, out.data());
    return out;
}

} // namespace

void TestTensorView::everyHalfBecomesItsValue()
{
    std::vector<std::byte> bytes;
    for (unsigned half = 0; half < 0x10000; ++half)
        put(bytes, std::uint16_t(half));
    const auto values = floats(DType::F16, 0x10000, bytes);
    for (unsigned half = 0; half < 0x10000; ++half) {
        const float value = values[half];
        const int exponent = int(half >> 10 & 31);
        const int mantissa = int(half & 1023);
        QCOMPARE(std::signbit(value), half >= 0x8000);
        if (exponent == 31) {
            QVERIFY(mantissa ? std::isnan(value) : std::isinf(value));
            continue;
        }
        const double wanted = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
        QVERIFY2(double(std::abs(value)) == wanted, std::to_string(half).c_str());
    }
}

void TestTensorView::brainFloatsAreTheUpperHalfOfAFloat()
{
    std::vector<std::byte> bytes;
    for (const unsigned brain : {0x3f80u, 0xc049u, 0x0001u, 0x7f80u})
        put(bytes, static_cast<std::uint16_t>(brain));
    const auto values = floats(DType::BF16, 4, bytes);
    QCOMPARE(values[0], 1.0f);
    QCOMPARE(values[1], -3.140625f);
    QCOMPARE(std::bit_cast<std::uint32_t>(values[2]), 0x00010000u);
    QCOMPARE(values[3], std::numeric_limits<float>::infinity());
}

void TestTensorView::quantisedBlocksHaveTheLowNibblesFirst()
{
    const std::uint16_t half = 0x3800;  // 0.5
    const std::uint16_t minus = 0xc000; // -2
    std::vector<std::byte> q41;
    put(q41, half);
    put(q41, minus);
    std::vector<std::byte> q40;
    put(q40, half);
    std::vector<std::byte> q8;
    put(q8, half);
    for (int i = 0; i < 16; ++i) {
        put(q41, std::uint8_t(i | (15 - i) << 4));
        put(q40, std::uint8_t(i | (15 - i) << 4));
    }
    for (int i = 0; i < 32; ++i)
        put(q8, std::int8_t(i * 8 - 128));
    const auto a = floats(DType::Q4_1, 32, q41);
    const auto b = floats(DType::Q4_0, 32, q40);
    const auto c = floats(DType::Q8_0, 32, q8);
    for (int i = 0; i < 16; ++i) {
        QCOMPARE(a[std::size_t(i)], 0.5f * float(i) - 2);
        QCOMPARE(a[std::size_t(i) + 16], 0.5f * float(15 - i) - 2);
        QCOMPARE(b[std::size_t(i)], 0.5f * float(i - 8));
        QCOMPARE(b[std::size_t(i) + 16], 0.5f * float(7 - i));
    }
    for (int i = 0; i < 32; ++i)
        QCOMPARE(c[std::size_t(i)], 0.5f * float(i * 8 - 128));
}

void TestTensorView::everyQuantisedTypeIsReadAsByTheGgufPackage()
{
    // Made by tests/data/make_block_types.py.
    const auto file = SafetensorsFile::open(ATTUNE_TEST_DATA "/block_types.safetensors");
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    for (const DType type :
         {DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0, DType::Q4_K, DType::Q5_K, DType::Q6_K}) {
        const std::string called(name(type));
        const auto bytes = file->tensor(called + ".bytes");
        const auto values = file->tensor(called + ".values");
        QVERIFY(bytes && values);
        std::vector<float> expected(static_cast<std::size_t>(values->elements()));
        toFloat(*values, 0, values->elements(), expected.data());
        QCOMPARE(std::int64_t(bytes->data.size()) / layout(type).bytes * layout(type).elements, values->elements());
        const TensorView view{called, type, {values->elements()}, bytes->data};
        std::vector<float> read(expected.size());
        toFloat(view, 0, view.elements(), read.data());
        QVERIFY2(read == expected, called.c_str());
    }
}

void TestTensorView::aPartStartsAtItsOwnBlock()
{
    std::vector<std::byte> bytes;
    for (int block = 0; block < 3; ++block) {
        put(bytes, std::uint16_t(0x3c00)); // 1
        for (int i = 0; i < 32; ++i)
            put(bytes, std::int8_t(block * 32 + i));
    }
    const auto values = floats(DType::Q8_0, 96, bytes, 64);
    QCOMPARE(values.size(), std::size_t(32));
    QCOMPARE(values[0], 64.0f);
    QCOMPARE(values[31], 95.0f);
}

void TestTensorView::integersAndDoublesConvertToo()
{
    std::vector<std::byte> bytes(1); // an odd address
    put(bytes, 2.5);
    put(bytes, -1.0);
    bytes.erase(bytes.begin());
    QCOMPARE(floats(DType::F64, 2, bytes), (std::vector<float>{2.5f, -1.0f}));
    std::vector<std::byte> whole;
    put(whole, std::int32_t(-7));
    put(whole, std::int32_t(8));
    QCOMPARE(floats(DType::I32, 2, whole), (std::vector<float>{-7.0f, 8.0f}));
}

QTEST_APPLESS_MAIN(TestTensorView)
#include "tst_tensor_view.moc"
