#include "tests/core/train/prepared.h"

#include <QtTest>

using namespace attune;

namespace {

using prepared::flat;
using prepared::Prepared;

Prepared prepare(const std::string &shape, const std::string &kind)
{
    return prepared::prepare(shape,
                             parity::json(parity::folder(shape) + "/" + kind + "/trajectory.json")["settings"]);
}

LanguageModel loadModel(const std::string &shape, const std::string &kind, const TrainSettings &settings)
{
    return prepared::loadModel(shape, parity::folder(shape) + "/" + kind + "/adapter_in", settings);
}

Adapter trained(const Prepared &p, const TrainSettings &settings, const std::string &shape, const std::string &kind)
{
    LanguageModel model = loadModel(shape, kind, settings);
    TrainJob job;
    job.settings = settings;
    job.rows = p.rows;
    EventQueue events;
    if (!train(model, job, {}, events))
        qFatal("training failed");
    return model.adapter();
}

} // namespace

class TestTrainer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void trajectoryEqualsPeft_data()
    {
        QTest::addColumn<std::string>("shape");
        QTest::addColumn<std::string>("kind");
        for (const auto &shape : parity::shapes())
            for (const std::string kind : {"lora", "qlora"})
                QTest::newRow((shape + " " + kind).c_str()) << shape << kind;
    }
    void trajectoryEqualsPeft()
    {
        QFETCH(std::string, shape);
        QFETCH(std::string, kind);
        const Prepared p = prepare(shape, kind);
        LanguageModel model = loadModel(shape, kind, p.settings);
        TrainJob job;
        job.settings = p.settings;
        job.rows = p.rows;
        EventQueue events;
        QVERIFY(train(model, job, {}, events));
        const Json expected = parity::json(parity::folder(shape) + "/" + kind + "/trajectory.json")["steps"];
        std::size_t i = 0;
        for (const TrainEvent &event : events.drain())
            if (const auto *step = std::get_if<StepDone>(&event)) {
                const Json &e = expected[i++];
                QCOMPARE(step->step, e["step"].get<std::int64_t>());
                QCOMPARE(step->supervisedTokens, e["supervised_tokens"].get<std::int64_t>());
                QVERIFY(std::abs(step->loss / e["loss"].get<double>() - 1) < 1e-4);
                QVERIFY(std::abs(step->gradNorm / e["grad_norm"].get<double>() - 1) < 1e-3);
                QVERIFY(std::abs(step->learningRate - e["learning_rate"].get<double>()) < 1e-9);
            }
        QCOMPARE(i, expected.size());
        const auto out = readPeftAdapter(parity::folder(shape) + "/" + kind + "/adapter_out");
        QVERIFY(parity::worst(flat(model.adapter()), flat(*out)) < 1e-3);
    }

    void batchingAndCheckpointingChangeNoGradient()
    {
        const Prepared p = prepare("mistral-window", "lora");
        TrainSettings one = p.settings;
        one.max_steps = 6;
        one.gradient_accumulation_steps = 4;
        const auto apart = flat(trained(p, one, "mistral-window", "lora"));
        TrainSettings four = one;
        four.per_device_train_batch_size = 4;
        four.gradient_accumulation_steps = 1;
        QVERIFY(parity::worst(flat(trained(p, four, "mistral-window", "lora")), apart) < 1e-4);
        TrainSettings recomputed = one;
        recomputed.gradient_checkpointing = true;
        recomputed.lora_dropout = 0.2;
        TrainSettings kept = recomputed;
        kept.gradient_checkpointing = false;
        QVERIFY(flat(trained(p, recomputed, "mistral-window", "lora")) ==
                flat(trained(p, kept, "mistral-window", "lora")));
    }

    void stoppedAndResumedEqualsUnbrokenBitForBit_data()
    {
        QTest::addColumn<std::string>("compute");
        QTest::newRow("float32") << std::string("float32");
        QTest::newRow("bfloat16") << std::string("bfloat16");
    }
    void stoppedAndResumedEqualsUnbrokenBitForBit()
    {
        QFETCH(std::string, compute);
        const Prepared p = prepare("llama-gqa", "qlora");
        TrainSettings settings = p.settings;
        settings.compute_dtype = compute;
        settings.shuffle = true;
        settings.lora_dropout = 0.1;
        settings.per_device_train_batch_size = 3;
        settings.max_steps = 12;
        settings.eval_steps = 4;
        settings.save_steps = 1;
        settings.early_stopping_patience = 0;

        const auto run = [&](std::optional<Checkpoint> from, std::int64_t stopAfter, std::vector<Checkpoint> &saved) {
            LanguageModel model = loadModel("llama-gqa", "qlora", settings);
            TrainJob job;
            job.settings = settings;
            job.rows.assign(p.rows.begin(), p.rows.begin() + 12);
            job.validation.assign(p.rows.begin() + 12, p.rows.end());
            if (from) {
                if (!model.useAdapter(from->adapter))
                    return Adapter{};
                const auto state = TrainState::fromBytes(from->state.toBytes());
                job.resume = *state;
            }
            std::stop_source stop;
            job.save = [&](const Checkpoint &checkpoint) -> Result<void> {
                saved.push_back(checkpoint);
                if (checkpoint.step == stopAfter)
                    stop.request_stop();
                return {};
            };
            EventQueue events;
            const auto outcome = train(model, job, stop.get_token(), events);
            if (!outcome || outcome->stopped != (stopAfter > 0))
                return Adapter{};
            return model.adapter();
        };
        std::vector<Checkpoint> unbroken;
        const Adapter expected = run({}, 0, unbroken);
        for (const std::int64_t stopAfter : {1, 4, 7, 11}) {
            std::vector<Checkpoint> saved;
            run({}, stopAfter, saved);
            const Adapter resumed = run(saved.back(), 0, saved);
            QVERIFY(flat(resumed) == flat(expected));
            QCOMPARE(saved.back().state.toBytes(), unbroken.back().state.toBytes());
        }
    }

    void aLossThatIsNotFiniteStopsTheRunAndKeepsTheLastGoodState()
    {
        const Prepared p = prepare("llama-gqa", "lora");
        TrainSettings settings = p.settings;
        settings.learning_rate = 1e18; // the first step's rate is 0, the second step's weights are out of all measure
        settings.warmup_steps = 1;
        LanguageModel model = loadModel("llama-gqa", "lora", settings);
        TrainJob job;
        job.settings = settings;
        job.rows = p.rows;
        std::vector<std::int64_t> saved;
        job.save = [&](const Checkpoint &checkpoint) -> Result<void> {
            saved.push_back(checkpoint.step);
            return {};
        };
        EventQueue events;
        const auto outcome = train(model, job, {}, events);
        QVERIFY(!outcome);
        QVERIFY2(outcome.error().message.find("not a finite number at step") != std::string::npos,
                 outcome.error().message.c_str());
        QVERIFY(outcome.error().message.find("rows") != std::string::npos);
        const auto all = events.drain();
        const auto *ended = std::get_if<Ended>(&all.back());
        QVERIFY(ended && ended->error);
        QVERIFY(ended->step > 0);
        QVERIFY(!saved.empty() && saved.back() == ended->step);
    }

    void aBrokenStateIsNotKept()
    {
        const Prepared p = prepare("llama-gqa", "lora");
        TrainSettings settings = p.settings;
        settings.learning_rate = 1e300;
        settings.warmup_steps = 0;
        settings.lr_scheduler_type = "constant";
        LanguageModel model = loadModel("llama-gqa", "lora", settings);
        TrainJob job;
        job.settings = settings;
        job.rows = p.rows;
        bool saved = false;
        job.save = [&](const Checkpoint &) -> Result<void> {
            saved = true;
            return {};
        };
        EventQueue events;
        const auto outcome = train(model, job, {}, events);
        QVERIFY(!outcome && !saved);
        QVERIFY2(outcome.error().message.find("nothing is kept") != std::string::npos,
                 outcome.error().message.c_str());
    }

    void rowsWithoutATargetAreNoValidation()
    {
        const Prepared p = prepare("llama-gqa", "lora");
        TrainSettings settings = p.settings;
        settings.max_steps = 4;
        settings.eval_steps = 1;
        settings.early_stopping_patience = 1;
        LanguageModel model = loadModel("llama-gqa", "lora", settings);
        TrainJob job;
        job.settings = settings;
        job.rows.assign(p.rows.begin(), p.rows.begin() + 8);
        job.validation.assign(p.rows.begin() + 8, p.rows.end());
        for (TrainRow &row : job.validation)
            std::fill(row.trained.begin(), row.trained.end(), std::uint8_t(0));
        EventQueue events;
        const auto outcome = train(model, job, {}, events);
        QVERIFY(outcome && !outcome->early && !outcome->bestLoss);
        QCOMPARE(outcome->step, std::int64_t(4));
        for (const TrainEvent &event : events.drain())
            QVERIFY(!std::holds_alternative<EvalDone>(event));
    }

    void earlyStoppingKeepsTheBest()
    {
        // A rate that only makes it worse: the first validation is the best, and two more end the run.
        const Prepared p = prepare("llama-gqa", "lora");
        TrainSettings settings = p.settings;
        settings.learning_rate = 0.5;
        settings.max_steps = 60;
        settings.eval_steps = 2;
        settings.early_stopping_patience = 2;
        LanguageModel model = loadModel("llama-gqa", "lora", settings);
        TrainJob job;
        job.settings = settings;
        job.rows.assign(p.rows.begin(), p.rows.begin() + 8);
        job.validation.assign(p.rows.begin() + 8, p.rows.end());
        std::int64_t best = -1;
        job.save = [&](const Checkpoint &checkpoint) -> Result<void> {
            if (checkpoint.best)
                best = checkpoint.step;
            return {};
        };
        EventQueue events;
        const auto outcome = train(model, job, {}, events);
        QVERIFY(outcome);
        QVERIFY(outcome->early);
        QVERIFY(outcome->step < 60);
        QCOMPARE(outcome->bestStep, best);
        QCOMPARE(outcome->step, best + 4);
    }
};

QTEST_APPLESS_MAIN(TestTrainer)
#include "tst_trainer.moc"
