#include "bad_input.h"
#include "tests/core/formats/gguf_builder.h"

/// Of the project's bad inputs from outside, 28: weights, shapes and GGUF files, asked and then trained.
class TestBadModels : public QObject {
    Q_OBJECT

    Workplace m_place;
    int m_next = 0;

    /// A model folder of its own for a row.
    SpoiltModel spoilt(QString &name)
    {
        name = QString("m%1").arg(m_next++);
        return SpoiltModel(m_place, name);
    }

    static QStringList ask(const QString &model)
    {
        return {"generate", "--model", model, "--ids", "1,2", "--max-new-tokens", "1", "--json"};
    }

    void weights(const char *what, const QByteArray &content, const QStringList &named)
    {
        QString name;
        spoilt(name).write("model.safetensors", content);
        BadInput::row(what, ask(name), QStringList{name} + named);
    }

    void shape(const char *what, const QJsonObject &changes, const QString &named)
    {
        QString name;
        spoilt(name).configure(changes);
        BadInput::row(what, ask(name), {name + "/config.json", named});
    }

    void gguf(const char *what, const std::string &bytes, const QStringList &named)
    {
        const QString name = QString("m%1.gguf").arg(m_next++);
        m_place.write(name, QByteArray::fromStdString(bytes));
        BadInput::row(what, {"models", "info", name, "--json"}, QStringList{name} + named);
    }

    void addWeights()
    {
        const auto good = Safetensors::read(Workplace::model() + "/model.safetensors");
        const QByteArray whole = good.bytes();
        const QString head = "lm_head.weight";
        const QString embedding = "model.embed_tokens.weight";

        auto bad = good;
        bad.set(head, "data_offsets", QJsonArray{1'000'000'000, 1'000'131'072});
        weights("offsets past the end", bad.bytes(), {head, "1000131072"});
        bad = good;
        bad.set(head, "data_offsets", good.header[embedding].toObject()["data_offsets"]);
        weights("overlapping tensors", bad.bytes(), {head, embedding, "overlap"});
        weights("a header of 2^60 bytes", Safetensors::bytes("{}", good.data, quint64(1) << 60),
                {"1152921504606846976"});
        weights("an empty file", {}, {"0 bytes"});
        weights("a file cut in half", whole.left(whole.size() / 2), {"cut short"});
        weights("a header that is no JSON", Safetensors::bytes("{\"a\": [1,", good.data, 9), {"JSON", "byte"});
        const QByteArray deep = "{\"a\":" + QByteArray(100'000, '[');
        weights("a header nested 100,000 deep", Safetensors::bytes(deep, {}, quint64(deep.size())), {"512"});
        bad = good;
        bad.set(head, "dtype", "F8_E4M3");
        weights("a type that is not read", bad.bytes(), {head, "F8_E4M3"});
        bad = good;
        bad.set(head, "shape", QJsonArray{qint64(1) << 40, qint64(1) << 40});
        weights("a shape beyond 64 bits", bad.bytes(), {head});
        bad = good;
        bad.header.remove(embedding);
        weights("a tensor that is missing", bad.bytes(), {embedding, "fetch"});
        bad = good;
        bad.fill(embedding, std::numeric_limits<float>::quiet_NaN());
        QString name;
        spoilt(name).write("model.safetensors", bad.bytes());
        BadInput::row("weights that are no numbers", ask(name), {"scores", "fetch"});
    }

    void addShapes()
    {
        shape("an architecture that is not known", {{"architectures", QJsonArray{"DanceForCausalLM"}},
                                                    {"model_type", "dance"}},
              "dance");
        shape("no attention heads", {{"num_attention_heads", 0}}, "num_attention_heads");
        shape("a billion layers", {{"num_hidden_layers", 1'000'000'000}}, "num_hidden_layers");
        shape("a negative size", {{"hidden_size", -32}}, "-32");
        shape("a text for a number", {{"hidden_size", "many"}}, "many");
        shape("heads that share nothing evenly", {{"num_attention_heads", 7}}, "7");

        QString name;
        spoilt(name).write("config.json", {});
        BadInput::row("an empty config.json", ask(name), {name + "/config.json", "empty"});
        spoilt(name).remove("config.json");
        QDir().mkpath(m_place.path(name + "/config.json"));
        BadInput::row("a folder for config.json", ask(name), {name + "/config.json"});
        spoilt(name).remove("model.safetensors");
        BadInput::row("no weights", ask(name), {name, "model.safetensors"});
        const auto sharded = spoilt(name);
        sharded.remove("model.safetensors");
        sharded.write("model.safetensors.index.json",
                      R"({"weight_map": {"lm_head.weight": "../m0/model.safetensors"}})");
        BadInput::row("a shard outside the folder", ask(name), {name, "../m0/model.safetensors"});
        BadInput::row("no such model", ask("nobody"), {"nobody"});
    }

    void addGguf()
    {
        const auto counts = [](std::uint64_t tensors, std::uint64_t values) {
            return "GGUF" + GgufBuilder::raw(std::uint32_t(3)) + GgufBuilder::raw(tensors) + GgufBuilder::raw(values);
        };
        gguf("GGUF: 2^62 tensors", counts(std::uint64_t(1) << 62, 0), {"ends too early"});
        gguf("GGUF: 2^62 values", counts(0, std::uint64_t(1) << 62), {"ends too early"});
        gguf("GGUF: a string that the end cuts", counts(0, 1) + GgufBuilder::raw(~std::uint64_t(0)) + "general",
             {"ends too early"});
        GgufBuilder nested;
        std::string arrays;
        for (int i = 0; i < 10'000; ++i)
            arrays += GgufBuilder::raw(std::uint32_t(GgufBuilder::Array)) + GgufBuilder::raw(std::uint64_t(1));
        nested.rawValue("round", GgufBuilder::Array, arrays);
        gguf("GGUF: arrays in arrays without end", nested.bytes(), {"round"});
        GgufBuilder past;
        past.text("general.architecture", "llama");
        past.entry("token_embd.weight", {64, 512}, 0, std::uint64_t(1) << 40);
        gguf("GGUF: a tensor past the end", past.bytes(), {"token_embd.weight"});
        GgufBuilder newer;
        newer.version = 77;
        gguf("GGUF: version 77", newer.bytes(), {"77"});
    }

private Q_SLOTS:
    void initTestCase() { QVERIFY(BadInput::makeProject(m_place, "p.attune")); }

    void aBadModelIsRefused_data()
    {
        BadInput::columns();
        addWeights();
        addShapes();
        addGguf();
    }
    void aBadModelIsRefused()
    {
        QFETCH(QStringList, arguments);
        QString fault = BadInput::fault(m_place.attune(arguments));
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
        if (qstrcmp(QTest::currentDataTag(), "weights that are no numbers") == 0)
            return; // a training finds this at its first step, when its run is in the project already
        fault = BadInput::faultOfTraining(m_place, "p.attune", arguments[2]);
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
    }
};

QTEST_GUILESS_MAIN(TestBadModels)
#include "tst_bad_models.moc"
