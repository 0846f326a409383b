#pragma once

#include "core/formats/json.h"
#include "core/text/marked_text.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The values of chat templates: Python's, as far as templates tell them apart.
namespace attune::jinja {

class Value;
struct MacroNode;
struct Frame;

/// Thrown inside the interpreter, caught by Template::render(), which names the line.
struct TemplateFailure {
    std::string message;
    bool refusal = false; ///< the template's own raise_exception
};

[[noreturn]] void failTemplate(std::string message);

/// The steps that a rendering may take. Comparing, looking up and searching are done far from the interpreter, in
/// sorts and inside of one another, so they charge the rendering that their thread is at.
struct Meter {
    explicit Meter(std::int64_t steps) : most(steps), left(steps) {}
    void charge(std::int64_t steps); ///< fails when there are not so many left

    std::int64_t most;
    std::int64_t left;
};

/// While it lives, chargeHere() of this thread charges a meter.
class Metered {
public:
    explicit Metered(Meter &meter) noexcept;
    ~Metered();
    Metered(const Metered &) = delete;
    Metered &operator=(const Metered &) = delete;

private:
    Meter *m_before;
};
void chargeHere(std::int64_t steps);

/// How much a container holds, so that work on it can be charged before it is done: a template that nests a list in
/// itself twice, thirty times over, would otherwise build something small whose text fills the memory.
struct Extent {
    std::int64_t weight = 1; ///< of the tree below, strings included; saturates
    int depth = 0;
    void add(const Value &value);
};

struct Undefined {
    std::shared_ptr<const std::string> what; ///< "'tools' is not defined"
};
struct None {};

/// Immutable, as transformers' sandbox has it: append() and its like are refused there too.
struct ListData {
    enum class Kind { List, Tuple, Range, View, Generator };
    Kind kind = Kind::List;
    std::vector<Value> items;
    Extent extent;
    mutable bool used = false; ///< a generator gives its items once
};

struct DictData {
    std::vector<std::pair<Value, Value>> items; ///< in order of insertion
    Extent extent;
    const Value *find(const Value &key) const;
    const Value *find(std::string_view key) const;
    void set(Value key, Value value);
    static void requireKey(const Value &key); ///< fails for what can't be a key: a list, a dict
};

/// The one value that a template can change: {% set ns.name = ... %}.
struct NamespaceData {
    std::vector<std::pair<std::string, Value>> attributes;
    const Value *find(std::string_view name) const;
    void set(const std::string &name, Value value);
};

/// `loop` inside a for.
struct LoopData {
    std::vector<Value> items;
    std::size_t index = 0;
    std::vector<Value> lastChanged; ///< what loop.changed() was asked about
    bool asked = false;
};

struct FunctionData;

class Value {
public:
    using Text = std::shared_ptr<const MarkedText>;
    using List = std::shared_ptr<const ListData>;
    using Dict = std::shared_ptr<const DictData>;
    using Namespace = std::shared_ptr<NamespaceData>;
    using Loop = std::shared_ptr<LoopData>;
    using Function = std::shared_ptr<const FunctionData>;
    using Data =
        std::variant<Undefined, None, bool, std::int64_t, double, Text, List, Dict, Namespace, Loop, Function>;

    Value() = default; // undefined
    template <typename T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, Value> && std::is_constructible_v<Data, T>) Value(T &&data)
        : m_data(std::forward<T>(data))
    {
    }

    static Value text(MarkedText text) { return Value(std::make_shared<const MarkedText>(std::move(text))); }
    static Value text(std::string_view bytes, Origin origin = 0)
    {
        return text(MarkedText(std::string(bytes), origin));
    }
    static Value list(std::vector<Value> items, ListData::Kind kind = ListData::Kind::List);
    static Value dict(DictData dict);
    static Value undefined(std::string what);

    template <typename T>
    const T *as() const
    {
        return std::get_if<T>(&m_data);
    }
    template <typename T>
    bool is() const
    {
        return std::holds_alternative<T>(m_data);
    }
    bool isUndefined() const { return is<Undefined>(); }
    bool isNone() const { return is<None>(); }

    const MarkedText *asText() const { return is<Text>() ? std::get<Text>(m_data).get() : nullptr; }
    const ListData *asList() const { return is<List>() ? std::get<List>(m_data).get() : nullptr; }
    const DictData *asDict() const { return is<Dict>() ? std::get<Dict>(m_data).get() : nullptr; }
    /// A whole number; Python's True and False are 1 and 0.
    std::optional<std::int64_t> asInteger() const;
    /// A whole or a broken number.
    std::optional<double> asNumber() const;
    bool isNumber() const { return is<bool>() || is<std::int64_t>() || is<double>(); }
    const Data &data() const { return m_data; }
    Extent extent() const;

private:
    Data m_data;
};

/// What a template can call.
struct FunctionData {
    enum class Kind { Global, Method, Macro, LoopCycle, LoopChanged };
    Kind kind = Kind::Global;
    std::string name;                 ///< of the global or the method
    Value self;                       ///< of a method, the loop of loop.cycle
    const MacroNode *macro = nullptr; ///< alive as long as the template
    Frame *closure = nullptr;         ///< alive as long as the rendering
};

/// From JSON; its strings carry `origin`.
Value fromJson(const OrderedJson &json, Origin origin);

std::string aType(const Value &value); ///< "a str", "a dict", as Python names it; for messages
bool isTrue(const Value &value);
bool isEqual(const Value &left, const Value &right);
/// Negative, 0, positive; fails for types that Python does not order.
int compare(const Value &left, const Value &right);
bool contains(const Value &container, const Value &item);

/// Where `part` stands in `text` first, from `begin` on, or last, before `end`; npos. Charged for what it reads.
std::size_t findPart(std::string_view text, std::string_view part, std::size_t begin = 0);
std::size_t findLastPart(std::string_view text, std::string_view part, std::size_t end = std::string_view::npos);

/// str() and repr().
MarkedText toText(const Value &value);
MarkedText toRepr(const Value &value);
std::string numberText(double number);

struct JsonStyle {
    std::optional<std::string> indent;
    std::string itemSeparator;
    std::string keySeparator;
    bool ascii = false;
    bool sortKeys = false;
    std::size_t maxBytes = 0;
};
/// json.dumps(); fails for what JSON can't hold.
MarkedText toJson(const Value &value, const JsonStyle &style);

} // namespace attune::jinja
