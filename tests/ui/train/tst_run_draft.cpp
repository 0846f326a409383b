#include "ui/train/run_draft.h"

#include <QSignalSpy>
#include <QTest>

using namespace attune;
using namespace attune::ui;

class TestRunDraft : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everySettingIsReadAndWrittenByItsName()
    {
        RunDraft draft;
        for (const SettingInfo &info : trainSettings()) {
            const QString key = QString::fromLatin1(info.key);
            QCOMPARE(draft.text(key).toStdString(), TrainSettings{}.get(info.key));
            draft.setText(key, draft.text(key));
        }
        QVERIFY(draft.changedKeys().isEmpty());
        QVERIFY(draft.wrongKeys().isEmpty());
    }

    void aRefusedValueStaysAsTypedAndLeavesTheLastGoodOne()
    {
        RunDraft draft;
        draft.setText(QStringLiteral("lora_dropout"), QStringLiteral("0.2"));
        draft.setText(QStringLiteral("lora_dropout"), QStringLiteral("1.5"));
        QCOMPARE(draft.text(QStringLiteral("lora_dropout")), QStringLiteral("1.5"));
        QCOMPARE(draft.error(QStringLiteral("lora_dropout")), QStringLiteral("lora_dropout: a number, 0 to 0.95"));
        QCOMPARE(draft.settings().lora_dropout, 0.2);
        QCOMPARE(draft.wrongKeys(), QStringList{QStringLiteral("lora_dropout")});
        draft.setText(QStringLiteral("lora_dropout"), QStringLiteral("0.3"));
        QVERIFY(draft.wrongKeys().isEmpty());
        QCOMPARE(draft.settings().lora_dropout, 0.3);
    }

    void whatIsTypedIsNotRewritten()
    {
        RunDraft draft;
        QSignalSpy changes(&draft, &RunDraft::changed);
        draft.setText(QStringLiteral("learning_rate"), QStringLiteral("0.00020"));
        QCOMPARE(draft.text(QStringLiteral("learning_rate")), QStringLiteral("0.00020"));
        QCOMPARE(draft.settings().learning_rate, 2e-4);
        QVERIFY(draft.changedKeys().isEmpty()); // the same value, written otherwise
        QCOMPARE(changes.size(), 1);
    }

    void anOddValueIsSaidAndNotRefused()
    {
        RunDraft draft;
        draft.setText(QStringLiteral("learning_rate"), QStringLiteral("2e-3"));
        QVERIFY(draft.error(QStringLiteral("learning_rate")).isEmpty());
        QVERIFY(draft.advice(QStringLiteral("learning_rate")).contains(QStringLiteral("10 times")));
    }

    void theCommandHasWhatIsNotDefaultAndIsSafeInAShell()
    {
        TrainSettings settings;
        settings.lora_r = 8;
        QCOMPARE(trainCommand(QStringLiteral("/data/it's mine.attune"), QStringLiteral("smollm2"), {}, settings),
                 QStringLiteral("attune train '/data/it'\\''s mine.attune' --model smollm2 --set lora_r=8"));
        QVERIFY(trainCommand(QStringLiteral("p"), QStringLiteral("m"), QStringLiteral("two words"), {})
                    .endsWith(QStringLiteral("--name 'two words'")));
    }
};

QTEST_APPLESS_MAIN(TestRunDraft)
#include "tst_run_draft.moc"
