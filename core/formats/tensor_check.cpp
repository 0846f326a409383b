#include "core/formats/tensor_check.h"

#include <algorithm>
#include <array>

namespace attune {

std::optional<std::int64_t> countElements(std::span<const std::int64_t> shape)
{
    std::int64_t count = 1;
    for (const std::int64_t size : shape) {
        if (size < 0)
            return std::nullopt;
        if (__builtin_mul_overflow(count, size, &count))
            return std::nullopt;
    }
    return count;
}

std::optional<std::int64_t> countBytes(DType type, std::span<const std::int64_t> shape)
{
    const auto elements = countElements(shape);
    const BlockLayout block = layout(type);
    const std::int64_t row = shape.empty() ? 1 : shape.back();
    if (!elements || row % block.elements != 0)
        return std::nullopt;
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(*elements / block.elements, block.bytes, &bytes))
        return std::nullopt;
    return bytes;
}

Result<void> checkNoOverlap(std::vector<Extent> &extents, std::string_view where)
{
    std::erase_if(extents, [](const Extent &extent) { return extent.begin == extent.end; });
    std::sort(extents.begin(), extents.end(), [](const Extent &a, const Extent &b) { return a.begin < b.begin; });
    const auto clash = std::adjacent_find(extents.begin(), extents.end(),
                                          [](const Extent &a, const Extent &b) { return b.begin < a.end; });
    if (clash == extents.end())
        return {};
    return fail(ErrorCode::Corrupt, std::string(where) + " is damaged: the tensors " + clash->name + " and " +
                                        std::next(clash)->name + " overlap; fetch or write it again.");
}

} // namespace attune
