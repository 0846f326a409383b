#include "core/text/template_interpreter.h"

#include "core/text/template_unicode.h"

#include <algorithm>
#include <unordered_map>

// The methods of Python's str, dict, list and tuple.
namespace attune::jinja {
namespace {

using Method = Value (*)(Interpreter &, const Value &, const CallArguments &);

std::int64_t characters(std::string_view bytes, std::size_t offset)
{
    return unicode::length(bytes.substr(0, offset));
}

template <bool (*Accepts)(char32_t)>
Value all(Interpreter &, const Value &self, const CallArguments &arguments)
{
    Parameters("str.is...", arguments, {});
    const std::string &bytes = self.asText()->bytes();
    for (std::size_t at = 0; at < bytes.size();) {
        if (!Accepts(unicode::next(bytes, at)))
            return false;
    }
    return !bytes.empty();
}

bool isAlphanumeric(char32_t c)
{
    return unicode::isLetter(c) || unicode::isNumeric(c);
}

bool isAscii(char32_t c)
{
    return c < 0x80;
}

/// str.isupper() and islower(): some cased character, and none of the other case.
template <bool (*Accepts)(char32_t)>
Value allCased(Interpreter &, const Value &self, const CallArguments &arguments)
{
    Parameters("str.is...", arguments, {});
    const std::string &bytes = self.asText()->bytes();
    bool any = false;
    for (std::size_t at = 0; at < bytes.size();) {
        const char32_t c = unicode::next(bytes, at);
        if (unicode::isCased(c) && !Accepts(c))
            return false;
        any = any || unicode::isCased(c);
    }
    return any;
}

template <bool Left, bool Right>
Value strip(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("strip", arguments, {"chars"});
    const Value *given = parameters.get(0);
    return interpreter.makeText(
        stripped(*self.asText(), given && given->isNone() ? nullptr : parameters.text(0), Left, Right));
}

template <unicode::Case Wanted>
Value change(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    Parameters("upper, lower and the like", arguments, {});
    return interpreter.makeText(unicode::changeCase(*self.asText(), Wanted));
}

template <bool End>
Value matchesEdge(Interpreter &, const Value &self, const CallArguments &arguments)
{
    const char *const name = End ? "endswith" : "startswith";
    const Parameters parameters(name, arguments, {"prefix"}, 1);
    const std::string &bytes = self.asText()->bytes();
    const auto matches = [&](const Value &candidate) {
        if (!candidate.asText())
            failTemplate(std::string(name) + "() needs a str, not " + aType(candidate));
        const std::string &edge = candidate.asText()->bytes();
        return End ? bytes.ends_with(edge) : bytes.starts_with(edge);
    };
    const auto *several = parameters.get(0)->asList();
    if (!several || several->kind != ListData::Kind::Tuple)
        return matches(*parameters.get(0));
    return std::any_of(several->items.begin(), several->items.end(), matches);
}

Value replace(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2);
    return interpreter.makeText(
        replaced(interpreter, *self.asText(), *parameters.text(0), *parameters.text(1), parameters.integer(2, -1)));
}

/// Cuts at white space, from the left or from the right.
std::vector<Value> splitAtSpace(Interpreter &interpreter, const MarkedText &text, std::int64_t most, bool fromRight)
{
    const std::string_view bytes = text.bytes();
    std::vector<std::pair<std::size_t, std::size_t>> words;
    for (std::size_t at = 0; at < bytes.size();) {
        at += unicode::trimmedBegin(bytes.substr(at));
        const std::size_t begin = at;
        std::size_t end = at;
        while (end < bytes.size()) {
            at = end;
            if (unicode::isSpace(unicode::next(bytes, at)))
                break;
            end = at;
        }
        at = end;
        if (end > begin)
            words.emplace_back(begin, end);
    }
    std::vector<Value> parts;
    const std::size_t cuts = most < 0 ? words.size() : static_cast<std::size_t>(most);
    if (words.size() <= cuts) {
        for (const auto &[begin, end] : words)
            interpreter.addPiece(parts, text, begin, end);
    } else if (fromRight) {
        // What is left over keeps the white space at its outer end.
        interpreter.addPiece(parts, text, 0, words[words.size() - cuts - 1].second);
        for (std::size_t i = words.size() - cuts; i < words.size(); ++i)
            interpreter.addPiece(parts, text, words[i].first, words[i].second);
    } else {
        for (std::size_t i = 0; i < cuts; ++i)
            interpreter.addPiece(parts, text, words[i].first, words[i].second);
        interpreter.addPiece(parts, text, words[cuts].first, bytes.size());
    }
    return parts;
}

std::vector<Value> splitAt(Interpreter &interpreter, const MarkedText &text, std::string_view separator,
                           std::int64_t most, bool fromRight)
{
    const std::string_view bytes = text.bytes();
    std::vector<Value> parts;
    std::size_t begin = 0;
    std::size_t end = bytes.size();
    for (std::int64_t cuts = 0; most < 0 || cuts < most; ++cuts) {
        const std::size_t rest = end - begin;
        const std::size_t found = fromRight ? findLastPart(bytes, separator, end) : findPart(bytes, separator, begin);
        if (rest < separator.size() || found == std::string_view::npos)
            break;
        if (fromRight) {
            interpreter.addPiece(parts, text, found + separator.size(), end);
            end = found;
        } else {
            interpreter.addPiece(parts, text, begin, found);
            begin = found + separator.size();
        }
    }
    interpreter.addPiece(parts, text, begin, end);
    if (fromRight)
        std::reverse(parts.begin(), parts.end());
    return parts;
}

template <bool FromRight>
Value split(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("split", arguments, {"sep", "maxsplit"});
    const std::int64_t most = parameters.integer(1, -1);
    const MarkedText &text = *self.asText();
    const Value *separator = parameters.get(0);
    if (!separator || separator->isNone())
        return interpreter.makeList(splitAtSpace(interpreter, text, most, FromRight));
    if (parameters.text(0)->empty())
        failTemplate("split() needs a separator that is not empty");
    return interpreter.makeList(splitAt(interpreter, text, parameters.text(0)->bytes(), most, FromRight));
}

template <bool FromRight>
Value partition(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("partition", arguments, {"sep"}, 1);
    const MarkedText &text = *self.asText();
    const std::string &separator = parameters.text(0)->bytes();
    if (separator.empty())
        failTemplate("partition() needs a separator that is not empty");
    const std::size_t at = FromRight ? findLastPart(text.bytes(), separator) : findPart(text.bytes(), separator);
    std::vector<MarkedText> parts;
    if (at != std::string::npos)
        parts = {text.slice(0, at), text.slice(at, at + separator.size()),
                 text.slice(at + separator.size(), text.size())};
    else if (FromRight)
        parts = {{}, {}, text};
    else
        parts = {text, {}, {}};
    std::vector<Value> values;
    for (MarkedText &part : parts)
        values.push_back(Value::text(std::move(part)));
    return interpreter.makeList(std::move(values), ListData::Kind::Tuple);
}

Value splitLines(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("splitlines", arguments, {"keepends"});
    return interpreter.makeList(lines(interpreter, *self.asText(), parameters.truth(0)));
}

Value join(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("join", arguments, {"iterable"}, 1);
    return interpreter.makeText(joined(interpreter, *self.asText(), interpreter.itemsOf(*parameters.get(0)), false));
}

template <bool FromRight, bool MustExist>
Value find(Interpreter &, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("find", arguments, {"sub"}, 1);
    const std::string &bytes = self.asText()->bytes();
    const std::string &part = parameters.text(0)->bytes();
    const std::size_t at = FromRight ? findLastPart(bytes, part) : findPart(bytes, part);
    if (at != std::string::npos)
        return characters(bytes, at);
    if (MustExist)
        failTemplate("index() finds no '" + part + "'");
    return std::int64_t{-1};
}

Value count(Interpreter &, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("count", arguments, {"sub"}, 1);
    const std::string &bytes = self.asText()->bytes();
    const std::string &part = parameters.text(0)->bytes();
    if (part.empty())
        return unicode::length(bytes) + 1;
    std::int64_t found = 0;
    for (std::size_t at = findPart(bytes, part); at != std::string::npos;
         at = findPart(bytes, part, at + part.size()))
        ++found;
    return found;
}

template <bool Suffix>
Value removeEdge(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters(Suffix ? "removesuffix" : "removeprefix", arguments, {"edge"}, 1);
    const MarkedText &text = *self.asText();
    const std::string &edge = parameters.text(0)->bytes();
    if (Suffix ? !text.bytes().ends_with(edge) : !text.bytes().starts_with(edge))
        return self;
    return interpreter.makeText(Suffix ? text.slice(0, text.size() - edge.size())
                                       : text.slice(edge.size(), text.size()));
}

/// -1: text at the right, 0: in the middle, 1: at the left.
template <int Side>
Value pad(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("center, ljust or rjust", arguments, {"width", "fillchar"}, 1);
    static const MarkedText space(" ");
    const MarkedText *fill = parameters.text(1);
    if (fill && unicode::length(fill->bytes()) != 1)
        failTemplate("a text is filled up with one character");
    return interpreter.makeText(
        padded(interpreter, *self.asText(), parameters.integer(0, 0), fill ? *fill : space, Side));
}

Value zeroFill(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("zfill", arguments, {"width"}, 1);
    const MarkedText &text = *self.asText();
    const std::size_t sign = text.bytes().starts_with('-') || text.bytes().starts_with('+') ? 1 : 0;
    MarkedText result = text.slice(0, sign);
    result.append(padded(interpreter, text.slice(sign, text.size()),
                         parameters.integer(0, 0) - static_cast<std::int64_t>(sign), MarkedText("0"), -1));
    return interpreter.makeText(std::move(result));
}

Value format(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    return interpreter.makeText(formatted(interpreter, *self.asText(), arguments));
}

Value dictGet(Interpreter &, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("get", arguments, {"key", "default"}, 1);
    DictData::requireKey(*parameters.get(0));
    if (const Value *found = self.asDict()->find(*parameters.get(0)))
        return *found;
    return parameters.get(1) ? *parameters.get(1) : Value(None{});
}

template <bool Keys, bool Values>
Value dictView(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    Parameters("items, keys or values", arguments, {});
    std::vector<Value> items;
    for (const auto &[key, value] : self.asDict()->items)
        items.push_back(Keys && Values ? interpreter.makeList({key, value}, ListData::Kind::Tuple)
                        : Keys         ? key
                                       : value);
    return interpreter.makeList(std::move(items), ListData::Kind::View);
}

Value copy(Interpreter &, const Value &self, const CallArguments &arguments)
{
    Parameters("copy", arguments, {});
    return self;
}

Value listCount(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("count", arguments, {"value"}, 1);
    interpreter.chargeFor(self);
    const auto &items = self.asList()->items;
    return static_cast<std::int64_t>(std::count_if(
        items.begin(), items.end(), [&](const Value &item) { return isEqual(item, *parameters.get(0)); }));
}

Value listIndex(Interpreter &interpreter, const Value &self, const CallArguments &arguments)
{
    const Parameters parameters("index", arguments, {"value"}, 1);
    interpreter.chargeFor(self);
    const auto &items = self.asList()->items;
    const auto found = std::find_if(items.begin(), items.end(),
                                    [&](const Value &item) { return isEqual(item, *parameters.get(0)); });
    if (found == items.end())
        failTemplate("index() finds no such item");
    return static_cast<std::int64_t>(found - items.begin());
}

using Table = std::unordered_map<std::string_view, Method>;

const Table &methodsOf(const Value &object)
{
    static const Table text = {
        {"strip", strip<true, true>},
        {"lstrip", strip<true, false>},
        {"rstrip", strip<false, true>},
        {"upper", change<unicode::Case::Upper>},
        {"lower", change<unicode::Case::Lower>},
        {"title", change<unicode::Case::Title>},
        {"capitalize", change<unicode::Case::Capitalized>},
        {"swapcase", change<unicode::Case::Swapped>},
        {"startswith", matchesEdge<false>},
        {"endswith", matchesEdge<true>},
        {"replace", replace},
        {"split", split<false>},
        {"rsplit", split<true>},
        {"partition", partition<false>},
        {"rpartition", partition<true>},
        {"splitlines", splitLines},
        {"join", join},
        {"find", find<false, false>},
        {"rfind", find<true, false>},
        {"index", find<false, true>},
        {"rindex", find<true, true>},
        {"count", count},
        {"removeprefix", removeEdge<false>},
        {"removesuffix", removeEdge<true>},
        {"center", pad<0>},
        {"ljust", pad<1>},
        {"rjust", pad<-1>},
        {"zfill", zeroFill},
        {"format", format},
        {"isspace", all<unicode::isSpace>},
        {"isalpha", all<unicode::isLetter>},
        {"isdecimal", all<unicode::isDecimal>},
        {"isdigit", all<unicode::isDigit>},
        {"isnumeric", all<unicode::isNumeric>},
        {"isalnum", all<isAlphanumeric>},
        {"isascii", all<isAscii>},
        {"isupper", allCased<unicode::isUpper>},
        {"islower", allCased<unicode::isLower>},
        {"casefold", nullptr}, // Python has these, this interpreter does not
        {"encode", nullptr},
        {"expandtabs", nullptr},
        {"format_map", nullptr},
        {"isidentifier", nullptr},
        {"isprintable", nullptr},
        {"istitle", nullptr},
        {"maketrans", nullptr},
        {"translate", nullptr},
    };
    static const Table dict = {{"get", dictGet},
                               {"items", dictView<true, true>},
                               {"keys", dictView<true, false>},
                               {"values", dictView<false, true>},
                               {"copy", copy},
                               {"fromkeys", nullptr}};
    static const Table list = {{"count", listCount}, {"index", listIndex}, {"copy", copy}};
    static const Table tuple = {{"count", listCount}, {"index", listIndex}};
    static const Table none;
    if (object.asText())
        return text;
    if (object.asDict())
        return dict;
    if (const auto *items = object.asList())
        return items->kind == ListData::Kind::List ? list : items->kind == ListData::Kind::Tuple ? tuple : none;
    return none;
}

/// What transformers' sandbox keeps templates from doing.
bool changesItsObject(const Value &object, std::string_view name)
{
    static constexpr std::string_view ofLists[] = {"append", "clear", "pop",    "reverse",
                                                   "insert", "sort",  "extend", "remove"};
    static constexpr std::string_view ofDicts[] = {"clear", "pop", "popitem", "setdefault", "update"};
    const auto *list = object.asList();
    if (list && list->kind == ListData::Kind::List)
        return std::find(std::begin(ofLists), std::end(ofLists), name) != std::end(ofLists);
    return object.asDict() && std::find(std::begin(ofDicts), std::end(ofDicts), name) != std::end(ofDicts);
}

} // namespace

std::optional<Value> findMethod(const Value &object, std::string_view name)
{
    if (changesItsObject(object, name))
        return Value::undefined("'" + std::string(name) + "' would change " + aType(object) +
                                ", which chat templates may not do");
    const Table &methods = methodsOf(object);
    if (methods.find(name) == methods.end())
        return std::nullopt;
    FunctionData function;
    function.kind = FunctionData::Kind::Method;
    function.name = name;
    function.self = object;
    return Value(std::make_shared<const FunctionData>(std::move(function)));
}

Value callMethod(Interpreter &interpreter, const Value &object, const std::string &name,
                 const CallArguments &arguments)
{
    const Method method = methodsOf(object).at(name);
    if (!method)
        failTemplate("the method '" + name + "' of " + aType(object) + " is not supported");
    if (object.asText())
        interpreter.chargeFor(object);
    return method(interpreter, object, arguments);
}

} // namespace attune::jinja
