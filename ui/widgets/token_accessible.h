#pragma once

#include <QVector>

namespace attune::ui {

struct ShownToken;

/// A screen reader meets a token strip as one text, with the state of the token under the cursor as its description:
/// a child per token would be thousands of objects. Once per process; TokenStrip calls it.
void installTokenAccessibility();

/// Where a token begins in the text of all.
int textOffsetOf(const QVector<ShownToken> &tokens, int token);

} // namespace attune::ui
