#include "core/train/eight_bit_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bucketize.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>

namespace attune {
namespace {

/// Blocks at once: their wide copies take a few MiB.
constexpr std::int64_t blocksAtOnce = 2048;

at::Tensor table(const std::vector<float> &values, at::Device device)
{
    at::Tensor t = at::empty({static_cast<std::int64_t>(values.size())}, at::kFloat);
    std::copy(values.begin(), values.end(), t.mutable_data_ptr<float>());
    return t.to(device);
}

/// [count] as [blocks, 256], filled up with zeros.
at::Tensor blocked(const at::Tensor &flat)
{
    const std::int64_t rest = (EightBitStates::block - flat.numel() % EightBitStates::block) % EightBitStates::block;
    return (rest ? at::constant_pad_nd(flat, {0, rest}) : flat).view({-1, EightBitStates::block});
}

} // namespace

std::vector<float> dynamicMap(bool isSigned)
{
    constexpr int exponents = 7;
    std::vector<float> map = {0.0F, 1.0F};
    for (int i = 0; i < exponents; ++i) {
        // Borders of equal steps from 0.1 to 1; the codes are the middles, in single precision as torch computes
        // them.
        const int steps = (1 << i) * (isSigned ? 1 : 2);
        for (int k = 0; k < steps; ++k) {
            const double low = 0.1 + 0.9 * k / steps;
            const double high = 0.1 + 0.9 * (k + 1) / steps;
            const auto code = static_cast<float>(std::pow(10.0, i - exponents + 1) * (low + high) / 2);
            map.push_back(code);
            if (isSigned)
                map.push_back(-code);
        }
    }
    std::sort(map.begin(), map.end());
    return map;
}

EightBitStates::EightBitStates(const at::Tensor &parameters)
    : m_count(parameters.numel()), m_first(makeMean((m_count + block - 1) / block, true, parameters.device())),
      m_second(makeMean((m_count + block - 1) / block, false, parameters.device()))
{
}

EightBitStates::Mean EightBitStates::makeMean(std::int64_t blocks, bool isSigned, at::Device device)
{
    const std::vector<float> map = dynamicMap(isSigned);
    std::vector<float> borders;
    for (std::size_t i = 1; i < map.size(); ++i)
        borders.push_back((map[i - 1] + map[i]) / 2);
    const std::int64_t zero = std::find(map.begin(), map.end(), 0.0F) - map.begin();
    return {at::full({blocks, block}, zero, at::TensorOptions().dtype(at::kByte).device(device)),
            at::zeros({blocks}, at::TensorOptions().dtype(at::kFloat).device(device)), table(map, device),
            table(borders, device), zero};
}

at::Tensor EightBitStates::read(const Mean &mean, std::int64_t begin, std::int64_t count)
{
    const at::Tensor codes = mean.codes.narrow(0, begin, count).to(at::kInt).view({-1});
    return mean.map.index_select(0, codes).view({count, block}) * mean.largest.narrow(0, begin, count).unsqueeze(1);
}

void EightBitStates::write(Mean &mean, std::int64_t begin, const at::Tensor &values)
{
    const at::Tensor largest = values.abs().amax(1);
    const at::Tensor scaled = values / largest.clamp_min(1e-38).unsqueeze(1);
    at::Tensor codes = at::bucketize(scaled, mean.borders);
    // No value changes its sign by rounding: it then goes one code towards its own side, as in bitsandbytes.
    const at::Tensor changed = (mean.map.index_select(0, codes.view({-1})).view(codes.sizes()) * scaled).lt(0);
    codes = at::where(changed, at::where(scaled.gt(0), codes + 1, codes - 1), codes);
    mean.codes.narrow(0, begin, values.size(0)).copy_(codes);
    mean.largest.narrow(0, begin, values.size(0)).copy_(largest);
}

void EightBitStates::step(const at::Tensor &parameters, const at::Tensor &gradients, const Step &s)
{
    const double correction1 = 1 - std::pow(s.beta1, static_cast<double>(s.number));
    const double correction2 = std::sqrt(1 - std::pow(s.beta2, static_cast<double>(s.number)));
    const std::int64_t blocks = m_first.codes.size(0);
    for (std::int64_t begin = 0; begin < blocks; begin += blocksAtOnce) {
        const std::int64_t count = std::min(blocksAtOnce, blocks - begin);
        const std::int64_t from = begin * block;
        const std::int64_t values = std::min(count * block, m_count - from);
        const at::Tensor g = blocked(gradients.narrow(0, from, values));
        const at::Tensor first = read(m_first, begin, count).mul_(s.beta1).add_(g, 1 - s.beta1);
        const at::Tensor second = read(m_second, begin, count).mul_(s.beta2).addcmul_(g, g, 1 - s.beta2);
        const at::Tensor update = first / (second.sqrt() / correction2).add_(s.epsilon);
        at::Tensor p = parameters.narrow(0, from, values);
        p.mul_(1 - s.rate * s.weightDecay);
        p.add_(update.view({-1}).narrow(0, 0, values), -s.rate / correction1);
        write(m_first, begin, first);
        write(m_second, begin, second);
    }
}

void EightBitStates::store(TrainState &state) const
{
    for (const auto &[mean, to] :
         {std::pair(&m_first, &state.firstMoment), std::pair(&m_second, &state.secondMoment)}) {
        const at::Tensor largest = mean->largest.to(at::kCPU);
        const at::Tensor codes = mean->codes.to(at::kCPU);
        const float *values = largest.const_data_ptr<float>();
        const auto *bytes = codes.const_data_ptr<std::uint8_t>();
        to->values.insert(to->values.end(), values, values + largest.numel());
        to->codes.insert(to->codes.end(), bytes, bytes + codes.numel());
    }
}

bool EightBitStates::load(Reader &first, Reader &second)
{
    for (const auto &[mean, from] : {std::pair(&m_first, &first), std::pair(&m_second, &second)}) {
        const auto blocks = static_cast<std::size_t>(mean->largest.numel());
        const auto count = static_cast<std::size_t>(mean->codes.numel());
        if (from->values.size() < blocks || from->codes.size() < count)
            return false;
        at::Tensor largest = at::empty(mean->largest.sizes(), at::kFloat);
        at::Tensor codes = at::empty(mean->codes.sizes(), at::kByte);
        std::copy_n(from->values.data(), blocks, largest.mutable_data_ptr<float>());
        std::copy_n(from->codes.data(), count, codes.mutable_data_ptr<std::uint8_t>());
        mean->largest.copy_(largest);
        mean->codes.copy_(codes);
        from->values = from->values.subspan(blocks);
        from->codes = from->codes.subspan(count);
    }
    return true;
}

void EightBitStates::clear()
{
    for (Mean *mean : {&m_first, &m_second}) {
        mean->codes.fill_(mean->zero);
        mean->largest.zero_();
    }
}

} // namespace attune
