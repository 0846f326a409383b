#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// A quantised tensor's parts, for showing and comparing; training keeps them inside the model.
struct Nf4Parts {
    std::vector<std::uint8_t> packed;
    std::vector<float> absmax;            ///< single quantisation
    std::vector<std::uint8_t> absmaxCodes; ///< double quantisation from here on
    std::vector<float> absmax2;
    std::vector<float> code;
    float offset = 0;
    std::vector<float> dequantised;
};

/// NF4 of a weight [rows, columns], row-major, by the code that loading a model runs.
Result<Nf4Parts> nf4Parts(std::span<const float> values, std::int64_t rows, std::int64_t columns, bool doubleQuant);

} // namespace attune
