#include "core/model/cuda_driver.h"

#include <dlfcn.h>

namespace attune {
namespace {

// Numbers of cuda.h.
constexpr int capabilityMajor = 75;
constexpr int capabilityMinor = 76;

template <typename Function>
bool find(void *library, const char *name, Function &function)
{
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

/// Never closed: the kernels that it loaded live as long as the program.
bool open(CudaDriver &driver)
{
    void *library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return false;
    int (*init)(unsigned) = nullptr;
    return find(library, "cuInit", init) && find(library, "cuDeviceGet", driver.deviceGet) &&
           find(library, "cuDeviceGetAttribute", driver.deviceGetAttribute) &&
           find(library, "cuLibraryLoadData", driver.libraryLoadData) &&
           find(library, "cuLibraryGetKernel", driver.libraryGetKernel) &&
           find(library, "cuLaunchKernel", driver.launchKernel) &&
           find(library, "cuGetErrorString", driver.errorString) &&
           find(library, "cuStreamCreate", driver.streamCreate) &&
           find(library, "cuStreamDestroy_v2", driver.streamDestroy) &&
           find(library, "cuStreamSynchronize", driver.streamSynchronize) &&
           find(library, "cuStreamBeginCapture_v2", driver.streamBeginCapture) &&
           find(library, "cuStreamEndCapture", driver.streamEndCapture) &&
           find(library, "cuGraphInstantiateWithFlags", driver.graphInstantiate) &&
           find(library, "cuGraphLaunch", driver.graphLaunch) &&
           find(library, "cuGraphDestroy", driver.graphDestroy) &&
           find(library, "cuGraphExecDestroy", driver.graphExecutableDestroy) &&
           find(library, "cuMemHostAlloc", driver.hostAlloc) && find(library, "cuMemFreeHost", driver.hostFree) &&
           find(library, "cuMemcpyHtoDAsync_v2", driver.copyToCard) &&
           find(library, "cuMemcpyDtoHAsync_v2", driver.copyFromCard) && init(0) == 0;
}

} // namespace

const CudaDriver *CudaDriver::get()
{
    static CudaDriver driver;
    static const bool there = open(driver);
    return there ? &driver : nullptr;
}

std::string CudaDriver::words(int code) const
{
    const char *text = nullptr;
    if (errorString(code, &text) != 0 || !text)
        return "error " + std::to_string(code);
    return text;
}

int CudaDriver::capability(int ordinal) const
{
    int device = 0;
    int major = 0;
    int minor = 0;
    if (deviceGet(&device, ordinal) != 0 || deviceGetAttribute(&major, capabilityMajor, device) != 0 ||
        deviceGetAttribute(&minor, capabilityMinor, device) != 0)
        return 0;
    return major * 10 + minor;
}

} // namespace attune
