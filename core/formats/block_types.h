#pragma once

#include "core/formats/tensor_view.h"

namespace attune {

/// IEEE half precision to single.
float halfToFloat(std::uint16_t half);

/// Blocks of ggml's quantised types to fp32: little-endian, no padding, at any address. The layouts are those of
/// llama.cpp's ggml-common.h; out gets layout(type).elements values a block.
void dequantizeBlocks(DType type, const std::byte *from, std::int64_t blocks, float *out);

} // namespace attune
