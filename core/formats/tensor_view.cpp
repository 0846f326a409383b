#include "core/formats/tensor_view.h"

#include "core/formats/block_types.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace attune {

namespace {

template <typename T>
T loadAs(const std::byte *at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

float brainToFloat(std::uint16_t brain)
{
    return std::bit_cast<float>(std::uint32_t(brain) << 16);
}

template <typename T>
void convert(const std::byte *from, std::int64_t count, float *out)
{
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = static_cast<float>(loadAs<T>(from + i * std::int64_t(sizeof(T))));
}

void fromHalf(const std::byte *from, std::int64_t count, float *out)
{
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = halfToFloat(loadAs<std::uint16_t>(from + 2 * i));
}

void fromBrain(const std::byte *from, std::int64_t count, float *out)
{
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = brainToFloat(loadAs<std::uint16_t>(from + 2 * i));
}

} // namespace

std::string_view name(DType type)
{
    switch (type) {
    case DType::F64:
        return "F64";
    case DType::F32:
        return "F32";
    case DType::F16:
        return "F16";
    case DType::BF16:
        return "BF16";
    case DType::I64:
        return "I64";
    case DType::I32:
        return "I32";
    case DType::I16:
        return "I16";
    case DType::I8:
        return "I8";
    case DType::U8:
        return "U8";
    case DType::Bool:
        return "BOOL";
    case DType::Q4_0:
        return "Q4_0";
    case DType::Q4_1:
        return "Q4_1";
    case DType::Q5_0:
        return "Q5_0";
    case DType::Q5_1:
        return "Q5_1";
    case DType::Q8_0:
        return "Q8_0";
    case DType::Q4_K:
        return "Q4_K";
    case DType::Q5_K:
        return "Q5_K";
    case DType::Q6_K:
        return "Q6_K";
    }
    return "?";
}

BlockLayout layout(DType type)
{
    switch (type) {
    case DType::F64:
    case DType::I64:
        return {1, 8};
    case DType::F32:
    case DType::I32:
        return {1, 4};
    case DType::F16:
    case DType::BF16:
    case DType::I16:
        return {1, 2};
    case DType::I8:
    case DType::U8:
    case DType::Bool:
        return {1, 1};
    case DType::Q4_0:
        return {32, 18};
    case DType::Q4_1:
        return {32, 20};
    case DType::Q5_0:
        return {32, 22};
    case DType::Q5_1:
        return {32, 24};
    case DType::Q8_0:
        return {32, 34};
    case DType::Q4_K:
        return {256, 144};
    case DType::Q5_K:
        return {256, 176};
    case DType::Q6_K:
        return {256, 210};
    }
    return {1, 1};
}

std::int64_t TensorView::elements() const
{
    std::int64_t count = 1;
    for (const std::int64_t size : shape)
        count *= size;
    return count;
}

void toFloat(const TensorView &tensor, std::int64_t begin, std::int64_t end, float *out)
{
    const BlockLayout block = layout(tensor.dtype);
    assert(begin >= 0 && begin <= end && end <= tensor.elements());
    assert(begin % block.elements == 0 && end % block.elements == 0);
    const std::byte *from = tensor.data.data() + begin / block.elements * block.bytes;
    const std::int64_t count = end - begin;

    switch (tensor.dtype) {
    case DType::F64:
        return convert<double>(from, count, out);
    case DType::F32:
        if (count > 0)
            std::memcpy(out, from, static_cast<std::size_t>(count) * sizeof(float));
        return;
    case DType::F16:
        return fromHalf(from, count, out);
    case DType::BF16:
        return fromBrain(from, count, out);
    case DType::I64:
        return convert<std::int64_t>(from, count, out);
    case DType::I32:
        return convert<std::int32_t>(from, count, out);
    case DType::I16:
        return convert<std::int16_t>(from, count, out);
    case DType::I8:
        return convert<std::int8_t>(from, count, out);
    case DType::U8:
    case DType::Bool:
        return convert<std::uint8_t>(from, count, out);
    case DType::Q4_0:
    case DType::Q4_1:
    case DType::Q5_0:
    case DType::Q5_1:
    case DType::Q8_0:
    case DType::Q4_K:
    case DType::Q5_K:
    case DType::Q6_K:
        return dequantizeBlocks(tensor.dtype, from, count / block.elements, out);
    }
}

} // namespace attune
