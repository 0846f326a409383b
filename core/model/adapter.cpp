#include "core/model/adapter.h"

#include "core/base/files.h"
#include "core/formats/json.h"
#include "core/formats/safetensors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace attune {
namespace {

constexpr std::array<std::string_view, projectionCount> shortNames = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                                                      "gate_proj", "up_proj", "down_proj"};
constexpr std::array<std::string_view, projectionCount> pathNames = {
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};

std::string tensorName(std::int64_t layer, Projection projection, std::string_view side)
{
    return "base_model.model.model.layers." + std::to_string(layer) + "." + std::string(pathName(projection)) + "." +
           std::string(side) + ".weight";
}

struct ParsedName {
    std::int64_t layer = 0;
    Projection projection = Projection::Q;
    bool isA = false;
};

std::optional<ParsedName> parseTensorName(std::string_view name)
{
    constexpr std::string_view prefix = "base_model.model.model.layers.";
    if (!name.starts_with(prefix))
        return std::nullopt;
    name.remove_prefix(prefix.size());
    ParsedName parsed;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), parsed.layer);
    if (error != std::errc() || parsed.layer < 0 || parsed.layer > 100'000)
        return std::nullopt;
    name.remove_prefix(static_cast<std::size_t>(end - name.data()));
    for (int i = 0; i < projectionCount; ++i) {
        const std::string stem = "." + std::string(pathNames[static_cast<std::size_t>(i)]);
        if (name == stem + ".lora_A.weight" || name == stem + ".lora_B.weight") {
            parsed.projection = static_cast<Projection>(i);
            parsed.isA = name.ends_with("lora_A.weight");
            return parsed;
        }
    }
    return std::nullopt;
}

Result<LoraConfig> parseConfig(const Json &json, std::string_view where)
{
    LoraConfig config;
    const auto unsupported = [&](const std::string &what) {
        return fail(ErrorCode::InvalidInput, std::string(where) + ": " + what + " is not supported.");
    };
    if (!json.is_object())
        return fail(ErrorCode::InvalidInput, std::string(where) + " does not hold a JSON object.");
    ATTUNE_TRY(const auto type, jsonValue<std::string>(json, "peft_type", "", where));
    if (type != "LORA")
        return unsupported("the adapter type \"" + type + "\"");
    ATTUNE_TRY(const auto bias, jsonValue<std::string>(json, "bias", "none", where));
    if (bias != "none")
        return unsupported("bias \"" + bias + "\"");
    for (const char *flag : {"use_dora", "use_rslora", "fan_in_fan_out"}) {
        ATTUNE_TRY(const auto on, jsonValue<bool>(json, flag, false, where));
        if (on)
            return unsupported(flag);
    }
    for (const char *key : {"rank_pattern", "alpha_pattern", "modules_to_save", "layer_replication"})
        if (json.contains(key) && !json[key].is_null() && !json[key].empty())
            return unsupported(key);
    ATTUNE_TRY(config.r, jsonValue<std::int64_t>(json, "r", 0, where));
    ATTUNE_TRY(config.alpha, jsonValue<double>(json, "lora_alpha", 0, where));
    ATTUNE_TRY(config.dropout, jsonValue<double>(json, "lora_dropout", 0, where));
    if (config.r < 1 || config.r > 65536)
        return fail(ErrorCode::InvalidInput,
                    std::string(where) + ": r is " + std::to_string(config.r) + ", expected 1 to 65536.");
    if (!(std::abs(config.alpha) <= 1e9))
        return fail(ErrorCode::InvalidInput, std::string(where) + ": lora_alpha is out of range.");
    if (!(config.dropout >= 0 && config.dropout < 1))
        return fail(ErrorCode::InvalidInput, std::string(where) + ": lora_dropout is not within 0 to 1.");
    return config;
}

} // namespace

std::string_view shortName(Projection projection)
{
    return shortNames[static_cast<std::size_t>(projection)];
}

std::string_view pathName(Projection projection)
{
    return pathNames[static_cast<std::size_t>(projection)];
}

bool LoraConfig::targetsProjection(Projection projection) const
{
    return std::find(targets.begin(), targets.end(), projection) != targets.end();
}

Result<std::vector<Projection>> parseTargetModules(const std::string &text)
{
    if (text == "all-linear")
        return LoraConfig{}.targets;
    std::vector<bool> wanted(projectionCount, false);
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string one = text.substr(begin, end - begin);
        const auto found = std::find(shortNames.begin(), shortNames.end(), one);
        if (found == shortNames.end())
            return fail(ErrorCode::InvalidInput, "target_modules: \"" + one +
                                                     "\" is none of q_proj, k_proj, v_proj, o_proj, gate_proj, "
                                                     "up_proj, down_proj; or give all-linear.");
        wanted[static_cast<std::size_t>(found - shortNames.begin())] = true;
        begin = end + 1;
    }
    std::vector<Projection> targets;
    for (int i = 0; i < projectionCount; ++i)
        if (wanted[static_cast<std::size_t>(i)])
            targets.push_back(static_cast<Projection>(i));
    return targets;
}

ProjectionShape projectionShape(const ModelConfig &m, Projection projection)
{
    switch (projection) {
    case Projection::Q:
        return {m.heads * m.headDim, m.hiddenSize};
    case Projection::K:
    case Projection::V:
        return {m.kvHeads * m.headDim, m.hiddenSize};
    case Projection::O:
        return {m.hiddenSize, m.heads * m.headDim};
    case Projection::Gate:
    case Projection::Up:
        return {m.intermediateSize, m.hiddenSize};
    case Projection::Down:
        break;
    }
    return {m.hiddenSize, m.intermediateSize};
}

Result<void> Adapter::checkAgainst(const ModelConfig &model) const
{
    const auto differs = [&](std::int64_t layer, Projection projection, const std::string &how) {
        return fail(ErrorCode::InvalidInput, "This adapter belongs to another base model: layer " +
                                                 std::to_string(layer) + " " + std::string(shortName(projection)) +
                                                 " " + how + ".");
    };
    for (const auto &[key, pair] : pairs) {
        const auto &[layer, projection] = key;
        if (layer >= model.layers)
            return differs(layer, projection, "is beyond the base model's " + std::to_string(model.layers) + " layers");
        const ProjectionShape shape = projectionShape(model, projection);
        if (pair.in != shape.in || pair.out != shape.out)
            return differs(layer, projection,
                           "is for " + std::to_string(pair.out) + " x " + std::to_string(pair.in) + ", not " +
                               std::to_string(shape.out) + " x " + std::to_string(shape.in));
    }
    for (std::int64_t layer = 0; layer < model.layers; ++layer)
        for (const Projection projection : config.targets)
            if (!pairs.contains({layer, projection}))
                return differs(layer, projection, "is missing in it");
    return {};
}

Result<Adapter> parsePeftAdapter(std::span<const std::byte> safetensors, const std::string &configJson,
                                 std::string_view where)
{
    ATTUNE_TRY(const Json json, parseJson(configJson, where));
    Adapter adapter;
    ATTUNE_TRY(adapter.config, parseConfig(json, where));
    ATTUNE_TRY(adapter.baseModel, jsonValue<std::string>(json, "base_model_name_or_path", "", where));
    ATTUNE_TRY(const auto file, SafetensorsFile::parse(safetensors, where));
    adapter.config.targets.clear();
    std::vector<bool> seen(projectionCount, false);
    for (const auto &[name, tensor] : file.tensors()) {
        const auto parsed = parseTensorName(name);
        if (!parsed)
            return fail(ErrorCode::InvalidInput,
                        std::string(where) + ": the tensor " + name + " is for a module that is not supported.");
        const auto rank = parsed->isA ? 0U : 1U;
        if (tensor.shape.size() != 2 || tensor.shape[rank] != adapter.config.r)
            return fail(ErrorCode::Corrupt, std::string(where) + ": " + name + " does not have the rank " +
                                                std::to_string(adapter.config.r) + " that the configuration says.");
        LoraPair &pair = adapter.pairs[{parsed->layer, parsed->projection}];
        (parsed->isA ? pair.in : pair.out) = tensor.shape[1U - rank];
        auto &values = parsed->isA ? pair.a : pair.b;
        values.resize(static_cast<std::size_t>(tensor.elements()));
        toFloat(tensor, 0, tensor.elements(), values.data());
        seen[static_cast<std::size_t>(parsed->projection)] = true;
    }
    for (const auto &[key, pair] : adapter.pairs)
        if (pair.a.empty() || pair.b.empty())
            return fail(ErrorCode::Corrupt, std::string(where) + ": " + tensorName(key.first, key.second, "lora_") +
                                                " lacks its lora_A or lora_B.");
    if (adapter.pairs.empty())
        return fail(ErrorCode::Corrupt, std::string(where) + " holds no LoRA tensors.");
    for (int i = 0; i < projectionCount; ++i)
        if (seen[static_cast<std::size_t>(i)])
            adapter.config.targets.push_back(static_cast<Projection>(i));
    return adapter;
}

Result<Adapter> readPeftAdapter(const std::filesystem::path &folder)
{
    ATTUNE_TRY(const auto config, readFile(folder / "adapter_config.json"));
    ATTUNE_TRY(const auto tensors, MappedFile::open(folder / "adapter_model.safetensors"));
    return parsePeftAdapter(tensors.bytes(), config, folder.string());
}

std::string peftTensorBytes(const Adapter &adapter)
{
    std::vector<TensorToWrite> tensors;
    for (const auto &[key, pair] : adapter.pairs) {
        tensors.push_back({tensorName(key.first, key.second, "lora_A"),
                           DType::F32,
                           {adapter.config.r, pair.in},
                           std::as_bytes(std::span(pair.a))});
        tensors.push_back({tensorName(key.first, key.second, "lora_B"),
                           DType::F32,
                           {pair.out, adapter.config.r},
                           std::as_bytes(std::span(pair.b))});
    }
    return safetensorsBytes(tensors, {{"format", "pt"}});
}

std::string peftConfigText(const Adapter &adapter)
{
    OrderedJson json;
    json["peft_type"] = "LORA";
    json["task_type"] = "CAUSAL_LM";
    json["base_model_name_or_path"] = adapter.baseModel;
    json["r"] = adapter.config.r;
    // PEFT annotates alpha as an integer; a fraction is written as it is.
    if (adapter.config.alpha == static_cast<double>(static_cast<std::int64_t>(adapter.config.alpha)))
        json["lora_alpha"] = static_cast<std::int64_t>(adapter.config.alpha);
    else
        json["lora_alpha"] = adapter.config.alpha;
    json["lora_dropout"] = adapter.config.dropout;
    json["bias"] = "none";
    json["fan_in_fan_out"] = false;
    json["inference_mode"] = true;
    json["init_lora_weights"] = true;
    json["use_rslora"] = false;
    json["use_dora"] = false;
    auto targets = OrderedJson::array();
    for (const Projection projection : adapter.config.targets)
        targets.push_back(shortName(projection));
    json["target_modules"] = targets;
    return json.dump(2) + "\n";
}

Result<void> writePeftAdapter(const std::filesystem::path &folder, const Adapter &adapter)
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return fail(ErrorCode::Io, "Can't make the folder " + folder.string() + ": " + error.message() + ".");
    ATTUNE_CHECK(writeFileAtomically(folder / "adapter_model.safetensors", peftTensorBytes(adapter)));
    return writeFileAtomically(folder / "adapter_config.json", peftConfigText(adapter));
}

} // namespace attune
