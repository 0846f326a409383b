#include "core/text/template_interpreter.h"

#include "core/text/template_unicode.h"

#include <charconv>
#include <cmath>
#include <unordered_map>

// Jinja's filters over one value. Those that go through lists are in template_list_filters.cpp.
namespace attune::jinja {
namespace {

/// A filter that works on str(value).
MarkedText inputText(Interpreter &interpreter, const Value &input)
{
    return input.asText() ? *input.asText() : interpreter.textOf(input);
}

Value trim(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("trim", arguments, {"chars"});
    const Value *given = parameters.get(0);
    const MarkedText *characters = given && given->isNone() ? nullptr : parameters.text(0);
    return interpreter.makeText(stripped(inputText(interpreter, input), characters, true, true));
}

template <unicode::Case Wanted>
Value changeCase(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("upper, lower or capitalize", arguments, {});
    return interpreter.makeText(unicode::changeCase(inputText(interpreter, input), Wanted));
}

/// Jinja's own: a word begins behind white space, "-" and opening brackets, not behind an apostrophe.
Value title(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("title", arguments, {});
    const MarkedText text = inputText(interpreter, input);
    const std::string &bytes = text.bytes();
    MarkedText result;
    std::size_t begin = 0;
    const auto add = [&](std::size_t end) {
        if (begin == end)
            return;
        std::size_t second = begin;
        unicode::next(bytes, second);
        result.append(unicode::changeCase(text.slice(begin, second), unicode::Case::Upper));
        result.append(unicode::changeCase(text.slice(second, end), unicode::Case::Lower));
        begin = end;
    };
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t here = at;
        const char32_t c = unicode::next(bytes, at);
        const bool separates = unicode::isSpace(c) || c == U'-' || c == U'(' || c == U'{' || c == U'[' || c == U'<';
        if (!separates)
            continue;
        add(here);
        result.append(text, here, at);
        begin = at;
    }
    add(bytes.size());
    return interpreter.makeText(std::move(result));
}

Value replace(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2);
    const bool all = !parameters.get(2) || parameters.get(2)->isNone();
    return interpreter.makeText(
        replaced(interpreter, inputText(interpreter, input), interpreter.textOf(*parameters.get(0)),
                 interpreter.textOf(*parameters.get(1)), all ? -1 : parameters.integer(2, -1)));
}

Value indent(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("indent", arguments, {"width", "first", "blank"});
    if (!input.asText())
        failTemplate("indent works on a str, not on " + aType(input));
    MarkedText indention;
    if (const Value *width = parameters.get(0); width && width->asText())
        indention = *width->asText();
    else
        indention = padded(interpreter, {}, parameters.integer(0, 4), MarkedText(" "), 1);
    MarkedText ended = *input.asText();
    ended.append("\n", 0); // so that a new line at the end gives an empty last line, as in Jinja
    const std::vector<Value> all = lines(interpreter, ended, false);
    MarkedText result = parameters.truth(1) ? indention : MarkedText();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const MarkedText &line = *all[i].asText();
        if (i > 0) {
            result.append("\n", 0);
            if (!line.empty() || parameters.truth(2))
                interpreter.grow(result, indention);
        }
        interpreter.grow(result, line);
    }
    return interpreter.makeText(std::move(result));
}

Value toJsonText(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    // transformers' tojson, which is json.dumps() without Jinja's HTML escapes.
    const Parameters parameters("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
    JsonStyle style;
    style.ascii = parameters.truth(0);
    style.sortKeys = parameters.truth(3);
    style.maxBytes = interpreter.maxBytes();
    if (const Value *indention = parameters.get(1); indention && !indention->isNone()) {
        if (indention->asText()) {
            style.indent = indention->asText()->bytes();
        } else {
            const std::int64_t width = std::max<std::int64_t>(parameters.integer(1, 0), 0);
            if (width > 1000)
                failTemplate("tojson indents by " + std::to_string(width) + " characters");
            style.indent = std::string(static_cast<std::size_t>(width), ' ');
        }
    }
    style.itemSeparator = style.indent ? "," : ", ";
    style.keySeparator = ": ";
    if (const Value *separators = parameters.get(2); separators && !separators->isNone()) {
        const auto *pair = separators->asList();
        if (!pair || pair->items.size() != 2 || !pair->items[0].asText() || !pair->items[1].asText())
            failTemplate("the separators of tojson are two str");
        style.itemSeparator = pair->items[0].asText()->bytes();
        style.keySeparator = pair->items[1].asText()->bytes();
    }
    return interpreter.makeText(toJson(input, style));
}

Value toString(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("string", arguments, {});
    return input.asText() ? input : interpreter.makeText(interpreter.textOf(input));
}

Value toInteger(Interpreter &, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("int", arguments, {"default", "base"});
    if (input.isUndefined())
        failTemplate("an undefined value is no number");
    const Value fallback = parameters.get(0) ? *parameters.get(0) : Value(std::int64_t{0});
    if (const auto number = input.asInteger())
        return *number;
    std::optional<double> broken = input.asNumber();
    if (const auto *text = input.asText()) {
        if (const auto number = readInteger(
                text->bytes(), static_cast<int>(std::clamp<std::int64_t>(parameters.integer(1, 10), 0, 37))))
            return *number;
        broken = readNumber(text->bytes());
    }
    if (!broken || !std::isfinite(*broken))
        return fallback;
    if (std::fabs(*broken) >= 9.2e18)
        failTemplate("the number " + numberText(*broken) + " does not fit in 64 bits");
    return static_cast<std::int64_t>(*broken);
}

Value toFloat(Interpreter &, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("float", arguments, {"default"});
    if (input.isUndefined())
        failTemplate("an undefined value is no number");
    std::optional<double> number = input.asNumber();
    if (const auto *text = input.asText())
        number = readNumber(text->bytes());
    if (number)
        return *number;
    return parameters.get(0) ? *parameters.get(0) : Value(0.0);
}

Value absolute(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("abs", arguments, {});
    if (!input.isNumber())
        failTemplate("abs works on a number, not on " + aType(input));
    if (const auto *number = input.as<double>())
        return std::fabs(*number);
    const std::int64_t number = *input.asInteger();
    return number < 0 ? interpreter.binary(Operator::Subtract, Value(std::int64_t{0}), input) : Value(number);
}

Value round(Interpreter &, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("round", arguments, {"precision", "method"});
    const std::int64_t precision = parameters.integer(0, 0);
    const std::string method = parameters.text(1) ? parameters.text(1)->bytes() : "common";
    if (!input.isNumber())
        failTemplate("round works on a number, not on " + aType(input));
    if (precision < -15 || precision > 15)
        failTemplate("round to " + std::to_string(precision) + " places is not supported");
    const double number = *input.asNumber();
    const double scale = std::pow(10.0, static_cast<double>(precision));
    if (method == "ceil")
        return (std::ceil(number * scale) + 0.0) / scale; // + 0.0: Python has no -0 there
    if (method == "floor")
        return (std::floor(number * scale) + 0.0) / scale;
    if (method != "common")
        failTemplate("round knows common, ceil and floor, not '" + method + "'");
    if (input.asInteger() && precision >= 0)
        return *input.asInteger();
    if (precision < 0) {
        const double rounded = std::nearbyint(number * scale) / scale;
        return input.asInteger() ? Value(static_cast<std::int64_t>(rounded)) : Value(rounded);
    }
    // The digits of the number itself are rounded, not those of a multiple of it.
    char buffer[512];
    const auto end = std::to_chars(std::begin(buffer), std::end(buffer), number, std::chars_format::fixed,
                                   static_cast<int>(precision));
    double rounded = number;
    std::from_chars(std::begin(buffer), end.ptr, rounded);
    return rounded;
}

Value fallback(Interpreter &, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("default", arguments, {"default_value", "boolean"});
    if (!input.isUndefined() && !(parameters.truth(1) && !isTrue(input)))
        return input;
    return parameters.get(0) ? *parameters.get(0) : Value::text("");
}

Value length(Interpreter &, const Value &input, const CallArguments &arguments)
{
    Parameters("length", arguments, {});
    if (const auto *text = input.asText())
        return unicode::length(text->bytes());
    if (const auto *list = input.asList(); list && list->kind != ListData::Kind::Generator)
        return static_cast<std::int64_t>(list->items.size());
    if (const auto *dict = input.asDict())
        return static_cast<std::int64_t>(dict->items.size());
    if (input.isUndefined())
        return std::int64_t{0};
    failTemplate(aType(input) + " has no length");
}

Value safe(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("safe", arguments, {});
    MarkedText text = inputText(interpreter, input);
    text.setMarkup();
    return interpreter.makeText(std::move(text));
}

Value escape(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("escape", arguments, {});
    const MarkedText text = inputText(interpreter, input);
    return interpreter.makeText(text.isMarkup() ? text : escaped(text));
}

Value format(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    return interpreter.makeText(printfFormatted(interpreter, inputText(interpreter, input), arguments));
}

Value attribute(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("attr", arguments, {"name"}, 1);
    if (input.asDict() && !findMethod(input, parameters.text(0)->bytes()))
        return Value::undefined("a dict has no attribute '" + parameters.text(0)->bytes() + "'");
    return interpreter.attributeOf(input, parameters.text(0)->bytes());
}

Value center(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("center", arguments, {"width"});
    return interpreter.makeText(
        padded(interpreter, inputText(interpreter, input), parameters.integer(0, 80), MarkedText(" "), 0));
}

Value wordCount(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("wordcount", arguments, {});
    const MarkedText text = inputText(interpreter, input);
    std::int64_t words = 0;
    bool inside = false;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = unicode::next(text.bytes(), at);
        const bool word = unicode::isLetter(c) || unicode::isNumeric(c) || c == U'_';
        words += word && !inside;
        inside = word;
    }
    return words;
}

} // namespace

Filter findFilter(std::string_view name)
{
    static const std::unordered_map<std::string_view, Filter> filters = {
        {"trim", trim},
        {"upper", changeCase<unicode::Case::Upper>},
        {"lower", changeCase<unicode::Case::Lower>},
        {"capitalize", changeCase<unicode::Case::Capitalized>},
        {"title", title},
        {"replace", replace},
        {"indent", indent},
        {"tojson", toJsonText},
        {"string", toString},
        {"int", toInteger},
        {"float", toFloat},
        {"abs", absolute},
        {"round", round},
        {"default", fallback},
        {"d", fallback},
        {"length", length},
        {"count", length},
        {"safe", safe},
        {"escape", escape},
        {"e", escape},
        {"format", format},
        {"attr", attribute},
        {"center", center},
        {"wordcount", wordCount},
    };
    const auto found = filters.find(name);
    return found == filters.end() ? findListFilter(name) : found->second;
}

} // namespace attune::jinja
