#include "attune_process.h"

#include <QRandomGenerator>
#include <QTest>

/// Kills a training without warning, again and again, and holds what comes out in the end against a run that nobody
/// disturbed. ATTUNE_KILLS sets how often (3 unless said), ATTUNE_KILL_SEED when.
class TestKillResume : public QObject {
    Q_OBJECT

    Workplace m_place;

    static int number(const char *variable, int usual)
    {
        bool given = false;
        const int value = qEnvironmentVariableIntValue(variable, &given);
        return given ? value : usual;
    }

    const int m_kills = qMax(1, number("ATTUNE_KILLS", 3));
    const int m_steps = 50 * (m_kills + 1);

    QStringList train(const QString &name) const
    {
        QStringList arguments = {"train", "p.attune", "--model", Workplace::model(), "--name", name};
        arguments << "--set"
                  << "max_steps=" + QString::number(m_steps);
        for (const char *setting : {"save_steps=7", "eval_steps=31", "early_stopping_patience=0", "lora_r=4",
                                    "lora_dropout=0.1", "learning_rate=0.002", "max_length=64"})
            arguments << "--set" << setting;
        return arguments;
    }

    QByteArray exported(const QString &name, const QString &checkpoint) const
    {
        const QString folder = name + "-" + checkpoint;
        const auto outcome =
            m_place.attune({"export", "p.attune", "--run", name, "--checkpoint", checkpoint, "--as", "peft", folder});
        return outcome.status == 0 ? m_place.read(folder + "/adapter_model.safetensors") : QByteArray();
    }

    QJsonObject shown(const QString &name) const
    {
        const auto json = m_place.attune({"run", "p.attune", name, "show", "--json"}).json();
        return json.isEmpty() ? QJsonObject() : json.back();
    }

    /// The last step that a file of events tells of.
    int stepReached(const QString &events) const
    {
        const QByteArray text = m_place.read(events);
        const auto at = text.lastIndexOf("{\"event\":\"step\",\"step\":");
        return at < 0 ? 0 : text.mid(at + 23, 8).split(',').first().toInt();
    }

    /// Lets a training begin or go on, and kills it some steps later; in every third round in its first half second,
    /// while it loads. False: it was at its end before.
    bool killOnce(const QStringList &arguments, const QString &events, int round, QRandomGenerator &random) const
    {
        QProcess process;
        m_place.prepare(process);
        process.setArguments(arguments + QStringList{"--events", events});
        process.start();
        if (!process.waitForStarted())
            return false;
        if (round % 3 == 2) {
            process.waitForFinished(static_cast<int>(random.bounded(500)));
        } else {
            const int target = stepReached(events) + 1 + static_cast<int>(random.bounded(50));
            while (stepReached(events) < target && !process.waitForFinished(1)) {
            }
            process.waitForFinished(static_cast<int>(random.bounded(15))); // anywhere within a step or a checkpoint
        }
        process.kill();
        process.waitForFinished(10'000);
        return process.exitStatus() == QProcess::CrashExit;
    }

private Q_SLOTS:
    void aRunThatIsKilledAtAnyMomentEndsAsAnUnbrokenOne()
    {
        m_place.write("rows.jsonl", Workplace::rows("train", 12) + Workplace::rows("validation", 3));
        QCOMPARE(m_place.attune({"init", "p.attune"}).status, 0);
        QCOMPARE(m_place.attune({"import", "p.attune", "rows.jsonl"}).status, 0);
        const auto whole = m_place.attune(train("whole"));
        QVERIFY2(whole.status == 0, qPrintable(whole.error));

        QRandomGenerator random(static_cast<quint32>(number("ATTUNE_KILL_SEED", 1)));
        const QStringList resume = {"train", "p.attune", "--resume", "broken"};
        bool exists = false;
        int kills = 0;
        for (int round = 0; kills < m_kills; ++round) {
            if (!killOnce(exists ? resume : train("broken"), "events.jsonl", round, random))
                break;
            ++kills;
            exists = exists || !shown("broken").isEmpty(); // a kill while the model was loading leaves no run
        }
        qInfo("killed %d times, up to step %d of %d", kills, stepReached("events.jsonl"), m_steps);
        QCOMPARE(kills, m_kills);
        const auto end = m_place.attune(exists ? resume : train("broken"));
        QVERIFY2(end.status == 0, qPrintable(end.error));

        const auto last = exported("whole", "last");
        QVERIFY(!last.isEmpty());
        QVERIFY(exported("broken", "last") == last);
        QVERIFY(exported("broken", "best") == exported("whole", "best"));
        const auto a = shown("whole");
        const auto b = shown("broken");
        for (const char *key : {"state", "step", "loss", "best_step", "best_validation_loss"})
            QCOMPARE(b[key], a[key]);
        QCOMPARE(b["state"].toString(), QString("finished"));
    }
};

QTEST_GUILESS_MAIN(TestKillResume)
#include "tst_kill_resume.moc"
