#pragma once

#include "core/formats/json.h"

#include <cstdint>
#include <string>

namespace attune {

/// A conversation of the comparer, kept to be read again. What the body holds is up to the comparer.
struct Transcript {
    std::int64_t id = 0;
    std::string createdAt; ///< ISO 8601, UTC
    std::string title;
    Json body;
};

} // namespace attune
