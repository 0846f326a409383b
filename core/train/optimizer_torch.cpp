#include "core/train/optimizer_torch.h"

#include "core/model/decoder_torch.h"
#include "core/model/guarded_torch.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <cmath>

namespace attune {
namespace {

std::vector<float> toVector(const at::Tensor &tensor)
{
    const at::Tensor t = tensor.to(at::kCPU).contiguous();
    return {t.const_data_ptr<float>(), t.const_data_ptr<float>() + t.numel()};
}

} // namespace

AdamW::AdamW(LanguageModel &model, const TrainSettings &settings) : m_model(model), m_settings(settings)
{
    const c10::InferenceMode noGradients;
    m_first = at::zeros_like(model.impl().lora->parameters);
    m_second = at::zeros_like(model.impl().lora->parameters);
}

Result<double> AdamW::step(std::int64_t step, double learningRate)
{
    return guarded("The optimiser's step", [&]() -> Result<double> {
        const c10::InferenceMode noGradients;
        LoraState &lora = *m_model.impl().lora;
        const double norm = lora.gradients.norm().item<double>();
        if (!std::isfinite(norm))
            return norm;
        if (m_settings.max_grad_norm > 0 && norm + 1e-6 > m_settings.max_grad_norm)
            lora.gradients.mul_(m_settings.max_grad_norm / (norm + 1e-6));
        const at::Tensor count = at::full({}, static_cast<double>(step), lora.parameters.options());
        at::_fused_adamw_({lora.parameters}, {lora.gradients}, {m_first}, {m_second}, {}, {count}, learningRate,
                          m_settings.adam_beta1, m_settings.adam_beta2, m_settings.weight_decay,
                          m_settings.adam_epsilon, false, false);
        lora.gradients.zero_();
        lora.refresh(m_model.impl().layers, m_model.impl().dtype);
        return norm;
    });
}

Result<void> AdamW::clearGradients()
{
    return guarded("Clearing the gradients", [&]() -> Result<void> {
        const c10::InferenceMode noGradients;
        m_model.impl().lora->gradients.zero_();
        return {};
    });
}

Result<void> AdamW::restore(const TrainState &state)
{
    return guarded("Restoring the optimiser", [&]() -> Result<void> {
        const c10::InferenceMode noGradients;
        const auto count = static_cast<std::size_t>(m_first.numel());
        if (state.firstMoment.empty() && state.secondMoment.empty()) { // before the first step
            m_first.zero_();
            m_second.zero_();
            return {};
        }
        if (state.firstMoment.size() != count || state.secondMoment.size() != count)
            return fail(ErrorCode::Corrupt, "The checkpoint's optimiser state does not fit the adapter.");
        const auto copy = [&](const std::vector<float> &from, at::Tensor &to) {
            at::Tensor t = at::empty(to.sizes(), at::kFloat);
            std::copy(from.begin(), from.end(), t.mutable_data_ptr<float>());
            to.copy_(t);
        };
        copy(state.firstMoment, m_first);
        copy(state.secondMoment, m_second);
        return {};
    });
}

void AdamW::store(TrainState &state) const
{
    const c10::InferenceMode noGradients;
    state.firstMoment = toVector(m_first);
    state.secondMoment = toVector(m_second);
}

} // namespace attune
