#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"
#include "core/model/adapter.h"
#include "core/model/language_model.h"

#include <span>
#include <string>
#include <variant>
#include <vector>

namespace attune {

/// Everything that a training run can be told, under the names that transformers, PEFT and TRL gave it. The table
/// below says what each one means; flags, help, documentation and the window's form are made from it.
struct TrainSettings {
    std::int64_t lora_r = 16;
    double lora_alpha = 32;
    double lora_dropout = 0.0;
    std::string target_modules = "all-linear";
    std::string layers_to_transform;
    bool use_rslora = false;
    bool use_dora = false;
    double learning_rate = 2e-4;
    std::string lr_scheduler_type = "cosine";
    std::int64_t warmup_steps = 0;
    double warmup_ratio = 0.03;
    double num_train_epochs = 3;
    std::int64_t max_steps = 0;
    std::int64_t per_device_train_batch_size = 4;
    std::int64_t gradient_accumulation_steps = 2;
    std::int64_t max_length = 1024;
    bool packing = false;
    bool group_by_length = false;
    std::string optim = "adamw_torch";
    double loraplus_lr_ratio = 1.0;
    double weight_decay = 0.0;
    double adam_beta1 = 0.9;
    double adam_beta2 = 0.999;
    double adam_epsilon = 1e-8;
    double max_grad_norm = 1.0;
    std::string quantization = "nf4";
    bool double_quant = true;
    bool keep_dequantized = false;
    std::string compute_dtype = "bfloat16";
    bool gradient_checkpointing = false;
    bool assistant_only_loss = true;
    bool mask_history = false;
    double neftune_noise_alpha = 0.0;
    bool shuffle = true;
    std::int64_t seed = 42;
    std::int64_t eval_steps = 0;
    std::int64_t save_steps = 0;
    std::int64_t early_stopping_patience = 3;
    std::string device = "auto";

    /// Sets one value from its text. Fails with InvalidInput: an unknown key (naming the nearest one, or saying that
    /// other trainers know it and this one does not yet), a value that is no number, or one out of range (naming the
    /// range).
    Result<void> set(const std::string &key, const std::string &value);
    /// "key=value".
    Result<void> setPair(const std::string &pair);
    /// What no value says alone: settings that contradict one another.
    Result<void> check() const;
    /// The text that set() would take.
    std::string get(const std::string &key) const;
    OrderedJson toJson() const;
    static Result<TrainSettings> fromJson(const Json &json);

    LoraConfig loraConfig() const;
    /// The settings that say an adapter's shape, as this one has them: lora_r, lora_alpha, use_rslora, use_dora,
    /// target_modules, layers_to_transform.
    void takeShape(const LoraConfig &config);
    static std::span<const char *const> shapeKeys();
    LoadOptions loadOptions() const;
};

struct SettingInfo {
    const char *key;
    std::variant<std::int64_t TrainSettings::*, double TrainSettings::*, bool TrainSettings::*,
                 std::string TrainSettings::*>
        member;
    double least;                     ///< of a number
    double most;                      ///< of a number
    std::vector<const char *> choices; ///< of a text; empty: checked elsewhere
    const char *group;                ///< heading in help and form
    const char *help;                 ///< one sentence
};

std::span<const SettingInfo> trainSettings();

/// The table as text, for `attune train --help`.
std::string trainSettingsHelp();

} // namespace attune
