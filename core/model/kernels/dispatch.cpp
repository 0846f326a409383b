#include "core/base/split_mix.h"
#include "core/model/kernels/kernels.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sys/syscall.h>
#include <unistd.h>

namespace attune {

namespace kernels_plain {
extern const CpuKernels table;
}
namespace kernels_avx2 {
extern const CpuKernels table;
}
namespace kernels_avx512 {
extern const CpuKernels table;
}
namespace kernels_avx512bf16 {
extern const CpuKernels table;
}
namespace kernels_amx {
extern const CpuKernels table;
}

namespace {

bool hasAvx512Bf16()
{
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}

/// Linux gives a process the state of the tiles when it asks (its Documentation/arch/x86/xstate.rst).
bool mayUseTiles()
{
    constexpr long requestPermission = 0x1023;
    constexpr long tileData = 18;
    static const bool may = syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
    return may;
}

// The best first.
struct Level {
    const CpuKernels *table;
    bool (*available)();
};

const std::array<Level, 5> allLevels = {{
    {&kernels_amx::table,
     [] {
         return hasAvx512Bf16() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
                mayUseTiles();
     }},
    {&kernels_avx512bf16::table, hasAvx512Bf16},
    {&kernels_avx512::table,
     [] {
         return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512cd");
     }},
    {&kernels_avx2::table, [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
    {&kernels_plain::table, [] { return true; }},
}};

std::array<float, 256> makeDynamicCodes()
{
    // Dettmers et al. 2022, arXiv:2110.02861, sec. 1.3: one sign bit, a decimal exponent in unary, a linear fraction.
    std::array<float, 256> codes{};
    std::size_t count = 0;
    float decade = 1e-6F;
    double scale = 1e-6;
    for (int exponent = 0; exponent < 7; ++exponent, scale *= 10) {
        decade = static_cast<float>(scale);
        const int items = 1 << exponent;
        const auto boundary = [&](int i) {
            // As torch.linspace in fp32, which counts from the nearer end.
            const float step = 0.9F / static_cast<float>(items);
            return i < (items + 1) / 2 ? 0.1F + step * static_cast<float>(i)
                                       : 1.0F - step * static_cast<float>(items - i);
        };
        for (int i = 0; i < items; ++i) {
            const float mean = (boundary(i) + boundary(i + 1)) / 2.0F;
            codes[count++] = decade * mean;
            codes[count++] = -decade * mean;
        }
    }
    codes[count++] = 0.0F;
    codes[count++] = 1.0F;
    std::sort(codes.begin(), codes.end());
    return codes;
}

} // namespace

const float *nf4Levels()
{
    static const float levels[16] = {-1.0F,
                                     -0.6961928009986877F,
                                     -0.5250730514526367F,
                                     -0.39491748809814453F,
                                     -0.28444138169288635F,
                                     -0.18477343022823334F,
                                     -0.09105003625154495F,
                                     0.0F,
                                     0.07958029955625534F,
                                     0.16093020141124725F,
                                     0.24611230194568634F,
                                     0.33791524171829224F,
                                     0.44070982933044434F,
                                     0.5626170039176941F,
                                     0.7229568362236023F,
                                     1.0F};
    return levels;
}

const float *dynamicCodes()
{
    static const std::array<float, 256> codes = makeDynamicCodes();
    return codes.data();
}

const CpuKernels *cpuKernels(std::string_view level)
{
    __builtin_cpu_init();
    for (const auto &candidate : allLevels)
        if (candidate.table->level == level && candidate.available())
            return candidate.table;
    return nullptr;
}

std::vector<std::string_view> cpuLevels()
{
    std::vector<std::string_view> levels;
    for (const auto &candidate : allLevels)
        if (candidate.available())
            levels.push_back(candidate.table->level);
    return levels;
}

const CpuKernels &cpuKernels()
{
    static const CpuKernels &chosen = []() -> const CpuKernels & {
        if (const char *wanted = std::getenv("ATTUNE_CPU_LEVEL"))
            if (const CpuKernels *table = cpuKernels(wanted))
                return *table;
        return *cpuKernels(cpuLevels().front());
    }();
    return chosen;
}

// Here, so that it is compiled once, for every processor.
DropoutKey::DropoutKey(const DropoutRule &rule)
    : scale(static_cast<float>(1.0 / (1.0 - rule.probability))),
      threshold(static_cast<std::int32_t>(rule.probability * 2147483648.0))
{
    const std::uint64_t mixed = splitMixed(rule.seed + splitMixStep); // neighbouring seeds give unrelated keys
    low = static_cast<std::uint32_t>(mixed);
    high = static_cast<std::uint32_t>(mixed >> 32);
}

} // namespace attune
