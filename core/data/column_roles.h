#pragma once

#include "core/data/import_preview.h"

namespace attune {

/// What the values of a column are, from some of them: see PreviewColumn::kind.
std::string kindOfValues(std::span<const std::string> values);

/// Fills in the roles, from the names of the columns and, where those say nothing, from their values. Sure: names
/// that an import knows without being told. Likely: a question and an answer were found. Unsure: they were not.
FormatGuess::Trust guessRoles(std::vector<PreviewColumn> &columns);

} // namespace attune
