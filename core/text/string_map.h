#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace attune {

struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

/// A hash map that a string_view looks up without a copy.
template <typename T>
using StringMap = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

} // namespace attune
