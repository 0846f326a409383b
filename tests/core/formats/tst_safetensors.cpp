#include "core/formats/json.h"
#include "core/formats/safetensors.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cstring>
#include <fstream>

using namespace attune;
namespace fs = std::filesystem;

class TestSafetensors : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatWasWrittenReadsTheSame();
    void headersArePaddedToEightBytes();
    void everyPrefixOfAFileIsRefused();
    void everyChangedByteOfAHeaderIsHarmless();
    void wrongHeadersAreRefused_data();
    void wrongHeadersAreRefused();
    void anUnsupportedTypeIsAnErrorOnlyWhereItIsAsked();
    void filesOfTheReferenceLibraryRead();
    void shardsAreFoundThroughTheIndex();
    void aShardOutsideTheFolderIsRefused_data();
    void aShardOutsideTheFolderIsRefused();
    void anIndexThatNamesAMissingTensorIsRefused();
    void aFolderWithoutWeightsIsNotFound();
};

namespace {

std::string withHeader(const std::string &header, const std::string &data = std::string(16, 'd'))
{
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + data;
}

Result<SafetensorsFile> parsed(const std::string &bytes)
{
    return SafetensorsFile::parse(std::as_bytes(std::span(bytes)), "test.safetensors");
}

std::string small()
{
    static const std::vector<float> values = {1, 2, 3, 4, 5, 6};
    static const std::vector<std::uint16_t> halves = {0x3c00, 0x4000};
    const std::vector<TensorToWrite> tensors = {
        {"b", DType::F32, {2, 3}, std::as_bytes(std::span(values))},
        {"a", DType::F16, {2}, std::as_bytes(std::span(halves))},
        {"scalar", DType::F32, {}, std::as_bytes(std::span(values).first(1))},
        {"empty", DType::F32, {0, 5}, {}},
    };
    return safetensorsBytes(tensors, {{"format", "pt"}});
}

void write(const fs::path &path, const std::string &content)
{
    std::ofstream(path, std::ios::binary) << content;
}

} // namespace

void TestSafetensors::whatWasWrittenReadsTheSame()
{
    const std::string bytes = small();
    const auto file = parsed(bytes);
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    QCOMPARE(file->metadata().at("format"), std::string("pt"));
    QCOMPARE(file->tensors().size(), std::size_t(4));
    const auto tensor = file->tensor("b");
    QVERIFY(tensor);
    QCOMPARE(tensor->shape, (std::vector<std::int64_t>{2, 3}));
    std::vector<float> values(6);
    toFloat(*tensor, 0, 6, values.data());
    QCOMPARE(values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
    QCOMPARE(file->tensor("scalar")->elements(), std::int64_t(1));
    QCOMPARE(file->tensor("empty")->elements(), std::int64_t(0));
    const auto missing = file->tensor("c");
    QVERIFY(!missing);
    QCOMPARE(missing.error().code, ErrorCode::NotFound);
    QCOMPARE(missing.error().message, std::string("test.safetensors holds no tensor c."));

    QTemporaryDir folder;
    const fs::path path = fs::path(folder.path().toStdString()) / "x.safetensors";
    QVERIFY(writeSafetensors(path, {}, {}));
    QVERIFY(SafetensorsFile::open(path)->tensors().empty());
}

void TestSafetensors::headersArePaddedToEightBytes()
{
    std::uint64_t length = 0;
    std::memcpy(&length, small().data(), 8);
    QCOMPARE(length % 8, std::uint64_t(0));
}

void TestSafetensors::everyPrefixOfAFileIsRefused()
{
    const std::string bytes = small();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string prefix = bytes.substr(0, size);
        QVERIFY2(!parsed(prefix), std::to_string(size).c_str());
    }
}

void TestSafetensors::everyChangedByteOfAHeaderIsHarmless()
{
    const std::string bytes = small();
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    for (std::size_t i = 0; i < 8 + length; ++i) {
        for (const char c : {'\0', '9', '"', '}', '\xff'}) {
            std::string changed = bytes;
            changed[i] = c;
            const auto file = parsed(changed);
            if (!file)
                continue;
            for (const auto &[name, tensor] : file->tensors()) // reads inside the file, or the sanitizer speaks
                for (const std::byte byte : tensor.data)
                    QVERIFY(&byte >= static_cast<const void *>(changed.data()));
        }
    }
}

void TestSafetensors::wrongHeadersAreRefused_data()
{
    QTest::addColumn<QString>("header");
    QTest::newRow("no object") << "[]";
    QTest::newRow("entry is no object") << R"({"a":1})";
    QTest::newRow("no dtype") << R"({"a":{"shape":[4],"data_offsets":[0,16]}})";
    QTest::newRow("no shape") << R"({"a":{"dtype":"F32","data_offsets":[0,16]}})";
    QTest::newRow("no offsets") << R"({"a":{"dtype":"F32","shape":[4]}})";
    QTest::newRow("three offsets") << R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16,16]}})";
    QTest::newRow("backwards") << R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[16,0]}})";
    QTest::newRow("past the end") << R"({"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}})";
    QTest::newRow("far past the end")
        << R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775792,9223372036854775807]}})";
    QTest::newRow("beyond 63 bits") << R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551615]}})";
    QTest::newRow("size contradicts shape") << R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}})";
    QTest::newRow("size contradicts type") << R"({"a":{"dtype":"F16","shape":[4],"data_offsets":[0,16]}})";
    QTest::newRow("negative size") << R"({"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})";
    QTest::newRow("negative twice") << R"({"a":{"dtype":"F32","shape":[-2,-2],"data_offsets":[0,16]}})";
    QTest::newRow("fraction") << R"({"a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}})";
    QTest::newRow("product overflows to 16")
        << R"({"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}})";
    QTest::newRow("bytes overflow") << R"({"a":{"dtype":"F32","shape":[4611686018427387908],"data_offsets":[0,16]}})";
    QTest::newRow("overlap")
        << R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
    QTest::newRow("overlap of unknown types")
        << R"({"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
    QTest::newRow("same name twice")
        << R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})";
    QTest::newRow("metadata of numbers") << R"({"__metadata__":{"a":1}})";
    QTest::newRow("metadata of no kind") << R"({"__metadata__":[]})";
    QTest::newRow("deep") << QString(100'000, '[');
}

void TestSafetensors::wrongHeadersAreRefused()
{
    QFETCH(QString, header);
    const std::string bytes = withHeader(header.toStdString());
    const auto file = parsed(bytes);
    QVERIFY(!file);
    QVERIFY2(file.error().message.starts_with("test.safetensors"), file.error().message.c_str());
}

void TestSafetensors::anUnsupportedTypeIsAnErrorOnlyWhereItIsAsked()
{
    const std::string bytes = withHeader(
        R"({"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})");
    const auto file = parsed(bytes);
    QVERIFY(file);
    QVERIFY(file->tensor("b"));
    QVERIFY(!file->tensors().contains("a"));
    const auto tensor = file->tensor("a");
    QVERIFY(!tensor);
    QVERIFY(tensor.error().message.find("the tensor a has the type F8_E4M3, which is not supported") !=
            std::string::npos);
}

void TestSafetensors::filesOfTheReferenceLibraryRead()
{
    const auto file = SafetensorsFile::open(fs::path(ATTUNE_TEST_DATA) / "parity/nf4.safetensors");
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    const auto weight = file->tensor("weight");
    QVERIFY(weight);
    QCOMPARE(weight->shape, (std::vector<std::int64_t>{96, 512}));
    std::vector<float> row(512);
    toFloat(*weight, 10 * 512, 11 * 512, row.data());
    QVERIFY(std::all_of(row.begin(), row.end(), [](float x) { return x == 0; }));
    float outlier = 0;
    toFloat(*weight, 3 * 512 + 7, 3 * 512 + 8, &outlier);
    QCOMPARE(outlier, 1.5f);
    QCOMPARE(file->tensor("single.packed")->dtype, DType::U8);
    file->forget(*weight);
    toFloat(*weight, 3 * 512 + 7, 3 * 512 + 8, &outlier);
    QCOMPARE(outlier, 1.5f);
}

void TestSafetensors::shardsAreFoundThroughTheIndex()
{
    const auto sharded = SafetensorsFolder::open(fs::path(ATTUNE_TEST_DATA) / "parity/llama-sharded-bias/model");
    QVERIFY2(sharded, sharded ? "" : sharded.error().message.c_str());
    QVERIFY(sharded->contains("model.embed_tokens.weight"));
    QVERIFY(!sharded->contains("model.embed_tokens.bias"));
    for (const std::string &name : sharded->names()) {
        const auto tensor = sharded->tensor(name);
        QVERIFY(tensor);
        QCOMPARE(tensor->name, name);
        sharded->forget(*tensor);
    }
    const auto single = SafetensorsFolder::open(fs::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/model");
    QVERIFY(single);
    QVERIFY(single->names().size() > 10);
    QVERIFY(!single->tensor("nothing"));
}

void TestSafetensors::aShardOutsideTheFolderIsRefused_data()
{
    QTest::addColumn<QString>("shard");
    QTest::newRow("parent") << "\"../x.safetensors\"";
    QTest::newRow("parent inside") << "\"a/../../x.safetensors\"";
    QTest::newRow("absolute") << "\"/etc/passwd\"";
    QTest::newRow("empty") << "\"\"";
    QTest::newRow("folder") << "\"a/\"";
    QTest::newRow("number") << "7";
}

void TestSafetensors::aShardOutsideTheFolderIsRefused()
{
    QFETCH(QString, shard);
    QTemporaryDir folder;
    const fs::path inner = fs::path(folder.path().toStdString()) / "model";
    fs::create_directory(inner);
    write(inner.parent_path() / "x.safetensors", small());
    write(inner / "model.safetensors.index.json", R"({"weight_map":{"a":)" + shard.toStdString() + "}}");
    const auto opened = SafetensorsFolder::open(inner);
    QVERIFY(!opened);
    QVERIFY2(opened.error().message.find("must lie inside") != std::string::npos, opened.error().message.c_str());
}

void TestSafetensors::anIndexThatNamesAMissingTensorIsRefused()
{
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    write(path / "s.safetensors", small());
    write(path / "model.safetensors.index.json", R"({"weight_map":{"a":"s.safetensors","zzz":"s.safetensors"}})");
    const auto opened = SafetensorsFolder::open(path);
    QVERIFY(!opened);
    QVERIFY(opened.error().message.find("zzz") != std::string::npos);
    write(path / "model.safetensors.index.json", R"({"weight_map":{"a":"gone.safetensors"}})");
    QCOMPARE(SafetensorsFolder::open(path).error().code, ErrorCode::NotFound);
}

void TestSafetensors::aFolderWithoutWeightsIsNotFound()
{
    QTemporaryDir folder;
    const auto opened = SafetensorsFolder::open(folder.path().toStdString());
    QVERIFY(!opened);
    QCOMPARE(opened.error().code, ErrorCode::NotFound);
}

QTEST_APPLESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"
