#pragma once

#include <QFont>

/// Which families the window is set in: the system's in the running program; the embedded pair where pictures must be
/// the same on every machine, or where the system has no font to read.
namespace attune::ui::fonts {

void load(); ///< once, after the application is made
int basePixels(); ///< of body text at 100 %
QFont sansFamily();
QFont monoFamily();
bool embedded();

} // namespace attune::ui::fonts
