#include "core/formats/gguf.h"

#include <utility>

namespace attune {

namespace {

tl::unexpected<Error> wrongKind(const GgufFile &file, const std::string &key, const char *kind)
{
    return fail(ErrorCode::InvalidInput,
                file.path().string() + ": the metadata value " + key + " must be " + kind + ".");
}

const GgufValue *find(const GgufFile &file, const std::string &key)
{
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? nullptr : &found->second;
}

template <typename T>
const T *arrayOf(const GgufFile &file, const std::string &key)
{
    const GgufValue *value = find(file, key);
    return value ? std::get_if<T>(value) : nullptr;
}

} // namespace

Result<std::optional<std::string>> GgufFile::string(const std::string &key) const
{
    const GgufValue *value = find(*this, key);
    if (!value)
        return std::optional<std::string>();
    if (const auto *text = std::get_if<std::string>(value))
        return std::optional(*text);
    return wrongKind(*this, key, "a text");
}

Result<std::optional<std::int64_t>> GgufFile::integer(const std::string &key) const
{
    const GgufValue *value = find(*this, key);
    if (!value)
        return std::optional<std::int64_t>();
    if (const auto *number = std::get_if<std::int64_t>(value))
        return std::optional(*number);
    if (const auto *number = std::get_if<std::uint64_t>(value); number && std::in_range<std::int64_t>(*number))
        return std::optional(static_cast<std::int64_t>(*number));
    return wrongKind(*this, key, "a whole number");
}

Result<std::optional<double>> GgufFile::number(const std::string &key) const
{
    const GgufValue *value = find(*this, key);
    if (!value)
        return std::optional<double>();
    if (const auto *number = std::get_if<double>(value))
        return std::optional(*number);
    if (const auto *number = std::get_if<std::int64_t>(value))
        return std::optional(static_cast<double>(*number));
    if (const auto *number = std::get_if<std::uint64_t>(value))
        return std::optional(static_cast<double>(*number));
    return wrongKind(*this, key, "a number");
}

Result<std::optional<bool>> GgufFile::boolean(const std::string &key) const
{
    const GgufValue *value = find(*this, key);
    if (!value)
        return std::optional<bool>();
    if (const auto *flag = std::get_if<bool>(value))
        return std::optional(*flag);
    return wrongKind(*this, key, "true or false");
}

const std::vector<std::string> *GgufFile::strings(const std::string &key) const
{
    return arrayOf<std::vector<std::string>>(*this, key);
}

const std::vector<std::int64_t> *GgufFile::integers(const std::string &key) const
{
    return arrayOf<std::vector<std::int64_t>>(*this, key);
}

const std::vector<double> *GgufFile::numbers(const std::string &key) const
{
    return arrayOf<std::vector<double>>(*this, key);
}

} // namespace attune
