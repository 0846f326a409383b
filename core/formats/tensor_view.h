#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// Element types of safetensors and GGUF files that this program reads. Their numbers stand in the fingerprints by
/// which stored runs find their base again: new ones go to the end.
enum class DType { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool, Q4_0, Q4_1, Q8_0, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K };

std::string_view name(DType type);
/// Elements in one block and bytes of one block: {1, 4} for F32, {32, 20} for Q4_1.
struct BlockLayout {
    std::int64_t elements;
    std::int64_t bytes;
};
BlockLayout layout(DType type);

/// A tensor inside a mapped file. `shape` is row-major, outermost first (GGUF's order reversed).
struct TensorView {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> data;

    std::int64_t elements() const;
};

/// Writes the elements [begin, end) as fp32, dequantising where needed; begin and end must lie on block borders.
/// Reads F64, F32, F16, BF16 and the quantised types. Vectorisable plain loops; thread-safe.
void toFloat(const TensorView &tensor, std::int64_t begin, std::int64_t end, float *out);

} // namespace attune
