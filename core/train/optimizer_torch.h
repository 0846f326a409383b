#pragma once

#include "core/model/language_model.h"
#include "core/train/settings.h"
#include "core/train/trainer.h"

#include <ATen/core/Tensor.h>

namespace attune {

/// AdamW over the flat LoRA parameters: bias-corrected, decay decoupled. Loshchilov & Hutter 2019, arXiv:1711.05101.
class AdamW {
public:
    AdamW(LanguageModel &model, const TrainSettings &settings);

    /// Clips to max_grad_norm by max_norm / (norm + 1e-6), takes a step at this rate, clears the gradients. `step` counts
    /// from 1. Returns the norm before clipping; where it is not finite nothing is changed.
    Result<double> step(std::int64_t step, double learningRate);
    Result<void> clearGradients();

    Result<void> restore(const TrainState &state);
    void store(TrainState &state) const;

private:
    LanguageModel &m_model;
    TrainSettings m_settings;
    at::Tensor m_first;
    at::Tensor m_second;
};

} // namespace attune
