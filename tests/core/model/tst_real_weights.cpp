// The bundled model, quantised and then from the cache of quantised weights.

#include "core/base/files.h"
#include "core/model/language_model.h"
#include "core/model/registry.h"
#include "core/model/weight_cache.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace attune;

class TestRealWeights : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aSecondLoadIsTheSameModel()
    {
        const auto path = resolveModel("smollm2-135m-instruct");
        QVERIFY2(path, "installer/setup fetches this model");
        const QTemporaryDir elsewhere;
        qputenv("ATTUNE_CACHE", elsewhere.path().toUtf8());
        qputenv("ATTUNE_WEIGHT_CACHE", "1");
        LoadOptions options;
        options.quantization = Quantization::Nf4;
        options.device = "cpu";
        const std::vector<TokenId> ids = {1, 4093, 198, 25, 7, 901, 30000, 12};
        const auto scores = [&] {
            auto model = LanguageModel::load(*path, options);
            return model ? model->allLogits(ids).value_or(std::vector<float>()) : std::vector<float>();
        };
        const auto first = scores();
        QVERIFY2(weightCacheTrouble().empty(), weightCacheTrouble().c_str());
        const WeightCacheUse use = weightCacheUse(WeightCache::standard());
        QCOMPARE(use.files, std::int64_t(1));
        QVERIFY(use.bytes > 53'000'000 &&
                use.bytes < 60'000'000); // 106 million weights, a little over half a byte each
        const auto second = scores();
        QCOMPARE(weightCacheUse(WeightCache::standard()).files, std::int64_t(1));
        QVERIFY(!first.empty() && first == second);

        options.doubleQuant = false; // another quantisation, another file
        const auto single = scores();
        QCOMPARE(weightCacheUse(WeightCache::standard()).files, std::int64_t(2));
        QVERIFY(single != first && single == scores());

        // Off: nothing is read, nothing written.
        qputenv("ATTUNE_WEIGHT_CACHE", "0");
        std::filesystem::remove_all(WeightCache::standard().folder);
        QVERIFY(single == scores());
        QCOMPARE(weightCacheUse(WeightCache::standard()).files, std::int64_t(0));
    }
};

QTEST_APPLESS_MAIN(TestRealWeights)
#include "tst_real_weights.moc"
