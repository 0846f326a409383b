#include "core/text/template_value.h"

#include "core/text/template_unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace attune::jinja {
namespace {

constexpr int maxDepth = 200;

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

bool sameKindOfList(const ListData &left, const ListData &right)
{
    return left.kind == right.kind && left.kind != ListData::Kind::Generator;
}

int sign(double left, double right)
{
    return left < right ? -1 : left > right ? 1 : 0;
}

thread_local Meter *meterHere = nullptr;

void chargeComparison(const Value &value)
{
    const MarkedText *text = value.asText();
    chargeHere(1 + (text ? static_cast<std::int64_t>(text->size() / 32) : 0));
}

} // namespace

void failTemplate(std::string message)
{
    throw TemplateFailure{std::move(message)};
}

void Meter::charge(std::int64_t steps)
{
    left = steps > left ? -1 : left - steps;
    if (left < 0)
        failTemplate("it takes more than " + std::to_string(most) + " steps");
}

Metered::Metered(Meter &meter) noexcept : m_before(std::exchange(meterHere, &meter)) {}

Metered::~Metered()
{
    meterHere = m_before;
}

void chargeHere(std::int64_t steps)
{
    if (meterHere)
        meterHere->charge(steps);
}

void Extent::add(const Value &value)
{
    const Extent inner = value.extent();
    if (__builtin_add_overflow(weight, inner.weight, &weight))
        weight = std::numeric_limits<std::int64_t>::max();
    depth = std::max(depth, inner.depth + 1);
    if (depth > maxDepth)
        failTemplate("lists and dicts are nested more than " + std::to_string(maxDepth) + " deep");
}

Extent Value::extent() const
{
    if (const auto *text = asText())
        return {1 + static_cast<std::int64_t>(text->size() / 32), 0};
    if (const auto *list = asList())
        return list->extent;
    if (const auto *dict = asDict())
        return dict->extent;
    return {};
}

Value Value::list(std::vector<Value> items, ListData::Kind kind)
{
    Extent extent;
    for (const Value &item : items)
        extent.add(item);
    return Value(std::make_shared<const ListData>(ListData{kind, std::move(items), extent, false}));
}

Value Value::dict(DictData dict)
{
    for (const auto &[key, value] : dict.items) {
        dict.extent.add(key);
        dict.extent.add(value);
    }
    return Value(std::make_shared<const DictData>(std::move(dict)));
}

Value Value::undefined(std::string what)
{
    return Value(Undefined{std::make_shared<const std::string>(std::move(what))});
}

std::optional<std::int64_t> Value::asInteger() const
{
    if (const auto *number = as<std::int64_t>())
        return *number;
    if (const auto *truth = as<bool>())
        return *truth ? 1 : 0;
    return std::nullopt;
}

std::optional<double> Value::asNumber() const
{
    if (const auto *number = as<double>())
        return *number;
    if (const auto whole = asInteger())
        return static_cast<double>(*whole);
    return std::nullopt;
}

const Value *DictData::find(const Value &key) const
{
    if (const auto *text = key.asText())
        return find(text->bytes());
    chargeHere(static_cast<std::int64_t>(items.size() / 8));
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const auto &item) { return isEqual(item.first, key); });
    return found == items.end() ? nullptr : &found->second;
}

const Value *DictData::find(std::string_view key) const
{
    chargeHere(static_cast<std::int64_t>(items.size() / 8));
    for (const auto &[name, value] : items) {
        const auto *text = name.asText();
        if (text && text->bytes() == key)
            return &value;
    }
    return nullptr;
}

void DictData::requireKey(const Value &key)
{
    if (const auto *list = key.asList(); (list && list->kind == ListData::Kind::List) || key.asDict())
        failTemplate(aType(key) + " can't be the key of a dict");
}

void DictData::set(Value key, Value value)
{
    requireKey(key);
    if (const Value *present = find(key))
        *const_cast<Value *>(present) = std::move(value);
    else
        items.emplace_back(std::move(key), std::move(value));
}

const Value *NamespaceData::find(std::string_view name) const
{
    chargeHere(static_cast<std::int64_t>(attributes.size() / 8));
    const auto found =
        std::find_if(attributes.begin(), attributes.end(), [&](const auto &item) { return item.first == name; });
    return found == attributes.end() ? nullptr : &found->second;
}

void NamespaceData::set(const std::string &name, Value value)
{
    chargeHere(static_cast<std::int64_t>(attributes.size() / 8));
    const auto found =
        std::find_if(attributes.begin(), attributes.end(), [&](const auto &item) { return item.first == name; });
    if (found == attributes.end())
        attributes.emplace_back(name, std::move(value));
    else
        found->second = std::move(value);
}

Value fromJson(const OrderedJson &json, Origin origin)
{
    switch (json.type()) {
    case OrderedJson::value_t::null:
        return None{};
    case OrderedJson::value_t::boolean:
        return json.get<bool>();
    case OrderedJson::value_t::number_integer:
        return json.get<std::int64_t>();
    case OrderedJson::value_t::number_unsigned: {
        const auto number = json.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            failTemplate("the number " + std::to_string(number) + " in its input is too large");
        return static_cast<std::int64_t>(number);
    }
    case OrderedJson::value_t::number_float:
        return json.get<double>();
    case OrderedJson::value_t::string:
        return Value::text(json.get_ref<const std::string &>(), origin);
    case OrderedJson::value_t::array: {
        std::vector<Value> items;
        for (const auto &item : json)
            items.push_back(fromJson(item, origin));
        return Value::list(std::move(items));
    }
    case OrderedJson::value_t::object: {
        DictData dict;
        for (const auto &[key, value] : json.items())
            dict.items.emplace_back(Value::text(key, origin), fromJson(value, origin));
        return Value::dict(std::move(dict));
    }
    default:
        return Value();
    }
}

std::string aType(const Value &value)
{
    return std::visit(Overloaded{[](const Undefined &) { return "an undefined value"; }, [](None) { return "None"; },
                                 [](bool) { return "a bool"; }, [](std::int64_t) { return "an int"; },
                                 [](double) { return "a float"; }, [](const Value::Text &) { return "a str"; },
                                 [](const Value::List &list) {
                                     switch (list->kind) {
                                     case ListData::Kind::Tuple:
                                         return "a tuple";
                                     case ListData::Kind::Range:
                                         return "a range";
                                     case ListData::Kind::View:
                                         return "a dict view";
                                     case ListData::Kind::Generator:
                                         return "a generator";
                                     default:
                                         return "a list";
                                     }
                                 },
                                 [](const Value::Dict &) { return "a dict"; },
                                 [](const Value::Namespace &) { return "a namespace"; },
                                 [](const Value::Loop &) { return "a loop"; },
                                 [](const Value::Function &) { return "a function"; }},
                      value.data());
}

bool isTrue(const Value &value)
{
    return std::visit(
        Overloaded{
            [](const Undefined &) { return false; }, [](None) { return false; }, [](bool truth) { return truth; },
            [](std::int64_t number) { return number != 0; }, [](double number) { return number != 0; },
            [](const Value::Text &text) { return !text->empty(); },
            [](const Value::List &list) { return list->kind == ListData::Kind::Generator || !list->items.empty(); },
            [](const Value::Dict &dict) { return !dict->items.empty(); }, [](const auto &) { return true; }},
        value.data());
}

bool isEqual(const Value &left, const Value &right)
{
    chargeComparison(left);
    if (const auto a = left.asInteger(), b = right.asInteger(); a && b)
        return *a == *b;
    if (const auto a = left.asNumber(), b = right.asNumber(); a && b)
        return *a == *b;
    if (left.data().index() != right.data().index())
        return false;
    return std::visit(
        Overloaded{[](const Undefined &) { return true; }, [](None) { return true; },
                   [&](const Value::Text &text) { return text->bytes() == right.asText()->bytes(); },
                   [&](const Value::List &list) {
                       const ListData &other = *right.asList();
                       return list.get() == &other || (sameKindOfList(*list, other) &&
                                                       std::equal(list->items.begin(), list->items.end(),
                                                                  other.items.begin(), other.items.end(), isEqual));
                   },
                   [&](const Value::Dict &dict) {
                       const DictData &other = *right.asDict();
                       return dict.get() == &other ||
                              (dict->items.size() == other.items.size() &&
                               std::all_of(dict->items.begin(), dict->items.end(), [&](const auto &item) {
                                   const Value *match = other.find(item.first);
                                   return match && isEqual(item.second, *match);
                               }));
                   },
                   [&](const Value::Namespace &space) { return space == *right.as<Value::Namespace>(); },
                   [&](const Value::Loop &loop) { return loop == *right.as<Value::Loop>(); },
                   [&](const Value::Function &function) { return function == *right.as<Value::Function>(); },
                   [](const auto &) { return false; }},
        left.data());
}

int compare(const Value &left, const Value &right)
{
    chargeComparison(left);
    if (const auto a = left.asInteger(), b = right.asInteger(); a && b)
        return *a < *b ? -1 : *a > *b ? 1 : 0;
    if (const auto a = left.asNumber(), b = right.asNumber(); a && b)
        return sign(*a, *b);
    if (const auto *a = left.asText(), *b = right.asText(); a && b)
        return a->bytes().compare(b->bytes());
    const auto *a = left.asList();
    const auto *b = right.asList();
    if (!a || !b || !sameKindOfList(*a, *b))
        failTemplate(aType(left) + " and " + aType(right) + " have no order");
    for (std::size_t i = 0; i < a->items.size() && i < b->items.size(); ++i) {
        if (!isEqual(a->items[i], b->items[i]))
            return compare(a->items[i], b->items[i]);
    }
    return a->items.size() < b->items.size() ? -1 : a->items.size() > b->items.size() ? 1 : 0;
}

bool contains(const Value &container, const Value &item)
{
    if (const auto *text = container.asText()) {
        const auto *part = item.asText();
        if (!part)
            failTemplate("'in' looks for a str in a str, not for " + aType(item));
        return findPart(text->bytes(), part->bytes()) != std::string::npos;
    }
    if (const auto *list = container.asList())
        return std::any_of(list->items.begin(), list->items.end(),
                           [&](const Value &one) { return isEqual(one, item); });
    if (const auto *dict = container.asDict()) {
        DictData::requireKey(item);
        return dict->find(item) != nullptr;
    }
    if (container.isUndefined())
        return false;
    failTemplate("'in' can't look into " + aType(container));
}

std::size_t findPart(std::string_view text, std::string_view part, std::size_t begin)
{
    if (begin > text.size())
        return text.npos;
    // Linear in the worst case too, which std::string_view::find() is not.
    const void *found = memmem(text.data() + begin, text.size() - begin, part.data(), part.size());
    const std::size_t at =
        found ? static_cast<std::size_t>(static_cast<const char *>(found) - text.data()) : text.npos;
    chargeHere(static_cast<std::int64_t>((std::min(at, text.size()) - begin) / 32));
    return at;
}

std::size_t findLastPart(std::string_view text, std::string_view part, std::size_t end)
{
    text = text.substr(0, end);
    if (constexpr std::size_t Long = 64; part.size() > Long)
        chargeHere(static_cast<std::int64_t>(text.size() / 4096 * part.size())); // were all of it alike
    const std::size_t at = text.rfind(part);
    chargeHere(static_cast<std::int64_t>((text.size() - (at == text.npos ? 0 : at)) / 32));
    return at;
}

std::string numberText(double number)
{
    if (std::isnan(number))
        return "nan";
    if (std::isinf(number))
        return number < 0 ? "-inf" : "inf";
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
    const std::string_view written(buffer, static_cast<std::size_t>(end - buffer));
    const std::size_t mark = written.find('e');
    int exponent = 0;
    const char *digits = buffer + mark + 1;
    std::from_chars(*digits == '+' ? digits + 1 : digits, end, exponent);
    if (exponent < -4 || exponent >= 16)
        return std::string(written);
    const auto plain = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed).ptr;
    std::string result(buffer, plain);
    if (result.find('.') == std::string::npos)
        result += ".0";
    return result;
}

} // namespace attune::jinja
