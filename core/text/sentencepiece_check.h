#pragma once

#include <string_view>

namespace attune {

/// Whether the character maps of a sentencepiece model (normalizer_spec.precompiled_charsmap) stay within themselves.
/// The library follows their double arrays and offsets without looking, so a damaged one would be read past its end.
/// A model whose protocol buffer can't be walked is sound here: the library says what is wrong with it.
bool characterMapsAreSound(std::string_view model);

} // namespace attune
