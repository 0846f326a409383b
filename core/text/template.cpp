#include "core/text/template.h"

#include "core/text/template_interpreter.h"
#include "core/text/template_parser.h"

#include <new>

// The language, in the order in which it is read. Terms in quotes stand for themselves, [x] may be left out, x* may
// repeat; what binds tighter comes later. White space between tokens is free; "{%-" and "-%}" (and the same for "{{"
// and "{#") eat the white space of the text beside them, "{%+" and "+%}" keep what would go: the blanks before a tag
// that begins a line, and the new line behind a tag.
//
//   template   = (text | "{{" tuple "}}" | "{%" statement "%}" | "{#" comment "#}" | raw)*
//   raw        = "{% raw %}" text "{% endraw %}"
//   statement  = "if" tuple body ("elif" tuple body)* ["else" body] "endif"
//              | "for" target "in" tuple ["if" expression] body ["else" body] "endfor" | "break" | "continue"
//              | "set" target "=" tuple | "set" target ("|" filter)* body "endset"
//              | "macro" name parameters body "endmacro" | "call" [parameters] call body "endcall"
//              | "filter" filter ("|" filter)* body "endfilter"
//              | "with" name "=" expression ("," ...)* body "endwith"
//              | "generation" body "endgeneration" | "print" expression
//   target     = name | namespace "." name | target ("," target)* | "(" target ")"
//   tuple      = expression ("," expression)* [","]
//   expression = or ("if" or ["else" expression])*
//   or         = and ("or" and)*
//   and        = not ("and" not)*
//   not        = "not" not | comparison
//   comparison = sum (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in") sum)*
//   sum        = concatenation (("+" | "-") concatenation)*
//   concatenation = product ("~" product)*
//   product    = power (("*" | "/" | "//" | "%") power)*
//   power      = unary ("**" unary)*
//   unary      = ("-" | "+") unary | primary postfix* ("|" filter | "is" ["not"] test | arguments)*
//   postfix    = "." name | "." number | "[" expression "]" | "[" [a] ":" [b] [":" [c]] "]" | arguments
//   filter     = name [arguments]
//   test       = name [arguments | primary postfix*]
//   arguments  = "(" (expression | name "=" expression | "*" expression | "**" expression) ("," ...)* ")"
//   primary    = name | number | string+ | "true" | "false" | "none" | "(" tuple ")" | "[" ... "]" | "{" k ":" v ...
//   "}"
//
// Not there: block, extends, include, import, do, autoescape, recursive loops.
namespace attune {

struct Template::Impl {
    jinja::Program program;
};

namespace {

constexpr std::size_t maxSourceBytes = 1 << 20; // the longest published ones have some twenty thousand

ShieldedText shieldedText(const MarkedText &marked)
{
    ShieldedText result;
    result.text = marked.bytes();
    std::int64_t begin = 0;
    for (const auto &run : marked.runs()) {
        const auto end = static_cast<std::int64_t>(run.end);
        result.ranges.push_back({begin, end, run.origin != 0, run.origin});
        begin = end;
    }
    return result;
}

std::string atLine(int line, const std::string &message)
{
    return "The chat template fails in line " + std::to_string(line) + ": " + message + ".";
}

} // namespace

Template::Template(std::unique_ptr<const Impl> impl) : m_impl(std::move(impl)) {}

Template::~Template() = default;

Result<std::shared_ptr<const Template>> Template::parse(std::string_view source)
{
    if (source.size() > maxSourceBytes)
        return fail(ErrorCode::InvalidInput, "The chat template can't be read: it has " +
                                                 std::to_string(source.size()) + " bytes, more than " +
                                                 std::to_string(maxSourceBytes) + ".");
    try {
        auto impl = std::make_unique<Impl>();
        impl->program = jinja::parseTemplate(source);
        return std::shared_ptr<const Template>(new Template(std::move(impl)));
    } catch (const jinja::TemplateSyntax &error) {
        return fail(ErrorCode::InvalidInput, "The chat template can't be read, line " + std::to_string(error.line) +
                                                 ": " + error.message + ".");
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to read the chat template.");
    }
}

Result<ShieldedText> Template::render(const OrderedJson &shielded, const OrderedJson &plain,
                                      const TemplateLimits &limits) const
{
    TemplateVariables variables;
    try {
        for (const auto &[name, value] : plain.items())
            variables.emplace_back(name, jinja::fromJson(value, 0));
        for (const auto &[name, value] : shielded.items())
            variables.emplace_back(name, jinja::fromJson(value, 1));
    } catch (const jinja::TemplateFailure &failure) {
        return fail(ErrorCode::InvalidInput, "The chat template can't take its input: " + failure.message + ".");
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to render the chat template.");
    }
    return renderValues(variables, limits);
}

Result<ShieldedText> Template::renderValues(const TemplateVariables &variables, const TemplateLimits &limits) const
{
    jinja::Interpreter interpreter(m_impl->program, limits, limits.now ? *limits.now : std::time(nullptr));
    try {
        const MarkedText output = interpreter.run(variables);
        if (limits.stepsTaken)
            *limits.stepsTaken += interpreter.stepsTaken();
        return shieldedText(output);
    } catch (const jinja::TemplateFailure &failure) {
        if (failure.refusal)
            return fail(ErrorCode::InvalidInput, failure.message, "raise_exception");
        return fail(ErrorCode::InvalidInput, atLine(interpreter.line(), failure.message));
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to render the chat template.");
    }
}

} // namespace attune
