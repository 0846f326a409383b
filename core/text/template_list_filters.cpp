#include "core/text/template_interpreter.h"

#include "core/text/template_unicode.h"

#include <algorithm>
#include <unordered_map>

// Jinja's filters over lists and dicts.
namespace attune::jinja {
namespace {

/// What "user.name.0" of an item is; a part of digits is an index.
Value lookUp(Interpreter &interpreter, Value item, const Value &path, const Value *fallback = nullptr)
{
    std::vector<Value> parts;
    if (const auto *text = path.asText()) {
        const std::string &bytes = text->bytes();
        for (std::size_t begin = 0; begin <= bytes.size();) {
            const std::size_t end = std::min(bytes.find('.', begin), bytes.size());
            const std::string part = bytes.substr(begin, end - begin);
            const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
            const auto index = digits ? readInteger(part) : std::nullopt;
            parts.push_back(index ? Value(*index) : Value::text(part));
            begin = end + 1;
        }
    } else {
        parts.push_back(path);
    }
    for (const Value &part : parts) {
        item = interpreter.itemOf(item, part);
        if (fallback && !fallback->isNone() && item.isUndefined())
            item = *fallback;
    }
    return item;
}

Value withoutCase(Interpreter &interpreter, const Value &value)
{
    return value.asText() ? interpreter.makeText(unicode::changeCase(*value.asText(), unicode::Case::Lower)) : value;
}

/// The rest of the arguments, behind the first `skip`.
CallArguments behind(const CallArguments &arguments, std::size_t skip)
{
    CallArguments rest = arguments;
    rest.positional.erase(rest.positional.begin(), rest.positional.begin() + static_cast<std::ptrdiff_t>(skip));
    return rest;
}

const std::string &nameArgument(const CallArguments &arguments, std::size_t index, const char *filter)
{
    if (index >= arguments.positional.size() || !arguments.positional[index].asText())
        failTemplate(std::string(filter) + " needs a name");
    return arguments.positional[index].asText()->bytes();
}

/// Jinja's generators give nothing for what counts as false, None included.
std::vector<Value> itemsIfTrue(Interpreter &interpreter, const Value &input)
{
    return isTrue(input) ? interpreter.itemsOf(input) : std::vector<Value>();
}

Value map(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    std::vector<Value> items = itemsIfTrue(interpreter, input);
    if (arguments.positional.empty()) {
        const Parameters parameters("map", arguments, {"attribute", "default"}, 1);
        for (Value &item : items)
            item = lookUp(interpreter, std::move(item), *parameters.get(0), parameters.get(1));
    } else {
        const std::string &filter = nameArgument(arguments, 0, "map");
        const CallArguments rest = behind(arguments, 1);
        for (Value &item : items)
            item = interpreter.applyFilter(filter, item, rest);
    }
    return interpreter.makeList(std::move(items), ListData::Kind::Generator);
}

template <bool Wanted, bool OfAttribute>
Value select(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    constexpr std::size_t offset = OfAttribute ? 1 : 0;
    std::vector<Value> kept;
    const std::vector<Value> items = itemsIfTrue(interpreter, input);
    if (OfAttribute && arguments.positional.empty() && isTrue(input))
        failTemplate("selectattr and rejectattr need the name of an attribute");
    const bool hasTest = arguments.positional.size() > offset;
    const CallArguments rest = behind(arguments, std::min(arguments.positional.size(), offset + 1));
    for (const Value &item : items) {
        const Value subject = OfAttribute ? lookUp(interpreter, item, arguments.positional[0]) : item;
        const bool holds = hasTest ? interpreter.applyTest(nameArgument(arguments, offset, "select"), subject, rest)
                                   : isTrue(subject);
        if (holds == Wanted)
            kept.push_back(item);
    }
    return interpreter.makeList(std::move(kept), ListData::Kind::Generator);
}

Value toList(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("list", arguments, {});
    return interpreter.makeList(interpreter.itemsOf(input));
}

Value first(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("first", arguments, {});
    const std::vector<Value> items = interpreter.itemsOf(input);
    return items.empty() ? Value::undefined("there is no first item") : items.front();
}

Value last(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("last", arguments, {});
    if (const auto *list = input.asList(); list && list->kind == ListData::Kind::Generator)
        failTemplate("a generator has no last item; '| list' makes it a list");
    const std::vector<Value> items = interpreter.itemsOf(input);
    return items.empty() ? Value::undefined("there is no last item") : items.back();
}

Value join(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("join", arguments, {"d", "attribute"});
    std::vector<Value> items = interpreter.itemsOf(input);
    if (const Value *path = parameters.get(1); path && !path->isNone()) {
        for (Value &item : items)
            item = lookUp(interpreter, std::move(item), *path);
    }
    const MarkedText separator = parameters.get(0) ? interpreter.textOf(*parameters.get(0)) : MarkedText();
    return interpreter.makeText(joined(interpreter, separator, items, true));
}

Value reverse(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("reverse", arguments, {});
    std::vector<Value> items = interpreter.itemsOf(input);
    std::reverse(items.begin(), items.end());
    if (input.asText())
        return interpreter.makeText(joined(interpreter, {}, items, false));
    return interpreter.makeList(std::move(items), ListData::Kind::Generator);
}

Value dictItems(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    Parameters("items", arguments, {});
    std::vector<Value> items;
    if (const auto *dict = input.asDict()) {
        for (const auto &[key, value] : dict->items)
            items.push_back(interpreter.makeList({key, value}, ListData::Kind::Tuple));
    } else if (!input.isUndefined()) {
        failTemplate("items works on a dict, not on " + aType(input));
    }
    return interpreter.makeList(std::move(items), ListData::Kind::Generator);
}

/// Sorts by keys made beforehand; stable, and so is the reverse.
std::vector<Value> sorted(Interpreter &interpreter, const std::vector<Value> &items, const std::vector<Value> &keys,
                          bool reverse)
{
    std::vector<std::size_t> order(items.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        interpreter.charge(1);
        return reverse ? compare(keys[b], keys[a]) < 0 : compare(keys[a], keys[b]) < 0;
    });
    std::vector<Value> result;
    for (const std::size_t i : order)
        result.push_back(items[i]);
    return result;
}

Value sort(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("sort", arguments, {"reverse", "case_sensitive", "attribute"});
    const std::vector<Value> items = interpreter.itemsOf(input);
    const Value *path = parameters.get(2);
    std::vector<Value> keys;
    for (const Value &item : items) {
        Value key = item;
        if (path && !path->isNone()) {
            if (path->asText() && path->asText()->bytes().find(',') != std::string::npos)
                failTemplate("sort by several attributes is not supported");
            key = lookUp(interpreter, item, *path);
        }
        // In a list, as Jinja does it: equal keys then need no order, so several missing ones are fine.
        keys.push_back(Value::list({parameters.truth(1) ? key : withoutCase(interpreter, key)}));
    }
    return interpreter.makeList(sorted(interpreter, items, keys, parameters.truth(0)));
}

Value dictSort(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("dictsort", arguments, {"case_sensitive", "by", "reverse"});
    const auto *dict = input.asDict();
    if (!dict)
        failTemplate("dictsort works on a dict, not on " + aType(input));
    const std::string by = parameters.text(1) ? parameters.text(1)->bytes() : "key";
    if (by != "key" && by != "value")
        failTemplate("dictsort sorts by key or by value, not by '" + by + "'");
    std::vector<Value> items;
    std::vector<Value> keys;
    for (const auto &[key, value] : dict->items) {
        items.push_back(interpreter.makeList({key, value}, ListData::Kind::Tuple));
        const Value &sortKey = by == "key" ? key : value;
        keys.push_back(parameters.truth(0) ? sortKey : withoutCase(interpreter, sortKey));
    }
    return interpreter.makeList(sorted(interpreter, items, keys, parameters.truth(2)));
}

Value unique(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("unique", arguments, {"case_sensitive", "attribute"});
    const Value *path = parameters.get(1);
    std::vector<Value> seen;
    std::vector<Value> kept;
    for (const Value &item : interpreter.itemsOf(input)) {
        Value key = path && !path->isNone() ? lookUp(interpreter, item, *path) : item;
        if (!parameters.truth(0))
            key = withoutCase(interpreter, key);
        if (key.asDict() || (key.asList() && key.asList()->kind == ListData::Kind::List))
            failTemplate("unique can't compare " + aType(key));
        interpreter.charge(static_cast<std::int64_t>(seen.size() / 4));
        if (std::any_of(seen.begin(), seen.end(), [&](const Value &one) { return isEqual(one, key); }))
            continue;
        seen.push_back(std::move(key));
        kept.push_back(item);
    }
    return interpreter.makeList(std::move(kept), ListData::Kind::Generator);
}

Value sum(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("sum", arguments, {"attribute", "start"});
    const Value *path = parameters.get(0);
    Value total = parameters.get(1) ? *parameters.get(1) : Value(std::int64_t{0});
    for (const Value &item : interpreter.itemsOf(input))
        total = interpreter.binary(Operator::Add, total,
                                   path && !path->isNone() ? lookUp(interpreter, item, *path) : item);
    return total;
}

template <bool Largest>
Value extreme(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters(Largest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
    const Value *path = parameters.get(1);
    Value best = Value::undefined("there is no item");
    std::optional<Value> bestKey;
    for (const Value &item : interpreter.itemsOf(input)) {
        Value key = path && !path->isNone() ? lookUp(interpreter, item, *path) : item;
        if (!parameters.truth(0))
            key = withoutCase(interpreter, key);
        if (bestKey && (Largest ? compare(key, *bestKey) <= 0 : compare(key, *bestKey) >= 0))
            continue;
        best = item;
        bestKey = std::move(key);
    }
    return best;
}

Value batch(Interpreter &interpreter, const Value &input, const CallArguments &arguments)
{
    const Parameters parameters("batch", arguments, {"linecount", "fill_with"}, 1);
    const std::int64_t size = parameters.integer(0, 1);
    const Value *fill = parameters.get(1);
    if (size < 1)
        failTemplate("batch needs a size of at least 1");
    std::vector<Value> batches;
    std::vector<Value> current;
    for (const Value &item : interpreter.itemsOf(input)) {
        if (static_cast<std::int64_t>(current.size()) == size)
            batches.push_back(interpreter.makeList(std::exchange(current, {})));
        current.push_back(item);
    }
    if (!current.empty()) {
        while (fill && !fill->isNone() && static_cast<std::int64_t>(current.size()) < size) {
            interpreter.charge(1);
            current.push_back(*fill);
        }
        batches.push_back(interpreter.makeList(std::move(current)));
    }
    return interpreter.makeList(std::move(batches), ListData::Kind::Generator);
}

} // namespace

Filter findListFilter(std::string_view name)
{
    static const std::unordered_map<std::string_view, Filter> filters = {
        {"map", map},
        {"select", select<true, false>},
        {"reject", select<false, false>},
        {"selectattr", select<true, true>},
        {"rejectattr", select<false, true>},
        {"list", toList},
        {"first", first},
        {"last", last},
        {"join", join},
        {"reverse", reverse},
        {"items", dictItems},
        {"sort", sort},
        {"dictsort", dictSort},
        {"unique", unique},
        {"sum", sum},
        {"min", extreme<false>},
        {"max", extreme<true>},
        {"batch", batch},
    };
    const auto found = filters.find(name);
    return found == filters.end() ? nullptr : found->second;
}

} // namespace attune::jinja
