#include "core/model/model_config.h"

#include "core/formats/gguf.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

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

double yarnScale(double factor, double mscale)
{
    return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

Result<void> checkScaling(const RopeScaling &scaling, std::string_view where)
{
    const auto wrong = [&](const std::string &what) {
        return fail(ErrorCode::InvalidInput,
                    std::string(where) + ": RoPE scaling with " + what + " can't be computed.");
    };
    if (!(scaling.factor > 0 && scaling.factor < 1e6))
        return wrong("a factor of " + std::to_string(scaling.factor));
    if (scaling.kind == RopeScaling::Kind::Llama3 && !(scaling.highFreqFactor > scaling.lowFreqFactor))
        return wrong("high_freq_factor not above low_freq_factor");
    if (scaling.kind == RopeScaling::Kind::Yarn && !(scaling.betaFast > 0 && scaling.betaSlow > 0))
        return wrong("beta_fast or beta_slow of zero or less");
    if (scaling.kind != RopeScaling::Kind::Linear && scaling.originalPositions < 1)
        return wrong("no original_max_position_embeddings");
    return {};
}

/// A number that may be null, which counts as absent.
Result<double> optionalNumber(const Json &json, const char *key, double fallback, std::string_view where)
{
    const auto found = json.find(key);
    if (found == json.end() || found->is_null())
        return fallback;
    return jsonValue<double>(json, key, fallback, where);
}

Result<RopeScaling> ropeScaling(const Json &json, const ModelConfig &config, std::string_view where)
{
    RopeScaling scaling;
    ATTUNE_TRY(const auto legacyType, jsonValue<std::string>(json, "type", "default", where));
    ATTUNE_TRY(const auto type, jsonValue<std::string>(json, "rope_type", legacyType, where));
    if (type == "default")
        return scaling;
    if (type == "linear")
        scaling.kind = RopeScaling::Kind::Linear;
    else if (type == "llama3")
        scaling.kind = RopeScaling::Kind::Llama3;
    else if (type == "yarn")
        scaling.kind = RopeScaling::Kind::Yarn;
    else
        return fail(ErrorCode::InvalidInput, std::string(where) + ": RoPE scaling of the type " + inQuotes(type) +
                                                 " is not supported; linear, llama3 and yarn are.");
    ATTUNE_TRY(scaling.originalPositions,
               jsonValue<std::int64_t>(json, "original_max_position_embeddings", config.maxPositions, where));
    const double stretched = scaling.originalPositions > 0 ? static_cast<double>(config.maxPositions) /
                                                                 static_cast<double>(scaling.originalPositions)
                                                           : 0.0;
    ATTUNE_TRY(scaling.factor, optionalNumber(json, "factor", stretched, where));
    ATTUNE_TRY(scaling.lowFreqFactor, optionalNumber(json, "low_freq_factor", 1, where));
    ATTUNE_TRY(scaling.highFreqFactor, optionalNumber(json, "high_freq_factor", 4, where));
    ATTUNE_TRY(scaling.betaFast, optionalNumber(json, "beta_fast", 32, where));
    ATTUNE_TRY(scaling.betaSlow, optionalNumber(json, "beta_slow", 1, where));
    ATTUNE_TRY(scaling.truncate, jsonValue<bool>(json, "truncate", true, where));
    ATTUNE_CHECK(checkScaling(scaling, where));
    if (scaling.kind == RopeScaling::Kind::Yarn) {
        ATTUNE_TRY(const auto mscale, optionalNumber(json, "mscale", 0, where));
        ATTUNE_TRY(const auto mscaleAll, optionalNumber(json, "mscale_all_dim", 0, where));
        const double inferred = mscale != 0 && mscaleAll != 0
                                    ? yarnScale(scaling.factor, mscale) / yarnScale(scaling.factor, mscaleAll)
                                    : yarnScale(scaling.factor, 1);
        ATTUNE_TRY(scaling.attentionFactor, optionalNumber(json, "attention_factor", inferred, where));
    }
    return scaling;
}

/// transformers 5 writes rope_parameters, 4 wrote rope_theta and rope_scaling.
Result<void> readRope(const Json &json, ModelConfig &config, std::string_view where)
{
    ATTUNE_TRY(config.ropeTheta, jsonValue<double>(json, "rope_theta", 10000.0, where));
    for (const char *key : {"rope_scaling", "rope_parameters"}) {
        const auto found = json.find(key);
        if (found == json.end() || found->is_null())
            continue;
        if (!found->is_object())
            return fail(ErrorCode::InvalidInput, std::string(where) + ": " + key + " is not an object.");
        ATTUNE_TRY(config.ropeTheta, jsonValue<double>(*found, "rope_theta", config.ropeTheta, where));
        ATTUNE_TRY(config.ropeScaling, ropeScaling(*found, config, where));
    }
    return {};
}

/// Mistral binds every layer to its window, Qwen those that its configuration names, and only where it says so.
Result<void> readWindow(const Json &json, ModelConfig &config, std::string_view where)
{
    const bool qwen = config.architecture == "qwen2" || config.architecture == "qwen3";
    if (config.architecture != "mistral" && !qwen)
        return {};
    if (qwen) {
        ATTUNE_TRY(const auto used, jsonValue<bool>(json, "use_sliding_window", false, where));
        if (!used)
            return {};
    }
    ATTUNE_TRY(config.slidingWindow, jsonValue<std::int64_t>(json, "sliding_window", 0, where));
    if (!qwen)
        return {};
    ATTUNE_TRY(const auto from, jsonValue<std::int64_t>(json, "max_window_layers", 28, where));
    const auto types = json.find("layer_types");
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        bool full = layer < from;
        if (types != json.end() && types->is_array()) {
            const auto index = static_cast<std::size_t>(layer);
            if (index >= types->size() || !(*types)[index].is_string())
                return fail(ErrorCode::InvalidInput,
                            std::string(where) + ": layer_types does not name the attention of each layer.");
            full = (*types)[index] == "full_attention";
        }
        config.fullAttention.push_back(full);
    }
    return {};
}

/// The RoPE scaling of a GGUF file: by its metadata, or by rope_freqs.weight, where llama.cpp's converter puts Llama
/// 3's.
Result<void> readScaling(const GgufFile &file, ModelConfig &c)
{
    const std::string where = file.path().string();
    const std::string prefix = c.architecture + ".rope.scaling.";
    ATTUNE_TRY(const auto type, file.string(prefix + "type"));
    RopeScaling &scaling = c.ropeScaling;
    ATTUNE_TRY(auto factor, file.number(prefix + "factor"));
    if (!factor) {
        ATTUNE_TRY(factor, file.number(c.architecture + ".rope.scale_linear")); // as it was called at first
    }
    // llama.cpp reads no type as linear.
    if (const std::string kind = type.value_or(factor && *factor != 1 ? "linear" : "none");
        kind == "linear" || kind == "yarn") {
        scaling.kind = kind == "yarn" ? RopeScaling::Kind::Yarn : RopeScaling::Kind::Linear;
        ATTUNE_TRY(const auto original, file.integer(prefix + "original_context_length"));
        ATTUNE_TRY(const auto attention, file.number(prefix + "attn_factor"));
        scaling.factor = factor.value_or(1);
        scaling.originalPositions = original.value_or(c.maxPositions);
        ATTUNE_CHECK(checkScaling(scaling, where));
        if (scaling.kind == RopeScaling::Kind::Yarn) {
            for (const auto &[key, usual] : {std::pair("yarn_ext_factor", 1.0), {"yarn_attn_factor", 1.0},
                                             {"yarn_beta_fast", 32.0}, {"yarn_beta_slow", 1.0}}) {
                ATTUNE_TRY(const auto value, file.number(prefix + key));
                if (value && *value != usual)
                    return fail(ErrorCode::InvalidInput,
                                where + ": " + prefix + key + " other than its usual value is not supported.");
            }
            scaling.attentionFactor = attention.value_or(1) * yarnScale(scaling.factor, 1);
        }
    } else if (kind != "none") {
        return fail(ErrorCode::InvalidInput, where + ": RoPE scaling of the type " + inQuotes(kind) +
                                                 " is not supported; linear and yarn are.");
    }
    if (!file.contains("rope_freqs.weight"))
        return {};
    ATTUNE_TRY(const auto tensor, file.tensor("rope_freqs.weight"));
    if (tensor.elements() != c.headDim / 2)
        return fail(ErrorCode::Corrupt, where + ": rope_freqs.weight has " + std::to_string(tensor.elements()) +
                                            " values, expected " + std::to_string(c.headDim / 2) + ".");
    scaling.divisors.resize(static_cast<std::size_t>(tensor.elements()));
    toFloat(tensor, 0, tensor.elements(), scaling.divisors.data());
    for (const float divisor : scaling.divisors)
        if (!(divisor > 0))
            return fail(ErrorCode::Corrupt, where + ": rope_freqs.weight holds a value that is not above zero.");
    return {};
}

} // namespace

Result<ModelConfig> modelConfigFromJson(const Json &json, std::string_view where)
{
    if (!json.is_object())
        return fail(ErrorCode::InvalidInput, std::string(where) + " does not hold a JSON object.");
    ModelConfig c;
    ATTUNE_TRY(c.architecture, jsonValue<std::string>(json, "model_type", "", where));
    if (c.architecture != "llama" && c.architecture != "mistral" && c.architecture != "qwen2" &&
        c.architecture != "qwen3")
        return fail(ErrorCode::InvalidInput, std::string(where) + ": the model type " + inQuotes(c.architecture) +
                                                 " is not supported; use a llama, mistral, qwen2 or qwen3 model.");
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
    const std::int64_t evenShare = c.heads > 0 ? c.hiddenSize / c.heads : 0;
    ATTUNE_TRY(c.headDim,
               jsonValue<std::int64_t>(json, "head_dim", c.architecture == "qwen3" ? 128 : evenShare, where));
    ATTUNE_TRY(c.rmsNormEps, jsonValue<double>(json, "rms_norm_eps", 1e-6, where));
    ATTUNE_TRY(c.tiedEmbeddings, jsonValue<bool>(json, "tie_word_embeddings", false, where));
    c.headNorms = c.architecture == "qwen3";
    ATTUNE_CHECK(check(c, where));
    ATTUNE_CHECK(readRope(json, c, where));
    ATTUNE_CHECK(readWindow(json, c, where));
    ATTUNE_CHECK(check(c, where));
    return c;
}

Result<ModelConfig> modelConfigFromGguf(const GgufFile &file)
{
    const std::string where = file.path().string();
    ModelConfig c;
    ATTUNE_TRY(const auto architecture, file.string("general.architecture"));
    c.architecture = architecture.value_or("");
    if (c.architecture != "llama" && c.architecture != "qwen2" && c.architecture != "qwen3")
        return fail(ErrorCode::InvalidInput, where + ": the GGUF architecture " + inQuotes(c.architecture) +
                                                 " is not supported; use a llama, qwen2 or qwen3 model.");
    const auto key = [&](const char *name) { return c.architecture + "." + name; };
    ATTUNE_TRY(const auto experts, file.integer(key("expert_count")));
    if (experts.value_or(0) > 0)
        return fail(ErrorCode::InvalidInput, where + ": mixture-of-experts models are not supported.");
    struct Field {
        const char *name;
        std::int64_t *to;
    };
    for (const Field &field :
         {Field{"embedding_length", &c.hiddenSize}, Field{"feed_forward_length", &c.intermediateSize},
          Field{"block_count", &c.layers}, Field{"attention.head_count", &c.heads},
          Field{"context_length", &c.maxPositions}, Field{"vocab_size", &c.vocabSize}}) {
        ATTUNE_TRY(const auto value, file.integer(key(field.name)));
        *field.to = value.value_or(0);
    }
    if (const auto embedding = file.tensors().find("token_embd.weight");
        embedding != file.tensors().end() && !embedding->second.shape.empty())
        c.vocabSize = embedding->second.shape.front();
    ATTUNE_TRY(const auto kvHeads, file.integer(key("attention.head_count_kv")));
    c.kvHeads = kvHeads.value_or(c.heads);
    ATTUNE_TRY(const auto keyLength, file.integer(key("attention.key_length")));
    c.headDim = keyLength.value_or(c.heads > 0 ? c.hiddenSize / c.heads : 0);
    ATTUNE_TRY(const auto eps, file.number(key("attention.layer_norm_rms_epsilon")));
    c.rmsNormEps = eps.value_or(1e-5);
    ATTUNE_TRY(const auto theta, file.number(key("rope.freq_base")));
    c.ropeTheta = theta.value_or(10000.0);
    ATTUNE_TRY(const auto rotated, file.integer(key("rope.dimension_count")));
    if (rotated && *rotated != c.headDim)
        return fail(ErrorCode::InvalidInput, where + ": RoPE over " + std::to_string(*rotated) + " of " +
                                                 std::to_string(c.headDim) + " head values is not supported.");
    c.headNorms = c.architecture == "qwen3";
    ATTUNE_CHECK(readScaling(file, c));
    c.tiedEmbeddings = !file.contains("output.weight");
    ATTUNE_CHECK(check(c, where));
    return c;
}

void scaleFrequencies(const RopeScaling &scaling, double theta, std::span<double> frequencies)
{
    for (std::size_t i = 0; i < scaling.divisors.size() && i < frequencies.size(); ++i)
        frequencies[i] /= static_cast<double>(scaling.divisors[i]);

    const auto positions = static_cast<double>(scaling.originalPositions);
    switch (scaling.kind) {
    case RopeScaling::Kind::None:
        return;
    case RopeScaling::Kind::Linear:
        for (double &f : frequencies)
            f /= scaling.factor;
        return;
    case RopeScaling::Kind::Llama3:
        for (double &f : frequencies) {
            // Short waves stay, long ones are stretched, those between are blended.
            const double turns = positions * f / (2 * std::numbers::pi);
            const double blend = std::clamp(
                (turns - scaling.lowFreqFactor) / (scaling.highFreqFactor - scaling.lowFreqFactor), 0.0, 1.0);
            f = (1 - blend) * f / scaling.factor + blend * f;
        }
        return;
    case RopeScaling::Kind::Yarn: {
        const auto d = static_cast<double>(2 * frequencies.size());
        const auto dimensionOf = [&](double turns) {
            return d * std::log(positions / (turns * 2 * std::numbers::pi)) / (2 * std::log(theta));
        };
        double low = dimensionOf(scaling.betaFast);
        double high = dimensionOf(scaling.betaSlow);
        if (scaling.truncate) {
            low = std::floor(low);
            high = std::ceil(high);
        }
        low = std::max(low, 0.0);
        high = std::min(high, d - 1);
        if (low == high)
            high += 0.001;
        for (std::size_t i = 0; i < frequencies.size(); ++i) {
            const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
            frequencies[i] = frequencies[i] / scaling.factor * ramp + frequencies[i] * (1 - ramp);
        }
        return;
    }
    }
}

} // namespace attune
