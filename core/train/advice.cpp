#include "core/train/advice.h"

#include <array>
#include <cmath>

namespace attune {
namespace {

using Rule = std::string (*)(const TrainSettings &);

std::string text(double value)
{
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    std::string out = whole ? std::to_string(static_cast<std::int64_t>(value)) : std::to_string(value);
    return out;
}

std::string onLearningRate(const TrainSettings &s)
{
    const double usual = TrainSettings{}.learning_rate;
    if (s.learning_rate == 0)
        return "With a rate of 0 nothing is learned.";
    if (s.learning_rate >= 10 * usual)
        return s.get("learning_rate") + " is " + text(std::round(s.learning_rate / usual)) +
               " times the usual; the loss may not come down.";
    if (s.learning_rate < usual / 100)
        return s.get("learning_rate") + " is so small that little is learned.";
    return {};
}

std::string onRank(const TrainSettings &s)
{
    return s.lora_r > 256 ? "A rank above 256 costs memory and rarely helps." : "";
}

std::string onAlpha(const TrainSettings &s)
{
    const double scale = s.lora_alpha / static_cast<double>(s.lora_r);
    if (scale > 8)
        return "lora_alpha / lora_r is " + text(std::round(scale)) + "; 1 to 2 is usual.";
    return scale < 0.25 ? "lora_alpha is small beside lora_r, so the adapter has little effect." : "";
}

std::string onEpochs(const TrainSettings &s)
{
    return s.max_steps == 0 && s.num_train_epochs > 20 ? "More than 20 passes mostly learn the rows by heart." : "";
}

std::string onMaxSteps(const TrainSettings &s)
{
    return s.max_steps > 0 ? "The run ends after so many steps, whatever num_train_epochs says." : "";
}

std::string onBatch(const TrainSettings &s)
{
    return s.per_device_train_batch_size * s.gradient_accumulation_steps > 256
               ? "A step takes more than 256 rows; small data sets then get few steps."
               : "";
}

std::string onMaxLength(const TrainSettings &s)
{
    return s.max_length < 64 ? "Rows are cut after so few tokens that most answers will be lost." : "";
}

std::string onDropout(const TrainSettings &s)
{
    return s.lora_dropout > 0.5 ? "More than half of the adapter's inputs are dropped." : "";
}

std::string onWarmup(const TrainSettings &s)
{
    return s.warmup_steps == 0 && s.warmup_ratio > 0.5 ? "More than half of the run is warm-up." : "";
}

std::string onWeightDecay(const TrainSettings &s)
{
    return s.weight_decay > 0.5 ? "So much weight decay pulls the adapter back to zero." : "";
}

std::string onClip(const TrainSettings &s)
{
    return s.max_grad_norm == 0 ? "Gradients are never clipped; one bad batch can spoil the run." : "";
}

std::string onMask(const TrainSettings &s)
{
    return s.assistant_only_loss ? "" : "The prompts are learned too, not only the answers.";
}

std::string onPacking(const TrainSettings &s)
{
    return s.packing && s.max_length < 256 ? "Few rows fit into sequences of so few tokens." : "";
}

std::string onDora(const TrainSettings &s)
{
    return s.use_dora ? "DoRA computes each product twice in the backward pass." : "";
}

std::string onNoise(const TrainSettings &s)
{
    return s.neftune_noise_alpha > 15 ? "More than 15 is rarely used; the noise may drown the prompts." : "";
}

std::string onShuffle(const TrainSettings &s)
{
    return s.shuffle ? "" : "Rows come in import order; sorted data is learned badly so.";
}

constexpr std::array<std::pair<std::string_view, Rule>, 17> rules{{
    {"learning_rate", onLearningRate},
    {"lora_r", onRank},
    {"lora_alpha", onAlpha},
    {"lora_dropout", onDropout},
    {"num_train_epochs", onEpochs},
    {"max_steps", onMaxSteps},
    {"per_device_train_batch_size", onBatch},
    {"gradient_accumulation_steps", onBatch},
    {"max_length", onMaxLength},
    {"warmup_ratio", onWarmup},
    {"weight_decay", onWeightDecay},
    {"max_grad_norm", onClip},
    {"assistant_only_loss", onMask},
    {"shuffle", onShuffle},
    {"packing", onPacking},
    {"use_dora", onDora},
    {"neftune_noise_alpha", onNoise},
}};

} // namespace

std::string adviceOn(const TrainSettings &settings, std::string_view key)
{
    for (const auto &[name, rule] : rules)
        if (name == key)
            return rule(settings);
    return {};
}

} // namespace attune
