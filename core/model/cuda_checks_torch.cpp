#include "core/model/cuda_decoder_torch.h"
#include "core/model/cuda_kernels_torch.h"
#include "core/model/guarded_torch.h"
#include "core/model/kernel_checks.h"
#include "core/model/linear_torch.h"
#include "core/model/ops_torch.h"
#include "core/model/products_torch.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <limits>

namespace attune {
namespace {

constexpr double bf16Error = 0.01;
/// Where two or three products of bfloat16 follow one another.
constexpr double chainError = 0.03;
constexpr double floatError = 1e-5;

class CudaChecks {
public:
    explicit CudaChecks(int device)
        : m_card(at::kCUDA, static_cast<c10::DeviceIndex>(device)), m_random(at::detail::createCPUGenerator(11))
    {
    }

    std::vector<KernelCheck> run()
    {
        nf4();
        norm();
        gate();
        rotation();
        attend("attention and its gradient", 300, 0);
        attend("attention in a sliding window", 200, 70);
        attendCached();
        attendBehind();
        loss();
        dropout();
        products();
        adamW();
        decode("decoding by a graph, NF4 and LoRA", true);
        decode("decoding by a graph, weights as stored", false);
        return std::move(m_checks);
    }

private:
    at::Tensor random(at::IntArrayRef shape, at::ScalarType dtype = at::kBFloat16)
    {
        return at::randn(shape, m_random, at::TensorOptions().dtype(at::kFloat)).to(dtype);
    }
    at::Tensor there(const at::Tensor &t) const { return t.to(m_card); }

    static double difference(const at::Tensor &expected, const at::Tensor &got)
    {
        const at::Tensor e = expected.to(at::kDouble);
        const at::Tensor g = got.to(at::kCPU).to(at::kDouble).view(e.sizes());
        const double worst = (e - g).abs().max().item<double>() / std::max(1e-30, e.abs().max().item<double>());
        return std::isfinite(worst) ? worst : std::numeric_limits<double>::infinity();
    }

    void note(const char *name, double allowed, std::initializer_list<double> differences)
    {
        m_checks.push_back({name, std::max(differences), allowed});
    }

    void nf4()
    {
        constexpr std::int64_t out = 130;
        constexpr std::int64_t in = 1088;
        const at::Tensor values = random({out, in}, at::kFloat);
        for (const bool twice : {false, true}) {
            const Nf4Tensor here = quantizeNf4(out, in, twice, [&](std::int64_t begin, std::int64_t end, float *to) {
                std::copy_n(values.const_data_ptr<float>() + begin * in, (end - begin) * in, to);
            });
            const Nf4Tensor w = here.to(m_card);
            note(twice ? "NF4, double-quantised: dequantise" : "NF4: dequantise", 1e-6,
                 {difference(dequantize(here, at::kFloat), dequantize(w, at::kFloat)),
                  difference(dequantize(here, at::kBFloat16), dequantize(w, at::kBFloat16))});
            double worst = 0;
            const at::Tensor dense = dequantize(here, at::kDouble);
            for (std::int64_t rows = 1; rows <= CudaKernels::fewRows; ++rows) {
                const at::Tensor x = random({rows, in});
                const at::Tensor y = at::empty({rows, out}, there(x).options());
                if (const CudaKernels *kernels = CudaKernels::of(y))
                    kernels->nf4MatVec(w, there(x), y);
                worst = std::max(worst, difference(at::mm(x.to(at::kDouble), dense.t()), y));
            }
            note(twice ? "NF4, double-quantised: product with few vectors" : "NF4: product with few vectors",
                 bf16Error, {worst});
        }
    }

    void norm()
    {
        for (const std::int64_t n : {1040, 45}) {
            const at::Tensor x = random({7, n});
            const at::Tensor dy = random({7, n});
            const at::Tensor weight = random({n}, at::kFloat);
            at::Tensor r, rThere;
            const at::Tensor y = rmsNorm(x, weight, 1e-5, &r);
            const at::Tensor yThere = rmsNorm(there(x), there(weight), 1e-5, &rThere);
            at::Tensor dx = random({7, n});
            at::Tensor dxThere = there(dx);
            rmsNormBackward(dy, x, weight, r, dx);
            rmsNormBackward(there(dy), there(x), there(weight), rThere, dxThere);
            note(n % 8 == 0 ? "RMSNorm and its gradient" : "RMSNorm of an odd size", bf16Error,
                 {difference(y, yThere), difference(r, rThere), difference(dx, dxThere)});
        }
    }

    void gate()
    {
        for (const std::int64_t n : {136, 45}) {
            const at::Tensor gateUp = random({7, 2 * n});
            const at::Tensor d = random({7, n});
            note(n % 8 == 0 ? "SwiGLU and its gradient" : "SwiGLU of an odd size", bf16Error,
                 {difference(swiGlu(gateUp), swiGlu(there(gateUp))),
                  difference(swiGluBackward(d, gateUp), swiGluBackward(there(d), there(gateUp)))});
        }
    }

    void rotation()
    {
        const HeadShape shape{2, 5, 4, 2, 24};
        const at::Tensor qkv = random({10, 8 * 24});
        const RotaryTable here = makeRotaryTable(20, 24, 10000, at::kCPU);
        const RotaryTable card{there(here.cosine), there(here.sine)};
        const Heads h = splitHeads(qkv, shape, here, 3);
        const Heads c = splitHeads(there(qkv), shape, card, 3);
        note("rotary embedding", bf16Error,
             {difference(h.q, c.q.contiguous()), difference(h.k, c.k.contiguous()), difference(h.v, c.v.contiguous()),
              difference(joinHeads(h, shape, here, 3),
                         joinHeads({there(h.q), there(h.k), there(h.v)}, shape, card, 3))});
    }

    Heads heads(std::int64_t time, std::int64_t keys)
    {
        return {random({2, 4, time, 64}), random({2, 2, keys, 64}), random({2, 2, keys, 64})};
    }
    Heads there(const Heads &h) const { return {there(h.q), there(h.k), there(h.v)}; }

    void attend(const char *name, std::int64_t time, std::int64_t window)
    {
        const Heads h = heads(time, time);
        const Heads c = there(h);
        at::Tensor lse, lseThere;
        const at::Tensor out = attention(h, window, 0, &lse);
        const at::Tensor outThere = attention(c, window, 0, &lseThere);
        const at::Tensor dOut = random(out.sizes());
        const Heads d = attentionBackward(dOut, out, lse, h, window, 0);
        const Heads dThere = attentionBackward(there(dOut), outThere, lseThere, c, window, 0);
        const Heads again = attentionBackward(there(dOut), outThere, lseThere, c, window, 0);
        note(name, chainError,
             {difference(out, outThere), difference(d.q, dThere.q.contiguous()),
              difference(d.k, dThere.k.contiguous()), difference(d.v, dThere.v.contiguous()),
              // A resumed run repeats its steps bit for bit.
              again.q.equal(dThere.q) && again.k.equal(dThere.k) && again.v.equal(dThere.v) ? 0.0 : 1.0});
    }

    void attendCached()
    {
        const Heads one = heads(1, 130);
        const Heads some = heads(40, 130);
        note("attention to a cache", chainError,
             {difference(attention(one, 0, 129), attention(there(one), 0, 129)),
              difference(attention(one, 50, 129), attention(there(one), 50, 129)),
              difference(attention(some, 0, 90), attention(there(some), 0, 90)),
              difference(attention(some, 50, 90), attention(there(some), 50, 90))});
    }

    /// Rows that go on from a beginning which they share.
    void attendBehind()
    {
        const Heads h = heads(40, 130);
        const Heads c = there(h);
        at::Tensor lse, lseThere;
        const at::Tensor out = attention(h, 0, 90, &lse);
        const at::Tensor outThere = attention(c, 0, 90, &lseThere);
        const at::Tensor dOut = random(out.sizes());
        const Heads d = attentionBackward(dOut, out, lse, h, 0, 90);
        const Heads dThere = attentionBackward(there(dOut), outThere, lseThere, c, 0, 90);
        note("attention behind a shared beginning", chainError,
             {difference(out, outThere), difference(d.q, dThere.q.contiguous()),
              difference(d.k, dThere.k.contiguous()), difference(d.v, dThere.v.contiguous())});
    }

    void loss()
    {
        const at::Tensor logits = random({5, 1333}) * 4;
        const at::Tensor targets = at::randint(0, 1333, {5}, m_random, at::TensorOptions().dtype(at::kLong));
        at::Tensor here = logits.clone();
        at::Tensor card = there(logits);
        const double nll = crossEntropy(here, targets, 0.125);
        const double nllThere = crossEntropy(card, there(targets), 0.125);
        note("cross-entropy and its gradient", bf16Error, {std::abs(nll - nllThere) / nll, difference(here, card)});
    }

    void dropout()
    {
        const at::Tensor x = random({3, 1001});
        const CudaKernels *kernels = CudaKernels::of(there(x));
        if (!kernels)
            return;
        at::Tensor mask = at::empty({x.numel()}, at::kFloat);
        cpuKernels().dropoutMask({0.3, 17}, 0, x.numel(), mask.mutable_data_ptr<float>());
        const at::Tensor y = at::empty(x.sizes(), there(x).options());
        kernels->dropout({0.3, 17}, there(x), false, y);
        const at::Tensor sum = random({3, 1001});
        const at::Tensor sumThere = there(sum);
        kernels->dropout({0.3, 17}, there(x), true, sumThere);
        const at::Tensor kept = x.to(at::kFloat) * mask.view(x.sizes());
        note("dropout", bf16Error, {difference(kept, y), difference(sum.to(at::kFloat) + kept, sumThere)});
    }

    void products()
    {
        const at::Tensor a = random({40, 512});
        const at::Tensor b = random({512, 48});
        const at::Tensor exact = at::mm(a.to(at::kDouble), b.to(at::kDouble));
        const at::Tensor sum = random({40, 48}, at::kFloat);
        const at::Tensor sumThere = there(sum);
        addProduct(sumThere, there(a), there(b));
        note("products of bfloat16", bf16Error, {difference(exact, product(there(a), there(b)))});
        note("products of bfloat16, summed in float32", 1e-4,
             {difference(exact, wideProduct(there(a), there(b))), difference(exact + sum.to(at::kDouble), sumThere)});
    }

    void adamW()
    {
        const at::Tensor start = random({5001}, at::kFloat);
        const at::Tensor gradient = random({5001}, at::kFloat);
        const auto steps = [&](at::Device device) {
            const at::Tensor p = start.to(device, at::kFloat, false, true);
            const at::Tensor first = at::zeros_like(p);
            const at::Tensor second = at::zeros_like(p);
            for (int step = 1; step <= 3; ++step)
                at::_fused_adamw_({p}, {gradient.to(device)}, {first}, {second}, {},
                                  {at::full({}, static_cast<double>(step), p.options())}, 1e-2, 0.9, 0.999, 0.01,
                                  1e-8, false, false);
            return p;
        };
        note("AdamW", floatError, {difference(steps(at::kCPU), steps(m_card))});
    }

    LinearGroup group(const std::vector<std::int64_t> &outs, std::int64_t in, bool nf4)
    {
        std::vector<at::Tensor> weights;
        for (const std::int64_t out : outs)
            weights.push_back(random({out, in}, at::kFloat) / std::sqrt(static_cast<double>(in)));
        return LinearGroup::fromDense(weights, {}, {at::kBFloat16, m_card, nf4, true});
    }

    LoraGroup adapterOf(const LinearGroup &group)
    {
        LoraGroup lora;
        lora.rank = 8;
        for (std::size_t i = 0; i < group.projections().size(); ++i) {
            const std::int64_t end = i + 1 < group.projections().size() ? group.rowBegin(i + 1) : group.out();
            LoraGroup::Part part;
            part.rowBegin = group.rowBegin(i);
            part.out = end - part.rowBegin;
            part.column = lora.columns();
            part.b = there(random({part.out, lora.rank}, at::kFloat) * 0.1);
            lora.parts.push_back(part);
        }
        lora.a = there(random({lora.columns(), group.in()}, at::kFloat) / std::sqrt(static_cast<double>(group.in())));
        lora.refresh(group.out(), at::kBFloat16);
        return lora;
    }

    /// A small model on the card: a layer that sees all keys and one with a window.
    LanguageModel::Impl model(bool nf4)
    {
        LanguageModel::Impl m;
        ModelConfig &c = m.config;
        c.vocabSize = 999;
        c.hiddenSize = 128;
        c.intermediateSize = 192;
        c.layers = 2;
        c.heads = 6;
        c.kvHeads = 2;
        c.headDim = 32;
        c.slidingWindow = 70;
        c.fullAttention = {true, false};
        c.headNorms = !nf4;
        m.device = m_card;
        m.embedding = there(random({c.vocabSize, c.hiddenSize}));
        m.head = there(random({c.vocabSize, c.hiddenSize}));
        m.finalNorm = there(random({c.hiddenSize}, at::kFloat));
        if (nf4)
            m.lora = std::make_unique<LoraState>();
        for (std::int64_t i = 0; i < c.layers; ++i) {
            DecoderLayer layer;
            layer.norm1 = there(random({c.hiddenSize}, at::kFloat));
            layer.norm2 = there(random({c.hiddenSize}, at::kFloat));
            if (c.headNorms)
                layer.headNorms = {there(random({c.headDim}, at::kFloat)), there(random({c.headDim}, at::kFloat))};
            const std::int64_t keys = c.kvHeads * c.headDim;
            layer.qkv = group({c.heads * c.headDim, keys, keys}, c.hiddenSize, nf4);
            layer.o = group({c.hiddenSize}, c.heads * c.headDim, nf4);
            layer.gateUp = group({c.intermediateSize, c.intermediateSize}, c.hiddenSize, nf4);
            layer.down = group({c.hiddenSize}, c.intermediateSize, nf4);
            if (m.lora)
                m.lora->layers.push_back({adapterOf(layer.qkv), adapterOf(layer.o), adapterOf(layer.gateUp),
                                          adapterOf(layer.down)});
            m.layers.push_back(std::move(layer));
        }
        return m;
    }

    /// Three tokens for 1, 2, 3 and 9 sequences, by captured steps and layer by layer.
    void decode(const char *name, bool nf4)
    {
        LanguageModel::Impl m = model(nf4);
        double worst = 0;
        for (const std::size_t count : {1, 2, 3, 9}) {
            std::vector<KvCache> caches(count);
            for (std::size_t i = 0; i < count; ++i) {
                const std::vector<TokenId> prompt((40 * i) % 150 + 1, static_cast<TokenId>(i + 1));
                const LanguageModel::Feed feed{&caches[i], prompt};
                m.cachedForward({&feed, 1});
            }
            std::vector<KvCache> copies;
            for (const KvCache &cache : caches)
                copies.push_back(cache.clone());
            for (TokenId token = 100; token < 103; ++token) {
                std::vector<LanguageModel::Feed> feeds, again;
                for (std::size_t i = 0; i < count; ++i) {
                    feeds.push_back({&caches[i], {&token, 1}});
                    again.push_back({&copies[i], {&token, 1}});
                }
                const at::Tensor hidden = m.cachedForward(feeds);
                const at::Tensor expected =
                    wideDenseLinear(rmsNorm(hidden, m.finalNorm, m.config.rmsNormEps), m.head);
                const auto got = m.scoresByGraph(again);
                if (!got) {
                    const std::string &why = m.graphs->trouble();
                    m_checks.push_back({std::string(name) + ": " + why,
                                        why.starts_with("ATTUNE_CUDA") ? 0.0 : INFINITY, chainError});
                    return;
                }
                at::Tensor scores = at::empty(expected.sizes(), at::kFloat);
                std::copy(got->begin(), got->end(), scores.mutable_data_ptr<float>());
                worst = std::max(worst, difference(expected.to(at::kCPU), scores));
            }
        }
        note(name, chainError, {worst});
    }

    at::Device m_card;
    at::Generator m_random;
    std::vector<KernelCheck> m_checks;
};

} // namespace

std::vector<KernelCheck> checkCudaKernels(int device)
{
    auto checks = guarded("The self-test of the GPU", [&]() -> Result<std::vector<KernelCheck>> {
        const c10::InferenceMode noGradients;
        return CudaChecks(device).run();
    });
    if (checks)
        return *std::move(checks);
    return {{checks.error().message, std::numeric_limits<double>::infinity(), 0}};
}

} // namespace attune
