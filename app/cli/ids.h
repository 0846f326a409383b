#pragma once

#include "core/base/result.h"
#include "core/text/tokenizer.h"

#include <string>
#include <vector>

namespace attune::cli {

/// "1,2,3".
Result<std::vector<TokenId>> parseIds(const std::string &text);

} // namespace attune::cli
