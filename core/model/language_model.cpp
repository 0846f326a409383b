#include "core/model/language_model.h"

#include "core/model/allocator_torch.h"
#include "core/model/decoder_torch.h"
#include "core/model/devices.h"
#include "core/model/guarded_torch.h"
#include "core/model/kernels/kernels.h"
#include "core/model/weight_source.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <cstring>
#include <fstream>

namespace attune {
namespace {

Result<at::Device> parseDevice(const std::string &text)
{
    if (text == "cpu" || (text == "auto" && !engineHasCuda()))
        return at::Device(at::kCPU);
    if (text == "auto" || text.rfind("cuda", 0) == 0) {
        if (!engineHasCuda())
            return fail(ErrorCode::InvalidInput,
                        "The device \"" + text + "\" is not there: " +
                            (cudaTrouble().empty() ? "no NVIDIA driver answers; use device=cpu or device=auto."
                                                   : cudaTrouble()));
        return guarded("Choosing the device " + text, [&]() -> Result<at::Device> {
            const at::Device device(text == "auto" ? std::string("cuda") : text);
            const int index = device.has_index() ? device.index() : 0;
            if (index >= cudaDevices())
                return fail(ErrorCode::InvalidInput, "The device \"" + text + "\" is not there: this machine has " +
                                                         std::to_string(cudaDevices()) +
                                                         "; `attune doctor` lists them.");
            return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
        });
    }
    return fail(ErrorCode::InvalidInput, "The device \"" + text + "\" is none of auto, cpu, cuda, cuda:N.");
}

Result<at::Tensor> loadTensor(const WeightSource &source, const std::string &name,
                              const std::vector<std::int64_t> &expected, at::ScalarType dtype, at::Device device)
{
    ATTUNE_TRY(const auto shape, source.shape(name));
    if (shape != expected)
        return fail(ErrorCode::Corrupt, source.path().string() + ": " + name +
                                            " does not have the shape that the configuration gives it.");
    const std::int64_t rows = shape.front();
    const std::int64_t columns = shape.size() > 1 ? shape[1] : 1;
    at::Tensor tensor = at::empty(shape, dtype);
    const std::int64_t atOnce = shape.size() == 1 ? rows : std::max<std::int64_t>(1, (4 << 20) / (columns * 4));
    at::Tensor piece = at::empty({atOnce, columns}, at::kFloat);
    for (std::int64_t row = 0; row < rows; row += atOnce) {
        const std::int64_t end = std::min(row + atOnce, rows);
        source.readRows(name, row, end, piece.mutable_data_ptr<float>());
        at::Tensor to = tensor.narrow(0, row, end - row);
        to.copy_(piece.narrow(0, 0, end - row).view(to.sizes()));
    }
    source.forget(name);
    return tensor.to(device);
}

std::int64_t statusValue(const char *key)
{
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line))
        if (line.rfind(key, 0) == 0)
            return std::strtoll(line.c_str() + std::strlen(key), nullptr, 10) * 1024;
    return 0;
}

at::Tensor copyIn(const std::vector<float> &values, at::IntArrayRef shape)
{
    at::Tensor t = at::empty(shape, at::kFloat);
    std::copy(values.begin(), values.end(), t.mutable_data_ptr<float>());
    return t;
}

std::vector<float> copyOut(const at::Tensor &tensor)
{
    const at::Tensor t = tensor.to(at::kCPU, at::kFloat).contiguous();
    const float *from = t.const_data_ptr<float>();
    return {from, from + t.numel()};
}

std::string describe(const TokenBatch &batch)
{
    return std::to_string(batch.rows) + " x " + std::to_string(batch.prefix + batch.length) + " tokens";
}

/// Calls `body(layer, group)` for the four groups of every layer.
template <typename F>
void forEachGroup(LoraState &lora, F &&body)
{
    for (std::size_t i = 0; i < lora.layers.size(); ++i)
        for (LoraGroup *group :
             {&lora.layers[i].qkv, &lora.layers[i].o, &lora.layers[i].gateUp, &lora.layers[i].down})
            body(static_cast<std::int64_t>(i), *group);
}

} // namespace

Result<Quantization> parseQuantization(std::string_view text)
{
    if (text == "nf4")
        return Quantization::Nf4;
    if (text == "none")
        return Quantization::None;
    return fail(ErrorCode::InvalidInput, "quantization \"" + std::string(text) + "\" is none of nf4, none.");
}

Result<ComputeType> parseComputeType(std::string_view text)
{
    if (text == "bfloat16")
        return ComputeType::BFloat16;
    if (text == "float32")
        return ComputeType::Float32;
    return fail(ErrorCode::InvalidInput, "compute_dtype \"" + std::string(text) + "\" is none of bfloat16, float32.");
}

std::int64_t TokenBatch::supervised() const
{
    return std::count_if(targets.begin(), targets.end(), [](std::int64_t t) { return t >= 0; });
}

KvCache::KvCache() : m_impl(std::make_unique<Impl>()) {}
KvCache::KvCache(KvCache &&) noexcept = default;
KvCache &KvCache::operator=(KvCache &&) noexcept = default;
KvCache::~KvCache() = default;

std::int64_t KvCache::length() const noexcept
{
    return m_impl->length;
}

KvCache KvCache::clone() const
{
    const c10::InferenceMode noGradients;
    KvCache copy;
    copy.m_impl->length = m_impl->length;
    copy.m_impl->capacity = m_impl->capacity;
    for (std::size_t i = 0; i < m_impl->keys.size(); ++i) {
        copy.m_impl->keys.push_back(m_impl->keys[i].clone());
        copy.m_impl->values.push_back(m_impl->values[i].clone());
    }
    return copy;
}

void KvCache::truncate(std::int64_t length)
{
    m_impl->length = std::min(m_impl->length, length);
}

HeldAdapter::HeldAdapter() = default;
HeldAdapter::HeldAdapter(HeldAdapter &&) noexcept = default;
HeldAdapter &HeldAdapter::operator=(HeldAdapter &&) noexcept = default;
HeldAdapter::~HeldAdapter() = default;

std::int64_t HeldAdapter::bytes() const
{
    if (!m_state)
        return 0;
    auto total = static_cast<std::int64_t>(m_state->parameters.nbytes() + m_state->gradients.nbytes());
    for (LoraState::Layer &layer : m_state->layers)
        for (const LoraGroup *group : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down})
            if (group->active())
                for (const at::Tensor *t :
                     {&group->computeA, &group->computeB, &group->weightSquares, &group->norms, &group->gain})
                    if (t->defined()) // the last three with DoRA alone
                        total += static_cast<std::int64_t>(t->nbytes());
    return total;
}

Result<std::unique_ptr<LanguageModel::Impl>> LanguageModel::Impl::load(const std::filesystem::path &model,
                                                                       const LoadOptions &options)
{
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    ATTUNE_TRY(const auto device, parseDevice(options.device));
    useBlockAllocator();
    auto impl = std::make_unique<Impl>();
    impl->config = source->config();
    impl->path = model;
    impl->device = device;
    impl->dtype = options.compute == ComputeType::Float32 ? at::kFloat : at::kBFloat16;
    ATTUNE_TRY(impl->fingerprint, source->fingerprint());

    const ModelConfig &c = impl->config;
    ATTUNE_TRY(impl->embedding, loadTensor(*source, "model.embed_tokens.weight", {c.vocabSize, c.hiddenSize},
                                           impl->dtype, device));
    if (c.tiedEmbeddings) {
        impl->head = impl->embedding;
    } else {
        ATTUNE_TRY(impl->head,
                   loadTensor(*source, "lm_head.weight", {c.vocabSize, c.hiddenSize}, impl->dtype, device));
    }
    ATTUNE_TRY(impl->finalNorm, loadTensor(*source, "model.norm.weight", {c.hiddenSize}, at::kFloat, device));

    const bool nf4 = options.quantization == Quantization::Nf4;
    const WeightCache cache = WeightCache::standard();
    const std::string key = nf4 ? weightKey(*source, impl->fingerprint, options.doubleQuant) : std::string();
    const StoredWeights stored = nf4 ? StoredWeights::find(cache, key) : StoredWeights();
    NamedWeights fresh;
    const LinearGroup::Options linear{impl->dtype, device, nf4, options.doubleQuant, &stored,
                                      options.keepDequantized};
    for (std::int64_t i = 0; i < c.layers; ++i) {
        if (options.stop.stop_requested())
            return fail(ErrorCode::Interrupted, "Loading " + model.string() + " was interrupted.");
        const std::string prefix = "model.layers." + std::to_string(i) + ".";
        DecoderLayer layer;
        ATTUNE_TRY(layer.norm1,
                   loadTensor(*source, prefix + "input_layernorm.weight", {c.hiddenSize}, at::kFloat, device));
        ATTUNE_TRY(layer.norm2, loadTensor(*source, prefix + "post_attention_layernorm.weight", {c.hiddenSize},
                                           at::kFloat, device));
        if (c.headNorms) {
            const std::string attention = prefix + "self_attn.";
            ATTUNE_TRY(layer.headNorms[0],
                       loadTensor(*source, attention + "q_norm.weight", {c.headDim}, at::kFloat, device));
            ATTUNE_TRY(layer.headNorms[1],
                       loadTensor(*source, attention + "k_norm.weight", {c.headDim}, at::kFloat, device));
        }
        ATTUNE_TRY(layer.qkv,
                   LinearGroup::load(*source, prefix, {Projection::Q, Projection::K, Projection::V}, linear));
        ATTUNE_TRY(layer.o, LinearGroup::load(*source, prefix, {Projection::O}, linear));
        ATTUNE_TRY(layer.gateUp, LinearGroup::load(*source, prefix, {Projection::Gate, Projection::Up}, linear));
        ATTUNE_TRY(layer.down, LinearGroup::load(*source, prefix, {Projection::Down}, linear));
        if (stored.empty())
            for (const LinearGroup *group : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down})
                group->addPacked(prefix, fresh);
        impl->layers.push_back(std::move(layer));
        if (options.progress)
            options.progress(static_cast<double>(i + 1) / static_cast<double>(c.layers));
    }
    // Not where the files have changed meanwhile.
    if (!fresh.empty() && weightKey(*source, impl->fingerprint, options.doubleQuant) == key)
        keepWeights(cache, key, fresh, options.stop);
    return impl;
}

LanguageModel::LanguageModel(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
LanguageModel::LanguageModel(LanguageModel &&) noexcept = default;
LanguageModel &LanguageModel::operator=(LanguageModel &&) noexcept = default;
LanguageModel::~LanguageModel()
{
    if (!m_impl)
        return; // moved from
    m_impl.reset();
    releaseIdleBlocks();
}

Result<LanguageModel> LanguageModel::load(const std::filesystem::path &model, const LoadOptions &options)
{
    return guarded("Loading " + model.string(), [&]() -> Result<LanguageModel> {
        const c10::InferenceMode noGradients;
        ATTUNE_TRY(auto impl, Impl::load(model, options));
        return LanguageModel(std::move(impl));
    });
}

const ModelConfig &LanguageModel::config() const noexcept
{
    return m_impl->config;
}

const std::string &LanguageModel::fingerprint() const noexcept
{
    return m_impl->fingerprint;
}

const std::filesystem::path &LanguageModel::path() const noexcept
{
    return m_impl->path;
}

std::string LanguageModel::device() const
{
    return m_impl->device.str();
}

std::int64_t LanguageModel::weightBytes() const
{
    std::int64_t total = std::int64_t(m_impl->embedding.nbytes());
    if (!m_impl->config.tiedEmbeddings)
        total += std::int64_t(m_impl->head.nbytes());
    for (const DecoderLayer &layer : m_impl->layers)
        total += layer.qkv.bytes() + layer.o.bytes() + layer.gateUp.bytes() + layer.down.bytes();
    return total;
}

Result<void> LanguageModel::startAdapter(const LoraConfig &config, std::uint64_t seed)
{
    return guarded("Making the adapter", [&]() -> Result<void> {
        const c10::InferenceMode noGradients;
        ATTUNE_CHECK(m_impl->buildLora(config));
        m_impl->lora->baseModel = m_impl->path.string();
        auto generator = at::detail::createCPUGenerator(seed);
        forEachGroup(*m_impl->lora, [&](std::int64_t, LoraGroup &group) {
            if (!group.active())
                return;
            const double bound = 1.0 / std::sqrt(static_cast<double>(group.a.size(1)));
            group.a.copy_(at::empty(group.a.sizes(), at::kFloat).uniform_(-bound, bound, generator));
        });
        for (std::size_t i = 0; i < m_impl->layers.size() && config.dora; ++i) {
            LoraState::Layer &lora = m_impl->lora->layers[i];
            const DecoderLayer &layer = m_impl->layers[i];
            layer.qkv.startMagnitudes(lora.qkv, m_impl->scratch);
            layer.o.startMagnitudes(lora.o, m_impl->scratch);
            layer.gateUp.startMagnitudes(lora.gateUp, m_impl->scratch);
            layer.down.startMagnitudes(lora.down, m_impl->scratch);
        }
        m_impl->refreshLora();
        return {};
    });
}

Result<void> LanguageModel::useAdapter(const Adapter &adapter)
{
    ATTUNE_CHECK(adapter.checkAgainst(m_impl->config));
    return guarded("Loading the adapter", [&]() -> Result<void> {
        const c10::InferenceMode noGradients;
        ATTUNE_CHECK(m_impl->buildLora(adapter.config));
        m_impl->lora->baseModel = adapter.baseModel;
        forEachGroup(*m_impl->lora, [&](std::int64_t layer, LoraGroup &group) {
            for (LoraGroup::Part &part : group.parts) {
                const LoraPair &pair = adapter.pairs.at({layer, part.projection});
                group.a.narrow(0, part.column, group.rank).copy_(copyIn(pair.a, {group.rank, pair.in}));
                part.b.copy_(copyIn(pair.b, {pair.out, group.rank}));
                if (adapter.config.dora)
                    part.magnitude.copy_(copyIn(pair.magnitude, {pair.out}));
            }
        });
        m_impl->refreshLora();
        return {};
    });
}

void LanguageModel::dropAdapter()
{
    m_impl->lora.reset();
}

bool LanguageModel::hasAdapter() const noexcept
{
    return m_impl->lora != nullptr;
}

HeldAdapter LanguageModel::exchangeAdapter(HeldAdapter next)
{
    std::swap(m_impl->lora, next.m_state);
    return next;
}

Adapter LanguageModel::adapter() const
{
    const c10::InferenceMode noGradients;
    Adapter adapter;
    adapter.config = m_impl->lora->config;
    adapter.baseModel = m_impl->lora->baseModel;
    forEachGroup(*m_impl->lora, [&](std::int64_t layer, LoraGroup &group) {
        for (const LoraGroup::Part &part : group.parts)
            adapter.pairs[{layer, part.projection}] = {group.a.size(1), part.out,
                                                       copyOut(group.a.narrow(0, part.column, group.rank)),
                                                       copyOut(part.b),
                                                       part.magnitude.defined() ? copyOut(part.magnitude)
                                                                                : std::vector<float>()};
    });
    return adapter;
}

Result<LossSum> LanguageModel::accumulateGradients(const TokenBatch &batch, const BatchOptions &options)
{
    return guarded("A training step of " + describe(batch),
                   [&]() -> Result<LossSum> {
                       const c10::InferenceMode noGradients;
                       return m_impl->trainBatch(batch, options);
                   });
}

Result<LossSum> LanguageModel::evaluate(const TokenBatch &batch)
{
    return guarded("Evaluating " + describe(batch),
                   [&]() -> Result<LossSum> {
                       const c10::InferenceMode noGradients;
                       return m_impl->evaluateBatch(batch);
                   });
}

Result<std::vector<float>> LanguageModel::nextLogits(std::span<const Feed> feeds)
{
    return guarded("Generating", [&]() -> Result<std::vector<float>> {
        const c10::InferenceMode noGradients;
        std::vector<std::int64_t> last;
        std::int64_t row = -1;
        for (const Feed &feed : feeds) {
            TORCH_CHECK(!feed.tokens.empty(), "an empty prompt has no next token");
            row += static_cast<std::int64_t>(feed.tokens.size());
            last.push_back(row);
        }
        if (auto scores = m_impl->scoresByGraph(feeds))
            return *std::move(scores);
        const at::Tensor hidden = m_impl->cachedForward(feeds);
        at::Tensor ends = at::empty({static_cast<std::int64_t>(last.size()), hidden.size(1)}, hidden.options());
        for (std::size_t i = 0; i < last.size(); ++i)
            ends[static_cast<std::int64_t>(i)].copy_(hidden[last[i]]);
        return copyOut(wideDenseLinear(rmsNorm(ends, m_impl->finalNorm, m_impl->config.rmsNormEps), m_impl->head));
    });
}

Result<std::vector<float>> LanguageModel::allLogits(std::span<const TokenId> ids)
{
    return guarded("Computing logits", [&]() -> Result<std::vector<float>> {
        const c10::InferenceMode noGradients;
        KvCache cache;
        const Feed feed{&cache, ids};
        const at::Tensor hidden = m_impl->cachedForward({&feed, 1});
        return copyOut(wideDenseLinear(rmsNorm(hidden, m_impl->finalNorm, m_impl->config.rmsNormEps), m_impl->head));
    });
}

std::int64_t peakMemory()
{
    return statusValue("VmHWM:");
}

std::int64_t currentMemory()
{
    return statusValue("VmRSS:");
}

void setComputeThreads(int threads)
{
    if (threads > 0)
        at::set_num_threads(threads);
}

int computeThreads()
{
    return at::get_num_threads();
}

std::string machineDescription(const std::string &device)
{
    return device + ", " + std::to_string(computeThreads()) + " threads, " + std::string(cpuKernels().level) +
           " kernels, ATen " + at::get_cpu_capability() + ", Attune " ATTUNE_VERSION;
}

} // namespace attune
