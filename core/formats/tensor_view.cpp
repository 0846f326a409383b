#include "core/formats/tensor_view.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace attune {

namespace {

// Blocks of a GGUF file: little-endian, no padding, any address.
constexpr std::int64_t BlockElements = 32;

template <typename T>
T loadAs(const std::byte *at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

float halfToFloat(std::uint16_t half)
{
    const std::uint32_t sign = std::uint32_t(half & 0x8000u) << 16;
    const std::uint32_t magnitude = half & 0x7fffu;
    // Subnormals go through an integer, so that the result is right with denormals flushed to zero too.
    const float subnormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
    const std::uint32_t normal = (magnitude << 13) + (112u << 23);
    std::uint32_t bits = magnitude < 0x400u ? std::bit_cast<std::uint32_t>(subnormal) : normal;
    bits |= magnitude >= 0x7c00u ? 0x7f800000u : 0u; // infinity and NaN
    return std::bit_cast<float>(bits | sign);
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

/// w = d q: an fp16 scale, 32 signed bytes.
void fromQ8_0(const std::byte *from, std::int64_t blocks, float *out)
{
    for (std::int64_t b = 0; b < blocks; ++b, from += 34, out += BlockElements) {
        const float scale = halfToFloat(loadAs<std::uint16_t>(from));
        for (int i = 0; i < BlockElements; ++i)
            out[i] = static_cast<float>(static_cast<std::int8_t>(from[2 + i])) * scale;
    }
}

/// w = (q - 8) d: an fp16 scale, 16 bytes whose low nibbles are elements 0-15 and whose high nibbles are 16-31.
void fromQ4_0(const std::byte *from, std::int64_t blocks, float *out)
{
    for (std::int64_t b = 0; b < blocks; ++b, from += 18, out += BlockElements) {
        const float scale = halfToFloat(loadAs<std::uint16_t>(from));
        for (int i = 0; i < 16; ++i) {
            const int byte = std::to_integer<int>(from[2 + i]);
            out[i] = static_cast<float>((byte & 15) - 8) * scale;
            out[i + 16] = static_cast<float>((byte >> 4) - 8) * scale;
        }
    }
}

/// w = d q + m: an fp16 scale, an fp16 minimum, nibbles as in Q4_0.
void fromQ4_1(const std::byte *from, std::int64_t blocks, float *out)
{
    for (std::int64_t b = 0; b < blocks; ++b, from += 20, out += BlockElements) {
        const float scale = halfToFloat(loadAs<std::uint16_t>(from));
        const float minimum = halfToFloat(loadAs<std::uint16_t>(from + 2));
        for (int i = 0; i < 16; ++i) {
            const int byte = std::to_integer<int>(from[4 + i]);
            out[i] = static_cast<float>(byte & 15) * scale + minimum;
            out[i + 16] = static_cast<float>(byte >> 4) * scale + minimum;
        }
    }
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
    case DType::Q8_0:
        return "Q8_0";
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
        return {BlockElements, 18};
    case DType::Q4_1:
        return {BlockElements, 20};
    case DType::Q8_0:
        return {BlockElements, 34};
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
        return fromQ4_0(from, count / block.elements, out);
    case DType::Q4_1:
        return fromQ4_1(from, count / block.elements, out);
    case DType::Q8_0:
        return fromQ8_0(from, count / block.elements, out);
    }
}

} // namespace attune
