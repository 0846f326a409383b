#include "core/text/template_interpreter.h"

#include "core/text/template_unicode.h"

#include <algorithm>

// The expressions of a template: names, literals, attributes, calls, logic. Arithmetic is in template_operators.cpp.
namespace attune::jinja {

using Kind = Expression::Kind;

namespace {

std::string whatIsUndefined(const Value &value)
{
    const auto &what = value.as<Undefined>()->what;
    return what ? *what : "an undefined value";
}

std::optional<std::int64_t> sliceIndex(const Value &value)
{
    if (value.isNone())
        return std::nullopt;
    if (const auto index = value.asInteger())
        return index;
    failTemplate("a slice is cut by whole numbers, not by " + aType(value));
}

/// The items that Python's [start:stop:step] takes: `count` of them from `begin`, `stride` apart.
struct SliceRange {
    std::size_t begin = 0;
    std::size_t count = 0;
    std::int64_t stride = 1;
    std::size_t at(std::size_t i) const
    {
        return begin + i * static_cast<std::size_t>(stride);
    } // wraps for backwards
};

SliceRange sliceRange(std::int64_t size, const std::optional<std::int64_t> (&parts)[3])
{
    // Cut to the size, so that adding it can't overflow.
    const std::int64_t step = std::clamp(parts[2].value_or(1), -size - 1, size + 1);
    const std::int64_t lowest = step < 0 ? -1 : 0;
    const std::int64_t highest = step < 0 ? size - 1 : size;
    const auto clamp = [&](std::optional<std::int64_t> index, std::int64_t fallback) {
        if (!index)
            return fallback;
        return std::clamp(*index < 0 ? std::max(*index, -size - 1) + size : *index, lowest, highest);
    };
    const std::int64_t begin = clamp(parts[0], step < 0 ? highest : lowest);
    const std::int64_t end = clamp(parts[1], step < 0 ? lowest : highest);
    const std::int64_t distance = step < 0 ? begin - end : end - begin;
    if (distance <= 0)
        return {};
    const std::int64_t stride = step < 0 ? -step : step;
    return {static_cast<std::size_t>(begin), static_cast<std::size_t>((distance + stride - 1) / stride), step};
}

MarkedText sliceText(const MarkedText &text, const std::optional<std::int64_t> (&parts)[3])
{
    const std::string &bytes = text.bytes();
    const SliceRange range = sliceRange(unicode::length(bytes), parts);
    MarkedText result;
    if (range.count == 0)
        return result;
    if (range.stride == 1) {
        const std::size_t begin = unicode::offsetOf(bytes, range.begin);
        return text.slice(begin, begin + unicode::offsetOf(std::string_view(bytes).substr(begin), range.count));
    }
    const auto offsets = unicode::offsets(bytes);
    for (std::size_t i = 0; i < range.count; ++i)
        result.append(text, offsets[range.at(i)], offsets[range.at(i) + 1]);
    return result;
}

std::optional<std::size_t> indexWithin(const Value &key, std::int64_t size)
{
    const auto index = key.asInteger();
    if (!index || *index >= size || *index < -size)
        return std::nullopt;
    return static_cast<std::size_t>(*index < 0 ? *index + size : *index);
}

} // namespace

Value Interpreter::evaluate(const Expression &expression)
{
    const Level level(*this);
    charge(1);
    m_line = expression.line;
    switch (expression.kind) {
    case Kind::Constant:
        return expression.constant;
    case Kind::Name:
        return evaluateName(expression);
    case Kind::List:
    case Kind::Tuple:
        return evaluateSequence(expression);
    case Kind::Dict:
        return evaluateDict(expression);
    case Kind::Concatenate:
        return evaluateConcatenation(expression);
    case Kind::Binary:
        return evaluateBinary(expression);
    case Kind::Negative:
    case Kind::Positive:
        return evaluateSign(expression);
    case Kind::Not:
    case Kind::And:
    case Kind::Or:
        return evaluateLogic(expression);
    case Kind::Compare:
        return evaluateCompare(expression);
    case Kind::Choose:
        return evaluateChoice(expression);
    case Kind::Attribute:
    case Kind::Item:
        return evaluateAccess(expression);
    case Kind::Slice:
        return evaluateSlice(expression);
    case Kind::Call:
        return evaluateCall(expression);
    case Kind::Filter:
        return evaluateFilter(expression, nullptr);
    case Kind::Test:
        return evaluateTest(expression);
    }
    return {};
}

Value Interpreter::evaluateName(const Expression &expression)
{
    if (const Value *value = m_frame->find(expression.id))
        return *value;
    if (findFunction(expression.name)) {
        FunctionData function;
        function.name = expression.name;
        return std::make_shared<const FunctionData>(std::move(function));
    }
    if (isMissingFunction(expression.name))
        failTemplate("'" + expression.name + "' is not supported");
    return Value::undefined("'" + expression.name + "' is not defined");
}

Value Interpreter::evaluateSequence(const Expression &expression)
{
    std::vector<Value> items;
    items.reserve(expression.operands.size());
    for (const auto &operand : expression.operands)
        items.push_back(evaluate(*operand));
    return makeList(std::move(items), expression.kind == Kind::List ? ListData::Kind::List : ListData::Kind::Tuple);
}

Value Interpreter::evaluateDict(const Expression &expression)
{
    DictData dict;
    for (std::size_t i = 0; i + 1 < expression.operands.size(); i += 2) {
        Value key = evaluate(*expression.operands[i]);
        dict.set(std::move(key), evaluate(*expression.operands[i + 1]));
    }
    return Value::dict(std::move(dict));
}

Value Interpreter::evaluateConcatenation(const Expression &expression)
{
    MarkedText text;
    for (const auto &operand : expression.operands) {
        const Value value = evaluate(*operand);
        m_line = expression.line;
        if (const auto *part = value.asText())
            grow(text, *part);
        else
            grow(text, textOf(value));
    }
    return Value::text(std::move(text));
}

Value Interpreter::evaluateBinary(const Expression &expression)
{
    // "a + b + c + d" leans to the left: walked in a loop, and its text grown in place.
    std::vector<const Expression *> chain = {&expression};
    while (chain.back()->operands[0]->kind == Kind::Binary)
        chain.push_back(chain.back()->operands[0].get());
    Value left = evaluate(*chain.back()->operands[0]);
    std::optional<MarkedText> grown;
    for (auto step = chain.rbegin(); step != chain.rend(); ++step) {
        const Expression &node = **step;
        const Value right = evaluate(*node.operands[1]);
        m_line = node.line;
        const MarkedText *addition = node.op == Operator::Add ? right.asText() : nullptr;
        if (addition && (grown || left.asText())) {
            if (!grown)
                grown = *left.asText();
            concatenate(*this, *grown, *addition);
            continue;
        }
        if (grown)
            left = makeText(*std::exchange(grown, std::nullopt));
        left = binary(node.op, left, right);
    }
    return grown ? makeText(std::move(*grown)) : left;
}

Value Interpreter::evaluateSign(const Expression &expression)
{
    const Value value = evaluate(*expression.operands[0]);
    m_line = expression.line;
    if (!value.isNumber())
        failTemplate(aType(value) + " has no sign");
    if (const auto *number = value.as<double>())
        return expression.kind == Kind::Negative ? -*number : *number;
    return expression.kind == Kind::Negative ? binary(Operator::Subtract, Value(std::int64_t{0}), value)
                                             : binary(Operator::Add, Value(std::int64_t{0}), value);
}

Value Interpreter::evaluateLogic(const Expression &expression)
{
    if (expression.kind == Kind::Not)
        return !isTrue(evaluate(*expression.operands[0]));
    Value value;
    for (const auto &operand : expression.operands) {
        value = evaluate(*operand);
        if (isTrue(value) == (expression.kind == Kind::Or))
            break;
    }
    return value;
}

Value Interpreter::evaluateCompare(const Expression &expression)
{
    Value left = evaluate(*expression.operands[0]);
    for (std::size_t i = 0; i < expression.comparisons.size(); ++i) {
        Value right = evaluate(*expression.operands[i + 1]);
        m_line = expression.line;
        if (!holds(expression.comparisons[i], left, right))
            return false;
        left = std::move(right);
    }
    return true;
}

bool Interpreter::holds(Comparison comparison, const Value &left, const Value &right)
{
    charge(std::min(left.extent().weight, right.extent().weight));
    switch (comparison) {
    case Comparison::Equal:
        return isEqual(left, right);
    case Comparison::NotEqual:
        return !isEqual(left, right);
    case Comparison::In:
    case Comparison::NotIn:
        chargeFor(right);
        return contains(right, left) == (comparison == Comparison::In);
    default:
        break;
    }
    for (const Value *side : {&left, &right}) {
        if (side->isUndefined())
            failTemplate(whatIsUndefined(*side) + ", so it can't be compared");
    }
    const std::optional<double> a = left.asNumber();
    const std::optional<double> b = right.asNumber();
    if ((a && *a != *a) || (b && *b != *b))
        return false; // nan
    const int order = compare(left, right);
    switch (comparison) {
    case Comparison::Less:
        return order < 0;
    case Comparison::LessEqual:
        return order <= 0;
    case Comparison::Greater:
        return order > 0;
    default:
        return order >= 0;
    }
}

Value Interpreter::evaluateChoice(const Expression &expression)
{
    if (isTrue(evaluate(*expression.operands[0])))
        return evaluate(*expression.operands[1]);
    if (expression.operands[2])
        return evaluate(*expression.operands[2]);
    return Value::undefined("the 'if' without 'else' gave nothing");
}

Value Interpreter::evaluateAccess(const Expression &expression)
{
    const Value object = evaluate(*expression.operands[0]);
    if (expression.kind == Kind::Attribute) {
        m_line = expression.line;
        return attributeOf(object, expression.name);
    }
    const Value key = evaluate(*expression.operands[1]);
    m_line = expression.line;
    return itemOf(object, key);
}

Value Interpreter::attributeOf(const Value &object, const std::string &name)
{
    if (object.isUndefined())
        failTemplate(whatIsUndefined(object) + ", so it has no '" + name + "'");
    if (auto method = findMethod(object, name))
        return *method;
    if (const auto *loop = object.as<Value::Loop>())
        return loopAttribute(object, **loop, name);
    const Value *found = nullptr;
    if (const auto *dict = object.asDict()) {
        charge(static_cast<std::int64_t>(dict->items.size() / 8));
        found = dict->find(std::string_view(name));
    } else if (const auto *space = object.as<Value::Namespace>()) {
        found = (*space)->find(name);
    }
    return found ? *found : Value::undefined(aType(object) + " has no '" + name + "'");
}

Value Interpreter::itemOf(const Value &object, const Value &key)
{
    if (object.isUndefined())
        failTemplate(whatIsUndefined(object) + ", so it has no items");
    if (const auto *dict = object.asDict()) {
        charge(static_cast<std::int64_t>(dict->items.size() / 8));
        if (const Value *found = dict->find(key))
            return *found;
    } else if (const auto *list = object.asList()) {
        const bool indexed = list->kind != ListData::Kind::View && list->kind != ListData::Kind::Generator;
        if (const auto index = indexWithin(key, indexed ? static_cast<std::int64_t>(list->items.size()) : 0))
            return list->items[*index];
    } else if (const auto *text = object.asText()) {
        chargeFor(object);
        if (const auto index = indexWithin(key, unicode::length(text->bytes()))) {
            const std::size_t begin = unicode::offsetOf(text->bytes(), *index);
            std::size_t end = begin;
            unicode::next(text->bytes(), end);
            return makeText(text->slice(begin, end));
        }
    }
    if (const auto *name = key.asText())
        return object.asDict() ? findMethod(object, name->bytes())
                                     .value_or(Value::undefined("a dict has no '" + name->bytes() + "'"))
                               : attributeOf(object, name->bytes());
    return Value::undefined(aType(object) + " has no item " + (key.isNumber() ? toText(key).bytes() : "like that"));
}

Value Interpreter::loopAttribute(const Value &object, const LoopData &loop, const std::string &name)
{
    const auto index = static_cast<std::int64_t>(loop.index);
    const auto size = static_cast<std::int64_t>(loop.items.size());
    if (name == "index")
        return index + 1;
    if (name == "index0")
        return index;
    if (name == "revindex")
        return size - index;
    if (name == "revindex0")
        return size - index - 1;
    if (name == "first")
        return index == 0;
    if (name == "last")
        return index == size - 1;
    if (name == "length")
        return size;
    if (name == "depth" || name == "depth0")
        return std::int64_t{name == "depth" ? 1 : 0};
    if (name == "previtem")
        return index > 0 ? loop.items[loop.index - 1] : Value::undefined("there is no previous item");
    if (name == "nextitem")
        return index + 1 < size ? loop.items[loop.index + 1] : Value::undefined("there is no next item");
    if (name == "cycle" || name == "changed") {
        FunctionData function;
        function.kind = name == "cycle" ? FunctionData::Kind::LoopCycle : FunctionData::Kind::LoopChanged;
        function.name = "loop." + name;
        function.self = object;
        return std::make_shared<const FunctionData>(std::move(function));
    }
    return Value::undefined("'loop' has no '" + name + "'");
}

Value Interpreter::evaluateSlice(const Expression &expression)
{
    const Value object = evaluate(*expression.operands[0]);
    std::optional<std::int64_t> parts[3];
    for (std::size_t i = 0; i < 3; ++i) {
        if (const auto &part = expression.operands[i + 1])
            parts[i] = sliceIndex(evaluate(*part));
    }
    m_line = expression.line;
    if (parts[2] == 0)
        failTemplate("a slice has the step 0");
    chargeFor(object);
    if (const auto *text = object.asText())
        return makeText(sliceText(*text, parts));
    const auto *list = object.asList();
    if (!list || list->kind == ListData::Kind::View || list->kind == ListData::Kind::Generator)
        failTemplate((object.isUndefined() ? whatIsUndefined(object) + ", so it" : aType(object)) +
                     " can't be sliced");
    const SliceRange range = sliceRange(static_cast<std::int64_t>(list->items.size()), parts);
    std::vector<Value> items;
    for (std::size_t i = 0; i < range.count; ++i)
        items.push_back(list->items[range.at(i)]);
    return makeList(std::move(items), list->kind);
}

CallArguments Interpreter::evaluateArguments(const Arguments &arguments)
{
    CallArguments values;
    for (const auto &argument : arguments.positional)
        values.positional.push_back(evaluate(*argument));
    for (const auto &[name, argument] : arguments.named)
        values.named.emplace_back(name, evaluate(*argument));
    if (arguments.list) {
        for (Value &item : itemsOf(evaluate(*arguments.list)))
            values.positional.push_back(std::move(item));
    }
    if (arguments.dict) {
        const Value dict = evaluate(*arguments.dict);
        if (!dict.asDict())
            failTemplate("** needs a dict, not " + aType(dict));
        for (const auto &[key, value] : dict.asDict()->items) {
            if (!key.asText())
                failTemplate("** needs a dict whose keys are str");
            values.named.emplace_back(key.asText()->bytes(), value);
        }
    }
    return values;
}

Value Interpreter::evaluateCall(const Expression &expression, const Value *caller)
{
    const Value function = evaluate(*expression.operands[0]);
    CallArguments arguments = evaluateArguments(expression.arguments);
    if (caller)
        arguments.named.emplace_back("caller", *caller);
    m_line = expression.line;
    return call(function, arguments);
}

Value Interpreter::call(const Value &value, const CallArguments &arguments)
{
    if (value.isUndefined())
        failTemplate(whatIsUndefined(value) + ", so it can't be called");
    const auto *pointer = value.as<Value::Function>();
    if (!pointer)
        failTemplate(aType(value) + " can't be called");
    const FunctionData &function = **pointer;
    switch (function.kind) {
    case FunctionData::Kind::Global:
        return findFunction(function.name)(*this, arguments);
    case FunctionData::Kind::Method:
        return callMethod(*this, function.self, function.name, arguments);
    case FunctionData::Kind::Macro:
        return callMacro(function, arguments);
    case FunctionData::Kind::LoopCycle: {
        const auto &values = arguments.positional;
        if (values.empty())
            failTemplate("loop.cycle() needs values");
        return values[(*function.self.as<Value::Loop>())->index % values.size()];
    }
    case FunctionData::Kind::LoopChanged: {
        LoopData &loop = **function.self.as<Value::Loop>();
        const bool same = loop.asked && std::equal(loop.lastChanged.begin(), loop.lastChanged.end(),
                                                   arguments.positional.begin(), arguments.positional.end(), isEqual);
        loop.asked = true;
        loop.lastChanged = arguments.positional;
        return !same;
    }
    }
    return {};
}

Value Interpreter::evaluateFilter(const Expression &expression, const Value *input)
{
    // The innermost of {% filter a | b %} takes the text of the block.
    Value value;
    if (expression.operands.empty())
        value = *input;
    else if (input)
        value = evaluateFilter(*expression.operands[0], input);
    else
        value = evaluate(*expression.operands[0]);
    const CallArguments arguments = evaluateArguments(expression.arguments);
    m_line = expression.line;
    return applyFilter(expression.name, value, arguments);
}

Value Interpreter::applyFilter(const std::string &name, const Value &input, const CallArguments &arguments)
{
    const Filter filter = findFilter(name);
    if (!filter)
        failTemplate("the filter '" + name + "' is not supported");
    chargeFor(input);
    return filter(*this, input, arguments);
}

Value Interpreter::evaluateTest(const Expression &expression)
{
    const Value value = evaluate(*expression.operands[0]);
    const CallArguments arguments = evaluateArguments(expression.arguments);
    m_line = expression.line;
    return applyTest(expression.name, value, arguments);
}

bool Interpreter::applyTest(const std::string &name, const Value &input, const CallArguments &arguments)
{
    const Test test = findTest(name);
    if (!test)
        failTemplate("the test 'is " + name + "' is not supported");
    charge(1);
    return test(*this, input, arguments);
}

MarkedText Interpreter::textOf(const Value &value)
{
    chargeFor(value);
    MarkedText text = toText(value);
    if (text.size() > maxBytes())
        chargeBytes(text.size());
    return text;
}

std::vector<Value> Interpreter::itemsOf(const Value &value)
{
    std::vector<Value> items;
    if (const auto *list = value.asList()) {
        charge(static_cast<std::int64_t>(list->items.size()));
        if (list->kind != ListData::Kind::Generator || !std::exchange(list->used, true))
            items = list->items;
    } else if (const auto *dict = value.asDict()) {
        charge(static_cast<std::int64_t>(dict->items.size()));
        for (const auto &[key, unused] : dict->items)
            items.push_back(key);
    } else if (const auto *text = value.asText()) {
        for (std::size_t end = 0; end < text->size();) {
            const std::size_t begin = end;
            unicode::next(text->bytes(), end);
            addPiece(items, *text, begin, end);
        }
    } else if (!value.isUndefined()) {
        failTemplate(aType(value) + " has no items to go through");
    }
    return items;
}

} // namespace attune::jinja
