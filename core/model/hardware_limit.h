#pragma once

#include "core/model/language_model.h"

namespace attune {

/// What a device reaches at most, measured now: with something else running it is less.
struct HardwareLimit {
    double flops = 0; ///< a second, multiplications and additions, of a large square product in the compute dtype
    double bytes = 0; ///< read a second, all threads over a buffer that no cache holds
};

/// Best of several tries each, about a second in all, with the products that training uses; on processors that
/// multiply bfloat16 as float32, ATen's float32 product counts where it is faster. `device` as
/// LanguageModel::device() tells it.
Result<HardwareLimit> measureHardware(const std::string &device, ComputeType compute);

} // namespace attune
