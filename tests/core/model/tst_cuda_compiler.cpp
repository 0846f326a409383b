#include "core/model/cuda_compiler.h"

#include <QtTest>

using namespace attune;

/// NVRTC compiles without a card; installer/test fetches it (installer/setup --with-nvrtc).
class TestCudaCompiler : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theKernelsCompileForEveryCardSinceTuring_data()
    {
        QTest::addColumn<int>("capability");
        for (const int c : {75, 80, 86, 89, 90, 100, 120})
            QTest::addRow("sm_%d", c) << c;
    }
    void theKernelsCompileForEveryCardSinceTuring()
    {
        QFETCH(int, capability);
        const auto code = compileCuda(cudaKernelSource(), capability);
        QVERIFY2(code.has_value(), code ? "" : (code.error().message + "\n" + code.error().detail).c_str());
        QVERIFY(QByteArray(code->data(), qsizetype(code->size())).startsWith("\x7f" "ELF"));
        for (const char *kernel :
             {"nf4ToBf16", "nf4ToFloat", "nf4MatVec1", "nf4MatVec8", "rmsNorm", "rmsNormBackward", "swiGlu",
              "swiGluBackward", "rotateHeads", "crossEntropy", "dropout", "decodeEmbed", "decodeLinear1",
              "decodeLinear2", "decodeLinear4", "decodeLinear8", "decodeAttend", "decodeJoin"})
            QVERIFY2(code->find(kernel) != std::string::npos, kernel);
    }

    void aCardYoungerThanTheCompilerGetsWhatRunsOnIt()
    {
        const std::string source = "extern \"C\" __global__ void f(int *x) { *x = 1; }";
        const auto sameGeneration = compileCuda(source, 129);
        QVERIFY(sameGeneration && sameGeneration->starts_with("\x7f" "ELF"));
        const auto nextGeneration = compileCuda(source, 200);
        QVERIFY(nextGeneration && nextGeneration->find(".target") != std::string::npos);
    }

    void compiledCodeIsKeptAndABrokenSourceIsNamed()
    {
        const QTemporaryDir folder;
        const std::filesystem::path path = folder.path().toStdString() + "/kernels";
        const std::string source = "extern \"C\" __global__ void f(int *x) { *x = 1; }";
        const auto first = compiledCuda(source, 80, path);
        QVERIFY(first.has_value());
        QCOMPARE(QDir(QString::fromStdString(path.string())).entryList(QDir::Files).size(), 1);
        QCOMPARE(compiledCuda(source, 80, path).value(), *first);
        QFile kept(QDir(QString::fromStdString(path.string())).entryInfoList(QDir::Files).first().filePath());
        QVERIFY(kept.open(QIODevice::ReadWrite));
        const QByteArray whole = kept.readAll();
        QVERIFY(kept.resize(kept.size() / 2)); // cut
        QCOMPARE(compiledCuda(source, 80, path).value(), *first);
        QFile mended(kept.fileName());
        QVERIFY(mended.open(QIODevice::ReadWrite));
        QCOMPARE(mended.readAll(), whole);
        QVERIFY(mended.seek(40) && mended.putChar('\x7e')); // one byte is another
        mended.close();
        QCOMPARE(compiledCuda(source, 80, path).value(), *first);
        QVERIFY(compiledCuda(source, 90, path).value() != *first);
        QCOMPARE(QDir(QString::fromStdString(path.string())).entryList(QDir::Files).size(), 2);

        const auto broken = compileCuda("extern \"C\" __global__ void f() { nonsense; }", 80);
        QVERIFY(!broken);
        QVERIFY(broken.error().detail.find("nonsense") != std::string::npos);
        QVERIFY(compiledCuda(source, 80, "/proc/nowhere").has_value()); // only not kept
    }
};

QTEST_APPLESS_MAIN(TestCudaCompiler)
#include "tst_cuda_compiler.moc"
