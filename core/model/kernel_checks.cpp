#include "core/model/kernel_checks.h"

#include "core/model/kernel_check_tools.h"

namespace attune {

std::vector<KernelCheck> checkKernels(const CpuKernels &kernels)
{
    auto checks = productChecks(kernels);
    const auto more = layerChecks(kernels);
    checks.insert(checks.end(), more.begin(), more.end());
    return checks;
}

} // namespace attune
