#include "core/base/gpus.h"

#include <array>
#include <dlfcn.h>

namespace attune {
namespace {

// From NVIDIA's nvml.h, which is not needed to build: opaque handles and a few functions of a stable interface.
using Device = void *;
struct Memory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
};

class Nvml {
public:
    Nvml() : m_library(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL))
    {
        if (m_library)
            m_started = call<int (*)()>("nvmlInit_v2") && call<int (*)()>("nvmlInit_v2")() == 0;
    }
    Nvml(const Nvml &) = delete;
    Nvml &operator=(const Nvml &) = delete;
    ~Nvml()
    {
        if (m_started)
            if (const auto end = call<int (*)()>("nvmlShutdown"))
                end();
        if (m_library)
            ::dlclose(m_library);
    }

    bool started() const { return m_started; }
    template <typename Function>
    Function call(const char *name) const
    {
        return reinterpret_cast<Function>(::dlsym(m_library, name));
    }

private:
    void *m_library;
    bool m_started = false;
};

} // namespace

GpuReport gpuReport()
{
    GpuReport report;
    const Nvml nvml;
    if (!nvml.started())
        return report;
    const auto version = nvml.call<int (*)(char *, unsigned)>("nvmlSystemGetDriverVersion");
    const auto countOf = nvml.call<int (*)(unsigned *)>("nvmlDeviceGetCount_v2");
    const auto deviceAt = nvml.call<int (*)(unsigned, Device *)>("nvmlDeviceGetHandleByIndex_v2");
    const auto nameOf = nvml.call<int (*)(Device, char *, unsigned)>("nvmlDeviceGetName");
    const auto memoryOf = nvml.call<int (*)(Device, Memory *)>("nvmlDeviceGetMemoryInfo");
    const auto capabilityOf = nvml.call<int (*)(Device, int *, int *)>("nvmlDeviceGetCudaComputeCapability");
    std::array<char, 96> text{};
    if (version && version(text.data(), static_cast<unsigned>(text.size() - 1)) == 0)
        report.driver = text.data();
    unsigned count = 0;
    if (!countOf || !deviceAt || countOf(&count) != 0)
        return report;
    for (unsigned i = 0; i < count; ++i) {
        Device device = nullptr;
        if (deviceAt(i, &device) != 0)
            continue;
        Gpu gpu;
        text.fill(0);
        if (nameOf && nameOf(device, text.data(), static_cast<unsigned>(text.size() - 1)) == 0)
            gpu.name = text.data();
        Memory memory{};
        if (memoryOf && memoryOf(device, &memory) == 0) {
            gpu.total = static_cast<std::int64_t>(memory.total);
            gpu.free = static_cast<std::int64_t>(memory.free);
        }
        if (capabilityOf)
            capabilityOf(device, &gpu.computeMajor, &gpu.computeMinor);
        report.gpus.push_back(std::move(gpu));
    }
    return report;
}

} // namespace attune
