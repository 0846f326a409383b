#include "core/text/template_interpreter.h"

#include "core/text/template_unicode.h"

#include <algorithm>
#include <cmath>
#include <locale.h>
#include <time.h>
#include <unordered_map>

// Jinja's tests ("x is defined"), and the functions that templates can call.
namespace attune::jinja {

Parameters::Parameters(std::string function, const CallArguments &arguments,
                       std::initializer_list<std::string_view> names, std::size_t required)
    : m_function(std::move(function)), m_names(names), m_values(names.size(), nullptr)
{
    if (arguments.positional.size() > names.size())
        failTemplate(m_function + " takes no more than " + std::to_string(names.size()) + " values");
    for (std::size_t i = 0; i < arguments.positional.size(); ++i)
        m_values[i] = &arguments.positional[i];
    for (const auto &[name, value] : arguments.named) {
        const auto found = std::find(m_names.begin(), m_names.end(), name);
        if (found == m_names.end())
            failTemplate(m_function + " has no parameter '" + name + "'");
        const Value *&place = m_values[static_cast<std::size_t>(found - m_names.begin())];
        if (place)
            failTemplate(m_function + " is given '" + name + "' twice");
        place = &value;
    }
    for (std::size_t i = 0; i < required; ++i) {
        if (!m_values[i])
            failTemplate(m_function + " needs '" + std::string(m_names[i]) + "'");
    }
}

bool Parameters::truth(std::size_t index, bool fallback) const
{
    return m_values[index] ? isTrue(*m_values[index]) : fallback;
}

std::int64_t Parameters::integer(std::size_t index, std::int64_t fallback) const
{
    if (!m_values[index])
        return fallback;
    const auto number = m_values[index]->asInteger();
    if (!number)
        failTemplate("'" + std::string(m_names[index]) + "' of " + m_function + " is a whole number, not " +
                     aType(*m_values[index]));
    return *number;
}

const MarkedText *Parameters::text(std::size_t index) const
{
    if (!m_values[index])
        return nullptr;
    if (!m_values[index]->asText())
        failTemplate("'" + std::string(m_names[index]) + "' of " + m_function + " is a str, not " +
                     aType(*m_values[index]));
    return m_values[index]->asText();
}

namespace {

// Functions

std::int64_t rangeBound(const Value &value)
{
    if (const auto number = value.asInteger())
        return *number;
    failTemplate("range() counts by whole numbers, not by " + aType(value));
}

Value range(Interpreter &interpreter, const CallArguments &arguments)
{
    constexpr std::int64_t most = 100'000; // Jinja's sandbox refuses longer ones too
    const auto &values = arguments.positional;
    if (values.empty() || values.size() > 3 || !arguments.named.empty())
        failTemplate("range() takes one to three numbers");
    const std::int64_t start = values.size() > 1 ? rangeBound(values[0]) : 0;
    const std::int64_t stop = rangeBound(values[values.size() > 1 ? 1 : 0]);
    const std::int64_t step = values.size() > 2 ? rangeBound(values[2]) : 1;
    if (step == 0)
        failTemplate("range() has the step 0");
    const double count =
        std::ceil((static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step));
    if (count > static_cast<double>(most))
        failTemplate("range() is longer than " + std::to_string(most));
    std::vector<Value> items;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(std::max(count, 0.0)); ++i)
        items.push_back(Value(start + i * step));
    return interpreter.makeList(std::move(items), ListData::Kind::Range);
}

/// dict(mapping or pairs, name=value...), which namespace() takes too.
DictData makeDict(Interpreter &interpreter, const CallArguments &arguments)
{
    DictData dict;
    if (arguments.positional.size() > 1)
        failTemplate("dict() and namespace() take one value without a name");
    if (!arguments.positional.empty()) {
        const Value &source = arguments.positional[0];
        if (source.asDict()) {
            dict.items = source.asDict()->items;
            interpreter.charge(static_cast<std::int64_t>(dict.items.size()));
        } else {
            for (const Value &item : interpreter.itemsOf(source)) {
                const std::vector<Value> pair = interpreter.itemsOf(item);
                if (pair.size() != 2)
                    failTemplate("dict() needs pairs");
                interpreter.charge(static_cast<std::int64_t>(dict.items.size() / 8));
                dict.set(pair[0], pair[1]);
            }
        }
    }
    for (const auto &[name, value] : arguments.named)
        dict.set(Value::text(name), value);
    return dict;
}

Value dict(Interpreter &interpreter, const CallArguments &arguments)
{
    return Value::dict(makeDict(interpreter, arguments));
}

Value makeNamespace(Interpreter &interpreter, const CallArguments &arguments)
{
    NamespaceData space;
    for (const auto &[key, value] : makeDict(interpreter, arguments).items) {
        if (!key.asText())
            failTemplate("namespace() has names that are str");
        space.attributes.emplace_back(key.asText()->bytes(), value);
    }
    return interpreter.makeNamespace(std::move(space));
}

Value raiseException(Interpreter &interpreter, const CallArguments &arguments)
{
    const Parameters parameters("raise_exception()", arguments, {"message"}, 1);
    throw TemplateFailure{interpreter.textOf(*parameters.get(0)).bytes(), true};
}

Value formatNow(Interpreter &interpreter, const CallArguments &arguments)
{
    const Parameters parameters("strftime_now()", arguments, {"format"}, 1);
    if (!parameters.text(0))
        failTemplate("strftime_now() needs a format");
    const std::string &format = parameters.text(0)->bytes();
    const std::time_t now = interpreter.now();
    std::tm parts{};
    localtime_r(&now, &parts);
    // Always in English, whatever the locale of the program: a model learned "26 Jul 2024".
    static const locale_t english = newlocale(LC_ALL_MASK, "C", nullptr);
    std::string text(format.size() * 16 + 64, '\0');
    const std::size_t used = strftime_l(text.data(), text.size(), (format + " ").c_str(), &parts, english);
    if (used == 0)
        failTemplate("strftime_now() can't use the format '" + format + "'");
    text.resize(used - 1); // the space is there so that an empty result is told from a failure
    return interpreter.makeText(MarkedText(text, parameters.text(0)->origin()));
}

// Tests

const Value &onlyArgument(const CallArguments &arguments)
{
    if (arguments.positional.size() != 1 || !arguments.named.empty())
        failTemplate("a test that compares needs one value");
    return arguments.positional[0];
}

void noArgument(const CallArguments &arguments)
{
    if (!arguments.positional.empty() || !arguments.named.empty())
        failTemplate("a test is given values that it does not take");
}

template <typename... Types>
bool isOneOf(Interpreter &, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    return (value.is<Types>() || ...);
}

bool isDefined(Interpreter &, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    return !value.isUndefined();
}

template <bool Wanted>
bool isTruth(Interpreter &, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    const auto *truth = value.as<bool>();
    return truth && *truth == Wanted;
}

bool isSequence(Interpreter &, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    const auto *list = value.asList();
    return value.asText() || value.asDict() || value.isUndefined() ||
           (list && list->kind != ListData::Kind::View && list->kind != ListData::Kind::Generator);
}

bool isIterable(Interpreter &, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    return value.asText() || value.asDict() || value.asList() || value.isUndefined() || value.is<Value::Loop>();
}

bool divides(Interpreter &interpreter, const Value &value, const Value &divisor, std::int64_t rest)
{
    return isEqual(interpreter.binary(Operator::Modulo, value, divisor), Value(rest));
}

template <std::int64_t Rest>
bool isParity(Interpreter &interpreter, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    return divides(interpreter, value, Value(std::int64_t{2}), Rest);
}

bool isDivisible(Interpreter &interpreter, const Value &value, const CallArguments &arguments)
{
    return divides(interpreter, value, onlyArgument(arguments), 0);
}

template <bool Wanted>
bool isEqualTo(Interpreter &interpreter, const Value &value, const CallArguments &arguments)
{
    interpreter.chargeFor(value);
    return isEqual(value, onlyArgument(arguments)) == Wanted;
}

template <bool Less, bool OrEqual>
bool isOrdered(Interpreter &interpreter, const Value &value, const CallArguments &arguments)
{
    interpreter.chargeFor(value);
    const int order = compare(value, onlyArgument(arguments));
    return (Less ? order < 0 : order > 0) || (OrEqual && order == 0);
}

bool isIn(Interpreter &interpreter, const Value &value, const CallArguments &arguments)
{
    interpreter.chargeFor(onlyArgument(arguments));
    return contains(onlyArgument(arguments), value);
}

bool isSameAs(Interpreter &, const Value &value, const CallArguments &arguments)
{
    const Value &other = onlyArgument(arguments);
    if (value.data().index() != other.data().index())
        return false;
    if (value.asText() || value.as<std::int64_t>() || value.as<double>())
        failTemplate("'is sameas' is supported for true, false, none and containers");
    if (const auto *list = value.asList())
        return list == other.asList();
    if (const auto *dictionary = value.asDict())
        return dictionary == other.asDict();
    return !value.isUndefined() && isEqual(value, other);
}

template <bool Upper>
bool isCase(Interpreter &interpreter, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    const Value text = interpreter.makeText(interpreter.textOf(value));
    return isTrue(interpreter.call(*findMethod(text, Upper ? "isupper" : "islower"), {}));
}

template <bool OfFilters>
bool isKnown(Interpreter &, const Value &value, const CallArguments &arguments)
{
    noArgument(arguments);
    const auto *name = value.asText();
    return name && (OfFilters ? findFilter(name->bytes()) != nullptr : findTest(name->bytes()) != nullptr);
}

} // namespace

Test findTest(std::string_view name)
{
    static const std::unordered_map<std::string_view, Test> tests = {
        {"defined", isDefined},
        {"undefined", isOneOf<Undefined>},
        {"none", isOneOf<None>},
        {"boolean", isOneOf<bool>},
        {"true", isTruth<true>},
        {"false", isTruth<false>},
        {"integer", isOneOf<std::int64_t>},
        {"float", isOneOf<double>},
        {"number", isOneOf<bool, std::int64_t, double>},
        {"string", isOneOf<Value::Text>},
        {"mapping", isOneOf<Value::Dict>},
        {"callable", isOneOf<Value::Function, Undefined>},
        {"sequence", isSequence},
        {"iterable", isIterable},
        {"odd", isParity<1>},
        {"even", isParity<0>},
        {"divisibleby", isDivisible},
        {"upper", isCase<true>},
        {"lower", isCase<false>},
        {"sameas", isSameAs},
        {"in", isIn},
        {"filter", isKnown<true>},
        {"test", isKnown<false>},
        {"==", isEqualTo<true>},
        {"eq", isEqualTo<true>},
        {"equalto", isEqualTo<true>},
        {"!=", isEqualTo<false>},
        {"ne", isEqualTo<false>},
        {"<", isOrdered<true, false>},
        {"lt", isOrdered<true, false>},
        {"lessthan", isOrdered<true, false>},
        {"<=", isOrdered<true, true>},
        {"le", isOrdered<true, true>},
        {">", isOrdered<false, false>},
        {"gt", isOrdered<false, false>},
        {"greaterthan", isOrdered<false, false>},
        {">=", isOrdered<false, true>},
        {"ge", isOrdered<false, true>},
    };
    const auto found = tests.find(name);
    return found == tests.end() ? nullptr : found->second;
}

Function findFunction(std::string_view name)
{
    static const std::unordered_map<std::string_view, Function> functions = {{"range", range},
                                                                             {"dict", dict},
                                                                             {"namespace", makeNamespace},
                                                                             {"raise_exception", raiseException},
                                                                             {"strftime_now", formatNow}};
    const auto found = functions.find(name);
    return found == functions.end() ? nullptr : found->second;
}

bool isMissingFunction(std::string_view name)
{
    static constexpr std::string_view names[] = {"cycler", "joiner", "lipsum", "self", "super"};
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

} // namespace attune::jinja
