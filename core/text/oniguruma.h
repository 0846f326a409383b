#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace attune {

/// A regular expression as the tokenizers library reads it (Oniguruma, Ruby's syntax), written so that PCRE2 with
/// PCRE2_UTF, PCRE2_UCP and PCRE2_MULTILINE matches the same: `\s`, `\S` and `\w` are spelled out, with Unicode's
/// White_Space and with the marks that PCRE2's `\w` lacks. What the two read differently and no published tokenizer
/// needs (`\h`, `&&` or a class in a class, `{1,3}+`, `(?m`) fails with InvalidInput, naming `where`, the construct
/// and its byte, rather than cutting texts in other places than the model's makers did.
Result<std::string> pcre2FromOniguruma(std::string_view pattern, std::string_view where);

} // namespace attune
