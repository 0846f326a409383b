#include "core/formats/json.h"
#include "core/formats/json_text.h"

#include "core/base/files.h"

#include <cmath>
#include <cstdint>
#include <optional>

namespace attune {

namespace {

// Copying and printing a value recurse once a level, so a hostile depth would overflow the stack.
constexpr int MaxDepth = 512;

bool tooDeep(std::string_view text)
{
    int depth = 0;
    bool inString = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
        } else if (c == '[' || c == '{') {
            if (++depth > MaxDepth)
                return true;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

/// A text that was cut, less a character that it ends within.
std::string withoutPart(std::string text)
{
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
        text.pop_back();
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0)
        text.pop_back();
    return text;
}

/// nlohmann's own sentence less its prefix "[json.exception.parse_error.101] parse error ".
std::string cause(const Json::parse_error &error)
{
    std::string text = error.what();
    constexpr std::string_view Mark = "parse error ";
    if (const auto at = text.find(Mark); at != std::string::npos)
        text.erase(0, at + Mark.size());
    // What was read last is the whole of a string.
    constexpr std::size_t Head = 200, Tail = 60;
    if (text.size() > Head + Tail)
        text = withoutPart(text.substr(0, Head)) + "..." + text.substr(text.size() - Tail);
    return text;
}

template <typename T>
std::optional<T> converted(const Json &value);

template <>
std::optional<bool> converted<bool>(const Json &value)
{
    return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

template <>
std::optional<std::string> converted<std::string>(const Json &value)
{
    return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

template <>
std::optional<double> converted<double>(const Json &value)
{
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

template <>
std::optional<std::int64_t> converted<std::int64_t>(const Json &value)
{
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        return number <= INT64_MAX ? std::optional(static_cast<std::int64_t>(number)) : std::nullopt;
    }
    if (value.is_number_integer())
        return value.get<std::int64_t>();
    // 512.0 is a whole number too; beyond 2^53 a double no longer says which.
    if (value.is_number_float()) {
        const double number = value.get<double>();
        if (std::abs(number) <= 0x1p53 && number == std::floor(number))
            return static_cast<std::int64_t>(number);
    }
    return std::nullopt;
}

template <typename T>
constexpr const char *Kind = "";
template <>
constexpr const char *Kind<bool> = "true or false";
template <>
constexpr const char *Kind<std::string> = "a text";
template <>
constexpr const char *Kind<double> = "a number";
template <>
constexpr const char *Kind<std::int64_t> = "a whole number";

} // namespace

std::string shown(const Json &value)
{
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60)
        text = withoutPart(text.substr(0, 57)) + "...";
    return text;
}

Json parsedOrDiscarded(std::string_view text)
{
    return tooDeep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

OrderedJson parsedInOrder(std::string_view text)
{
    return tooDeep(text) ? OrderedJson(OrderedJson::value_t::discarded) : OrderedJson::parse(text, nullptr, false);
}

Result<Json> parseJson(std::string_view text, std::string_view where)
{
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return fail(ErrorCode::InvalidInput, std::string(where) + " is empty, where JSON was expected.");
    if (tooDeep(text))
        return fail(ErrorCode::InvalidInput, std::string(where) + " is nested more than " + std::to_string(MaxDepth) +
                                                 " levels deep, which no file of this kind needs.");
    try {
        return Json::parse(text);
    } catch (const Json::parse_error &error) {
        return fail(ErrorCode::InvalidInput,
                    std::string(where) + " is not valid JSON: byte " + std::to_string(error.byte) + ", " +
                        cause(error) + ".",
                    error.what());
    } catch (const Json::exception &error) { // a number that no double holds
        const std::string_view words = error.what();
        return fail(ErrorCode::InvalidInput,
                    std::string(where) + " is not valid JSON: " + std::string(words.substr(words.find(']') + 2)) +
                        ".",
                    error.what());
    }
}

Result<Json> readJson(const std::filesystem::path &path)
{
    ATTUNE_TRY(const std::string text, readFile(path));
    return parseJson(text, path.string());
}

template <typename T>
Result<T> jsonValue(const Json &object, const char *key, T fallback, std::string_view where)
{
    if (!object.is_object())
        return fail(ErrorCode::InvalidInput,
                    std::string(where) + ": an object with \"" + key + "\" was expected, not " + shown(object) + ".");
    const auto found = object.find(key);
    if (found == object.end() || found->is_null())
        return fallback;
    if (auto value = converted<T>(*found))
        return std::move(*value);
    return fail(ErrorCode::InvalidInput,
                std::string(where) + ": \"" + key + "\" must be " + Kind<T> + ", not " + shown(*found) + ".");
}

template Result<bool> jsonValue(const Json &, const char *, bool, std::string_view);
template Result<std::int64_t> jsonValue(const Json &, const char *, std::int64_t, std::string_view);
template Result<double> jsonValue(const Json &, const char *, double, std::string_view);
template Result<std::string> jsonValue(const Json &, const char *, std::string, std::string_view);

} // namespace attune
