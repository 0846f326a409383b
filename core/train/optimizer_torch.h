#pragma once

#include "core/model/language_model.h"
#include "core/train/settings.h"
#include "core/train/trainer.h"

#include <ATen/core/Tensor.h>
#include <memory>
#include <span>
#include <vector>

namespace attune {

/// AdamW's two running means of a stretch of parameters, and its step with them.
class AdamWStates {
public:
    struct Step {
        std::int64_t number; ///< from 1
        double rate, beta1, beta2, epsilon, weightDecay;
    };
    virtual ~AdamWStates() = default;
    /// One step of `parameters`, by `gradients`, both float32 [P].
    virtual void step(const at::Tensor &parameters, const at::Tensor &gradients, const Step &step) = 0;
    /// Adds both means to what others stored; load() takes them out again in the same order.
    virtual void store(TrainState &state) const = 0;
    /// Reads from the front of `from` what store() added to it, and moves on. False: there is not enough left.
    struct Reader {
        std::span<const float> values;
        std::span<const std::uint8_t> codes;
    };
    virtual bool load(Reader &first, Reader &second) = 0;
    virtual void clear() = 0; ///< both means 0
};

/// AdamW over the flat LoRA parameters: bias-corrected, decay decoupled. Loshchilov & Hutter 2019, arXiv:1711.05101.
/// With loraplus_lr_ratio, lora_B (and DoRA's magnitudes) go at so many times the rate. Hayou et al. 2024,
/// arXiv:2402.12354.
class AdamW {
public:
    AdamW(LanguageModel &model, const TrainSettings &settings);

    /// Clips to max_grad_norm by max_norm / (norm + 1e-6), takes a step at this rate, clears the gradients. `step`
    /// counts from 1. Returns the norm before clipping; where it is not finite nothing is changed.
    Result<double> step(std::int64_t step, double learningRate);
    Result<void> clearGradients();

    Result<void> restore(const TrainState &state);
    void store(TrainState &state) const;

private:
    /// A stretch of the flat parameters that goes at one rate.
    struct Stretch {
        std::int64_t begin = 0;
        std::int64_t count = 0;
        double rateFactor = 1;
        std::unique_ptr<AdamWStates> states;
    };
    at::Tensor of(const at::Tensor &flat, const Stretch &stretch) const;

    LanguageModel &m_model;
    TrainSettings m_settings;
    std::vector<Stretch> m_stretches;
};

} // namespace attune
