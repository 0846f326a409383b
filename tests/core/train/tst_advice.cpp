#include "core/train/advice.h"

#include <QTest>

using namespace attune;

class TestAdvice : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theDefaultsAreNotOdd()
    {
        for (const SettingInfo &info : trainSettings())
            QCOMPARE(adviceOn(TrainSettings{}, info.key), std::string());
    }

    void anOddValueGetsASentence_data()
    {
        QTest::addColumn<QString>("pair");
        for (const char *pair : {"learning_rate=0.002", "learning_rate=0", "learning_rate=1e-7", "lora_r=512",
                                 "lora_alpha=1024", "lora_alpha=1", "lora_dropout=0.9", "num_train_epochs=50",
                                 "max_steps=10", "per_device_train_batch_size=512", "max_length=16",
                                 "warmup_ratio=0.9", "weight_decay=1", "max_grad_norm=0",
                                 "assistant_only_loss=false", "shuffle=false", "use_dora=true",
                                 "neftune_noise_alpha=50"})
            QTest::newRow(pair) << QString::fromLatin1(pair);
    }
    void anOddValueGetsASentence()
    {
        QFETCH(QString, pair);
        TrainSettings settings;
        QVERIFY(settings.setPair(pair.toStdString()));
        const auto advice = adviceOn(settings, pair.section(QLatin1Char('='), 0, 0).toStdString());
        QVERIFY(advice.ends_with('.'));
    }

    void tenTimesTheRateIsSaid()
    {
        TrainSettings settings;
        settings.learning_rate = 2e-3;
        QCOMPARE(adviceOn(settings, "learning_rate"),
                 std::string("0.002 is 10 times the usual; the loss may not come down."));
    }
};

QTEST_APPLESS_MAIN(TestAdvice)
#include "tst_advice.moc"
