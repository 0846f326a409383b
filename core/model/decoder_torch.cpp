#include "core/model/decoder_torch.h"

#include "core/base/split_mix.h"
#include "core/model/ops_kernels_torch.h"
#include "core/model/products_torch.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <algorithm>
#include <cmath>

namespace attune {
namespace {

/// Logits that are held at once, in values: 16 M are 32 MiB in bfloat16.
constexpr std::int64_t logitsAtOnce = 16 << 20;

/// A seed for the dropout masks of one group of one layer: distinct for each, the same when computed again.
Dropout dropoutFor(const LoraState *lora, std::uint64_t seed, std::size_t layer, std::uint64_t group)
{
    if (!lora || seed == 0)
        return {};
    return {lora->config.dropout, (seed * 4096 + layer) * 4 + group};
}

/// x += noise, uniform in +-bound: a function of seed and place, so that any number of threads draws the same.
/// NEFTune; Jain et al. 2023, arXiv:2310.05914.
void addNoise(at::Tensor &x, double bound, std::uint64_t seed)
{
    at::Tensor noise = at::empty(x.sizes(), at::kFloat);
    float *to = noise.mutable_data_ptr<float>();
    at::parallel_for(0, noise.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::uint64_t place = seed * 0xD1342543DE82EF95ULL + static_cast<std::uint64_t>(i) * splitMixStep;
            to[i] = static_cast<float>((static_cast<double>(splitMixed(place) >> 11) * 0x1p-52 - 1.0) * bound);
        }
    });
    x.add_(noise.to(x.device(), x.scalar_type()));
}

/// The keys and values of the tokens that all rows share, before those of each row.
Heads behind(const Heads &prefix, const Heads &rows)
{
    const auto joined = [](const at::Tensor &first, const at::Tensor &rest) {
        return at::cat({first.expand({rest.size(0), -1, -1, -1}), rest}, 2);
    };
    return {rows.q, joined(prefix.k, rows.k), joined(prefix.v, rows.v)};
}

/// The gradient of behind(): what belongs to the prefix is added to its sums, float32 or wider, and cut off.
Heads behindBackward(const Heads &gradient, std::int64_t prefix, Heads &sums)
{
    const auto split = [&](const at::Tensor &g, at::Tensor &sum) {
        const at::Tensor part = g.narrow(2, 0, prefix).sum(0, true, accumulationType(g));
        sum = sum.defined() ? sum.add_(part) : part;
        return g.narrow(2, prefix, g.size(2) - prefix).contiguous();
    };
    const at::Tensor k = split(gradient.k, sums.k);
    return {gradient.q, k, split(gradient.v, sums.v)};
}

at::Tensor indexTensor(const std::vector<std::int64_t> &values, at::Device device)
{
    return at::tensor(values, at::TensorOptions().dtype(at::kLong)).to(device);
}

} // namespace

void LoraState::refresh(const std::vector<DecoderLayer> &decoder, at::ScalarType dtype, DequantScratch &scratch)
{
    for (std::size_t i = 0; i < layers.size(); ++i)
        for (const auto &[group, linear] : {std::pair(&layers[i].qkv, &decoder[i].qkv),
                                            std::pair(&layers[i].o, &decoder[i].o),
                                            std::pair(&layers[i].gateUp, &decoder[i].gateUp),
                                            std::pair(&layers[i].down, &decoder[i].down)}) {
            group->refresh(linear->out(), dtype);
            linear->refreshGain(*group, scratch);
        }
}

Result<void> LanguageModel::Impl::buildLora(const LoraConfig &loraConfig)
{
    ATTUNE_TRY(const ModuleSelection selection, loraConfig.targets.select(config.layers));
    auto state = std::make_unique<LoraState>();
    state->config = loraConfig;
    state->layers.resize(layers.size());
    const std::int64_t r = loraConfig.r;

    // Two passes over the same walk: the first counts, the second hands out views.
    std::int64_t offset = 0;
    const auto take = [&](std::int64_t rows, std::int64_t columns, at::Tensor *parameters, at::Tensor *gradients) {
        if (state->parameters.defined()) {
            *parameters = state->parameters.narrow(0, offset, rows * columns).view({rows, columns});
            *gradients = state->gradients.narrow(0, offset, rows * columns).view({rows, columns});
        }
        offset += rows * columns;
    };
    const auto walk = [&] {
        offset = 0;
        for (std::size_t i = 0; i < layers.size(); ++i) {
            const auto fill = [&](const LinearGroup &group, LoraGroup &to) {
                to = LoraGroup{};
                to.rank = r;
                to.scale = loraConfig.scale();
                const auto &projections = group.projections();
                const auto &wanted = selection[i];
                for (std::size_t p = 0; p < projections.size(); ++p) {
                    if (std::find(wanted.begin(), wanted.end(), projections[p]) == wanted.end())
                        continue;
                    LoraGroup::Part part;
                    part.projection = projections[p];
                    part.rowBegin = group.rowBegin(p);
                    part.out = projectionShape(config, projections[p]).out;
                    part.column = to.columns();
                    to.parts.push_back(part);
                }
                take(to.columns(), group.in(), &to.a, &to.aGradient);
                for (auto &part : to.parts)
                    take(part.out, r, &part.b, &part.bGradient);
                for (auto &part : to.parts)
                    if (loraConfig.dora) {
                        take(part.out, 1, &part.magnitude, &part.magnitudeGradient);
                        if (part.magnitude.defined()) {
                            part.magnitude = part.magnitude.view({part.out});
                            part.magnitudeGradient = part.magnitudeGradient.view({part.out});
                        }
                    }
            };
            fill(layers[i].qkv, state->layers[i].qkv);
            fill(layers[i].o, state->layers[i].o);
            fill(layers[i].gateUp, state->layers[i].gateUp);
            fill(layers[i].down, state->layers[i].down);
        }
    };
    walk();
    const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
    state->parameters = at::zeros({offset}, options);
    state->gradients = at::zeros({offset}, options);
    walk();
    lora = std::move(state);
    return {};
}

LoraState::Layer &LanguageModel::Impl::loraOf(std::size_t layer)
{
    return lora ? lora->layers[layer] : m_noLora;
}

void LanguageModel::Impl::needPositions(std::int64_t count)
{
    if (rotary.cosine.defined() && rotary.cosine.size(0) >= count)
        return;
    const std::int64_t positions = std::max<std::int64_t>(256, 2 * count);
    rotary = makeRotaryTable(positions, config.headDim, config.ropeTheta, device, at::kFloat, config.ropeScaling);
}

void LanguageModel::Impl::checkIds(std::span<const TokenId> ids) const
{
    for (const TokenId id : ids)
        TORCH_CHECK(id >= 0 && id < config.vocabSize, "token id ", id, " is outside the vocabulary of ",
                    config.vocabSize);
}

at::Tensor LanguageModel::Impl::embed(std::span<const TokenId> ids) const
{
    checkIds(ids);
    const std::vector<std::int64_t> wide(ids.begin(), ids.end());
    return at::embedding(embedding, indexTensor(wide, device));
}

std::vector<Stretch> LanguageModel::Impl::stretchesOf(const TokenBatch &batch) const
{
    const auto shape = [&](std::int64_t rows, std::int64_t length) {
        return HeadShape{rows, length, config.heads, config.kvHeads, config.headDim};
    };
    std::vector<Stretch> stretches;
    if (batch.prefix > 0)
        stretches.push_back({0, shape(1, batch.prefix)});
    std::int64_t begin = batch.prefix;
    const auto add = [&](std::int64_t rows, std::int64_t length) {
        stretches.push_back({begin, shape(rows, length), batch.prefix});
        begin += rows * length;
    };
    if (batch.packed.empty())
        add(batch.rows, batch.length);
    for (const std::int64_t length : batch.packed)
        add(1, length);
    TORCH_CHECK(begin == batch.prefix + batch.rows * batch.length, "the packed rows do not fill their batch");
    return stretches;
}

at::Tensor LanguageModel::Impl::normHeads(const DecoderLayer &layer, const at::Tensor &qkv,
                                          std::array<at::Tensor, 2> *rstd) const
{
    if (!config.headNorms)
        return qkv;
    const std::int64_t d = config.headDim;
    const std::array<std::int64_t, 2> sizes = {config.heads * d, config.kvHeads * d};
    const at::Tensor out = qkv.clone();
    std::int64_t from = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        const at::Tensor part = out.narrow(1, from, sizes[i]);
        part.copy_(rmsNorm(part.reshape({-1, d}), layer.headNorms[i], config.rmsNormEps, rstd ? &(*rstd)[i] : nullptr)
                       .view(part.sizes()));
        from += sizes[i];
    }
    return out;
}

void LanguageModel::Impl::normHeadsBackward(const DecoderLayer &layer, const at::Tensor &qkv,
                                            const std::array<at::Tensor, 2> &rstd, at::Tensor &gradient) const
{
    if (!config.headNorms)
        return;
    const std::int64_t d = config.headDim;
    const std::array<std::int64_t, 2> sizes = {config.heads * d, config.kvHeads * d};
    std::int64_t from = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        const at::Tensor part = gradient.narrow(1, from, sizes[i]);
        const at::Tensor dNormed = part.reshape({-1, d}).contiguous();
        at::Tensor dRaw = at::zeros_like(dNormed);
        rmsNormBackward(dNormed, qkv.narrow(1, from, sizes[i]).reshape({-1, d}), layer.headNorms[i], rstd[i], dRaw);
        part.copy_(dRaw.view(part.sizes()));
        from += sizes[i];
    }
}

at::Tensor LanguageModel::Impl::layerForward(std::size_t index, const at::Tensor &x,
                                             std::span<const Stretch> stretches, std::uint64_t dropoutSeed,
                                             LayerTape *tape)
{
    const DecoderLayer &layer = layers[index];
    LoraState::Layer &l = loraOf(index);
    LayerTape unused;
    LayerTape &t = tape ? *tape : unused;
    const auto dropout = [&](std::uint64_t group) { return dropoutFor(lora.get(), dropoutSeed, index, group); };

    t.x = x;
    t.normed1 = rmsNorm(x, layer.norm1, config.rmsNormEps, &t.rstd1);
    t.qkv = layer.qkv.forward(t.normed1, l.qkv, dropout(0), scratch, &t.uQkv);
    const at::Tensor normedQkv = normHeads(layer, t.qkv, &t.headRstd);
    std::vector<at::Tensor> attended;
    t.heads.clear();
    t.lse.assign(stretches.size(), {});
    Heads prefix;
    for (std::size_t s = 0; s < stretches.size(); ++s) {
        const Stretch &stretch = stretches[s];
        Heads heads =
            splitHeads(normedQkv.narrow(0, stretch.begin, stretch.tokens()), stretch.shape, rotary, stretch.prefix);
        if (stretch.prefix > 0)
            heads = behind(prefix, heads);
        else
            prefix = heads;
        attended.push_back(attention(heads, config.window(index), stretch.prefix, tape ? &t.lse[s] : nullptr));
        if (tape)
            t.heads.push_back(std::move(heads));
    }
    t.attended = attended.size() == 1 ? attended.front() : at::cat(attended, 0);
    t.x2 = layer.o.forward(t.attended, l.o, dropout(1), scratch, &t.uO).add_(x);
    t.normed2 = rmsNorm(t.x2, layer.norm2, config.rmsNormEps, &t.rstd2);
    t.gateUp = layer.gateUp.forward(t.normed2, l.gateUp, dropout(2), scratch, &t.uGateUp);
    return layer.down.forward(swiGlu(t.gateUp), l.down, dropout(3), scratch, &t.uDown).add_(t.x2);
}

at::Tensor LanguageModel::Impl::layerBackward(std::size_t index, at::Tensor dy, const LayerTape &t,
                                              std::span<const Stretch> stretches, std::uint64_t dropoutSeed)
{
    const DecoderLayer &layer = layers[index];
    LoraState::Layer &l = loraOf(index);
    const auto dropout = [&](std::uint64_t group) { return dropoutFor(lora.get(), dropoutSeed, index, group); };

    const at::Tensor dGateUp = swiGluBackward(
        layer.down.backward(dy, swiGlu(t.gateUp), t.uDown, l.down, dropout(3), true, scratch), t.gateUp);
    const at::Tensor dNormed2 =
        layer.gateUp.backward(dGateUp, t.normed2, t.uGateUp, l.gateUp, dropout(2), true, scratch);
    rmsNormBackward(dNormed2, t.x2, layer.norm2, t.rstd2, dy); // dy is now the gradient of x2
    const at::Tensor dAttended = layer.o.backward(dy, t.attended, t.uO, l.o, dropout(1), true, scratch);
    std::vector<at::Tensor> dQkvs(stretches.size());
    Heads ofPrefix; // the sums of what the rows behind it add
    for (std::size_t s = stretches.size(); s-- > 0;) {
        const auto &[begin, shape, prefix] = stretches[s];
        const std::int64_t tokens = stretches[s].tokens();
        Heads dHeads = attentionBackward(dAttended.narrow(0, begin, tokens), t.attended.narrow(0, begin, tokens),
                                         t.lse[s], t.heads[s], config.window(index), prefix);
        if (prefix > 0) {
            dHeads = behindBackward(dHeads, prefix, ofPrefix);
        } else if (ofPrefix.k.defined()) {
            dHeads.k.add_(ofPrefix.k);
            dHeads.v.add_(ofPrefix.v);
        }
        dQkvs[s] = joinHeads(dHeads, shape, rotary, prefix);
    }
    at::Tensor dQkv = dQkvs.size() == 1 ? dQkvs.front() : at::cat(dQkvs, 0);
    const bool first = index == 0; // nothing below it is trained
    normHeadsBackward(layer, t.qkv, t.headRstd, dQkv);
    const at::Tensor dNormed1 = layer.qkv.backward(dQkv, t.normed1, t.uQkv, l.qkv, dropout(0), !first, scratch);
    if (first)
        return {};
    rmsNormBackward(dNormed1, t.x, layer.norm1, t.rstd1, dy);
    return dy;
}

LossSum LanguageModel::Impl::headLoss(const at::Tensor &x, const TokenBatch &batch, double gradientScale,
                                      at::Tensor *dx)
{
    std::vector<std::int64_t> rows;
    std::vector<std::int64_t> targets;
    for (std::size_t i = 0; i < batch.targets.size(); ++i) {
        if (batch.targets[i] < 0)
            continue;
        TORCH_CHECK(batch.targets[i] < config.vocabSize, "target ", batch.targets[i], " is outside the vocabulary");
        rows.push_back(static_cast<std::int64_t>(i));
        targets.push_back(batch.targets[i]);
    }
    LossSum loss;
    loss.tokens = static_cast<std::int64_t>(rows.size());
    if (dx)
        *dx = at::zeros(x.sizes(), x.options());
    if (rows.empty())
        return loss;

    const at::Tensor index = indexTensor(rows, device);
    const at::Tensor target = indexTensor(targets, device);
    const at::Tensor picked = x.index_select(0, index);
    at::Tensor rstd;
    const at::Tensor normed = rmsNorm(picked, finalNorm, config.rmsNormEps, &rstd);
    at::Tensor dNormed = dx ? at::empty(normed.sizes(), normed.options()) : at::Tensor();
    const std::int64_t piece = std::max<std::int64_t>(1, logitsAtOnce / config.vocabSize);
    for (std::int64_t begin = 0; begin < loss.tokens; begin += piece) {
        const std::int64_t count = std::min(piece, loss.tokens - begin);
        at::Tensor logits = product(normed.narrow(0, begin, count), head.t());
        loss.nll += crossEntropy(logits, target.narrow(0, begin, count), dx ? gradientScale : 0);
        if (dx)
            dNormed.narrow(0, begin, count).copy_(product(logits, head));
    }
    if (dx) {
        at::Tensor dPicked = at::zeros(picked.sizes(), picked.options());
        rmsNormBackward(dNormed, picked, finalNorm, rstd, dPicked);
        dx->index_copy_(0, index, dPicked);
    }
    return loss;
}

LossSum LanguageModel::Impl::trainBatch(const TokenBatch &batch, const BatchOptions &options)
{
    needPositions(batch.prefix + batch.length);
    const std::vector<Stretch> stretches = stretchesOf(batch);
    std::vector<LayerTape> tapes(layers.size());
    at::Tensor x = embed(batch.ids);
    if (options.neftuneNoiseAlpha > 0) {
        const std::int64_t values = (batch.prefix + batch.length) * config.hiddenSize;
        addNoise(x, options.neftuneNoiseAlpha / std::sqrt(static_cast<double>(values)), options.seed);
    }
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const at::Tensor y = layerForward(i, x, stretches, options.seed, options.checkpointing ? nullptr : &tapes[i]);
        tapes[i].x = x;
        x = y;
    }
    at::Tensor dx;
    const LossSum loss = headLoss(x, batch, 1.0 / options.denominator, &dx);
    x = at::Tensor();
    for (std::size_t i = layers.size(); i-- > 0;) {
        if (options.checkpointing) {
            const at::Tensor input = tapes[i].x;
            layerForward(i, input, stretches, options.seed, &tapes[i]);
        }
        dx = layerBackward(i, dx, tapes[i], stretches, options.seed);
        tapes[i] = LayerTape{};
    }
    return loss;
}

LossSum LanguageModel::Impl::evaluateBatch(const TokenBatch &batch)
{
    needPositions(batch.prefix + batch.length);
    const std::vector<Stretch> stretches = stretchesOf(batch);
    at::Tensor x = embed(batch.ids);
    for (std::size_t i = 0; i < layers.size(); ++i)
        x = layerForward(i, x, stretches, 0, nullptr);
    return headLoss(x, batch, 0, nullptr);
}

} // namespace attune
