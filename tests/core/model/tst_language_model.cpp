#include "core/model/language_model.h"
#include "tests/core/model/parity.h"

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

using namespace attune;

namespace {

LoadOptions exact()
{
    LoadOptions options;
    options.compute = ComputeType::Float32;
    options.device = "cpu";
    return options;
}

std::vector<TokenId> ids(const Json &json)
{
    return json.get<std::vector<TokenId>>();
}

void addShapes()
{
    QTest::addColumn<std::string>("shape");
    for (const auto &shape : parity::shapes())
        QTest::newRow(shape.c_str()) << shape;
}

} // namespace

class TestLanguageModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void logitsEqualTransformers_data() { addShapes(); }
    void logitsEqualTransformers()
    {
        QFETCH(std::string, shape);
        const std::string folder = parity::folder(shape);
        auto model = LanguageModel::load(folder + "/model", exact());
        QVERIFY2(model, model ? "" : model.error().message.c_str());
        const Json forward = parity::json(folder + "/forward.json");
        const auto logits = model->allLogits(ids(forward["ids"]));
        QVERIFY(logits);
        QVERIFY(parity::worst(*logits, parity::tensor(folder + "/forward.safetensors", "logits")) < 1e-4);
    }

    void meanLossEqualsTransformers_data() { addShapes(); }
    void meanLossEqualsTransformers()
    {
        QFETCH(std::string, shape);
        const std::string folder = parity::folder(shape);
        auto model = LanguageModel::load(folder + "/model", exact());
        QVERIFY(model);
        const Json forward = parity::json(folder + "/forward.json");
        TokenBatch batch;
        batch.rows = 1;
        batch.ids = ids(forward["ids"]);
        batch.length = static_cast<std::int64_t>(batch.ids.size());
        batch.targets.assign(batch.ids.begin() + 1, batch.ids.end());
        batch.targets.push_back(-1);
        const auto loss = model->evaluate(batch);
        QVERIFY(loss);
        QCOMPARE(loss->tokens, batch.length - 1);
        QVERIFY(std::abs(loss->nll / double(loss->tokens) - forward["mean_loss"].get<double>()) < 1e-5);
    }

    void anAdapterGivesPeftsLogits_data() { addShapes(); }
    void anAdapterGivesPeftsLogits()
    {
        QFETCH(std::string, shape);
        const std::string folder = parity::folder(shape);
        const auto forward = ids(parity::json(folder + "/forward.json")["ids"]);
        for (const std::string kind : {"lora", "qlora"}) {
            LoadOptions options = exact();
            options.quantization = kind == "qlora" ? Quantization::Nf4 : Quantization::None;
            auto model = LanguageModel::load(folder + "/model", options);
            QVERIFY(model);
            const auto before = model->allLogits(forward);
            const auto adapter = readPeftAdapter(folder + "/" + kind + "/adapter_out");
            QVERIFY(adapter);
            QVERIFY(model->useAdapter(*adapter));
            const auto after = model->allLogits(forward);
            QVERIFY(after);
            QVERIFY(parity::worst(*after, parity::tensor(folder + "/" + kind + "/after.safetensors", "logits")) <
                    5e-3);
            // And away again, without loading the base anew.
            model->dropAdapter();
            const auto again = model->allLogits(forward);
            QVERIFY(*again == *before);
        }
    }

    void aHeldAdapterCountsAllThatItHolds()
    {
        const std::string folder = parity::folder("llama-gqa");
        std::int64_t bytes[2] = {};
        for (const bool dora : {false, true}) {
            auto model = LanguageModel::load(folder + "/model", exact());
            QVERIFY(model);
            LoraConfig config;
            config.dora = dora;
            QVERIFY(model->startAdapter(config, 1));
            QVERIFY(model->allLogits(std::vector<TokenId>{1, 2}));
            bytes[dora] = model->exchangeAdapter({}).bytes();
        }
        // DoRA: of each output a magnitude and its gradient, the weight's square, the norm and the gain, float32.
        const std::int64_t outputs = 2 * (64 + 32 + 32 + 64 + 192 + 192 + 64);
        QCOMPARE(bytes[1] - bytes[0], outputs * 5 * std::int64_t(sizeof(float)));
    }

    void bfloat16StaysNearFloat32()
    {
        const std::string folder = parity::folder("llama-gqa");
        LoadOptions options = exact();
        options.compute = ComputeType::BFloat16;
        auto model = LanguageModel::load(folder + "/model", options);
        QVERIFY(model);
        const auto logits = model->allLogits(ids(parity::json(folder + "/forward.json")["ids"]));
        const auto expected = parity::tensor(folder + "/forward.safetensors", "logits");
        double square = 0;
        double scale = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            square += std::pow(double((*logits)[i]) - expected[i], 2);
            scale += std::pow(double(expected[i]), 2);
        }
        QVERIFY2(std::sqrt(square / scale) < 0.03, qPrintable(QString::number(std::sqrt(square / scale))));
    }

    void decodingStepByStepEqualsTheWhole_data()
    {
        QTest::addColumn<std::string>("shape");
        QTest::addColumn<bool>("narrow");
        for (const auto &shape : parity::shapes()) {
            QTest::newRow((shape + " fp32").c_str()) << shape << false;
            QTest::newRow((shape + " bf16, NF4").c_str()) << shape << true;
        }
    }
    void decodingStepByStepEqualsTheWhole()
    {
        QFETCH(std::string, shape);
        QFETCH(bool, narrow);
        const std::string folder = parity::folder(shape);
        LoadOptions options = exact();
        if (narrow) {
            options.compute = ComputeType::BFloat16;
            options.quantization = Quantization::Nf4;
        }
        auto model = LanguageModel::load(folder + "/model", options);
        QVERIFY(model);
        const auto all = ids(parity::json(folder + "/forward.json")["ids"]);
        const auto whole = model->allLogits(all);
        QVERIFY(whole);
        const auto vocab = static_cast<std::size_t>(model->config().vocabSize);
        // Two sequences side by side at different positions, so that a mixed-up cache shows.
        KvCache first;
        KvCache second;
        const LanguageModel::Feed prompt{&second, std::span(all).first(7)};
        QVERIFY(model->nextLogits({&prompt, 1}));
        double most = 0;
        for (std::size_t t = 0; t + 7 < all.size(); ++t) {
            const std::vector<LanguageModel::Feed> feeds = {{&first, std::span(all).subspan(t, 1)},
                                                            {&second, std::span(all).subspan(t + 7, 1)}};
            const auto logits = model->nextLogits(feeds);
            QVERIFY(logits);
            for (std::size_t v = 0; v < vocab; ++v) {
                most = std::max(most, double(std::abs((*logits)[v] - (*whole)[t * vocab + v])));
                most = std::max(most, double(std::abs((*logits)[vocab + v] - (*whole)[(t + 7) * vocab + v])));
            }
        }
        QVERIFY2(most < (narrow ? 0.6 : 2e-4), qPrintable(QString::number(most)));
    }

    void aWrongTokenIsAnErrorNotACrash()
    {
        auto model = LanguageModel::load(parity::folder("llama-gqa") + "/model", exact());
        QVERIFY(model);
        const std::vector<TokenId> wrong = {1, 512};
        QVERIFY(!model->allLogits(wrong));
    }

    void bothSpellingsOfScaledRopeAreTheSameModel()
    {
        // transformers 5 writes rope_parameters; 4 wrote rope_theta beside rope_scaling, with "type" before
        // "rope_type".
        const std::string given = parity::folder("llama3-scaling");
        QTemporaryDir dir;
        const std::filesystem::path path = dir.path().toStdString();
        std::filesystem::copy(given + "/model", path, std::filesystem::copy_options::recursive);
        Json config = parity::json(given + "/model/config.json");
        Json scaling = config["rope_parameters"];
        config.erase("rope_parameters");
        config["rope_theta"] = scaling["rope_theta"];
        scaling.erase("rope_theta");
        scaling["type"] = scaling["rope_type"];
        scaling.erase("rope_type");
        config["rope_scaling"] = scaling;
        std::ofstream(path / "config.json") << config.dump();
        auto model = LanguageModel::load(path, exact());
        QVERIFY2(model, model ? "" : model.error().message.c_str());
        const auto logits = model->allLogits(ids(parity::json(given + "/forward.json")["ids"]));
        QVERIFY(logits);
        QVERIFY(parity::worst(*logits, parity::tensor(given + "/forward.safetensors", "logits")) < 1e-4);
    }

    void aModelThatCantBeComputedIsRefusedByName()
    {
        QTemporaryDir dir;
        const std::string path = dir.path().toStdString();
        const auto refused = [&](const std::string &config, const char *word) {
            std::ofstream(path + "/config.json") << config;
            const auto model = LanguageModel::load(path, exact());
            return !model && model.error().message.find(word) != std::string::npos;
        };
        QVERIFY(refused(R"({"model_type": "mamba"})", "mamba"));
        QVERIFY(refused(R"({"model_type": "llama", "hidden_act": "gelu"})", "gelu"));
        const std::string shape =
            R"({"model_type": "llama", "vocab_size": 10, "hidden_size": 8, "intermediate_size": 8,
            "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 64, )";
        QVERIFY(refused(shape + R"("rope_scaling": {"rope_type": "longrope"}})", "longrope"));
        QVERIFY(refused(shape + R"("rope_scaling": {"type": "linear", "factor": -1}})", "a factor of -1"));
        QVERIFY(refused(shape + R"("rope_parameters": {"rope_type": "llama3", "factor": 2, "low_freq_factor": 4}})",
                        "high_freq_factor"));
        QVERIFY(refused(shape + R"("rope_scaling": 3})", "rope_scaling is not an object"));
        QVERIFY(refused(R"({"model_type": "llama", "vocab_size": 1e30})", "vocab_size"));
        QVERIFY(refused(R"({"model_type": "llama", "vocab_size": 10, "hidden_size": 8, "intermediate_size": 8,
            "num_hidden_layers": 1, "num_attention_heads": 3, "num_key_value_heads": 2, "head_dim": 4})",
                        "evenly"));
        QVERIFY(!LanguageModel::load(path + "/nothing", exact()));
    }
};

QTEST_APPLESS_MAIN(TestLanguageModel)
#include "tst_language_model.moc"
