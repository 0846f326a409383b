#pragma once

#include <string>

namespace attune {

std::string sqliteVersion(); ///< "3.40.1"
bool sqliteSearchesText();   ///< it has FTS5, which lists and the word search need

} // namespace attune
