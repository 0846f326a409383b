#include "core/train/settings.h"

#include "core/text/utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>

namespace attune {
namespace {

constexpr double big = 1e9;
using S = TrainSettings;

// Known to transformers, PEFT or TRL, and not here yet.
constexpr std::array otherKeys = {"warmup_type",  "eval_strategy",   "save_strategy",    "fp16",
                                  "bf16",         "logging_steps",   "save_total_limit", "label_smoothing_factor",
                                  "modules_to_save", "exclude_modules", "rank_pattern",  "alpha_pattern",
                                  "padding_free", "packing_strategy", "completion_only_loss", "init_lora_weights"};

std::string numberText(double value)
{
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? std::string(text.data(), end) : std::string();
}

std::size_t editDistance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

const SettingInfo *findSetting(const std::string &key)
{
    for (const SettingInfo &info : trainSettings())
        if (key == info.key)
            return &info;
    return nullptr;
}

Result<void> unknownKey(const std::string &key)
{
    if (std::find(otherKeys.begin(), otherKeys.end(), key) != otherKeys.end())
        return fail(ErrorCode::InvalidInput,
                    "The setting " + key + " is one that other trainers have and Attune does not have yet.");
    const auto all = trainSettings();
    const auto nearest = std::min_element(all.begin(), all.end(), [&](const SettingInfo &a, const SettingInfo &b) {
        return editDistance(key, a.key) < editDistance(key, b.key);
    });
    return fail(ErrorCode::InvalidInput, "There is no setting \"" + key + "\"; did you mean " + nearest->key + "?");
}

std::string rangeText(const SettingInfo &info)
{
    return info.most >= big ? numberText(info.least) + " or more"
                            : numberText(info.least) + " to " + numberText(info.most);
}

Result<double> parseNumber(const SettingInfo &info, const std::string &value, bool whole)
{
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool good = error == std::errc() && end == value.data() + value.size() && std::isfinite(number) &&
                      (!whole || number == std::floor(number)) && number >= info.least && number <= info.most;
    if (!good)
        return fail(ErrorCode::InvalidInput, std::string("The setting ") + info.key + " can't be \"" + value +
                                                 "\"; expected " + (whole ? "a whole number, " : "a number, ") +
                                                 rangeText(info) + ".");
    return number;
}

/// auto, cpu, cuda or cuda:N.
bool namesDevice(std::string_view text)
{
    if (text == "auto" || text == "cpu" || text == "cuda")
        return true;
    return text.starts_with("cuda:") && text.size() > 5 && text.size() < 9 &&
           text.find_first_not_of("0123456789", 5) == text.npos;
}

} // namespace

std::span<const SettingInfo> trainSettings()
{
    // clang-format off
    static const std::vector<SettingInfo> table = {
        {"lora_r", &S::lora_r, 1, 4096, {}, "Adapter", "Rank of the adapter: more is more capacity and memory."},
        {"lora_alpha", &S::lora_alpha, 1e-6, 1e6, {}, "Adapter", "The adapter's output is scaled by lora_alpha / lora_r."},
        {"lora_dropout", &S::lora_dropout, 0, 0.95, {}, "Adapter", "Share of the adapter's inputs dropped in training."},
        {"target_modules", &S::target_modules, 0, 0, {}, "Adapter",
         "all-linear, or a comma-separated list of q_proj k_proj v_proj o_proj gate_proj up_proj down_proj, or a regular "
         "expression for full names such as model.layers.0.self_attn.q_proj."},
        {"layers_to_transform", &S::layers_to_transform, 0, 0, {}, "Adapter",
         "Layers that get an adapter, counted from 0: 0-7,12; empty: every layer."},
        {"use_rslora", &S::use_rslora, 0, 0, {}, "Adapter",
         "Scale by lora_alpha / sqrt(lora_r) instead, so that a higher rank keeps its effect."},
        {"use_dora", &S::use_dora, 0, 0, {}, "Adapter",
         "Train a magnitude for each output too (DoRA): often better at a low rank, and slower."},
        {"learning_rate", &S::learning_rate, 0, 10, {}, "Optimiser", "Peak learning rate of AdamW."},
        {"lr_scheduler_type", &S::lr_scheduler_type, 0, 0,
         {"cosine", "linear", "constant", "constant_with_warmup"}, "Optimiser",
         "How the learning rate goes down after the warm-up."},
        {"optim", &S::optim, 0, 0, {"adamw_torch", "adamw_8bit"}, "Optimiser",
         "adamw_8bit keeps the optimiser's two states in 8 bits each."},
        {"loraplus_lr_ratio", &S::loraplus_lr_ratio, 1, 1000, {}, "Optimiser",
         "The rate of lora_B is so many times that of lora_A (LoRA+); 1: the same."},
        {"warmup_steps", &S::warmup_steps, 0, big, {}, "Optimiser", "Steps in which the rate rises from 0; 0: by warmup_ratio."},
        {"warmup_ratio", &S::warmup_ratio, 0, 1, {}, "Optimiser", "Share of all steps for the warm-up, where warmup_steps is 0."},
        {"weight_decay", &S::weight_decay, 0, 10, {}, "Optimiser", "Decoupled weight decay of AdamW."},
        {"adam_beta1", &S::adam_beta1, 0, 0.999999, {}, "Optimiser", "Decay of AdamW's mean of gradients."},
        {"adam_beta2", &S::adam_beta2, 0, 0.999999, {}, "Optimiser", "Decay of AdamW's mean of squared gradients."},
        {"adam_epsilon", &S::adam_epsilon, 1e-15, 1, {}, "Optimiser", "Added to the root in AdamW's denominator."},
        {"max_grad_norm", &S::max_grad_norm, 0, big, {}, "Optimiser", "Gradients are clipped to this norm; 0: never."},
        {"num_train_epochs", &S::num_train_epochs, 0.001, 10000, {}, "Length", "Passes over the train part."},
        {"max_steps", &S::max_steps, 0, big, {}, "Length", "Optimiser steps; beats num_train_epochs; 0: by epochs."},
        {"per_device_train_batch_size", &S::per_device_train_batch_size, 1, 4096, {}, "Length",
         "Rows computed at once: more is faster and takes more memory."},
        {"gradient_accumulation_steps", &S::gradient_accumulation_steps, 1, 4096, {}, "Length",
         "Batches whose gradients make one step; the loss is averaged over all their trained tokens."},
        {"max_length", &S::max_length, 8, 1048576, {}, "Length", "Rows are cut after this many tokens."},
        {"packing", &S::packing, 0, 0, {}, "Length",
         "Put several rows into one sequence of max_length, blind to one another, so that nothing is padding."},
        {"group_by_length", &S::group_by_length, 0, 0, {}, "Length", "Batch rows of like length, so that little is padding."},
        {"quantization", &S::quantization, 0, 0, {"nf4", "none"}, "Model",
         "How the frozen base model is held: nf4 is QLoRA, none is LoRA."},
        {"double_quant", &S::double_quant, 0, 0, {}, "Model", "Quantise NF4's block maxima too."},
        {"keep_dequantized", &S::keep_dequantized, 0, 0, {}, "Model",
         "Hold NF4's weights in the compute dtype too: the same numbers without unpacking, for more memory than without NF4."},
        {"compute_dtype", &S::compute_dtype, 0, 0, {"bfloat16", "float32"}, "Model", "What products are computed in."},
        {"gradient_checkpointing", &S::gradient_checkpointing, 0, 0, {}, "Model",
         "Keep one activation a layer and compute the rest again: less memory, about a third slower."},
        {"device", &S::device, 0, 0, {}, "Model", "auto, cpu, cuda or cuda:N."},
        {"assistant_only_loss", &S::assistant_only_loss, 0, 0, {}, "Data", "Train on the answers only, not on the prompts."},
        {"mask_history", &S::mask_history, 0, 0, {}, "Data", "Train on the last answer of a conversation only."},
        {"neftune_noise_alpha", &S::neftune_noise_alpha, 0, 1000, {}, "Data",
         "Noise on the embeddings while training, against overfitting; 5 is usual, 0: none."},
        {"shuffle", &S::shuffle, 0, 0, {}, "Data", "New order each epoch, from seed; off: import order."},
        {"seed", &S::seed, 0, 9.007199254740992e15, {}, "Data", "Decides the adapter's start, the order and the dropout."},
        {"eval_steps", &S::eval_steps, 0, big, {}, "Checks", "Steps between validations; 0: twice an epoch."},
        {"save_steps", &S::save_steps, 0, big, {}, "Checks",
         "Steps between checkpoints; 0: at each validation. A minute is the longest wait in either case."},
        {"early_stopping_patience", &S::early_stopping_patience, 0, big, {}, "Checks",
         "Stop after so many validations without a better loss; 0: never."},
    };
    // clang-format on
    return table;
}

Result<void> TrainSettings::set(const std::string &key, const std::string &value)
{
    const SettingInfo *info = findSetting(key);
    if (!info)
        return unknownKey(key);
    if (const auto *member = std::get_if<std::int64_t S::*>(&info->member)) {
        ATTUNE_TRY(const double number, parseNumber(*info, value, true));
        this->**member = static_cast<std::int64_t>(number);
    } else if (const auto *real = std::get_if<double S::*>(&info->member)) {
        ATTUNE_TRY(this->**real, parseNumber(*info, value, false));
    } else if (const auto *flag = std::get_if<bool S::*>(&info->member)) {
        if (value != "true" && value != "false" && value != "1" && value != "0")
            return fail(ErrorCode::InvalidInput,
                        "The setting " + key + " can't be \"" + value + "\"; expected true or false.");
        this->**flag = value == "true" || value == "1";
    } else if (const auto *text = std::get_if<std::string S::*>(&info->member)) {
        const auto &choices = info->choices;
        if (!isUtf8(value)) // a run keeps its settings as JSON
            return fail(ErrorCode::InvalidInput, "The setting " + key + " holds bytes that are no UTF-8.");
        if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
            std::string list;
            for (const char *choice : choices)
                list += (list.empty() ? "" : ", ") + std::string(choice);
            return fail(ErrorCode::InvalidInput,
                        "The setting " + key + " can't be \"" + value + "\"; expected one of " + list + ".");
        }
        if (key == "device" && !namesDevice(value))
            return fail(ErrorCode::InvalidInput,
                        "The setting device can't be \"" + value + "\"; expected auto, cpu, cuda or cuda:N.");
        if (key == "target_modules") {
            ATTUNE_CHECK(TargetModules::parse(value));
        } else if (key == "layers_to_transform") {
            ATTUNE_CHECK(TargetModules::parse("all-linear", value));
        }
        this->**text = value;
    }
    return {};
}

Result<void> TrainSettings::check() const
{
    ATTUNE_CHECK(TargetModules::parse(target_modules, layers_to_transform));
    if (mask_history && !assistant_only_loss)
        return fail(ErrorCode::InvalidInput,
                    "mask_history trains on the last answer alone, assistant_only_loss=false on every token; leave "
                    "one of them out.");
    if (group_by_length && !shuffle)
        return fail(ErrorCode::InvalidInput,
                    "group_by_length orders rows anew, shuffle=false keeps their order; leave one of them out.");
    return {};
}

Result<void> TrainSettings::setPair(const std::string &pair)
{
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
        return fail(ErrorCode::InvalidInput, "\"" + pair + "\" is not a setting; write --set KEY=VALUE.");
    return set(pair.substr(0, equals), pair.substr(equals + 1));
}

std::string TrainSettings::get(const std::string &key) const
{
    const SettingInfo *info = findSetting(key);
    if (!info)
        return {};
    return std::visit(
        [&](auto member) -> std::string {
            const auto &value = this->*member;
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, bool>)
                return value ? "true" : "false";
            else if constexpr (std::is_same_v<T, std::string>)
                return value;
            else if constexpr (std::is_same_v<T, double>)
                return numberText(value);
            else
                return std::to_string(value);
        },
        info->member);
}

OrderedJson TrainSettings::toJson() const
{
    OrderedJson json;
    for (const SettingInfo &info : trainSettings())
        std::visit([&](auto member) { json[info.key] = this->*member; }, info.member);
    return json;
}

Result<TrainSettings> TrainSettings::fromJson(const Json &json)
{
    TrainSettings settings;
    if (!json.is_object())
        return fail(ErrorCode::InvalidInput, "The settings are not a JSON object.");
    for (const auto &[key, value] : json.items()) {
        ATTUNE_CHECK(settings.set(key, value.is_string() ? value.get<std::string>() : value.dump()));
    }
    return settings;
}

LoraConfig TrainSettings::loraConfig() const
{
    LoraConfig config;
    config.r = lora_r;
    config.alpha = lora_alpha;
    config.dropout = lora_dropout;
    config.rslora = use_rslora;
    config.dora = use_dora;
    if (auto targets = TargetModules::parse(target_modules, layers_to_transform))
        config.targets = std::move(*targets); // set() and check() let no other through
    return config;
}

void TrainSettings::takeShape(const LoraConfig &config)
{
    lora_r = config.r;
    lora_alpha = config.alpha;
    use_rslora = config.rslora;
    use_dora = config.dora;
    target_modules = config.targets.modules();
    layers_to_transform = config.targets.layers();
}

std::span<const char *const> TrainSettings::shapeKeys()
{
    static constexpr std::array keys = {"lora_r",   "lora_alpha",     "use_rslora",
                                        "use_dora", "target_modules", "layers_to_transform"};
    return keys;
}

LoadOptions TrainSettings::loadOptions() const
{
    LoadOptions options;
    options.quantization = quantization == "nf4" ? Quantization::Nf4 : Quantization::None;
    options.doubleQuant = double_quant;
    options.keepDequantized = keep_dequantized;
    options.compute = compute_dtype == "float32" ? ComputeType::Float32 : ComputeType::BFloat16;
    options.device = device;
    return options;
}

std::string trainSettingsHelp()
{
    std::ostringstream text;
    const TrainSettings defaults;
    std::string group;
    for (const SettingInfo &info : trainSettings()) {
        if (group != info.group) {
            group = info.group;
            text << "\n" << group << ":\n";
        }
        text << "  " << info.key << "=" << defaults.get(info.key) << "\n      " << info.help;
        if (!info.choices.empty()) {
            text << " One of:";
            for (const char *choice : info.choices)
                text << " " << choice;
            text << ".";
        } else if (info.most > 0) {
            text << " " << rangeText(info) << ".";
        }
        text << "\n";
    }
    return text.str();
}

} // namespace attune
