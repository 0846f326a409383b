#include "core/model/cuda_kernels_torch.h"

#include "core/base/files.h"
#include "core/model/cuda_compiler.h"
#include "core/model/cuda_driver.h"
#include "core/model/devices.h"

#include <algorithm>
#include <bit>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <cstdlib>
#include <mutex>
#include <string_view>

namespace attune {
namespace {

constexpr unsigned elementThreads = 256;

/// As attune.cu declares it, field for field.
struct HeadsArgument {
    const Bf16 *data;
    long long row;
};

const Bf16 *bf16(const at::Tensor &t)
{
    TORCH_INTERNAL_ASSERT(t.is_contiguous() && t.scalar_type() == at::kBFloat16);
    return static_cast<const Bf16 *>(t.const_data_ptr());
}

Bf16 *mutableBf16(const at::Tensor &t)
{
    TORCH_INTERNAL_ASSERT(t.is_contiguous() && t.scalar_type() == at::kBFloat16);
    return static_cast<Bf16 *>(t.mutable_data_ptr());
}

HeadsArgument heads(const at::Tensor &rows)
{
    TORCH_INTERNAL_ASSERT(rows.dim() == 2 && rows.stride(1) == 1 && rows.scalar_type() == at::kBFloat16);
    return {static_cast<const Bf16 *>(rows.const_data_ptr()), rows.stride(0)};
}

std::int64_t blocksFor(std::int64_t values, std::int64_t perThread)
{
    const std::int64_t perBlock = elementThreads * perThread;
    return (values + perBlock - 1) / perBlock;
}

/// Whole warps, and about eight values a thread.
unsigned rowThreads(std::int64_t n)
{
    const std::int64_t wanted = (n / 8 + 31) / 32 * 32;
    return static_cast<unsigned>(std::clamp<std::int64_t>(wanted, 32, 512));
}

} // namespace

Nf4Argument Nf4Argument::of(const Nf4Tensor &w)
{
    Nf4Argument a;
    a.packed = w.packed.const_data_ptr<std::uint8_t>();
    a.levels = w.levels.const_data_ptr<float>();
    if (w.absmax.defined()) {
        a.absmax = w.absmax.const_data_ptr<float>();
    } else {
        a.codes = w.codes.const_data_ptr<std::uint8_t>();
        a.absmax2 = w.absmax2.const_data_ptr<float>();
        a.code = w.code.const_data_ptr<float>();
        a.offset = w.offset;
    }
    return a;
}

template <typename... Arguments>
void CudaKernels::launch(Kernel kernel, std::int64_t blocks, unsigned threads, Arguments... arguments) const
{
    if (blocks == 0)
        return;
    const c10::impl::VirtualGuardImpl card(at::kCUDA);
    const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(m_device));
    // Also makes the card's context current in a thread that has not used it yet.
    const at::Device before = card.exchangeDevice(device);
    void *pointers[] = {&arguments...};
    const int code = CudaDriver::get()->launchKernel(kernel, static_cast<unsigned>(blocks), 1, 1, threads, 1, 1, 0,
                                                     card.getStreamNativeHandle(card.getStream(device)), pointers,
                                                     nullptr);
    card.uncheckedSetDevice(before);
    TORCH_CHECK(code == 0, "a CUDA kernel could not be started: ", CudaDriver::get()->words(code));
}

std::unique_ptr<CudaKernels> CudaKernels::build(int device, std::string &trouble)
{
    const CudaDriver &driver = *CudaDriver::get();
    auto kernels = std::make_unique<CudaKernels>();
    kernels->m_device = device;
    kernels->m_capability = driver.capability(device);
    const auto code = compiledCuda(cudaKernelSource(), kernels->m_capability, cacheFolder() / "kernels");
    if (!code) {
        trouble = code.error().message;
        return nullptr;
    }
    if (const int error =
            driver.libraryLoadData(&kernels->m_library, code->data(), nullptr, nullptr, 0, nullptr, nullptr, 0)) {
        trouble = "The driver does not take the compiled CUDA kernels (" + driver.words(error) + ").";
        return nullptr;
    }
    const auto find = [&](const char *name, Kernel &kernel) {
        if (trouble.empty() && (kernel = kernels->named(name)) == nullptr)
            trouble = std::string("The compiled CUDA kernels lack ") + name + ".";
    };
    find("nf4ToBf16", kernels->m_nf4ToBf16);
    find("nf4ToFloat", kernels->m_nf4ToFloat);
    for (std::size_t i = 0; i < kernels->m_nf4MatVec.size(); ++i)
        find(("nf4MatVec" + std::to_string(1 << i)).c_str(), kernels->m_nf4MatVec[i]);
    find("rmsNorm", kernels->m_rmsNorm);
    find("rmsNormBackward", kernels->m_rmsNormBackward);
    find("swiGlu", kernels->m_swiGlu);
    find("swiGluBackward", kernels->m_swiGluBackward);
    find("rotateHeads", kernels->m_rotateHeads);
    find("crossEntropy", kernels->m_crossEntropy);
    find("dropout", kernels->m_dropout);
    return trouble.empty() ? std::move(kernels) : nullptr;
}

void *CudaKernels::named(const char *kernel) const
{
    Kernel found = nullptr;
    return CudaDriver::get()->libraryGetKernel(&found, m_library, kernel) == 0 ? found : nullptr;
}

struct CudaKernels::OneCard {
    std::once_flag once;
    std::unique_ptr<CudaKernels> kernels;
    std::string trouble;
};

/// Built by whoever asks first.
CudaKernels::OneCard &CudaKernels::card(int device)
{
    static std::array<OneCard, 16> cards;
    OneCard &c = cards.at(static_cast<std::size_t>(device));
    std::call_once(c.once, [&] {
        const char *use = std::getenv("ATTUNE_CUDA_KERNELS");
        if (use && std::string_view(use) == "0")
            c.trouble = "ATTUNE_CUDA_KERNELS is 0.";
        else
            c.kernels = build(device, c.trouble);
    });
    return c;
}

const CudaKernels *CudaKernels::on(const at::Tensor &t)
{
    return t.is_cuda() ? card(t.get_device()).kernels.get() : nullptr;
}

const CudaKernels *CudaKernels::of(const at::Tensor &t)
{
    return t.scalar_type() == at::kBFloat16 ? on(t) : nullptr;
}

std::string CudaKernels::trouble(int device)
{
    return card(device).trouble;
}

void CudaKernels::dequantize(const Nf4Tensor &weight, const at::Tensor &out) const
{
    const std::int64_t count = weight.out * weight.in;
    TORCH_INTERNAL_ASSERT(count % 64 == 0 && out.is_contiguous());
    if (out.scalar_type() == at::kBFloat16)
        launch(m_nf4ToBf16, blocksFor(count, 8), elementThreads, Nf4Argument::of(weight),
               static_cast<long long>(count), mutableBf16(out));
    else
        launch(m_nf4ToFloat, blocksFor(count, 8), elementThreads, Nf4Argument::of(weight),
               static_cast<long long>(count), out.mutable_data_ptr<float>());
}

void CudaKernels::nf4MatVec(const Nf4Tensor &weight, const at::Tensor &x, const at::Tensor &y) const
{
    const std::int64_t rows = x.size(0);
    TORCH_INTERNAL_ASSERT(rows >= 1 && rows <= fewRows && weight.in % 64 == 0);
    constexpr unsigned warps = 4;
    const int size = std::countr_zero(std::bit_ceil(static_cast<unsigned>(rows)));
    launch(m_nf4MatVec[static_cast<std::size_t>(size)], (weight.out + warps - 1) / warps, warps * 32,
           Nf4Argument::of(weight), static_cast<long long>(weight.in), static_cast<long long>(weight.out), bf16(x),
           static_cast<int>(rows), mutableBf16(y));
}

void CudaKernels::rmsNorm(const at::Tensor &x, const at::Tensor &weight, double eps, const at::Tensor &y,
                          const at::Tensor &rstd) const
{
    launch(m_rmsNorm, x.size(0), rowThreads(x.size(1)), bf16(x), weight.const_data_ptr<float>(),
           static_cast<int>(x.size(1)), static_cast<float>(eps), mutableBf16(y),
           rstd.defined() ? rstd.mutable_data_ptr<float>() : nullptr);
}

void CudaKernels::rmsNormBackward(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &weight,
                                  const at::Tensor &rstd, const at::Tensor &dx) const
{
    launch(m_rmsNormBackward, x.size(0), rowThreads(x.size(1)), bf16(dy), bf16(x), weight.const_data_ptr<float>(),
           rstd.const_data_ptr<float>(), static_cast<int>(x.size(1)), mutableBf16(dx));
}

void CudaKernels::swiGlu(const at::Tensor &gateUp, const at::Tensor &out) const
{
    const std::int64_t n = out.size(1);
    launch(m_swiGlu, blocksFor(out.numel(), n % 8 == 0 ? 8 : 1), elementThreads, bf16(gateUp), static_cast<int>(n),
           static_cast<long long>(out.numel()), mutableBf16(out));
}

void CudaKernels::swiGluBackward(const at::Tensor &dOut, const at::Tensor &gateUp, const at::Tensor &dGateUp) const
{
    const std::int64_t n = dOut.size(1);
    launch(m_swiGluBackward, blocksFor(dOut.numel(), n % 8 == 0 ? 8 : 1), elementThreads, bf16(dOut), bf16(gateUp),
           static_cast<int>(n), static_cast<long long>(dOut.numel()), mutableBf16(dGateUp));
}

void CudaKernels::rotateHeads(const Rows &from, const Rotation &rotation, const at::Tensor &out) const
{
    const std::int64_t d = rotation.headDim;
    launch(m_rotateHeads, out.size(0), 256U, heads(from.q), heads(from.k), heads(from.v),
           rotation.cosine.const_data_ptr<float>(), rotation.sine.const_data_ptr<float>(),
           static_cast<long long>(rotation.first), static_cast<long long>(rotation.time),
           static_cast<int>(from.q.size(1) / d), static_cast<int>(from.k.size(1) / d), static_cast<int>(d),
           rotation.sign, mutableBf16(out));
}

void CudaKernels::crossEntropy(const at::Tensor &logits, const at::Tensor &targets, double gradientScale,
                               const at::Tensor &nll) const
{
    launch(m_crossEntropy, logits.size(0), 512U, mutableBf16(logits),
           reinterpret_cast<const long long *>(targets.const_data_ptr<std::int64_t>()),
           static_cast<long long>(logits.size(1)), static_cast<float>(gradientScale), nll.mutable_data_ptr<float>());
}

void CudaKernels::dropout(const DropoutRule &rule, const at::Tensor &x, bool add, const at::Tensor &to) const
{
    const DropoutKey key(rule);
    launch(m_dropout, blocksFor(x.numel(), 8), elementThreads, bf16(x), static_cast<long long>(x.numel()), key.low,
           key.high, key.threshold, key.scale, add ? 1 : 0, mutableBf16(to));
}

} // namespace attune
