#include "core/base/files.h"
#include "core/formats/json.h"
#include "core/formats/safetensors.h"
#include "core/model/allocator_torch.h"
#include "core/model/weight_source.h"
#include "core/train/memory_plan.h"
#include "core/train/trainer.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

using namespace attune;

namespace {

constexpr std::int64_t MiB = 1 << 20;

/// SmolLM2-135M's shape.
ModelConfig smol()
{
    ModelConfig config;
    config.vocabSize = 49152;
    config.hiddenSize = 576;
    config.intermediateSize = 1536;
    config.layers = 30;
    config.heads = 9;
    config.kvHeads = 3;
    config.headDim = 64;
    config.tiedEmbeddings = true;
    return config;
}

/// Large enough for the blocks of the allocator to matter, small enough to train in a moment.
ModelConfig little()
{
    ModelConfig config;
    config.vocabSize = 2048;
    config.hiddenSize = 256;
    config.intermediateSize = 512;
    config.layers = 3;
    config.heads = 4;
    config.kvHeads = 2;
    config.headDim = 64;
    return config;
}

/// A model folder of that shape, with weights of no meaning.
void writeModel(const std::filesystem::path &folder, const ModelConfig &c)
{
    const Json json = {{"architectures", {"LlamaForCausalLM"}},
                       {"model_type", "llama"},
                       {"hidden_act", "silu"},
                       {"vocab_size", c.vocabSize},
                       {"hidden_size", c.hiddenSize},
                       {"intermediate_size", c.intermediateSize},
                       {"num_hidden_layers", c.layers},
                       {"num_attention_heads", c.heads},
                       {"num_key_value_heads", c.kvHeads},
                       {"head_dim", c.headDim},
                       {"max_position_embeddings", 4096},
                       {"rms_norm_eps", 1e-6},
                       {"tie_word_embeddings", c.tiedEmbeddings}};
    QVERIFY(writeFileAtomically(folder / "config.json", json.dump()));
    std::vector<std::vector<float>> values;
    std::vector<TensorToWrite> tensors;
    const auto add = [&](const std::string &name, std::vector<std::int64_t> shape) {
        std::int64_t count = 1;
        for (const std::int64_t side : shape)
            count *= side;
        std::vector<float> &v = values.emplace_back(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < v.size(); ++i)
            v[i] = shape.size() == 1 ? 1.0F : 0.05F * std::sin(static_cast<float>(i % 1009));
        tensors.push_back({name, DType::F32, std::move(shape), {}});
    };
    add("model.embed_tokens.weight", {c.vocabSize, c.hiddenSize});
    add("lm_head.weight", {c.vocabSize, c.hiddenSize});
    add("model.norm.weight", {c.hiddenSize});
    for (std::int64_t i = 0; i < c.layers; ++i) {
        const std::string prefix = "model.layers." + std::to_string(i) + ".";
        for (const Projection p : {Projection::Q, Projection::K, Projection::V, Projection::O, Projection::Gate,
                                   Projection::Up, Projection::Down}) {
            const ProjectionShape shape = projectionShape(c, p);
            add(prefix + std::string(pathName(p)) + ".weight", {shape.out, shape.in});
        }
        add(prefix + "input_layernorm.weight", {c.hiddenSize});
        add(prefix + "post_attention_layernorm.weight", {c.hiddenSize});
    }
    for (std::size_t i = 0; i < tensors.size(); ++i)
        tensors[i].data = std::as_bytes(std::span(values[i]));
    QVERIFY(writeSafetensors(folder / "model.safetensors", tensors, {{"format", "pt"}}));
}

PlanSituation bare()
{
    PlanSituation situation;
    situation.evenRows = true;
    situation.saves = false;
    return situation;
}

TrainSettings settingsWith(std::initializer_list<const char *> pairs)
{
    TrainSettings settings;
    for (const char *pair : pairs)
        if (auto set = settings.setPair(pair); !set)
            qFatal("%s", set.error().message.c_str());
    return settings;
}

MemoryPlan planned(const ModelConfig &config, const TrainSettings &settings, const PlanSituation &situation = bare())
{
    auto plan = planMemory(config, settings, situation);
    if (!plan)
        qFatal("%s", plan.error().message.c_str());
    return *plan;
}

} // namespace

class TestMemoryPlan : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void partsAddUpToTheTotal()
    {
        const MemoryPlan plan = planned(smol(), {}, PlanSituation{.process = 100 * MiB});
        std::int64_t sum = 0;
        for (const std::int64_t part : plan.parts) {
            QVERIFY(part >= 0);
            sum += part;
        }
        QCOMPARE(plan.total(), sum);
        QVERIFY(plan.bytes(MemoryPart::Process) >= 100 * MiB);
    }

    void whatStaysIsCountedByHand()
    {
        // SmolLM2, r 16 on all seven, bfloat16: 4,884,480 adapter parameters.
        const auto settings = settingsWith({"lora_r=16", "quantization=none"});
        const MemoryPlan plan = planned(smol(), settings);
        const std::int64_t perLayer = 16 * (3 * 576 + 576 + 192 + 192 // q k v
                                            + 576 + 576               // o
                                            + 2 * 576 + 2 * 1536      // gate up
                                            + 1536 + 576);            // down
        QCOMPARE(30 * perLayer, std::int64_t(4'884'480));
        const std::int64_t copies = 30 * 2 *
                                    (16 * (3 * 576 + 576 + 2 * 576 + 1536)          // A
                                     + 960 * 48 + 576 * 16 + 3072 * 32 + 576 * 16); // B, block diagonal
        const auto close = [](std::int64_t got, std::int64_t wanted) {
            return std::abs(got - wanted) < 100'000; // headers, and the rotary table
        };
        QVERIFY(close(plan.bytes(MemoryPart::Optimizer), 8 * 4'884'480));
        QVERIFY(close(plan.bytes(MemoryPart::Adapter), 8 * 4'884'480 + copies));
        // Norms are held in float32.
        constexpr std::int64_t parameters = 134'515'008;
        QVERIFY(std::abs(plan.bytes(MemoryPart::Weights) - 2 * parameters - 61 * 576 * 2) < MiB);
        // Seven 4-bit codes a layer, a code for each block's maximum and a float for 256 of them.
        const std::int64_t linear = 30 * (576 * 960 + 576 * 576 + 3 * 576 * 1536);
        const MemoryPlan nf4 = planned(smol(), settingsWith({"lora_r=16"}));
        QVERIFY(std::abs(nf4.bytes(MemoryPart::Weights) - 2 * 49152 * 576 - linear / 2 - linear / 64 -
                         linear / 64 / 64) < MiB);
        QVERIFY(close(nf4.bytes(MemoryPart::Dequantised), 2 * 576 * 3072));
        const MemoryPlan eight = planned(smol(), settingsWith({"lora_r=16", "optim=adamw_8bit"}));
        QVERIFY(close(eight.bytes(MemoryPart::Optimizer), 2 * 4'884'480 + 2 * 4'884'480 / 64));
    }

    void keptActivationsAreCountedByHand()
    {
        const auto settings = settingsWith({"per_device_train_batch_size=2", "max_length=256"});
        ModelConfig config = smol();
        config.vocabSize = 1000; // so that the peak is within a layer, not at the logits
        const MemoryPlan plan = planned(config, settings);
        const std::int64_t tokens = 2 * 256;
        // x, both norms' results, x2, q k v twice, the attended, gate and up, seven u; two rstd and the lse in
        // float32.
        const std::int64_t layer = tokens * 2 * (4 * 576 + 2 * 960 + 576 + 3072 + 7 * 16) + tokens * 4 * (2 + 9);
        QVERIFY(std::abs(plan.bytes(MemoryPart::Activations) - 30 * layer) < MiB);
        auto checkpointed = settings;
        checkpointed.gradient_checkpointing = true;
        QVERIFY(std::abs(planned(config, checkpointed).bytes(MemoryPart::Activations) -
                         (29 * tokens * 2 * 576 + layer)) < MiB);
    }

    void moreRowsAndLongerRowsNeedMore()
    {
        std::int64_t before = 0;
        for (const char *batch : {"per_device_train_batch_size=1", "per_device_train_batch_size=2",
                                  "per_device_train_batch_size=4", "per_device_train_batch_size=8"}) {
            const std::int64_t now = planned(smol(), settingsWith({batch})).total();
            QVERIFY(now > before);
            before = now;
        }
        before = 0;
        for (const char *length : {"max_length=128", "max_length=256", "max_length=512", "max_length=2048"}) {
            const std::int64_t now = planned(smol(), settingsWith({length})).total();
            QVERIFY(now > before);
            before = now;
        }
        QVERIFY(planned(smol(), settingsWith({"lora_r=64"})).total() > planned(smol(), {}).total());
    }

    void eachSavingSaves_data()
    {
        QTest::addColumn<QString>("change");
        for (const char *change : {"gradient_checkpointing=true", "optim=adamw_8bit", "compute_dtype=bfloat16",
                                   "target_modules=q_proj,v_proj", "double_quant=true", "quantization=nf4",
                                   "keep_dequantized=false"})
            QTest::newRow(change) << QString(change);
    }
    void eachSavingSaves()
    {
        QFETCH(QString, change);
        auto settings = settingsWith({"compute_dtype=float32", "quantization=none"});
        if (change == "double_quant=true")
            settings = settingsWith({"double_quant=false"});
        if (change == "keep_dequantized=false")
            settings = settingsWith({"keep_dequantized=true"});
        const std::int64_t before = planned(smol(), settings).total();
        QVERIFY(settings.setPair(change.toStdString()));
        QVERIFY(planned(smol(), settings).total() < before);
    }

    void shorterRowsThanTheLimitNeedLess()
    {
        PlanSituation situation = bare();
        situation.rowLength = 100;
        const auto settings = settingsWith({"max_length=2048"});
        QVERIFY(planned(smol(), settings, situation).total() < planned(smol(), settings).total() / 2);
        situation.rowLength = 5000; // what is longer is cut
        QCOMPARE(planned(smol(), settings, situation).total(), planned(smol(), settings).total());
    }

    void aGpuHoldsNoProcess()
    {
        PlanSituation situation = bare();
        situation.gpu = true;
        situation.process = 100 * MiB;
        const MemoryPlan plan = planned(smol(), {}, situation);
        QCOMPARE(plan.bytes(MemoryPart::Process), 0);
        QVERIFY(plan.bytes(MemoryPart::Activations) > 100 * MiB);
    }

    void theAdviceFits_data()
    {
        QTest::addColumn<int>("limit"); // MiB
        QTest::addColumn<QString>("first");
        QTest::newRow("a smaller batch") << 2600 << "per_device_train_batch_size=4";
        QTest::newRow("the smallest") << 1000 << "per_device_train_batch_size=1";
        QTest::newRow("checkpointing too") << 620 << "gradient_checkpointing=true";
    }
    void theAdviceFits()
    {
        QFETCH(int, limit);
        QFETCH(QString, first);
        const auto settings =
            settingsWith({"per_device_train_batch_size=8", "gradient_accumulation_steps=2", "quantization=none"});
        QVERIFY(planned(smol(), settings).total() > limit * MiB);
        const auto advice = adviseMemory(smol(), settings, bare(), limit * MiB);
        QVERIFY(advice && *advice);
        QVERIFY2((*advice)->changes.front() == first.toStdString(), (*advice)->text().c_str());
        QVERIFY((*advice)->plan.total() <= limit * MiB);
        // Applied, as the text says it, it is the plan that was promised, with as many rows a step.
        TrainSettings applied = settings;
        for (const std::string &change : (*advice)->changes)
            QVERIFY(applied.setPair(change));
        QCOMPARE(planned(smol(), applied).total(), (*advice)->plan.total());
        QCOMPARE(applied.per_device_train_batch_size * applied.gradient_accumulation_steps, std::int64_t(16));
    }

    void packedRowsAreNotCutWhereAShorterSequenceWillDo()
    {
        const auto settings = settingsWith({"packing=true", "max_length=65536"});
        PlanSituation shortRows = bare();
        shortRows.rowLength = 300;
        const auto advice = adviseMemory(smol(), settings, shortRows, 1500 * MiB);
        QVERIFY(advice && *advice);
        QCOMPARE((*advice)->changes.size(), std::size_t(1));
        QVERIFY2((*advice)->changes.front().starts_with("max_length="), (*advice)->text().c_str());
        QVERIFY((*advice)->settings.max_length >= 300);
    }

    void aLongValidationRowIsPlannedFor()
    {
        const auto settings = settingsWith({"max_length=8192", "per_device_train_batch_size=8"});
        PlanSituation situation = bare();
        situation.rowLength = 64;
        const auto without = planned(smol(), settings, situation).total();
        situation.validationLength = 4000;
        situation.validationSupervised = 100;
        QVERIFY(planned(smol(), settings, situation).total() > without + 300 * MiB);
    }

    void noAdviceIsGivenThatDoesNotFit()
    {
        const auto advice = adviseMemory(smol(), {}, bare(), 10 * MiB);
        QVERIFY(advice && !*advice);
    }

    void aPlanTakesNoTimeWhateverIsAsked()
    {
        ModelConfig huge = smol();
        huge.layers = 120;
        const auto settings = settingsWith({"per_device_train_batch_size=4096", "max_length=1048576"});
        auto packed = settings;
        packed.packing = true;
        PlanSituation shortRows = bare();
        shortRows.rowLength = 20;
        QElapsedTimer timer;
        timer.start();
        QVERIFY(planned(huge, settings).total() > std::int64_t(1) << 40);
        QVERIFY(planned(huge, packed, shortRows).total() > std::int64_t(1) << 40);
        QVERIFY(timer.elapsed() < 30'000); // a hang, not a speed
    }

    // --- held against the engine itself ---

    void theBlocksInUseAreThoseThatWerePlanned_data()
    {
        QTest::addColumn<QStringList>("sets");
        QTest::addColumn<int>("prompt"); // tokens that all rows begin with and do not train on
        const auto row = [](const char *name, QStringList sets, int prompt = 0) {
            QTest::newRow(name) << sets << prompt;
        };
        row("nf4", {});
        row("as stored", {"quantization=none"});
        row("checkpointing", {"gradient_checkpointing=true"});
        row("dropout", {"lora_dropout=0.1"});
        row("float32", {"compute_dtype=float32"});
        row("dora", {"use_dora=true"});
        row("packing", {"packing=true"});
        row("8-bit", {"optim=adamw_8bit"});
        row("noise", {"neftune_noise_alpha=5"});
        row("two modules", {"target_modules=q_proj,v_proj"});
        row("a common prompt", {}, 200);
        row("a common prompt, packing", {"packing=true", "max_length=1536"}, 200);
        row("a common prompt, float32", {"compute_dtype=float32"}, 200);
        row("a common prompt, checkpointing", {"gradient_checkpointing=true"}, 200);
    }
    void theBlocksInUseAreThoseThatWerePlanned()
    {
        QFETCH(QStringList, sets);
        QFETCH(int, prompt);
        QTemporaryDir folder;
        writeModel(folder.path().toStdString(), little());
        auto settings = settingsWith({"per_device_train_batch_size=4", "gradient_accumulation_steps=1", "max_steps=2",
                                      "max_length=384", "lora_r=16", "device=cpu", "shuffle=false"});
        for (const QString &set : sets)
            QVERIFY(settings.setPair(set.toStdString()));
        TrainJob job;
        job.settings = settings;
        SharedPrefix prefix;
        for (std::int64_t row = 0; row < 8; ++row) {
            job.rows.push_back({row, std::vector<TokenId>(384, 5), std::vector<std::uint8_t>(384, 1)});
            std::fill_n(job.rows.back().trained.begin(), prompt, std::uint8_t(0));
            prefix.add(job.rows.back());
        }
        PlanSituation situation = PlanSituation::here(settings);
        situation.evenRows = true;
        situation.saves = false;
        situation.rowLength = 384;
        situation.supervised = job.rows.front().supervised();
        situation.prefix = prefix.tokens();
        QCOMPARE(situation.prefix > 0, prompt > 0);
        const MemoryPlan plan = planned(little(), settings, situation);

        releaseIdleBlocks();
        auto model = LanguageModel::load(folder.path().toStdString(), settings.loadOptions());
        QVERIFY2(model, model ? "" : model.error().message.c_str());
        QVERIFY(model->startAdapter(settings.loraConfig(), 1));
        EventQueue events;
        const auto outcome = train(*model, job, {}, events);
        QVERIFY2(outcome, outcome ? "" : outcome.error().message.c_str());
        const std::int64_t used = blockUse().mostUsed;
        const double error = static_cast<double>(plan.mostUsed - used) / static_cast<double>(used);
        QVERIFY2(std::abs(error) < 0.05, qPrintable(QString("planned %1 MiB, used %2 MiB")
                                                        .arg(static_cast<double>(plan.mostUsed) / MiB, 0, 'f', 2)
                                                        .arg(static_cast<double>(used) / MiB, 0, 'f', 2)));
    }
};

QTEST_APPLESS_MAIN(TestMemoryPlan)
#include "tst_memory_plan.moc"
