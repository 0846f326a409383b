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

std::string tensorName(std::int64_t layer, Projection projection, std::string_view side)
{
    return "base_model.model.model.layers." + std::to_string(layer) + "." + std::string(pathName(projection)) + "." +
           std::string(side);
}

enum class Side { A, B, Magnitude };
// PEFT's names; older versions wrote the magnitude with ".weight" behind it.
constexpr std::array<std::pair<std::string_view, Side>, 4> sides = {
    {{"lora_A.weight", Side::A},
     {"lora_B.weight", Side::B},
     {"lora_magnitude_vector", Side::Magnitude},
     {"lora_magnitude_vector.weight", Side::Magnitude}}};

struct ParsedName {
    std::int64_t layer = 0;
    Projection projection = Projection::Q;
    Side side = Side::A;
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
        const std::string stem = "." + std::string(pathName(static_cast<Projection>(i))) + ".";
        if (!name.starts_with(stem))
            continue;
        for (const auto &[ending, side] : sides)
            if (name.substr(stem.size()) == ending) {
                parsed.projection = static_cast<Projection>(i);
                parsed.side = side;
                return parsed;
            }
    }
    return std::nullopt;
}

/// target_modules is a list of names, or a text that PEFT takes for a pattern.
Result<TargetModules> parseTargets(const Json &json, std::string_view where)
{
    std::string modules = "all-linear";
    std::string layers;
    const auto has = [&](const char *key) { return json.contains(key) && !json[key].is_null(); };
    if (has("target_modules") && json["target_modules"].is_string()) {
        modules = json["target_modules"].get<std::string>();
    } else if (has("target_modules")) {
        modules.clear();
        if (!json["target_modules"].is_array())
            return fail(ErrorCode::InvalidInput, std::string(where) + ": target_modules is no list and no text.");
        for (const Json &name : json["target_modules"]) {
            if (!name.is_string())
                return fail(ErrorCode::InvalidInput,
                            std::string(where) + ": target_modules has a name that is no text.");
            modules += (modules.empty() ? "" : ",") + name.get<std::string>();
        }
    }
    if (has("layers_to_transform")) {
        const Json numbers = json["layers_to_transform"].is_array() ? json["layers_to_transform"]
                                                                    : Json::array({json["layers_to_transform"]});
        for (const Json &number : numbers) {
            if (!number.is_number_integer())
                return fail(ErrorCode::InvalidInput,
                            std::string(where) + ": layers_to_transform has a layer that is no whole number.");
            layers += (layers.empty() ? "" : ",") + number.dump();
        }
    }
    auto targets = TargetModules::parse(modules, layers);
    if (!targets)
        return fail(targets.error().code, std::string(where) + ": " + targets.error().message);
    return targets;
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
    for (const char *flag : {"fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora"}) {
        ATTUNE_TRY(const auto on, jsonValue<bool>(json, flag, false, where));
        if (on)
            return unsupported(flag);
    }
    for (const char *key : {"rank_pattern", "alpha_pattern", "modules_to_save", "layer_replication",
                            "exclude_modules", "layers_pattern", "trainable_token_indices", "target_parameters",
                            "alora_invocation_tokens", "arrow_config", "kasa_config", "velora_config",
                            "monteclora_config"})
        if (json.contains(key) && !json[key].is_null() && !json[key].empty())
            return unsupported(key);
    // These two take their start off the base weight when they are loaded.
    if (const auto start = json.find("init_lora_weights");
        start != json.end() && start->is_string() && (*start == "pissa" || *start == "olora"))
        return unsupported("init_lora_weights \"" + start->get<std::string>() + "\"");
    ATTUNE_TRY(config.r, jsonValue<std::int64_t>(json, "r", 0, where));
    ATTUNE_TRY(config.alpha, jsonValue<double>(json, "lora_alpha", 0, where));
    ATTUNE_TRY(config.dropout, jsonValue<double>(json, "lora_dropout", 0, where));
    ATTUNE_TRY(config.rslora, jsonValue<bool>(json, "use_rslora", false, where));
    ATTUNE_TRY(config.dora, jsonValue<bool>(json, "use_dora", false, where));
    ATTUNE_TRY(config.targets, parseTargets(json, where));
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

double LoraConfig::scale() const
{
    return rslora ? alpha / std::sqrt(static_cast<double>(r)) : alpha / static_cast<double>(r);
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

bool Adapter::isFinite() const
{
    const auto finite = [](const std::vector<float> &values) {
        return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
    };
    return std::all_of(pairs.begin(), pairs.end(), [&](const auto &entry) {
        const LoraPair &pair = entry.second;
        return finite(pair.a) && finite(pair.b) && finite(pair.magnitude);
    });
}

Result<void> Adapter::checkAgainst(const ModelConfig &model) const
{
    const auto differs = [&](std::int64_t layer, Projection projection, const std::string &how) {
        return fail(ErrorCode::InvalidInput, "This adapter belongs to another base model: layer " +
                                                 std::to_string(layer) + " " + std::string(shortName(projection)) +
                                                 " " + how + ".");
    };
    for (const auto &[key, pair] : pairs)
        if (key.first >= model.layers)
            return differs(key.first, key.second,
                           "is beyond the base model's " + std::to_string(model.layers) + " layers");
    ATTUNE_TRY(const ModuleSelection wanted, config.targets.select(model.layers));
    for (const auto &[key, pair] : pairs) {
        const auto &[layer, projection] = key;
        const ProjectionShape shape = projectionShape(model, projection);
        if (pair.in != shape.in || pair.out != shape.out)
            return differs(layer, projection,
                           "is for " + std::to_string(pair.out) + " x " + std::to_string(pair.in) + ", not " +
                               std::to_string(shape.out) + " x " + std::to_string(shape.in));
        const auto &of = wanted[static_cast<std::size_t>(layer)];
        if (std::find(of.begin(), of.end(), projection) == of.end())
            return differs(layer, projection, "is not one of its target_modules");
    }
    for (std::int64_t layer = 0; layer < model.layers; ++layer)
        for (const Projection projection : wanted[static_cast<std::size_t>(layer)])
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
    for (const auto &[name, tensor] : file.tensors()) {
        const auto parsed = parseTensorName(name);
        if (!parsed)
            return fail(ErrorCode::InvalidInput,
                        std::string(where) + ": the tensor " + name + " is for a module that is not supported.");
        LoraPair &pair = adapter.pairs[{parsed->layer, parsed->projection}];
        const auto read = [&view = tensor](std::vector<float> &values) {
            values.resize(static_cast<std::size_t>(view.elements()));
            toFloat(view, 0, view.elements(), values.data());
        };
        if (parsed->side == Side::Magnitude) {
            read(pair.magnitude);
            continue;
        }
        const bool isA = parsed->side == Side::A;
        const auto rank = isA ? 0U : 1U;
        if (tensor.shape.size() != 2 || tensor.shape[rank] != adapter.config.r)
            return fail(ErrorCode::Corrupt, std::string(where) + ": " + name + " does not have the rank " +
                                                std::to_string(adapter.config.r) + " that the configuration says.");
        (isA ? pair.in : pair.out) = tensor.shape[1U - rank];
        read(isA ? pair.a : pair.b);
    }
    for (const auto &[key, pair] : adapter.pairs) {
        const auto &[layer, projection] = key;
        if (pair.a.empty() || pair.b.empty())
            return fail(ErrorCode::Corrupt,
                        std::string(where) + " lacks " +
                            tensorName(layer, projection, pair.a.empty() ? "lora_A.weight" : "lora_B.weight") + ".");
        const auto magnitudes = adapter.config.dora ? static_cast<std::size_t>(pair.out) : 0;
        if (pair.magnitude.size() != magnitudes)
            return fail(ErrorCode::Corrupt, std::string(where) + ": " +
                                                tensorName(layer, projection, "lora_magnitude_vector") + " has " +
                                                std::to_string(pair.magnitude.size()) + " values, not " +
                                                std::to_string(magnitudes) + ", as use_dora and its lora_B say.");
        for (const auto *values : {&pair.a, &pair.b, &pair.magnitude})
            if (!std::all_of(values->begin(), values->end(), [](float value) { return std::isfinite(value); }))
                return fail(ErrorCode::Corrupt,
                            std::string(where) + " is damaged: layer " + std::to_string(layer) + " " +
                                std::string(shortName(projection)) +
                                " holds values that are no numbers; export an earlier checkpoint.");
    }
    if (adapter.pairs.empty())
        return fail(ErrorCode::Corrupt, std::string(where) + " holds no LoRA tensors.");
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
        tensors.push_back({tensorName(key.first, key.second, "lora_A.weight"),
                           DType::F32,
                           {adapter.config.r, pair.in},
                           std::as_bytes(std::span(pair.a))});
        tensors.push_back({tensorName(key.first, key.second, "lora_B.weight"),
                           DType::F32,
                           {pair.out, adapter.config.r},
                           std::as_bytes(std::span(pair.b))});
        if (adapter.config.dora)
            tensors.push_back({tensorName(key.first, key.second, "lora_magnitude_vector"),
                               DType::F32,
                               {pair.out},
                               std::as_bytes(std::span(pair.magnitude))});
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
    json["use_rslora"] = adapter.config.rslora;
    json["use_dora"] = adapter.config.dora;
    const TargetModules &targets = adapter.config.targets;
    json["target_modules"] = targets.isPattern() ? OrderedJson(targets.modules()) : OrderedJson(targets.names());
    if (!targets.layers().empty())
        json["layers_to_transform"] = targets.layerNumbers();
    return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n"; // a path may be any bytes
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
