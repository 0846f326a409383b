#include "core/train/settings.h"

#include <QtTest>

using namespace attune;

class TestSettings : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everySettingReadsBackWhatWasSet()
    {
        for (const SettingInfo &info : trainSettings()) {
            TrainSettings settings;
            const std::string text = settings.get(info.key);
            QVERIFY2(settings.set(info.key, text), info.key);
            QCOMPARE(settings.get(info.key), text);
            QVERIFY(std::string(info.help).ends_with('.'));
        }
        const auto again = TrainSettings::fromJson(Json(TrainSettings{}.toJson()));
        QVERIFY(again);
        QVERIFY(again->toJson() == TrainSettings{}.toJson());
    }

    void aWrongValueNamesTheRange_data()
    {
        QTest::addColumn<std::string>("pair");
        QTest::addColumn<std::string>("word");
        QTest::newRow("below") << std::string("lora_r=0") << std::string("1 to 4096");
        QTest::newRow("above") << std::string("lora_dropout=0.99") << std::string("0 to 0.95");
        QTest::newRow("fraction") << std::string("max_steps=1.5") << std::string("whole number");
        QTest::newRow("no number") << std::string("learning_rate=fast") << std::string("fast");
        QTest::newRow("trailing") << std::string("learning_rate=1e-3x") << std::string("1e-3x");
        QTest::newRow("nan") << std::string("learning_rate=nan") << std::string("nan");
        QTest::newRow("empty") << std::string("seed=") << std::string("whole number");
        QTest::newRow("flag") << std::string("shuffle=maybe") << std::string("true or false");
        QTest::newRow("choice") << std::string("lr_scheduler_type=step") << std::string("cosine");
        QTest::newRow("module") << std::string("target_modules=q_proj,lm_head") << std::string("lm_head");
        QTest::newRow("pattern") << std::string("target_modules=(q_proj") << std::string("regular expression");
        QTest::newRow("layers") << std::string("layers_to_transform=8-") << std::string("0-7,12");
        QTest::newRow("optimiser") << std::string("optim=sgd") << std::string("adamw_8bit");
        QTest::newRow("device") << std::string("device=banana") << std::string("cuda:N");
        QTest::newRow("card") << std::string("device=cuda:x") << std::string("cuda:N");
        QTest::newRow("epsilon") << std::string("adam_epsilon=0") << std::string("1e-15");
        QTest::newRow("no equals") << std::string("seed") << std::string("KEY=VALUE");
        QTest::newRow("near") << std::string("learning_rat=1") << std::string("did you mean learning_rate");
        QTest::newRow("other trainers'")
            << std::string("label_smoothing_factor=0.1") << std::string("other trainers");
    }
    void aWrongValueNamesTheRange()
    {
        QFETCH(std::string, pair);
        QFETCH(std::string, word);
        TrainSettings settings;
        const auto set = settings.setPair(pair);
        QVERIFY(!set);
        QVERIFY2(set.error().message.find(word) != std::string::npos, set.error().message.c_str());
        QVERIFY(settings.toJson() == TrainSettings{}.toJson());
    }
};

QTEST_APPLESS_MAIN(TestSettings)
#include "tst_settings.moc"
