#pragma once

#include "core/train/settings.h"

#include <string>
#include <string_view>

namespace attune {

/// What a person who knows the trade would say of a value that is legal but odd: one sentence; empty where there is
/// nothing to say, which holds for every key that has no rule here.
std::string adviceOn(const TrainSettings &settings, std::string_view key);

} // namespace attune
