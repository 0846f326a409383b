#include "core/model/language_model.h"
#include "tests/core/formats/gguf_builder.h"
#include "tests/core/model/parity.h"

#include <QTemporaryDir>
#include <QtTest>
#include <array>

using namespace attune;
using B = GgufBuilder;

namespace {

/// A tensor's name in llama.cpp's files; empty where it has none.
std::string ggufName(const std::string &name)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> parts = {{
        {"self_attn.q_proj", "attn_q"},
        {"self_attn.k_proj", "attn_k"},
        {"self_attn.v_proj", "attn_v"},
        {"self_attn.o_proj", "attn_output"},
        {"self_attn.q_norm", "attn_q_norm"},
        {"self_attn.k_norm", "attn_k_norm"},
        {"mlp.gate_proj", "ffn_gate"},
        {"mlp.up_proj", "ffn_up"},
        {"mlp.down_proj", "ffn_down"},
        {"input_layernorm", "attn_norm"},
        {"post_attention_layernorm", "ffn_norm"},
    }};
    if (name == "model.embed_tokens.weight")
        return "token_embd.weight";
    if (name == "model.norm.weight")
        return "output_norm.weight";
    if (name == "lm_head.weight")
        return "output.weight";
    const std::string layer = name.substr(13, name.find('.', 13) - 13); // after "model.layers."
    for (const auto &[theirs, ours] : parts)
        if (const auto at = name.find(theirs); at != std::string::npos)
            return "blk." + layer + "." + std::string(ours) + name.substr(at + theirs.size());
    return {};
}

/// A Hugging Face folder as llama.cpp's converter writes it, in float32.
void convert(const std::string &folder, const std::string &architecture, const std::string &path)
{
    const Json config = parity::json(folder + "/config.json");
    const auto number = [&](const char *key) { return config[key].get<std::uint32_t>(); };
    const std::uint32_t heads = number("num_attention_heads");
    const std::uint32_t kvHeads = number("num_key_value_heads");
    const std::uint32_t headDim =
        config.contains("head_dim") ? number("head_dim") : number("hidden_size") / heads;
    B b;
    b.text("general.architecture", architecture);
    const auto put = [&](const char *key, std::uint32_t value) { b.value(architecture + "." + key, B::U32, value); };
    put("block_count", number("num_hidden_layers"));
    put("context_length", number("max_position_embeddings"));
    put("embedding_length", number("hidden_size"));
    put("feed_forward_length", number("intermediate_size"));
    put("attention.head_count", heads);
    put("attention.head_count_kv", kvHeads);
    put("attention.key_length", headDim);
    b.value(architecture + ".attention.layer_norm_rms_epsilon", B::F32, config["rms_norm_eps"].get<float>());
    b.value(architecture + ".rope.freq_base", B::F32, config["rope_parameters"]["rope_theta"].get<float>());

    const auto weights = SafetensorsFolder::open(folder);
    QVERIFY(weights);
    for (const std::string &name : weights->names()) {
        const auto tensor = weights->tensor(name);
        QVERIFY(tensor && tensor->dtype == DType::F32);
        const std::int64_t rows = tensor->shape.front();
        const auto rowBytes = tensor->data.size() / static_cast<std::size_t>(rows);
        const bool permuted = architecture == "llama" && (name.find("q_proj") != std::string::npos ||
                                                          name.find("k_proj") != std::string::npos);
        std::string data;
        for (std::int64_t row = 0; row < rows; ++row) {
            std::int64_t from = row;
            if (permuted) { // the two halves that RoPE turns lie in pairs
                const std::int64_t inHead = row % headDim;
                from = row - inHead + inHead / 2 + inHead % 2 * (headDim / 2);
            }
            data.append(reinterpret_cast<const char *>(tensor->data.data()) +
                            static_cast<std::size_t>(from) * rowBytes,
                        rowBytes);
        }
        std::vector<std::uint64_t> shape(tensor->shape.rbegin(), tensor->shape.rend());
        b.tensor(ggufName(name), shape, 0, data);
    }
    b.write(path);
}

} // namespace

class TestGgufModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aGgufFileOfTheSameWeightsGivesTheLogitsOfTransformers_data()
    {
        QTest::addColumn<std::string>("shape");
        QTest::addColumn<std::string>("architecture");
        QTest::newRow("llama") << std::string("llama-gqa") << std::string("llama");
        QTest::newRow("llama with biases") << std::string("llama-sharded-bias") << std::string("llama");
        QTest::newRow("qwen2") << std::string("qwen2-tied") << std::string("qwen2");
        QTest::newRow("qwen3") << std::string("qwen3") << std::string("qwen3");
    }
    void aGgufFileOfTheSameWeightsGivesTheLogitsOfTransformers()
    {
        QFETCH(std::string, shape);
        QFETCH(std::string, architecture);
        QTemporaryDir dir;
        const std::string path = dir.filePath("model.gguf").toStdString();
        convert(parity::folder(shape) + "/model", architecture, path);
        LoadOptions options;
        options.compute = ComputeType::Float32;
        options.device = "cpu";
        auto model = LanguageModel::load(path, options);
        QVERIFY2(model, model ? "" : model.error().message.c_str());
        const auto ids = parity::json(parity::folder(shape) + "/forward.json")["ids"].get<std::vector<TokenId>>();
        const auto logits = model->allLogits(ids);
        QVERIFY(logits);
        QVERIFY(parity::worst(*logits, parity::tensor(parity::folder(shape) + "/forward.safetensors", "logits")) <
                1e-4);
    }
};

QTEST_APPLESS_MAIN(TestGgufModel)
#include "tst_gguf_model.moc"
