#include "tests/core/train/prepared.h"

#include <QtTest>

#include <numeric>

using namespace attune;
using prepared::flat;
using prepared::Prepared;

namespace {

std::string caseFolder(const std::string &name)
{
    return ATTUNE_TEST_DATA "/train_methods/" + name;
}

std::vector<StepDone> stepsOf(EventQueue &events)
{
    std::vector<StepDone> steps;
    for (const TrainEvent &event : events.drain())
        if (const auto *step = std::get_if<StepDone>(&event))
            steps.push_back(*step);
    return steps;
}

/// The parity rows with the settings of llama-gqa's LoRA run, on which tests then change one thing.
Prepared usual()
{
    return prepared::prepare("llama-gqa",
                             parity::json(parity::folder("llama-gqa") + "/lora/trajectory.json")["settings"]);
}

LanguageModel usualModel(const TrainSettings &settings)
{
    return prepared::loadModel("llama-gqa", parity::folder("llama-gqa") + "/lora/adapter_in", settings);
}

/// Trains; gives the adapter, the steps and the checkpoints.
struct Trained {
    std::vector<float> weights;
    std::vector<StepDone> steps;
    std::vector<Checkpoint> saved;
};
Trained trained(const Prepared &p, std::optional<Checkpoint> from = {})
{
    LanguageModel model = usualModel(p.settings);
    TrainJob job;
    job.settings = p.settings;
    job.rows = p.rows;
    Trained result;
    job.save = [&](const Checkpoint &c) -> Result<void> {
        result.saved.push_back(c);
        return {};
    };
    if (from) {
        if (!model.useAdapter(from->adapter))
            qFatal("the checkpoint does not fit");
        job.resume = TrainState::fromBytes(from->state.toBytes()).value_or(TrainState{});
    }
    EventQueue events;
    if (const auto outcome = train(model, job, {}, events); !outcome)
        qFatal("%s", outcome.error().message.c_str());
    result.weights = flat(model.adapter());
    result.steps = stepsOf(events);
    return result;
}

std::vector<std::size_t> allOf(const std::vector<TrainRow> &rows)
{
    std::vector<std::size_t> all(rows.size());
    std::iota(all.begin(), all.end(), std::size_t(0));
    return all;
}

} // namespace

class TestTrainMethods : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void trajectoryEqualsTheReference_data()
    {
        QTest::addColumn<std::string>("name");
        for (const char *name :
             {"rslora", "dora", "dora-bias", "pattern", "layers", "decay", "loraplus", "last-answer", "adamw-8bit"})
            QTest::newRow(name) << std::string(name);
    }
    void trajectoryEqualsTheReference()
    {
        QFETCH(std::string, name);
        const Json reference = parity::json(caseFolder(name) + "/trajectory.json");
        const auto shape = reference["shape"].get<std::string>();
        const Prepared p = prepared::prepare(shape, reference["settings"]);
        LanguageModel model = prepared::loadModel(shape, caseFolder(name) + "/adapter_in", p.settings);
        TrainJob job;
        job.settings = p.settings;
        job.rows = p.rows;
        EventQueue events;
        QVERIFY(train(model, job, {}, events));
        const std::vector<StepDone> steps = stepsOf(events);
        const Json &expected = reference["steps"];
        QCOMPARE(steps.size(), expected.size());
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const Json &e = expected[i];
            QCOMPARE(steps[i].supervisedTokens, e["supervised_tokens"].get<std::int64_t>());
            QVERIFY2(std::abs(steps[i].loss / e["loss"].get<double>() - 1) < 1e-4,
                     qPrintable(QString::number(steps[i].loss) + " at " + QString::number(i + 1)));
            QVERIFY(std::abs(steps[i].gradNorm / e["grad_norm"].get<double>() - 1) < 1e-3);
            QVERIFY(std::abs(steps[i].learningRate - e["learning_rate"].get<double>()) < 1e-9);
        }
        const auto out = readPeftAdapter(caseFolder(name) + "/adapter_out");
        QVERIFY2(out, out ? "" : out.error().message.c_str());
        // An eight-bit code that flips at a tie moves a value by up to a 256th of its block's largest.
        QVERIFY(parity::worst(flat(model.adapter()), flat(*out)) < (name == "adamw-8bit" ? 2e-3 : 1e-3));
        QVERIFY(model.adapter().config == out->config);
    }

    void aNewDoraAdapterChangesNothing()
    {
        Prepared p = usual();
        p.settings.use_dora = true;
        for (const char *quantization : {"none", "nf4"}) {
            p.settings.quantization = quantization;
            auto model = LanguageModel::load(parity::folder("llama-gqa") + "/model", p.settings.loadOptions());
            QVERIFY(model);
            const TokenBatch batch = makeBatch(p.rows, allOf(p.rows), 0);
            const double before = model->evaluate(batch)->nll;
            QVERIFY(model->startAdapter(p.settings.loraConfig(), 3));
            QVERIFY(std::abs(model->evaluate(batch)->nll / before - 1) < 1e-6);
        }
    }

    void packedRowsAreBlindToOneAnother()
    {
        for (const std::string shape : {"llama-gqa", "mistral-window", "qwen3"}) {
            const Prepared p = prepared::prepare(
                shape, parity::json(parity::folder(shape) + "/lora/trajectory.json")["settings"]);
            LanguageModel model = prepared::loadModel(shape, parity::folder(shape) + "/lora/adapter_in", p.settings);
            double apart = 0;
            std::int64_t tokens = 0;
            for (std::size_t i = 0; i < p.rows.size(); ++i) {
                const auto loss = model.evaluate(makeBatch(p.rows, std::vector<std::size_t>{i}, 0));
                apart += loss->nll;
                tokens += loss->tokens;
            }
            const auto packed = model.evaluate(makePackedBatch(p.rows, allOf(p.rows), 0));
            QCOMPARE(packed->tokens, tokens);
            QVERIFY2(std::abs(packed->nll - apart) / static_cast<double>(tokens) < 1e-5, shape.c_str());
        }
    }

    void packingChangesNoGradient()
    {
        for (const bool checkpointing : {false, true}) {
            Prepared p = usual();
            p.settings.max_steps = 1;
            p.settings.warmup_steps = 0;
            p.settings.warmup_ratio = 0;
            p.settings.gradient_checkpointing = checkpointing;
            p.settings.per_device_train_batch_size = 16;
            p.settings.gradient_accumulation_steps = 1;
            const Trained apart = trained(p);
            p.settings.packing = true; // in fewer sequences than 16, which the step takes all, some of them twice
            const auto sequences = packRows(p.rows, p.settings.max_length).size();
            QVERIFY(sequences < p.rows.size());
            p.settings.per_device_train_batch_size = static_cast<std::int64_t>(sequences);
            const Trained packed = trained(p);
            QVERIFY(std::abs(packed.steps[0].loss - apart.steps[0].loss) < 1e-5);
            QVERIFY(std::abs(packed.steps[0].gradNorm / apart.steps[0].gradNorm - 1) < 1e-4);
            QCOMPARE(packed.steps[0].supervisedTokens, apart.steps[0].supervisedTokens);
        }
    }

    void holdingCommonTokensOnceChangesNoLossAndNoGradient_data()
    {
        QTest::addColumn<std::string>("shape");
        QTest::addColumn<QStringList>("pairs");
        for (const char *shape : {"llama-gqa", "mistral-window", "qwen3"}) {
            QTest::newRow(shape) << std::string(shape) << QStringList{};
            QTest::addRow("%s, checkpointing", shape)
                << std::string(shape) << QStringList{"gradient_checkpointing=true"};
            QTest::addRow("%s, packed", shape)
                << std::string(shape) << QStringList{"packing=true", "max_length=4096"};
            QTest::addRow("%s, bfloat16", shape) << std::string(shape) << QStringList{"compute_dtype=bfloat16"};
        }
    }
    void holdingCommonTokensOnceChangesNoLossAndNoGradient()
    {
        QFETCH(std::string, shape);
        QFETCH(QStringList, pairs);
        Prepared p =
            prepared::prepare(shape, parity::json(parity::folder(shape) + "/lora/trajectory.json")["settings"]);
        p.settings.max_steps = 3; // a wrong gradient shows in the later losses
        p.settings.warmup_steps = 0;
        p.settings.warmup_ratio = 0;
        std::vector<TokenId> common(37); // more than a window, less than a block
        std::iota(common.begin(), common.end(), TokenId(5));
        for (TrainRow &row : p.rows) {
            row.ids.insert(row.ids.begin(), common.begin(), common.end());
            row.trained.insert(row.trained.begin(), common.size(), std::uint8_t(0));
        }
        for (const QString &pair : pairs)
            QVERIFY(p.settings.setPair(pair.toStdString()));
        const auto steps = [&](std::int64_t together, bool packing) {
            TrainJob job;
            job.settings = p.settings;
            job.settings.packing = packing;
            job.settings.per_device_train_batch_size = together;
            job.settings.gradient_accumulation_steps =
                packing ? 1 : static_cast<std::int64_t>(p.rows.size()) / together;
            job.rows = p.rows;
            LanguageModel model =
                prepared::loadModel(shape, parity::folder(shape) + "/lora/adapter_in", job.settings);
            EventQueue events;
            if (const auto outcome = train(model, job, {}, events); !outcome)
                qFatal("%s", outcome.error().message.c_str());
            return stepsOf(events);
        };
        QVERIFY(sharedPrefix(p.rows, allOf(p.rows)) >= 37);
        const bool packing = p.settings.packing;
        const auto apart = steps(1, false); // a row alone has nobody to share with
        const auto shared = packing ? steps(1, true) : steps(static_cast<std::int64_t>(p.rows.size()), false);
        QCOMPARE(shared.size(), apart.size());
        const bool exact = p.settings.compute_dtype == "float32";
        for (std::size_t i = 0; i < shared.size(); ++i) {
            QCOMPARE(shared[i].supervisedTokens, apart[i].supervisedTokens);
            const double loss = std::abs(shared[i].loss / apart[i].loss - 1);
            const double norm = std::abs(shared[i].gradNorm / apart[i].gradNorm - 1);
            QVERIFY2(loss < (exact ? 1e-5 : 2e-3) && norm < (exact ? 1e-4 : 2e-2),
                     qPrintable(QString("%1 and %2 at step %3").arg(loss).arg(norm).arg(i + 1)));
        }
    }

    void aResumedRunEqualsAnUnbrokenOneBitForBit_data()
    {
        QTest::addColumn<QStringList>("pairs");
        QTest::newRow("8-bit AdamW") << QStringList{"optim=adamw_8bit"};
        QTest::newRow("8-bit, LoRA+") << QStringList{"optim=adamw_8bit", "loraplus_lr_ratio=4"};
        QTest::newRow("packing, noise") << QStringList{"packing=true", "neftune_noise_alpha=5", "lora_dropout=0.1"};
    }
    void aResumedRunEqualsAnUnbrokenOneBitForBit()
    {
        QFETCH(QStringList, pairs);
        Prepared p = usual();
        p.settings.max_steps = 6;
        p.settings.save_steps = 3;
        p.settings.shuffle = true;
        for (const QString &pair : pairs)
            QVERIFY(p.settings.setPair(pair.toStdString()));
        const Trained unbroken = trained(p);
        const auto middle = std::find_if(unbroken.saved.begin(), unbroken.saved.end(),
                                         [](const Checkpoint &c) { return c.step == 3; });
        QVERIFY(middle != unbroken.saved.end());
        QVERIFY(trained(p, *middle).weights == unbroken.weights);
    }

    void noiseIsDrawnInTrainingOnlyAndAnewAtEachStep()
    {
        Prepared p = usual();
        p.settings.max_steps = 3;
        p.settings.learning_rate = 0; // the same model at each step
        p.settings.per_device_train_batch_size = 16;
        p.settings.gradient_accumulation_steps = 1;
        const Trained quiet = trained(p);
        QCOMPARE(quiet.steps[0].loss, quiet.steps[1].loss);
        p.settings.neftune_noise_alpha = 30;
        const Trained noisy = trained(p);
        QVERIFY(std::abs(noisy.steps[0].loss - quiet.steps[0].loss) > 1e-4);
        QVERIFY(std::abs(noisy.steps[0].loss - noisy.steps[1].loss) > 1e-6);
        QCOMPARE(trained(p).steps[1].loss, noisy.steps[1].loss);
        LanguageModel model = usualModel(p.settings);
        const auto loss = model.evaluate(makeBatch(p.rows, allOf(p.rows), 0));
        QVERIFY(std::abs(loss->nll / static_cast<double>(loss->tokens) - quiet.steps[0].loss) < 1e-5);
    }

    void settingsThatSelectNothingAreRefusedBeforeTheyTrain()
    {
        auto model = LanguageModel::load(parity::folder("llama-gqa") + "/model", usual().settings.loadOptions());
        QVERIFY(model);
        TrainSettings settings;
        QVERIFY(settings.set("target_modules", "model\\.layers\\.77\\..*"));
        const auto started = model->startAdapter(settings.loraConfig(), 1);
        QVERIFY(!started);
        QVERIFY(QString::fromStdString(started.error().message).contains("matches no module"));
    }
};

QTEST_GUILESS_MAIN(TestTrainMethods)
#include "tst_train_methods.moc"
