#include "core/model/devices.h"

#include "core/model/cuda_driver.h"
#include "core/model/cuda_kernels_torch.h"
#include "core/model/language_model.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <cstdlib>
#include <dlfcn.h>
#include <link.h>
#include <torch/headeronly/version.h>

namespace attune {
namespace {

/// Empty where it worked.
std::string loadCudaLibrary()
{
    // What cuBLAS needs to give the same sums at every run; read when its first handle is made.
    ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    const std::string path = (torchFolder() / "libtorch_cuda.so").string();
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
        return "A driver answers, but libtorch's CUDA part is not installed; run installer/setup again.";
    if (!::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
        const char *why = ::dlerror();
        return "libtorch's CUDA part can't be loaded (" + std::string(why ? why : "no reason given") +
               "); run installer/setup again.";
    }
    // Attention's backward pass asks for fixed sums (attention_torch.cpp); new memory need not be filled for that.
    at::globalContext().setDeterministicFillUninitializedMemory(false);
    if (!at::hasCUDA())
        return "libtorch finds no CUDA device that it can use: the driver is older than CUDA 13 needs, or "
               "CUDA_VISIBLE_DEVICES hides every card.";
    return {};
}

struct Cuda {
    bool driver = CudaDriver::get() != nullptr;
    std::string trouble = driver ? loadCudaLibrary() : "";
};

const Cuda &cuda()
{
    static const Cuda found;
    return found;
}

} // namespace

bool engineHasCuda()
{
    return cuda().driver && cuda().trouble.empty();
}

std::string cudaTrouble()
{
    return cuda().trouble;
}

std::string cudaKernelTrouble()
{
    return engineHasCuda() ? CudaKernels::trouble(0) : "";
}

int cudaDevices()
{
    return engineHasCuda() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

std::int64_t peakMemoryOn(const std::string &device)
{
    if (!device.starts_with("cuda"))
        return peakMemory();
    const at::Device card(device);
    const auto index = card.has_index() ? card.index() : c10::DeviceIndex(0);
    return at::getDeviceAllocator(at::kCUDA)->getDeviceStats(index).allocated_bytes[0].peak;
}

std::filesystem::path torchFolder()
{
    std::filesystem::path found;
    ::dl_iterate_phdr(
        [](dl_phdr_info *library, std::size_t, void *to) {
            const std::filesystem::path path = library->dlpi_name;
            if (path.filename() != "libtorch_cpu.so")
                return 0;
            *static_cast<std::filesystem::path *>(to) = path;
            return 1;
        },
        &found);
    std::error_code ignored;
    const auto whole = std::filesystem::canonical(found, ignored);
    return (ignored ? found : whole).parent_path();
}

std::string torchVersion()
{
    return TORCH_VERSION;
}

std::string atenLevel()
{
    return at::get_cpu_capability();
}

} // namespace attune
