#pragma once

#include "ui/theme/theme.h"

#include <utility>

namespace attune::ui {

/// Runs `fit` now and whenever colours or the size of text become others, as long as `owner` lives: for sizes that
/// are set, not hinted.
template <typename Fit>
void followTheme(QObject *owner, Fit fit)
{
    fit();
    QObject::connect(&Theme::instance(), &Theme::changed, owner, std::move(fit));
}

} // namespace attune::ui
