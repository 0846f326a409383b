#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

namespace attune {

using Json = nlohmann::json;
/// Keeps the order of keys, for files that people read.
using OrderedJson = nlohmann::ordered_json;

/// `where` names the text in the message ("config.json", "line 3"). Fails with InvalidInput, naming byte and cause.
Result<Json> parseJson(std::string_view text, std::string_view where);
Result<Json> readJson(const std::filesystem::path &path);

/// A member of the wanted type, or `fallback` where it is absent or null. A member of another type is an error that
/// names key and file. T: bool, std::int64_t, double, std::string.
template <typename T>
Result<T> jsonValue(const Json &object, const char *key, T fallback, std::string_view where);

} // namespace attune
