#pragma once

#include "core/formats/json.h"

#include <string>

namespace attune {

/// Discarded where it is no JSON, or nested so deeply that walking it could overrun the stack.
Json parsedOrDiscarded(std::string_view text);
OrderedJson parsedInOrder(std::string_view text);
/// A value for a message: at most 60 bytes of it.
std::string shown(const Json &value);

} // namespace attune
