#include "core/model/model_config.h"

#include "core/formats/gguf.h"

#include <array>

namespace attune {
namespace {

std::string inQuotes(std::string_view text)
{
    return "\"" + std::string(text) + "\"";
}

/// No dimension may be absurd: products of two must not overflow, and a typing error must not allocate a terabyte.
Result<void> check(const ModelConfig &c, std::string_view where)
{
    struct Bound {
        const char *name;
        std::int64_t value;
        std::int64_t most;
    };
    const std::array<Bound, 7> bounds = {{{"vocab_size", c.vocabSize, 4'000'000},
                                          {"hidden_size", c.hiddenSize, 65'536},
                                          {"intermediate_size", c.intermediateSize, 1'048'576},
                                          {"num_hidden_layers", c.layers, 1024},
                                          {"num_attention_heads", c.heads, 1024},
                                          {"num_key_value_heads", c.kvHeads, 1024},
                                          {"head_dim", c.headDim, 1024}}};
    for (const auto &bound : bounds)
        if (bound.value < 1 || bound.value > bound.most)
            return fail(ErrorCode::InvalidInput, std::string(where) + ": " + bound.name + " is " +
                                                     std::to_string(bound.value) + ", expected 1 to " +
                                                     std::to_string(bound.most) + ".");
    if (c.heads % c.kvHeads != 0)
        return fail(ErrorCode::InvalidInput, std::string(where) + ": " + std::to_string(c.heads) +
                                                 " attention heads can't share " + std::to_string(c.kvHeads) +
                                                 " key-value heads evenly.");
    if (c.headDim % 2 != 0)
        return fail(ErrorCode::InvalidInput, std::string(where) + ": head_dim is " + std::to_string(c.headDim) +
                                                 ", which RoPE can't halve.");
    if (!(c.rmsNormEps >= 0 && c.rmsNormEps < 1) || !(c.ropeTheta > 0))
        return fail(ErrorCode::InvalidInput, std::string(where) + ": rms_norm_eps or rope_theta is out of range.");
    if (c.slidingWindow < 0)
        return fail(ErrorCode::InvalidInput, std::string(where) + ": sliding_window is negative.");
    return {};
}

Result<double> ropeTheta(const Json &json, std::string_view where)
{
    // transformers 5 writes rope_parameters, 4 wrote rope_theta and rope_scaling.
    for (const char *key : {"rope_parameters", "rope_scaling"}) {
        const auto found = json.find(key);
        if (found == json.end() || found->is_null())
            continue;
        if (!found->is_object())
            return fail(ErrorCode::InvalidInput, std::string(where) + ": " + key + " is not an object.");
        ATTUNE_TRY(const auto legacyType, jsonValue<std::string>(*found, "type", "default", where));
        ATTUNE_TRY(const auto type, jsonValue<std::string>(*found, "rope_type", legacyType, where));
        if (type != "default")
            return fail(ErrorCode::InvalidInput, std::string(where) + ": RoPE scaling of the type " + inQuotes(type) +
                                                     " is not supported; use a model without RoPE scaling.");
    }
    ATTUNE_TRY(const auto outer, jsonValue<double>(json, "rope_theta", 10000.0, where));
    const auto parameters = json.find("rope_parameters");
    if (parameters != json.end() && parameters->is_object())
        return jsonValue<double>(*parameters, "rope_theta", outer, where);
    return outer;
}

} // namespace

Result<ModelConfig> modelConfigFromJson(const Json &json, std::string_view where)
{
    if (!json.is_object())
        return fail(ErrorCode::InvalidInput, std::string(where) + " does not hold a JSON object.");
    ModelConfig c;
    ATTUNE_TRY(c.architecture, jsonValue<std::string>(json, "model_type", "", where));
    if (c.architecture != "llama" && c.architecture != "mistral")
        return fail(ErrorCode::InvalidInput, std::string(where) + ": the model type " + inQuotes(c.architecture) +
                                                 " is not supported; use a llama or mistral model.");
    ATTUNE_TRY(const auto activation, jsonValue<std::string>(json, "hidden_act", "silu", where));
    if (activation != "silu")
        return fail(ErrorCode::InvalidInput,
                    std::string(where) + ": the activation " + inQuotes(activation) + " is not supported.");
    struct Field {
        const char *key;
        std::int64_t *to;
    };
    for (const Field &field : {Field{"vocab_size", &c.vocabSize}, Field{"hidden_size", &c.hiddenSize},
                               Field{"intermediate_size", &c.intermediateSize},
                               Field{"num_hidden_layers", &c.layers}, Field{"num_attention_heads", &c.heads},
                               Field{"max_position_embeddings", &c.maxPositions}}) {
        ATTUNE_TRY(*field.to, jsonValue<std::int64_t>(json, field.key, 0, where));
    }
    ATTUNE_TRY(c.kvHeads, jsonValue<std::int64_t>(json, "num_key_value_heads", c.heads, where));
    ATTUNE_TRY(c.headDim,
               jsonValue<std::int64_t>(json, "head_dim", c.heads > 0 ? c.hiddenSize / c.heads : 0, where));
    ATTUNE_TRY(c.rmsNormEps, jsonValue<double>(json, "rms_norm_eps", 1e-6, where));
    ATTUNE_TRY(c.tiedEmbeddings, jsonValue<bool>(json, "tie_word_embeddings", false, where));
    ATTUNE_TRY(c.ropeTheta, ropeTheta(json, where));
    if (c.architecture == "mistral") {
        ATTUNE_TRY(c.slidingWindow, jsonValue<std::int64_t>(json, "sliding_window", 0, where));
    }
    ATTUNE_CHECK(check(c, where));
    return c;
}

Result<ModelConfig> modelConfigFromGguf(const GgufFile &file)
{
    const std::string where = file.path().string();
    ModelConfig c;
    ATTUNE_TRY(const auto architecture, file.string("general.architecture"));
    c.architecture = architecture.value_or("");
    if (c.architecture != "llama")
        return fail(ErrorCode::InvalidInput, where + ": the GGUF architecture " + inQuotes(c.architecture) +
                                                 " is not supported; use a llama model.");
    ATTUNE_TRY(const auto experts, file.integer("llama.expert_count"));
    if (experts.value_or(0) > 0)
        return fail(ErrorCode::InvalidInput, where + ": mixture-of-experts models are not supported.");
    ATTUNE_TRY(const auto scaling, file.string("llama.rope.scaling.type"));
    if (scaling.value_or("none") != "none" || file.contains("rope_freqs.weight"))
        return fail(ErrorCode::InvalidInput, where + ": RoPE scaling is not supported.");
    struct Field {
        const char *key;
        std::int64_t *to;
    };
    for (const Field &field :
         {Field{"llama.embedding_length", &c.hiddenSize}, Field{"llama.feed_forward_length", &c.intermediateSize},
          Field{"llama.block_count", &c.layers}, Field{"llama.attention.head_count", &c.heads},
          Field{"llama.context_length", &c.maxPositions}, Field{"llama.vocab_size", &c.vocabSize}}) {
        ATTUNE_TRY(const auto value, file.integer(field.key));
        *field.to = value.value_or(0);
    }
    if (const auto embedding = file.tensors().find("token_embd.weight");
        embedding != file.tensors().end() && !embedding->second.shape.empty())
        c.vocabSize = embedding->second.shape.front();
    ATTUNE_TRY(const auto kvHeads, file.integer("llama.attention.head_count_kv"));
    c.kvHeads = kvHeads.value_or(c.heads);
    ATTUNE_TRY(const auto keyLength, file.integer("llama.attention.key_length"));
    c.headDim = keyLength.value_or(c.heads > 0 ? c.hiddenSize / c.heads : 0);
    ATTUNE_TRY(const auto eps, file.number("llama.attention.layer_norm_rms_epsilon"));
    c.rmsNormEps = eps.value_or(1e-5);
    ATTUNE_TRY(const auto theta, file.number("llama.rope.freq_base"));
    c.ropeTheta = theta.value_or(10000.0);
    ATTUNE_TRY(const auto rotated, file.integer("llama.rope.dimension_count"));
    if (rotated && *rotated != c.headDim)
        return fail(ErrorCode::InvalidInput, where + ": RoPE over " + std::to_string(*rotated) + " of " +
                                                 std::to_string(c.headDim) + " head values is not supported.");
    c.tiedEmbeddings = !file.contains("output.weight");
    ATTUNE_CHECK(check(c, where));
    return c;
}

} // namespace attune
