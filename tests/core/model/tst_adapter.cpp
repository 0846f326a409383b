#include "core/base/files.h"
#include "core/formats/json.h"
#include "core/formats/safetensors.h"
#include "core/model/adapter.h"

#include <QTemporaryDir>
#include <QtTest>

#include <functional>

namespace fs = std::filesystem;

namespace attune {

/// PEFT's own folder (tests/data/parity/llama-gqa/lora/adapter_in) is the sound one; each test spoils one thing in
/// it.
class TestAdapter : public QObject {
    Q_OBJECT

    Adapter m_sound;
    QTemporaryDir m_folder;

    fs::path path(const char *name) const { return fs::path(m_folder.path().toStdString()) / name; }

    static QString whyNot(const std::string &tensors, const std::string &config)
    {
        const auto adapter = parsePeftAdapter(std::as_bytes(std::span(tensors)), config, "here");
        return adapter ? QString() : QString::fromStdString(adapter.error().message);
    }
    QString whyNotConfig(const std::function<void(Json &)> &spoil) const
    {
        Json json = *parseJson(peftConfigText(m_sound), "config");
        spoil(json);
        return whyNot(peftTensorBytes(m_sound), json.dump());
    }
    ModelConfig fittingModel() const
    {
        const auto text = readFile(fs::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/model/config.json");
        const auto config = modelConfigFromJson(*parseJson(text.value_or("{}"), "config"), "config");
        return config ? *config : ModelConfig{};
    }

private Q_SLOTS:
    void initTestCase()
    {
        auto adapter = readPeftAdapter(fs::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/lora/adapter_in");
        QVERIFY2(adapter, adapter ? "" : adapter.error().message.c_str());
        m_sound = std::move(*adapter);
        QVERIFY(m_folder.isValid());
    }

    void what_is_written_is_read_back_bit_for_bit()
    {
        QVERIFY(writePeftAdapter(path("copy"), m_sound));
        const auto copy = readPeftAdapter(path("copy"));
        QVERIFY(copy);
        QVERIFY(copy->config == m_sound.config);
        QCOMPARE(copy->baseModel, m_sound.baseModel);
        QCOMPARE(copy->pairs.size(), m_sound.pairs.size());
        for (const auto &[key, pair] : m_sound.pairs) {
            const LoraPair &other = copy->pairs.at(key);
            QVERIFY(other.a == pair.a && other.b == pair.b && other.in == pair.in && other.out == pair.out);
        }
    }

    void a_fractional_alpha_survives()
    {
        Adapter adapter = m_sound;
        adapter.config.alpha = 12.5;
        const std::string tensors = peftTensorBytes(adapter);
        const auto back = parsePeftAdapter(std::as_bytes(std::span(tensors)), peftConfigText(adapter), "here");
        QVERIFY(back);
        QCOMPARE(back->config.alpha, 12.5);
    }

    void what_would_change_the_computation_unseen_is_refused_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("named");
        QTest::newRow("another method") << "peft_type"
                                        << "\"IA3\""
                                        << "IA3";
        QTest::newRow("bias") << "bias"
                              << "\"all\""
                              << "bias";
        QTest::newRow("fan in, fan out") << "fan_in_fan_out"
                                         << "true"
                                         << "fan_in_fan_out";
        QTest::newRow("a rank per module") << "rank_pattern"
                                           << R"({"q_proj": 2})"
                                           << "rank_pattern";
        QTest::newRow("an alpha per module") << "alpha_pattern"
                                             << R"({"q_proj": 2})"
                                             << "alpha_pattern";
        QTest::newRow("whole modules") << "modules_to_save"
                                       << R"(["lm_head"])"
                                       << "modules_to_save";
        QTest::newRow("no rank") << "r"
                                 << "0"
                                 << "r is 0";
        QTest::newRow("endless alpha") << "lora_alpha"
                                       << "1e300"
                                       << "lora_alpha";
        QTest::newRow("dropping everything") << "lora_dropout"
                                             << "1"
                                             << "lora_dropout";
        QTest::newRow("a word for a number") << "r"
                                             << "\"eight\""
                                             << "r";
    }
    void what_would_change_the_computation_unseen_is_refused()
    {
        QFETCH(QString, key);
        QFETCH(QString, value);
        QFETCH(QString, named);
        const QString why =
            whyNotConfig([&](Json &json) { json[key.toStdString()] = Json::parse(value.toStdString()); });
        QVERIFY2(why.contains(named), qPrintable(why));
    }

    void settings_that_are_off_or_empty_are_no_hindrance()
    {
        QCOMPARE(whyNotConfig([](Json &json) {
                     json["rank_pattern"] = Json::object();
                     json["modules_to_save"] = nullptr;
                     json["use_dora"] = false;
                     json["something_new"] = 1;
                 }),
                 QString());
    }

    void damaged_tensors_are_named()
    {
        const std::string config = peftConfigText(m_sound);
        const std::string whole = peftTensorBytes(m_sound);
        for (const std::size_t length :
             {std::size_t{0}, std::size_t{7}, std::size_t{40}, whole.size() / 2, whole.size() - 1})
            QVERIFY(!whyNot(whole.substr(0, length), config).isEmpty());

        const std::int64_t r = m_sound.config.r;
        const auto alone = [&](const std::string &name, std::int64_t rank) {
            const std::vector<float> values(static_cast<std::size_t>(rank), 0.5F);
            const std::vector<TensorToWrite> one{{name, DType::F32, {rank, 1}, std::as_bytes(std::span(values))}};
            return whyNot(safetensorsBytes(one, {}), config);
        };
        const std::string query = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
        QVERIFY(alone(query, r + 1).contains("rank"));
        QVERIFY(alone(query, r).contains("lacks"));
        QVERIFY(alone("base_model.model.lm_head.lora_A.weight", r).contains("lm_head"));
        QVERIFY(whyNot(safetensorsBytes({}, {}), config).contains("no LoRA tensors"));
    }

    void a_folder_without_its_files_names_the_one_that_is_missing()
    {
        const auto adapter = readPeftAdapter(path("nothing here"));
        QVERIFY(!adapter);
        QVERIFY(QString::fromStdString(adapter.error().message).contains("adapter_config.json"));
    }

    void another_base_model_is_told_by_the_first_tensor_that_differs()
    {
        const ModelConfig model = fittingModel();
        QVERIFY(m_sound.checkAgainst(model));

        ModelConfig shallow = model;
        shallow.layers -= 1;
        QVERIFY(QString::fromStdString(m_sound.checkAgainst(shallow).error().message)
                    .contains("beyond the base model's"));
        ModelConfig deep = model;
        deep.layers += 1;
        QVERIFY(QString::fromStdString(m_sound.checkAgainst(deep).error().message).contains("is missing in it"));
        ModelConfig wide = model;
        wide.hiddenSize *= 2;
        QVERIFY(QString::fromStdString(m_sound.checkAgainst(wide).error().message).contains("another base model"));
    }

    void the_method_and_the_modules_survive_as_peft_writes_them()
    {
        Adapter adapter = m_sound;
        adapter.config.rslora = true;
        adapter.config.dora = true;
        adapter.config.targets = *TargetModules::parse("q_proj", "1");
        std::erase_if(adapter.pairs, [](const auto &entry) {
            return entry.first != std::pair(std::int64_t{1}, Projection::Q);
        });
        LoraPair &pair = adapter.pairs.begin()->second;
        pair.magnitude.assign(static_cast<std::size_t>(pair.out), 0.5F);
        const std::string tensors = peftTensorBytes(adapter);
        const auto back = parsePeftAdapter(std::as_bytes(std::span(tensors)), peftConfigText(adapter), "here");
        QVERIFY2(back, back ? "" : back.error().message.c_str());
        QVERIFY(back->config == adapter.config);
        QVERIFY(back->pairs.begin()->second.magnitude == pair.magnitude);
        QVERIFY(back->checkAgainst(fittingModel()));

        const auto file = SafetensorsFile::parse(std::as_bytes(std::span(tensors)), "here");
        QVERIFY(file);
        std::vector<TensorToWrite> cut; // a magnitude too few
        for (const auto &[name, tensor] : file->tensors()) {
            cut.push_back({name, tensor.dtype, tensor.shape, tensor.data});
            if (name.ends_with("lora_magnitude_vector")) {
                cut.back().shape.front() -= 1;
                cut.back().data = tensor.data.first(tensor.data.size() - sizeof(float));
            }
        }
        QVERIFY(whyNot(safetensorsBytes(cut), peftConfigText(adapter)).contains("lora_magnitude_vector"));
        adapter.config.targets = *TargetModules::parse("q_proj"); // of both layers, and only one is there
        QVERIFY(QString::fromStdString(adapter.checkAgainst(fittingModel()).error().message).contains("missing"));
    }
};

} // namespace attune

QTEST_GUILESS_MAIN(attune::TestAdapter)
#include "tst_adapter.moc"
