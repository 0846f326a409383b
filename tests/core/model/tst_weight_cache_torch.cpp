#include "core/model/linear_torch.h"
#include "core/model/weight_cache_torch.h"
#include "tests/core/model/parity.h"

#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>
#include <chrono>
#include <csignal>
#include <sys/resource.h>

using namespace attune;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t MiB = 1 << 20;

WeightCache cacheIn(const QTemporaryDir &folder)
{
    return {fs::path(folder.path().toStdString()) / "weights", 64 * MiB, 0};
}

Nf4Tensor quantised(std::int64_t out, std::int64_t in, bool doubleQuant)
{
    at::manual_seed(out * 1000 + in);
    const at::Tensor w = at::randn({out, in});
    return quantizeNf4(out, in, doubleQuant, [&](std::int64_t begin, std::int64_t end, float *to) {
        std::copy_n(w.const_data_ptr<float>() + begin * in, (end - begin) * in, to);
    });
}

NamedWeights some(bool doubleQuant)
{
    NamedWeights weights;
    weights.emplace_back("first", quantised(96, 64, doubleQuant));
    weights.emplace_back("second", quantised(300, 192, doubleQuant));
    weights.emplace_back("odd", quantised(5, 33, doubleQuant)); // its last block is short
    return weights;
}

bool same(const at::Tensor &a, const at::Tensor &b)
{
    return a.defined() == b.defined() && (!a.defined() || (a.scalar_type() == b.scalar_type() && at::equal(a, b)));
}

bool same(const Nf4Tensor &a, const Nf4Tensor &b)
{
    return a.out == b.out && a.in == b.in && a.offset == b.offset && same(a.packed, b.packed) &&
           same(a.absmax, b.absmax) && same(a.codes, b.codes) && same(a.absmax2, b.absmax2) && same(a.code, b.code) &&
           same(a.levels, b.levels);
}

QByteArray contentOf(const fs::path &path)
{
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void write(const fs::path &path, const QByteArray &content)
{
    QFile file(QString::fromStdString(path.string()));
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(content) == content.size());
}

std::size_t filesIn(const fs::path &folder)
{
    std::error_code ignored;
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder, ignored), fs::directory_iterator()));
}

} // namespace

class TestWeightCache : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatIsKeptIsFoundBitForBit_data()
    {
        QTest::addColumn<bool>("doubleQuant");
        QTest::newRow("single") << false;
        QTest::newRow("double") << true;
    }
    void whatIsKeptIsFoundBitForBit()
    {
        QFETCH(bool, doubleQuant);
        const QTemporaryDir folder;
        const WeightCache cache = cacheIn(folder);
        const NamedWeights weights = some(doubleQuant);
        QVERIFY(StoredWeights::find(cache, "a model").empty());
        keepWeights(cache, "a model", weights, {});
        QVERIFY2(weightCacheTrouble().empty(), weightCacheTrouble().c_str());
        QCOMPARE(filesIn(cache.folder), std::size_t(1)); // and nothing temporary

        std::optional<Nf4Tensor> kept;
        {
            const StoredWeights stored = StoredWeights::find(cache, "a model");
            for (const auto &[name, w] : weights) {
                const auto found = stored.weight(name, w.out, w.in);
                QVERIFY2(found && same(*found, w), name.c_str());
            }
            QVERIFY(!stored.weight("third", 96, 64));
            QVERIFY(!stored.weight("first", 64, 96)); // another shape
            kept = stored.weight("second", 300, 192);
        }
        fs::remove_all(cache.folder);
        QVERIFY(same(*kept, weights[1].second)); // the tensors hold the map
        QVERIFY(at::equal(dequantize(*kept, at::kFloat), dequantize(weights[1].second, at::kFloat)));
        QVERIFY(StoredWeights::find(cache, "another model").empty());
    }

    void aDamagedFileIsNotTrustedAndGoes()
    {
        const QTemporaryDir folder;
        const WeightCache cache = cacheIn(folder);
        const NamedWeights weights = some(true);
        keepWeights(cache, "a model", weights, {});
        const fs::path path = cache.file("a model");
        const QByteArray whole = contentOf(path);
        QVERIFY(whole.size() > 30'000);
        std::vector<QByteArray> damaged = {QByteArray(),
                                           whole.left(10),
                                           whole.left(whole.size() - 1),
                                           whole.left(whole.size() / 2),
                                           whole + '\0',
                                           QByteArray(whole.size(), '\0')};
        // One bit in the first tensor, in the last one (250 bytes before the index, with two more parts and what
        // aligns them), in the index and in the trailer.
        const qsizetype index = whole.indexOf("{\"double\"");
        QVERIFY(index > 0);
        for (const qsizetype at : {qsizetype(7), index - 250, whole.indexOf("absmax2"), whole.size() - 20}) {
            damaged.push_back(whole);
            damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 4);
        }
        for (std::size_t i = 0; i < damaged.size(); ++i) {
            write(path, damaged[i]);
            QVERIFY2(StoredWeights::find(cache, "a model").empty(), std::to_string(i).c_str());
            QVERIFY2(!fs::exists(path), std::to_string(i).c_str());
        }
        keepWeights(cache, "a model", weights, {}); // built again
        QVERIFY(!StoredWeights::find(cache, "a model").empty());
        // Another model's, under this name.
        fs::copy_file(path, cache.file("b"));
        QVERIFY(StoredWeights::find(cache, "b").empty());
    }

    void aFullDiskKeepsNothingAndSaysSo()
    {
        const QTemporaryDir folder;
        const WeightCache cache = cacheIn(folder);
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        QCOMPARE(::getrlimit(RLIMIT_FSIZE, &before), 0);
        rlimit small = before;
        small.rlim_cur = 10'000;
        QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
        keepWeights(cache, "a model", some(true), {});
        QCOMPARE(::setrlimit(RLIMIT_FSIZE, &before), 0);
        QVERIFY2(weightCacheTrouble().starts_with("The quantised weights are not kept"),
                 weightCacheTrouble().c_str());
        QCOMPARE(filesIn(cache.folder), std::size_t(0));

        WeightCache noFolder = cache;
        noFolder.folder = fs::path(folder.path().toStdString()) / "file";
        write(noFolder.folder, "x");
        keepWeights(noFolder, "a model", some(true), {});
        QVERIFY(!weightCacheTrouble().empty());
        keepWeights(cache, "a model", some(true), {});
        QVERIFY(weightCacheTrouble().empty());
    }

    void whatIsSmallOrUnwantedOrStoppedIsNotKept()
    {
        const QTemporaryDir folder;
        WeightCache cache = cacheIn(folder);
        cache.least = MiB;
        keepWeights(cache, "a model", some(true), {});
        cache.least = 0;
        cache.limit = 0;
        keepWeights(cache, "a model", some(true), {});
        cache.limit = MiB;
        std::stop_source stop;
        stop.request_stop();
        keepWeights(cache, "a model", some(true), stop.get_token());
        QVERIFY(weightCacheTrouble().empty());
        QCOMPARE(filesIn(cache.folder), std::size_t(0));
        cache.limit = 1000;
        keepWeights(cache, "a model", some(true), {});
        QVERIFY(weightCacheTrouble().find("ATTUNE_WEIGHT_CACHE") != std::string::npos);
        QCOMPARE(filesIn(cache.folder), std::size_t(0));
    }

    void whatWasUsedLongestAgoMakesRoom()
    {
        const QTemporaryDir folder;
        WeightCache cache = cacheIn(folder);
        for (const char *key : {"a", "b", "c"})
            keepWeights(cache, key, some(true), {});
        const std::int64_t each = weightCacheUse(cache).bytes / 3;
        QCOMPARE(weightCacheUse(cache).files, std::int64_t(3));
        const auto now = fs::file_time_type::clock::now();
        for (const auto &[key, hours] : {std::pair("a", 5), std::pair("b", 9), std::pair("c", 7)})
            fs::last_write_time(cache.file(key), now - std::chrono::hours(hours));
        const fs::path left = cache.folder / ".x.nf4.77-0.part"; // of a killed process
        const fs::path working = cache.folder / ".y.nf4.78-0.part";
        write(left, "x");
        write(working, "x");
        fs::last_write_time(left, now - std::chrono::hours(2));
        QVERIFY(!StoredWeights::find(cache, "b").empty()); // used just now
        cache.limit = 3 * each + each / 2;
        keepWeights(cache, "d", some(true), {});
        QVERIFY(!fs::exists(cache.file("c")));
        QVERIFY(fs::exists(cache.file("a")) && fs::exists(cache.file("b")) && fs::exists(cache.file("d")));
        QVERIFY(!fs::exists(left) && fs::exists(working));
        QVERIFY(weightCacheUse(cache).bytes <= cache.limit);
    }

    void theVariableSetsTheLimitAndSwitchesOff()
    {
        const QByteArray before = qgetenv("ATTUNE_WEIGHT_CACHE");
        const auto limit = [](const char *value) {
            qputenv("ATTUNE_WEIGHT_CACHE", value);
            return WeightCache::standard().limit;
        };
        QCOMPARE(limit("0"), std::int64_t(0));
        QCOMPARE(limit("off"), std::int64_t(0));
        QCOMPARE(limit("-3"), std::int64_t(0));
        QCOMPARE(limit("0.5"), 512 * MiB);
        QCOMPARE(limit(""), 16 * 1024 * MiB);
        qunsetenv("ATTUNE_WEIGHT_CACHE");
        QCOMPARE(WeightCache::standard().limit, 16 * 1024 * MiB);
        if (!before.isNull())
            qputenv("ATTUNE_WEIGHT_CACHE", before);
    }

    void aGroupTakesTheStoredWeightsInPlaceOfQuantising()
    {
        const QTemporaryDir folder;
        const WeightCache cache = cacheIn(folder);
        const auto source = WeightSource::open(parity::folder("llama-gqa") + "/model");
        QVERIFY(source);
        const std::string prefix = "model.layers.1.";
        const std::vector<Projection> qkv = {Projection::Q, Projection::K, Projection::V};
        LinearGroup::Options options;
        options.nf4 = true;
        options.doubleQuant = true;
        const auto fresh = LinearGroup::load(**source, prefix, qkv, options);
        QVERIFY(fresh);
        NamedWeights weights;
        fresh->addPacked(prefix, weights);
        QCOMPARE(weights.size(), std::size_t(3));
        const std::string key = weightKey(**source, *(*source)->fingerprint(), true);
        QVERIFY(key != weightKey(**source, *(*source)->fingerprint(), false));
        keepWeights(cache, key, weights, {});

        const StoredWeights stored = StoredWeights::find(cache, key);
        options.stored = &stored;
        const auto again = LinearGroup::load(**source, prefix, qkv, options);
        QVERIFY(again);
        NamedWeights taken;
        again->addPacked(prefix, taken);
        for (std::size_t i = 0; i < weights.size(); ++i) {
            QVERIFY(same(taken[i].second, weights[i].second));
            QVERIFY(taken[i].second.packed.const_data_ptr() ==
                    stored.weight(taken[i].first, taken[i].second.out, taken[i].second.in)->packed.const_data_ptr());
        }
        DequantScratch one;
        DequantScratch two;
        QVERIFY(at::equal(fresh->weight(one), again->weight(two)));
    }

    void theKeyFollowsTheFiles()
    {
        const QTemporaryDir folder;
        const fs::path model = fs::path(folder.path().toStdString()) / "model";
        fs::copy(parity::folder("llama-gqa") + "/model", model, fs::copy_options::recursive);
        const auto keyNow = [&] {
            const auto source = WeightSource::open(model);
            return source ? weightKey(**source, *(*source)->fingerprint(), true) : std::string();
        };
        const std::string before = keyNow();
        QCOMPARE(keyNow(), before);
        for (const auto &entry : fs::directory_iterator(model))
            if (entry.path().extension() == ".safetensors")
                fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
        QVERIFY(keyNow() != before);
    }
};

QTEST_APPLESS_MAIN(TestWeightCache)
#include "tst_weight_cache_torch.moc"
