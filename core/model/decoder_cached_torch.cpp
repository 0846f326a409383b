#include "core/model/decoder_torch.h"
#include "core/model/ops_kernels_torch.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <algorithm>
#include <cmath>

namespace attune {

std::int64_t LanguageModel::Impl::growCaches(std::span<const Feed> feeds) const
{
    std::int64_t furthest = 0;
    const auto options = at::TensorOptions().dtype(dtype).device(device);
    for (const Feed &feed : feeds) {
        KvCache::Impl &cache = feed.cache->impl();
        const std::int64_t needed = cache.length + static_cast<std::int64_t>(feed.tokens.size());
        furthest = std::max(furthest, needed);
        if (needed <= cache.capacity)
            continue;
        const std::int64_t capacity = std::max<std::int64_t>(needed + 64, cache.capacity * 2);
        cache.keys.resize(layers.size());
        cache.values.resize(layers.size());
        for (std::size_t i = 0; i < layers.size(); ++i)
            for (at::Tensor *held : {&cache.keys[i], &cache.values[i]}) {
                at::Tensor grown = at::empty({config.kvHeads, capacity, config.headDim}, options);
                if (cache.length > 0)
                    grown.narrow(1, 0, cache.length).copy_(held->narrow(1, 0, cache.length));
                *held = grown;
            }
        cache.capacity = capacity;
    }
    return furthest;
}

at::Tensor LanguageModel::Impl::attendCached(std::size_t layer, const at::Tensor &qkv,
                                             std::span<const Feed> feeds) const
{
    std::vector<at::Tensor> attended;
    std::int64_t row = 0;
    for (const Feed &feed : feeds) {
        KvCache::Impl &cache = feed.cache->impl();
        const auto count = static_cast<std::int64_t>(feed.tokens.size());
        const HeadShape shape{1, count, config.heads, config.kvHeads, config.headDim};
        Heads heads = splitHeads(qkv.narrow(0, row, count), shape, rotary, cache.length);
        const std::int64_t length = cache.length + count;
        cache.keys[layer].narrow(1, cache.length, count).copy_(heads.k[0]);
        cache.values[layer].narrow(1, cache.length, count).copy_(heads.v[0]);
        heads.k = cache.keys[layer].narrow(1, 0, length).unsqueeze(0);
        heads.v = cache.values[layer].narrow(1, 0, length).unsqueeze(0);
        attended.push_back(attention(heads, config.window(layer), cache.length));
        row += count;
    }
    return attended.size() == 1 ? attended.front() : at::cat(attended, 0);
}

at::Tensor LanguageModel::Impl::attendOneEach(std::size_t layer, const at::Tensor &qkv,
                                              std::span<const Feed> feeds) const
{
    const std::int64_t d = config.headDim;
    const std::int64_t group = config.heads / config.kvHeads;
    const auto count = static_cast<std::int64_t>(feeds.size());
    const std::int64_t window = config.window(layer);
    at::Tensor out = at::empty({count, config.heads * d}, qkv.options());
    const CpuKernels &kernels = cpuKernels();
    const Bf16 *in = bits(qkv);
    Bf16 *to = mutableBits(out);
    const float *cosines = rotary.cosine.const_data_ptr<float>();
    const float *sines = rotary.sine.const_data_ptr<float>();
    const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(d)));
    at::parallel_for(0, count * config.kvHeads, 1, [&](std::int64_t begin, std::int64_t end) {
        std::vector<Bf16> queries(static_cast<std::size_t>(group * d));
        std::vector<float> buffer;
        for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t feed = task / config.kvHeads;
            const std::int64_t kvHead = task % config.kvHeads;
            KvCache::Impl &cache = feeds[static_cast<std::size_t>(feed)].cache->impl();
            const std::int64_t position = cache.length;
            const float *cosine = cosines + position * (d / 2);
            const float *sine = sines + position * (d / 2);
            const Bf16 *row = in + feed * config.qkvSize();
            for (std::int64_t g = 0; g < group; ++g)
                kernels.rotate(row + (kvHead * group + g) * d, cosine, sine, d, 1.0F, queries.data() + g * d);
            const std::int64_t at = kvHead * cache.capacity * d;
            Bf16 *keys = static_cast<Bf16 *>(cache.keys[layer].mutable_data_ptr()) + at;
            Bf16 *values = static_cast<Bf16 *>(cache.values[layer].mutable_data_ptr()) + at;
            kernels.rotate(row + (config.heads + kvHead) * d, cosine, sine, d, 1.0F, keys + position * d);
            std::copy_n(row + (config.heads + config.kvHeads + kvHead) * d, d, values + position * d);
            const std::int64_t from = window > 0 ? std::max<std::int64_t>(0, position - window + 1) : 0;
            buffer.resize(static_cast<std::size_t>(group * (position + 1 - from + d)));
            kernels.attendOne(queries.data(), group, d, keys, values, from, position + 1, scale, buffer.data(),
                              to + (feed * config.heads + kvHead * group) * d);
        }
    });
    return out;
}

at::Tensor LanguageModel::Impl::cachedForward(std::span<const Feed> feeds)
{
    std::vector<TokenId> ids;
    for (const Feed &feed : feeds)
        ids.insert(ids.end(), feed.tokens.begin(), feed.tokens.end());
    needPositions(growCaches(feeds));
    const bool oneEach = ids.size() == feeds.size();

    at::Tensor x = embed(ids);
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const DecoderLayer &layer = layers[i];
        LoraState::Layer &l = loraOf(i);
        const at::Tensor qkv = normHeads(
            layer, layer.qkv.forward(rmsNorm(x, layer.norm1, config.rmsNormEps), l.qkv, {}, scratch), nullptr);
        const at::Tensor attended =
            oneEach && usesKernels(qkv) ? attendOneEach(i, qkv, feeds) : attendCached(i, qkv, feeds);
        x = layer.o.forward(attended, l.o, {}, scratch).add_(x);
        const at::Tensor gateUp =
            layer.gateUp.forward(rmsNorm(x, layer.norm2, config.rmsNormEps), l.gateUp, {}, scratch);
        x = layer.down.forward(swiGlu(gateUp), l.down, {}, scratch).add_(x);
    }
    for (const Feed &feed : feeds)
        feed.cache->impl().length += static_cast<std::int64_t>(feed.tokens.size());
    return x;
}

} // namespace attune
