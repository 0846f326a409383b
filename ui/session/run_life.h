#pragma once

#include "core/store/project.h"

namespace attune::ui {

/// Whether the run that the file calls running gives signs of life: a heartbeat of the last 15 s (a run writes one
/// every second, save while its model loads), and, where 3 s went by without one, a process that still exists. A
/// process of another machine or container can't be looked up, so for that one the longer silence decides.
bool givesSignsOfLife(const Run &run);

} // namespace attune::ui
