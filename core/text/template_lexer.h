#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::jinja {

struct Token {
    enum class Kind { Text, PrintBegin, PrintEnd, BlockBegin, BlockEnd, Name, String, Integer, Float, Operator, End };
    Kind kind = Kind::End;
    int line = 1;
    std::string text; ///< of a String with its escapes resolved
    std::int64_t integer = 0;
    double number = 0;
};

/// Cuts a template into tokens, with Jinja's white-space control: trim_blocks and lstrip_blocks on, one new line at
/// the end of the source dropped. Comments vanish, raw blocks become text. Throws TemplateSyntax.
std::vector<Token> tokenizeTemplate(std::string_view source);

struct TemplateSyntax {
    int line = 0;
    std::string message;
};

} // namespace attune::jinja
