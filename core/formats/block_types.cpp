#include "core/formats/block_types.h"

#include <array>
#include <bit>
#include <cstring>

namespace attune {

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

namespace {

float half(const std::byte *at)
{
    std::uint16_t bits = 0;
    std::memcpy(&bits, at, sizeof bits);
    return halfToFloat(bits);
}

int byte(const std::byte *at)
{
    return std::to_integer<int>(*at);
}

/// 32 values of four bits: the low nibbles are elements 0-15, the high ones 16-31. `fifth` holds a fifth bit for
/// each.
template <typename F>
void forNibbles(const std::byte *nibbles, std::uint32_t fifth, F &&put)
{
    for (int i = 0; i < 16; ++i) {
        const int two = byte(nibbles + i);
        put(i, (two & 15) | static_cast<int>((fifth >> i & 1U) << 4U));
        put(i + 16, (two >> 4) | static_cast<int>((fifth >> (i + 16) & 1U) << 4U));
    }
}

std::uint32_t word(const std::byte *at)
{
    std::uint32_t bits = 0;
    std::memcpy(&bits, at, sizeof bits);
    return bits;
}

/// w = d (q - 8)
void fromQ4_0(const std::byte *block, float *out)
{
    const float d = half(block);
    forNibbles(block + 2, 0, [&](int i, int q) { out[i] = static_cast<float>(q - 8) * d; });
}

/// w = d q + m
void fromQ4_1(const std::byte *block, float *out)
{
    const float d = half(block);
    const float m = half(block + 2);
    forNibbles(block + 4, 0, [&](int i, int q) { out[i] = static_cast<float>(q) * d + m; });
}

/// w = d (q - 16)
void fromQ5_0(const std::byte *block, float *out)
{
    const float d = half(block);
    forNibbles(block + 6, word(block + 2), [&](int i, int q) { out[i] = static_cast<float>(q - 16) * d; });
}

/// w = d q + m
void fromQ5_1(const std::byte *block, float *out)
{
    const float d = half(block);
    const float m = half(block + 2);
    forNibbles(block + 8, word(block + 4), [&](int i, int q) { out[i] = static_cast<float>(q) * d + m; });
}

/// w = d q, q a signed byte
void fromQ8_0(const std::byte *block, float *out)
{
    const float d = half(block);
    for (int i = 0; i < 32; ++i)
        out[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * d;
}

/// Eight scales and eight minima of six bits in twelve bytes: the first four of each whole, of the others the low
/// four bits together and the high two on top of the first ones.
struct Scales {
    std::array<int, 8> scale;
    std::array<int, 8> minimum;

    explicit Scales(const std::byte *at)
    {
        for (std::size_t i = 0; i < 4; ++i) {
            scale[i] = byte(at + i) & 63;
            minimum[i] = byte(at + i + 4) & 63;
            scale[i + 4] = (byte(at + i + 8) & 15) | (byte(at + i) >> 6 << 4);
            minimum[i + 4] = (byte(at + i + 8) >> 4) | (byte(at + i + 4) >> 6 << 4);
        }
    }
};

/// Eight groups of 32: w = d scale q - dmin minimum. `fifth` has bit g of byte i for element i of group g; null
/// without.
void fromGroups(const std::byte *block, const std::byte *fifth, const std::byte *nibbles, float *out)
{
    const float d = half(block);
    const float dmin = half(block + 2);
    const Scales scales(block + 4);
    for (std::size_t group = 0; group < 8; ++group) {
        const float scale = d * static_cast<float>(scales.scale[group]);
        const float minimum = dmin * static_cast<float>(scales.minimum[group]);
        const std::byte *from = nibbles + group / 2 * 32;
        for (std::size_t i = 0; i < 32; ++i) {
            int q = group % 2 == 0 ? byte(from + i) & 15 : byte(from + i) >> 4;
            if (fifth)
                q |= (byte(fifth + i) >> group & 1) << 4;
            out[group * 32 + i] = scale * static_cast<float>(q) - minimum;
        }
    }
}

void fromQ4_K(const std::byte *block, float *out)
{
    fromGroups(block, nullptr, block + 16, out);
}

void fromQ5_K(const std::byte *block, float *out)
{
    fromGroups(block, block + 16, block + 48, out);
}

/// Sixteen groups of 16: w = d scale (q - 32), scale a signed byte. Of each half of 128 the low four bits lie in 64
/// bytes, the high two in 32.
void fromQ6_K(const std::byte *block, float *out)
{
    const std::byte *low = block;
    const std::byte *high = block + 128;
    const std::byte *scales = block + 192;
    const float d = half(block + 208);
    for (int part = 0; part < 2; ++part, low += 64, high += 32, scales += 8, out += 128) {
        for (int i = 0; i < 128; ++i) {
            const int quarter = i / 32;
            const int nibble = byte(low + i % 64) >> (i < 64 ? 0 : 4) & 15;
            const int q = nibble | (byte(high + i % 32) >> (2 * quarter) & 3) << 4;
            const float scale = d * static_cast<float>(static_cast<std::int8_t>(scales[i / 16]));
            out[i] = scale * static_cast<float>(q - 32);
        }
    }
}

} // namespace

void dequantizeBlocks(DType type, const std::byte *from, std::int64_t blocks, float *out)
{
    void (*one)(const std::byte *, float *) = nullptr;
    switch (type) {
    case DType::Q4_0:
        one = fromQ4_0;
        break;
    case DType::Q4_1:
        one = fromQ4_1;
        break;
    case DType::Q5_0:
        one = fromQ5_0;
        break;
    case DType::Q5_1:
        one = fromQ5_1;
        break;
    case DType::Q8_0:
        one = fromQ8_0;
        break;
    case DType::Q4_K:
        one = fromQ4_K;
        break;
    case DType::Q5_K:
        one = fromQ5_K;
        break;
    case DType::Q6_K:
        one = fromQ6_K;
        break;
    default:
        return; // not a type of blocks
    }
    const BlockLayout shape = layout(type);
    for (std::int64_t i = 0; i < blocks; ++i)
        one(from + i * shape.bytes, out + i * shape.elements);
}

} // namespace attune
