#include "core/formats/gguf.h"
#include "tests/core/formats/gguf_builder.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace attune;
using B = GgufBuilder;

class TestGguf : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyKindOfMetadataReads();
    void aValueOfAnotherKindNamesKeyAndFile();
    void tensorsReadWithTheirShapeTurnedAround();
    void theFilesOwnAlignmentCounts();
    void aVocabularyAloneIsFine();
    void everyPrefixOfAFileIsRefused();
    void everyChangedByteIsHarmless();
    void wrongFilesAreRefused_data();
    void wrongFilesAreRefused();
    void anUnsupportedTypeIsAnErrorOnlyWhereItIsAsked();

private:
    Result<GgufFile> open(const std::string &bytes)
    {
        const std::string path = m_folder.filePath("test.gguf").toStdString();
        std::ofstream(path, std::ios::binary) << bytes;
        return GgufFile::open(path);
    }
    QTemporaryDir m_folder;
};

namespace {

std::string small()
{
    B b;
    b.text("general.architecture", "llama");
    b.numbers<std::int32_t>("types", B::I32, {1, 2, 3});
    b.texts("tokens", {"a", "bc", ""});
    b.tensor("norm", {4}, 0, B::raw(1.0f) + B::raw(2.0f) + B::raw(3.0f) + B::raw(4.0f));
    b.tensor("half", {2, 3}, 1, std::string(12, '\0'));
    b.tensor("q", {32, 2}, 8, std::string(68, '\1'));
    return b.bytes();
}

} // namespace

void TestGguf::everyKindOfMetadataReads()
{
    B b;
    b.value<std::uint8_t>("u8", B::U8, 200);
    b.value<std::int8_t>("i8", B::I8, -2);
    b.value<std::uint16_t>("u16", B::U16, 60000);
    b.value<std::int16_t>("i16", B::I16, -3);
    b.value<std::uint32_t>("u32", B::U32, 4'000'000'000u);
    b.value<std::int32_t>("i32", B::I32, -4);
    b.value<std::uint64_t>("u64", B::U64, ~std::uint64_t(0));
    b.value<std::int64_t>("i64", B::I64, -5);
    b.value<float>("f32", B::F32, 1e-5f);
    b.value<double>("f64", B::F64, 0.1);
    b.value<std::uint8_t>("bool", B::Bool, 1);
    b.text("text", "é");
    b.numbers<std::uint16_t>("us", B::U16, {1, 65535});
    b.numbers<float>("fs", B::F32, {0.5f});
    b.numbers<std::uint8_t>("bools", B::Bool, {1, 0});
    b.texts("texts", {"x", ""});
    for (const std::uint32_t version : {2u, 3u}) {
        b.version = version;
        const auto file = open(b.bytes());
        QVERIFY2(file, file ? "" : file.error().message.c_str());
        QCOMPARE(file->integer("u8").value(), std::optional<std::int64_t>(200));
        QCOMPARE(file->integer("i8").value(), std::optional<std::int64_t>(-2));
        QCOMPARE(file->integer("u16").value(), std::optional<std::int64_t>(60000));
        QCOMPARE(file->integer("i16").value(), std::optional<std::int64_t>(-3));
        QCOMPARE(file->integer("u32").value(), std::optional<std::int64_t>(4'000'000'000));
        QCOMPARE(file->integer("i32").value(), std::optional<std::int64_t>(-4));
        QVERIFY(!file->integer("u64"));
        QCOMPARE(file->integer("i64").value(), std::optional<std::int64_t>(-5));
        QCOMPARE(file->number("f32").value(), std::optional<double>(1e-5f));
        QCOMPARE(file->number("f64").value(), std::optional<double>(0.1));
        QCOMPARE(file->number("i64").value(), std::optional<double>(-5));
        QCOMPARE(file->boolean("bool").value(), std::optional<bool>(true));
        QCOMPARE(file->string("text").value(), std::optional<std::string>("é"));
        QCOMPARE(*file->integers("us"), (std::vector<std::int64_t>{1, 65535}));
        QCOMPARE(*file->numbers("fs"), std::vector<double>{0.5});
        QCOMPARE(*file->strings("texts"), (std::vector<std::string>{"x", ""}));
        QCOMPARE(std::get<std::vector<bool>>(file->metadata().at("bools")), (std::vector<bool>{true, false}));
        QCOMPARE(file->integer("absent").value(), std::optional<std::int64_t>());
        QVERIFY(!file->strings("us") && !file->integers("absent"));
    }
}

void TestGguf::aValueOfAnotherKindNamesKeyAndFile()
{
    B b;
    b.text("answer", "42");
    const auto file = open(b.bytes());
    const auto value = file->integer("answer");
    QVERIFY(!value);
    QVERIFY(value.error().message.ends_with("test.gguf: the metadata value answer must be a whole number."));
    QVERIFY(!file->boolean("answer"));
    QVERIFY(!file->number("answer"));
}

void TestGguf::tensorsReadWithTheirShapeTurnedAround()
{
    const auto file = open(small());
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    QCOMPARE(file->tensor("half")->shape, (std::vector<std::int64_t>{3, 2}));
    QCOMPARE(file->tensor("q")->dtype, DType::Q8_0);
    std::vector<float> values(4);
    toFloat(*file->tensor("norm"), 0, 4, values.data());
    QCOMPARE(values, (std::vector<float>{1, 2, 3, 4}));
    QCOMPARE(file->tensor("none").error().code, ErrorCode::NotFound);
    file->forget(*file->tensor("q"));
}

void TestGguf::theFilesOwnAlignmentCounts()
{
    B b;
    b.alignment = 64;
    b.value<std::uint32_t>("general.alignment", B::U32, 64);
    b.tensor("a", {1}, 0, B::raw(1.0f));
    b.tensor("b", {1}, 0, B::raw(2.0f));
    const auto file = open(b.bytes());
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    float value = 0;
    toFloat(*file->tensor("b"), 0, 1, &value);
    QCOMPARE(value, 2.0f);
}

void TestGguf::aVocabularyAloneIsFine()
{
    B b;
    b.texts("tokenizer.ggml.tokens", {"a"});
    const auto file = open(b.bytes());
    QVERIFY(file);
    QVERIFY(file->tensors().empty());
}

void TestGguf::everyPrefixOfAFileIsRefused()
{
    const std::string bytes = small();
    QVERIFY(open(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        QVERIFY2(!open(bytes.substr(0, size)), std::to_string(size).c_str());
}

void TestGguf::everyChangedByteIsHarmless()
{
    const std::string bytes = small();
    for (std::size_t i = 0; i < bytes.size() - 80; ++i) {
        for (const char c : {'\0', '\x7f', '\xff'}) {
            std::string changed = bytes;
            changed[i] = c;
            const auto file = open(changed);
            if (!file)
                continue;
            for (const auto &[name, tensor] : file->tensors()) {
                std::vector<float> values(std::size_t(tensor.elements()));
                toFloat(tensor, 0, tensor.elements(), values.data());
            }
        }
    }
}

void TestGguf::wrongFilesAreRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("why");
    const auto row = [](const char *name, const std::string &bytes, const char *why) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << why;
    };
    const std::uint64_t huge = ~std::uint64_t(0);
    row("other file", "{\"a\": 1}                ", "no GGUF file");
    {
        B b;
        b.version = 1;
        row("version 1", b.bytes(), "version 1");
        b.version = 4;
        row("version 4", b.bytes(), "version 4");
        b.version = 0x03000000;
        row("big-endian", b.bytes(), "big-endian");
    }
    row("many values", "GGUF" + B::raw(3u) + B::raw(std::uint64_t(0)) + B::raw(huge), "ends too early");
    row("many tensors", "GGUF" + B::raw(3u) + B::raw(huge) + B::raw(std::uint64_t(0)), "ends too early");
    const auto value = [&](const char *name, std::uint32_t type, const std::string &content, const char *why) {
        B b;
        b.rawValue("key", type, content);
        row(name, b.bytes(), why);
    };
    value("long string", B::String, B::raw(huge) + "x", "ends too early");
    value("long array", B::Array, B::raw<std::uint32_t>(B::U64) + B::raw(huge), "ends too early");
    const std::uint64_t many = (1 << 24) + 1;
    value("more values than any vocabulary", B::Array,
          B::raw<std::uint32_t>(B::U8) + B::raw(many) + std::string(many, 'x'), "values");
    value("long text array", B::Array, B::raw<std::uint32_t>(B::String) + B::raw(huge / 8), "ends too early");
    value("array of arrays", B::Array, B::raw<std::uint32_t>(B::Array) + B::raw(std::uint64_t(0)), "array of arrays");
    value("unknown type", 99, "", "unknown type 99");
    value("unknown array", B::Array, B::raw<std::uint32_t>(77) + B::raw(std::uint64_t(0)), "unknown type 77");
    {
        B b;
        b.text("twice", "a");
        b.text("twice", "b");
        row("same key twice", b.bytes(), "comes twice");
    }
    const auto tensor = [&](const char *name, const std::vector<std::uint64_t> &shape, std::uint32_t type,
                            std::uint64_t offset, const char *why) {
        B b;
        b.tensor("first", {8}, 0, std::string(32, 'x'));
        b.entry("second", shape, type, offset);
        row(name, b.bytes(), why);
    };
    tensor("past the end", {8}, 0, 32, "cut short");
    tensor("far away", {8}, 0, huge / 32 * 32, "lies at byte");
    tensor("off its alignment", {1}, 0, 4, "lies at byte");
    tensor("overlap", {1}, 0, 0, "overlap");
    tensor("rows of half blocks", {16, 2}, 8, 0, "rules out");
    tensor("product overflows", {std::uint64_t(1) << 62, 8}, 0, 0, "rules out");
    tensor("bytes overflow", {std::uint64_t(1) << 62}, 0, 0, "rules out");
    tensor("size beyond 63 bits", {huge}, 0, 0, "no valid shape");
    tensor("nine dimensions", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, 0, "9 dimensions");
    {
        B b;
        b.tensor("same", {1}, 0, B::raw(1.0f));
        b.tensor("same", {1}, 0, B::raw(1.0f));
        row("same name twice", b.bytes(), "comes twice");
    }
    for (const std::uint32_t alignment : {0u, 48u, 0x80000000u}) {
        B b;
        b.value("general.alignment", B::U32, alignment);
        b.tensor("a", {1}, 0, B::raw(1.0f));
        row(("alignment " + std::to_string(alignment)).c_str(), b.bytes(), "power of two");
    }
}

void TestGguf::wrongFilesAreRefused()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, why);
    const auto file = open(bytes.toStdString());
    QVERIFY(!file);
    QVERIFY2(file.error().message.find(why.toStdString()) != std::string::npos, file.error().message.c_str());
    QVERIFY(file.error().message.find("test.gguf") != std::string::npos);
}

void TestGguf::anUnsupportedTypeIsAnErrorOnlyWhereItIsAsked()
{
    B b;
    b.tensor("k", {256}, 11, std::string(110, 'x'));
    b.tensor("f", {1}, 0, B::raw(1.0f));
    const auto file = open(b.bytes());
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    QVERIFY(file->tensor("f"));
    QVERIFY(file->contains("k"));
    QVERIFY(!file->tensors().contains("k"));
    const auto tensor = file->tensor("k");
    QVERIFY(!tensor);
    QVERIFY(tensor.error().message.find("the tensor k has the type Q3_K, which is not supported") !=
            std::string::npos);
}

QTEST_APPLESS_MAIN(TestGguf)
#include "tst_gguf.moc"
