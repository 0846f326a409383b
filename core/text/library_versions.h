#pragma once

#include <string>

namespace attune {

/// Of the libraries that texts go through: "0.1.97" (that it was built with), "10.42 2022-12-11".
std::string sentencepieceVersion();
std::string pcre2Version();

} // namespace attune
