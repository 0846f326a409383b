#pragma once

#include "core/base/result.h"
#include "core/formats/tensor_view.h"

#include <optional>

namespace attune {

/// Elements of a shape; none where a size is negative or the product leaves 63 bits. A size of 0 makes it 0.
std::optional<std::int64_t> countElements(std::span<const std::int64_t> shape);

/// Bytes of a tensor; none where countElements() has none, the bytes leave 63 bits, or a row is no whole number of
/// blocks.
std::optional<std::int64_t> countBytes(DType type, std::span<const std::int64_t> shape);

/// Where a tensor lies in the data of its file.
struct Extent {
    std::string name;
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// Fails with Corrupt, naming both, where two tensors share a byte. Sorts `extents`.
Result<void> checkNoOverlap(std::vector<Extent> &extents, std::string_view where);

} // namespace attune
