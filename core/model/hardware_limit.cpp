#include "core/model/hardware_limit.h"

#include "core/model/guarded_torch.h"
#include "core/model/products_torch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <chrono>
#include <functional>
#include <unistd.h>

namespace attune {
namespace {

using Clock = std::chrono::steady_clock;

/// Seconds of the fastest of some runs; each gives a tensor, one value of which is waited for: a card works by
/// itself.
double fastest(const std::function<at::Tensor()> &work)
{
    constexpr int most = 10;
    constexpr double enough = 0.3;
    double best = 0;
    double spent = 0;
    for (int run = 0; run <= most && (run < 3 || spent < enough); ++run) {
        const auto begin = Clock::now();
        (void)work().view({-1}).narrow(0, 0, 1).to(at::kCPU);
        const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        if (run == 0)
            continue; // warms up
        best = best > 0 ? std::min(best, seconds) : seconds;
        spent += seconds;
    }
    return best;
}

double productRate(at::Device device, at::ScalarType dtype)
{
    const std::int64_t n = device.is_cpu() ? 2048 : 8192;
    const auto options = at::TensorOptions().dtype(dtype).device(device);
    const at::Tensor a = at::empty({n, n}, options).fill_(0.5);
    const at::Tensor b = at::empty({n, n}, options).fill_(0.25);
    // Both ways round: y = x W^T forward and dx = dy W backward.
    double seconds = std::min(fastest([&] { return product(a, b); }), fastest([&] { return product(a, b.t()); }));
    if (multipliesByKernel(dtype, device)) {
        const at::Tensor wideA = a.to(at::kFloat);
        const at::Tensor wideB = b.to(at::kFloat);
        seconds = std::min(seconds, fastest([&] { return at::mm(wideA, wideB); }));
    }
    return 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / seconds;
}

double readRate(at::Device device)
{
    std::int64_t bytes = std::int64_t(256) << 20;
#ifdef _SC_LEVEL3_CACHE_SIZE
    bytes = std::clamp<std::int64_t>(4 * ::sysconf(_SC_LEVEL3_CACHE_SIZE), bytes, std::int64_t(1) << 30);
#endif
    // Written before it is read, or all its pages would be the one of zeros.
    const at::Tensor buffer =
        at::empty({bytes / std::int64_t(sizeof(float))}, at::TensorOptions().dtype(at::kFloat).device(device))
            .fill_(1);
    return static_cast<double>(bytes) / fastest([&] { return at::sum(buffer); });
}

} // namespace

Result<HardwareLimit> measureHardware(const std::string &device, ComputeType compute)
{
    return guarded("Measuring the device " + device, [&]() -> Result<HardwareLimit> {
        const c10::InferenceMode noGradients;
        const at::Device place(device);
        HardwareLimit limit;
        limit.flops = productRate(place, compute == ComputeType::Float32 ? at::kFloat : at::kBFloat16);
        limit.bytes = readRate(place);
        return limit;
    });
}

} // namespace attune
