#pragma once

namespace attune::ui {

/// What a mark says: Ok, Warn and Bad judge, Accent is what is current, tuned or trained.
enum class Tone { Neutral, Accent, Ok, Warn, Bad };

} // namespace attune::ui
