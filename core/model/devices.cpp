#include "core/model/devices.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

namespace attune {

bool engineHasCuda()
{
    return at::hasCUDA();
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
