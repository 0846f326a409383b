#include "core/train/optimizer_torch.h"

#include "core/model/decoder_torch.h"
#include "core/model/guarded_torch.h"
#include "core/train/eight_bit_torch.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <cmath>

namespace attune {
namespace {

class WideStates final : public AdamWStates {
public:
    explicit WideStates(const at::Tensor &parameters)
        : m_first(at::zeros_like(parameters)), m_second(at::zeros_like(parameters))
    {
    }

    void step(const at::Tensor &parameters, const at::Tensor &gradients, const Step &s) override
    {
        const at::Tensor count = at::full({}, static_cast<double>(s.number), parameters.options());
        at::_fused_adamw_({parameters}, {gradients}, {m_first}, {m_second}, {}, {count}, s.rate, s.beta1, s.beta2,
                          s.weightDecay, s.epsilon, false, false);
    }

    void store(TrainState &state) const override
    {
        for (const auto &[mean, to] :
             {std::pair(&m_first, &state.firstMoment), std::pair(&m_second, &state.secondMoment)}) {
            const at::Tensor t = mean->to(at::kCPU).contiguous();
            to->values.insert(to->values.end(), t.const_data_ptr<float>(), t.const_data_ptr<float>() + t.numel());
        }
    }

    bool load(Reader &first, Reader &second) override
    {
        for (const auto &[mean, from] : {std::pair(&m_first, &first), std::pair(&m_second, &second)}) {
            const auto count = static_cast<std::size_t>(mean->numel());
            if (from->values.size() < count)
                return false;
            at::Tensor t = at::empty(mean->sizes(), at::kFloat);
            std::copy_n(from->values.data(), count, t.mutable_data_ptr<float>());
            mean->copy_(t);
            from->values = from->values.subspan(count);
        }
        return true;
    }

    void clear() override
    {
        m_first.zero_();
        m_second.zero_();
    }

private:
    at::Tensor m_first;
    at::Tensor m_second;
};

/// Where lora_B and the magnitudes lie in the flat parameters.
std::vector<std::pair<std::int64_t, std::int64_t>> fastStretches(const LoraState &lora)
{
    std::vector<std::pair<std::int64_t, std::int64_t>> stretches;
    const float *base = lora.parameters.const_data_ptr<float>();
    const auto add = [&](const at::Tensor &part) {
        if (part.defined())
            stretches.emplace_back(part.const_data_ptr<float>() - base, part.numel());
    };
    for (const LoraState::Layer &layer : lora.layers)
        for (const LoraGroup *group : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down})
            for (const LoraGroup::Part &part : group->parts) {
                add(part.b);
                add(part.magnitude);
            }
    std::sort(stretches.begin(), stretches.end());
    return stretches;
}

} // namespace

AdamW::AdamW(LanguageModel &model, const TrainSettings &settings) : m_model(model), m_settings(settings)
{
    const c10::InferenceMode noGradients;
    const LoraState &lora = *model.impl().lora;
    const auto add = [&](std::int64_t begin, std::int64_t end, double factor) {
        if (begin == end)
            return;
        if (!m_stretches.empty() && m_stretches.back().rateFactor == factor)
            m_stretches.back().count += end - begin;
        else
            m_stretches.push_back({begin, end - begin, factor, nullptr});
    };
    std::int64_t done = 0;
    if (settings.loraplus_lr_ratio != 1)
        for (const auto &[begin, count] : fastStretches(lora)) {
            add(done, begin, 1);
            add(begin, begin + count, settings.loraplus_lr_ratio);
            done = begin + count;
        }
    add(done, lora.parameters.numel(), 1);
    for (Stretch &stretch : m_stretches) {
        const at::Tensor parameters = of(lora.parameters, stretch);
        if (settings.optim == "adamw_8bit")
            stretch.states = std::make_unique<EightBitStates>(parameters);
        else
            stretch.states = std::make_unique<WideStates>(parameters);
    }
}

at::Tensor AdamW::of(const at::Tensor &flat, const Stretch &stretch) const
{
    return flat.narrow(0, stretch.begin, stretch.count);
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
        for (const Stretch &stretch : m_stretches)
            stretch.states->step(of(lora.parameters, stretch), of(lora.gradients, stretch),
                                 {step, learningRate * stretch.rateFactor, m_settings.adam_beta1,
                                  m_settings.adam_beta2, m_settings.adam_epsilon, m_settings.weight_decay});
        lora.gradients.zero_();
        m_model.impl().refreshLora();
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
        AdamWStates::Reader first{state.firstMoment.values, state.firstMoment.codes};
        AdamWStates::Reader second{state.secondMoment.values, state.secondMoment.codes};
        if (first.values.empty() && second.values.empty()) { // before the first step
            for (const Stretch &stretch : m_stretches)
                stretch.states->clear();
            return {};
        }
        const bool whole = std::all_of(m_stretches.begin(), m_stretches.end(), [&](const Stretch &stretch) {
            return stretch.states->load(first, second);
        });
        if (!whole || !first.values.empty() || !first.codes.empty() || !second.values.empty() ||
            !second.codes.empty())
            return fail(ErrorCode::Corrupt, "The checkpoint's optimiser state does not fit the adapter.");
        return {};
    });
}

void AdamW::store(TrainState &state) const
{
    const c10::InferenceMode noGradients;
    state.firstMoment = {};
    state.secondMoment = {};
    for (const Stretch &stretch : m_stretches)
        stretch.states->store(state);
}

} // namespace attune
