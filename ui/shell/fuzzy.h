#pragma once

#include <QString>

#include <optional>

namespace attune::ui {

/// How well the letters of `typed` are found in `text`, in order: more is better; none where one is missing.
/// Beginnings of words and letters in a row count most, so that "nr" finds "New run" before "Find row".
std::optional<int> fuzzyScore(const QString &typed, const QString &text);

} // namespace attune::ui
