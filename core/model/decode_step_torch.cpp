#include "core/model/decode_step_torch.h"

#include "core/model/cuda_kernels_torch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace attune {
namespace {

// --- what decode.cu declares, field for field ---

constexpr std::int64_t splitKeys = 64;
constexpr std::int64_t groupValues = 4096;
constexpr std::int64_t groupHeads = 16;

struct Sequence {
    int token = 0;
    int position = -1;
    long long capacity = 0;
};

struct LinearArgument {
    Nf4Argument parts[3] = {};
    const Bf16 *dense = nullptr;
    int ends[3] = {};
    int in = 0;
    int out = 0;
    int rows = 0;
    int columns = 0;
    int gated = 0;
    const Bf16 *x = nullptr;
    const Bf16 *down = nullptr;
    const Bf16 *up = nullptr;
    const float *gain = nullptr;
    const Bf16 *bias = nullptr;
    const Bf16 *add = nullptr;
    Bf16 *y = nullptr;
    float *wideY = nullptr;
};

struct AttendArgument {
    const Sequence *sequences;
    Bf16 *const *caches;
    int layer;
    int layers;
    const Bf16 *qkv;
    const float *cosine;
    const float *sine;
    const float *queryNorm;
    const float *keyNorm;
    float eps;
    float scale;
    int heads;
    int kvHeads;
    int d;
    int window;
    int splits;
    float *parts;
    Bf16 *out;
};

// --- tensors as the kernels take them ---

const Bf16 *from(const at::Tensor &t)
{
    if (!t.defined())
        return nullptr;
    TORCH_INTERNAL_ASSERT(t.is_contiguous() && t.scalar_type() == at::kBFloat16);
    return static_cast<const Bf16 *>(t.const_data_ptr());
}

Bf16 *to(const at::Tensor &t)
{
    TORCH_INTERNAL_ASSERT(t.is_contiguous() && t.scalar_type() == at::kBFloat16);
    return static_cast<Bf16 *>(t.mutable_data_ptr());
}

const float *floats(const at::Tensor &t)
{
    return t.defined() ? t.const_data_ptr<float>() : nullptr;
}

template <typename... Arguments>
void start(const DecodeStep::Launch &launch, const char *kernel, DecodeStep::Grid grid, unsigned threads,
           Arguments... arguments)
{
    void *pointers[] = {&arguments...};
    launch(kernel, grid, threads, pointers);
}

void start(const DecodeStep::Launch &launch, LinearArgument linear)
{
    constexpr int warps = 4;
    const int atOnce = std::min(8, static_cast<int>(std::bit_ceil(static_cast<unsigned>(linear.rows))));
    const char *kernel = atOnce == 1   ? "decodeLinear1"
                         : atOnce == 2 ? "decodeLinear2"
                         : atOnce == 4 ? "decodeLinear4"
                                       : "decodeLinear8";
    const int pairs = (linear.out + 1) / 2;
    start(launch, kernel, {(pairs + warps - 1) / warps, (linear.rows + atOnce - 1) / atOnce}, warps * 32U, linear);
}

/// y = x W^T for a weight in the compute dtype.
LinearArgument dense(const at::Tensor &weight, const at::Tensor &x)
{
    LinearArgument a;
    a.dense = from(weight);
    a.out = static_cast<int>(weight.size(0));
    a.in = static_cast<int>(weight.size(1));
    a.rows = static_cast<int>(x.size(0));
    a.x = from(x);
    return a;
}

/// A group's frozen and trained product, the thin one of which is started here; `down` has room for it.
LinearArgument whole(const LinearGroup &group, const LoraGroup &lora, const at::Tensor &x, const at::Tensor &down,
                     const DecodeStep::Launch &launch)
{
    LinearArgument a;
    if (group.packed().empty())
        a = dense(group.dense(), x);
    a.in = static_cast<int>(group.in());
    a.out = static_cast<int>(group.out());
    a.rows = static_cast<int>(x.size(0));
    a.x = from(x);
    std::int64_t end = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        if (i < group.packed().size()) {
            a.parts[i] = Nf4Argument::of(group.packed()[i]);
            end += group.packed()[i].out;
        }
        a.ends[i] = static_cast<int>(end);
    }
    a.bias = from(group.bias());
    if (!lora.active())
        return a;
    LinearArgument thin = dense(lora.computeA, x);
    thin.y = to(down);
    start(launch, thin);
    a.columns = static_cast<int>(lora.columns());
    a.down = from(down);
    a.up = from(lora.computeB);
    a.gain = lora.dora() ? floats(lora.gain) : nullptr;
    return a;
}

bool knowsGroup(const LinearGroup &group)
{
    return group.in() % (group.packed().empty() ? 16 : 64) == 0;
}

std::array<const LinearGroup *, 4> groupsOf(const DecoderLayer &layer)
{
    return {&layer.qkv, &layer.o, &layer.gateUp, &layer.down};
}

std::array<const LoraGroup *, 4> groupsOf(const LoraState::Layer &layer)
{
    return {&layer.qkv, &layer.o, &layer.gateUp, &layer.down};
}

} // namespace

bool DecodeStep::knows(const LanguageModel::Impl &model)
{
    const ModelConfig &c = model.config;
    const std::int64_t group = c.heads / c.kvHeads;
    if (model.dtype != at::kBFloat16 || c.hiddenSize % 16 != 0 || c.headDim % 8 != 0 || group > groupHeads ||
        group * c.headDim > groupValues)
        return false;
    return std::all_of(model.layers.begin(), model.layers.end(), [](const DecoderLayer &layer) {
        const auto groups = groupsOf(layer);
        return std::all_of(groups.begin(), groups.end(), [](const LinearGroup *g) { return knowsGroup(*g); });
    });
}

std::vector<const void *> DecodeStep::addresses(LanguageModel::Impl &model)
{
    std::vector<const void *> all = {model.rotary.cosine.const_data_ptr(), model.rotary.sine.const_data_ptr()};
    for (std::size_t i = 0; model.lora && i < model.layers.size(); ++i)
        for (const LoraGroup *group : groupsOf(model.loraOf(i))) {
            if (!group->active())
                continue;
            all.push_back(group->computeA.const_data_ptr());
            all.push_back(group->computeB.const_data_ptr());
            all.push_back(group->dora() ? group->gain.const_data_ptr() : nullptr);
            // Memory that was given back and taken again may hold an adapter of another rank.
            all.push_back(reinterpret_cast<const void *>(group->columns()));
        }
    return all;
}

std::int64_t DecodeStep::rowsFor(std::size_t sequences)
{
    const auto n = static_cast<std::int64_t>(sequences);
    return n <= 4 ? static_cast<std::int64_t>(std::bit_ceil(sequences)) : (n + 7) / 8 * 8;
}

std::int64_t DecodeStep::splitsFor(std::int64_t capacity)
{
    const std::int64_t needed = (capacity + splitKeys - 1) / splitKeys;
    return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(8, needed))));
}

DecodeStep::DecodeStep(const LanguageModel::Impl &model, std::int64_t rows, std::int64_t splits)
    : m_rows(rows), m_splits(splits), m_layers(static_cast<std::int64_t>(model.layers.size()))
{
    const ModelConfig &c = model.config;
    const auto options = at::TensorOptions().device(model.device);
    const auto values = [&](std::int64_t columns) {
        return at::empty({rows, columns}, options.dtype(at::kBFloat16));
    };
    // Rows that only fill the step up take the first token at no position.
    inputs = at::zeros({rows * (static_cast<std::int64_t>(sizeof(Sequence)) + m_layers * 2 * 8)},
                       options.dtype(at::kByte));
    scores = at::empty({rows, c.vocabSize}, options.dtype(at::kFloat));
    m_x = values(c.hiddenSize);
    m_normed = values(c.hiddenSize);
    m_qkv = values(c.qkvSize());
    m_attended = at::zeros({rows, c.heads * c.headDim}, options.dtype(at::kBFloat16));
    m_gated = values(c.intermediateSize);
    std::int64_t columns = 1;
    for (std::size_t i = 0; model.lora && i < model.lora->layers.size(); ++i)
        for (const LoraGroup *group : groupsOf(model.lora->layers[i]))
            columns = std::max(columns, group->columns());
    m_down = values(columns);
    m_parts = at::empty({rows * c.heads * splits * (c.headDim + 2)}, options.dtype(at::kFloat));
}

void DecodeStep::describe(std::span<const LanguageModel::Feed> feeds, std::uint8_t *to) const
{
    std::vector<Sequence> sequences(static_cast<std::size_t>(m_rows));
    std::vector<const void *> caches(static_cast<std::size_t>(m_rows * m_layers * 2), nullptr);
    for (std::size_t i = 0; i < feeds.size(); ++i) {
        const KvCache::Impl &cache = feeds[i].cache->impl();
        sequences[i] = {feeds[i].tokens.front(), static_cast<int>(cache.length), cache.capacity};
        for (std::size_t layer = 0; layer < cache.keys.size(); ++layer) {
            const std::size_t place = (i * static_cast<std::size_t>(m_layers) + layer) * 2;
            caches[place] = cache.keys[layer].const_data_ptr();
            caches[place + 1] = cache.values[layer].const_data_ptr();
        }
    }
    const std::size_t first = sequences.size() * sizeof(Sequence);
    TORCH_INTERNAL_ASSERT(first + caches.size() * sizeof(void *) == inputs.nbytes());
    std::memcpy(to, sequences.data(), first);
    std::memcpy(to + first, caches.data(), caches.size() * sizeof(void *));
}

void DecodeStep::norm(const at::Tensor &x, const at::Tensor &weight, double eps, const Launch &launch) const
{
    constexpr unsigned threads = 256;
    start(launch, "rmsNorm", {m_rows}, threads, from(x), floats(weight), static_cast<int>(x.size(1)),
          static_cast<float>(eps), to(m_normed), static_cast<float *>(nullptr));
}

void DecodeStep::attend(LanguageModel::Impl &model, std::size_t layer, const Launch &launch) const
{
    const ModelConfig &c = model.config;
    AttendArgument a{};
    a.sequences = reinterpret_cast<const Sequence *>(inputs.const_data_ptr());
    a.caches = reinterpret_cast<Bf16 *const *>(a.sequences + m_rows);
    a.layer = static_cast<int>(layer);
    a.layers = static_cast<int>(m_layers);
    a.qkv = from(m_qkv);
    a.cosine = floats(model.rotary.cosine);
    a.sine = floats(model.rotary.sine);
    a.queryNorm = floats(model.layers[layer].headNorms[0]);
    a.keyNorm = floats(model.layers[layer].headNorms[1]);
    a.eps = static_cast<float>(c.rmsNormEps);
    a.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(c.headDim)));
    a.heads = static_cast<int>(c.heads);
    a.kvHeads = static_cast<int>(c.kvHeads);
    a.d = static_cast<int>(c.headDim);
    a.window = static_cast<int>(c.window(layer));
    a.splits = static_cast<int>(m_splits);
    a.parts = m_parts.mutable_data_ptr<float>();
    a.out = to(m_attended);
    start(launch, "decodeAttend", {m_splits, m_rows * c.kvHeads}, 128U, a);
    start(launch, "decodeJoin", {c.heads, m_rows}, 64U, a);
}

void DecodeStep::launch(LanguageModel::Impl &model, const Launch &launch) const
{
    const ModelConfig &c = model.config;
    const auto add = [&](LinearArgument linear) {
        linear.add = from(m_x);
        linear.y = to(m_x); // each value is read and written by the same thread
        start(launch, linear);
    };
    start(launch, "decodeEmbed", {m_rows}, 256U, reinterpret_cast<const Sequence *>(inputs.const_data_ptr()),
          from(model.embedding), static_cast<int>(c.hiddenSize), to(m_x));
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        const DecoderLayer &layer = model.layers[i];
        const LoraState::Layer &lora = model.loraOf(i);
        norm(m_x, layer.norm1, c.rmsNormEps, launch);
        LinearArgument qkv = whole(layer.qkv, lora.qkv, m_normed, m_down, launch);
        qkv.y = to(m_qkv);
        start(launch, qkv);
        attend(model, i, launch);
        add(whole(layer.o, lora.o, m_attended, m_down, launch));
        norm(m_x, layer.norm2, c.rmsNormEps, launch);
        LinearArgument gateUp = whole(layer.gateUp, lora.gateUp, m_normed, m_down, launch);
        gateUp.gated = 1;
        gateUp.y = to(m_gated);
        start(launch, gateUp);
        add(whole(layer.down, lora.down, m_gated, m_down, launch));
    }
    norm(m_x, model.finalNorm, c.rmsNormEps, launch);
    LinearArgument head = dense(model.head, m_normed);
    head.wideY = scores.mutable_data_ptr<float>();
    start(launch, head);
}

} // namespace attune
