#include "core/formats/safetensors.h"

#include "core/formats/json.h"
#include "core/formats/tensor_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <optional>
#include <set>

namespace attune {

static_assert(std::endian::native == std::endian::little, "Files are mapped, not converted.");

namespace {

constexpr std::uint64_t LengthBytes = 8;
constexpr std::uint64_t MaxHeaderBytes = 100'000'000; // as the reference reader has it

constexpr std::array KnownTypes = {DType::F64, DType::F32, DType::F16, DType::BF16, DType::I64,
                                   DType::I32, DType::I16, DType::I8,  DType::U8,   DType::Bool};

std::optional<DType> typeNamed(std::string_view text)
{
    const auto found =
        std::find_if(KnownTypes.begin(), KnownTypes.end(), [&](DType type) { return name(type) == text; });
    return found == KnownTypes.end() ? std::nullopt : std::optional(*found);
}

tl::unexpected<Error> damaged(std::string_view where, const std::string &why)
{
    return fail(ErrorCode::Corrupt, std::string(where) + " is damaged: " + why + "; fetch or write it again.");
}

/// Parses the header; a name that comes twice is an error, where nlohmann would keep the last.
Result<Json> parseHeader(std::string_view text, std::string_view where)
{
    // The bound on depth and the check for valid JSON come from here, the second pass only looks for equal names.
    ATTUNE_TRY(Json header, parseJson(text, std::string(where) + " (its header)"));
    if (!header.is_object())
        return damaged(where, "its header is no JSON object");
    std::set<std::string> names;
    std::string twice;
    const auto watch = [&](int depth, Json::parse_event_t event, const Json &value) {
        if (depth == 1 && event == Json::parse_event_t::key && !names.insert(value.get<std::string>()).second)
            twice = value.get<std::string>();
        return depth <= 1;
    };
    [[maybe_unused]] const Json ignored = Json::parse(text, watch, false);
    if (!twice.empty())
        return damaged(where, "the tensor " + twice + " comes twice in its header");
    return header;
}

std::optional<std::vector<std::int64_t>> sizesOf(const Json &entry, const char *key)
{
    const auto found = entry.find(key);
    if (found == entry.end() || !found->is_array())
        return std::nullopt;
    std::vector<std::int64_t> sizes;
    for (const Json &size : *found) {
        if (!size.is_number_integer() || (size.is_number_unsigned() && size.get<std::uint64_t>() > INT64_MAX) ||
            size.get<std::int64_t>() < 0)
            return std::nullopt;
        sizes.push_back(size.get<std::int64_t>());
    }
    return sizes;
}

/// A tensor's entry in the header, checked as far as its type is known.
struct Entry {
    std::string typeName;
    std::optional<DType> type;
    std::vector<std::int64_t> shape;
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

Result<Entry> parseEntry(const std::string &name, const Json &json, std::int64_t dataBytes, std::string_view where)
{
    const std::string tensor = "the tensor " + name;
    if (!json.is_object() || !json.contains("dtype") || !json["dtype"].is_string())
        return damaged(where, tensor + " has no type");
    Entry entry;
    entry.typeName = json["dtype"].get<std::string>();
    entry.type = typeNamed(entry.typeName);
    const auto shape = sizesOf(json, "shape");
    if (!shape)
        return damaged(where, tensor + " has no valid shape");
    entry.shape = *shape;
    const auto offsets = sizesOf(json, "data_offsets");
    if (!offsets || offsets->size() != 2)
        return damaged(where, tensor + " has no valid data offsets");
    entry.begin = offsets->front();
    entry.end = offsets->back();
    if (entry.begin > entry.end || entry.end > dataBytes)
        return damaged(where, tensor + " lies at bytes " + std::to_string(entry.begin) + " to " +
                                  std::to_string(entry.end) + " of " + std::to_string(dataBytes) +
                                  " bytes of data, so the file was cut short or its header is wrong");
    if (entry.type && countBytes(*entry.type, entry.shape) != entry.end - entry.begin)
        return damaged(where, tensor + " has " + std::to_string(entry.end - entry.begin) +
                                  " bytes, which its shape and type " + entry.typeName + " contradict");
    return entry;
}

std::string headerBytes(std::span<const TensorToWrite> tensors, const std::map<std::string, std::string> &metadata)
{
    OrderedJson header = OrderedJson::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    std::size_t offset = 0;
    for (const TensorToWrite &tensor : tensors) {
        assert(layout(tensor.dtype).elements == 1);
        assert(countBytes(tensor.dtype, tensor.shape) == std::int64_t(tensor.data.size()));
        header[tensor.name] = {{"dtype", std::string(name(tensor.dtype))},
                               {"shape", tensor.shape},
                               {"data_offsets", {offset, offset + tensor.data.size()}}};
        offset += tensor.data.size();
    }
    std::string text = header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size();
    std::string bytes(LengthBytes, '\0');
    std::memcpy(bytes.data(), &length, LengthBytes);
    return bytes + text;
}

} // namespace

Result<SafetensorsFile> SafetensorsFile::parse(std::span<const std::byte> bytes, std::string_view where)
{
    if (bytes.size() < LengthBytes)
        return damaged(where, "it has " + std::to_string(bytes.size()) + " bytes, too few for a safetensors file");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), LengthBytes);
    if (length > MaxHeaderBytes || length > bytes.size() - LengthBytes)
        return damaged(where, "its header would have " + std::to_string(length) + " bytes and the file has " +
                                  std::to_string(bytes.size()) + ", so it was cut short or is no safetensors file");
    const std::string_view headerText(reinterpret_cast<const char *>(bytes.data()) + LengthBytes, length);
    const auto data = bytes.subspan(LengthBytes + length);

    ATTUNE_TRY(const Json header, parseHeader(headerText, where));
    SafetensorsFile file;
    file.m_where = where;
    std::vector<Extent> extents;
    for (const auto &[key, value] : header.items()) {
        if (key == "__metadata__") {
            if (!value.is_object())
                return damaged(where, "its metadata is no JSON object");
            for (const auto &[metaKey, metaValue] : value.items()) {
                if (!metaValue.is_string())
                    return damaged(where, "the metadata value " + metaKey + " is no text");
                file.m_metadata[metaKey] = metaValue.get<std::string>();
            }
            continue;
        }
        ATTUNE_TRY(Entry entry, parseEntry(key, value, std::int64_t(data.size()), where));
        extents.push_back({key, entry.begin, entry.end});
        if (entry.type)
            file.m_tensors[key] = {key, *entry.type, std::move(entry.shape),
                                   data.subspan(std::size_t(entry.begin), std::size_t(entry.end - entry.begin))};
        else
            file.m_unsupported[key] = entry.typeName;
    }
    ATTUNE_CHECK(checkNoOverlap(extents, where));
    return file;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path &path)
{
    ATTUNE_TRY(MappedFile mapped, MappedFile::open(path));
    auto shared = std::make_shared<MappedFile>(std::move(mapped));
    ATTUNE_TRY(SafetensorsFile file, parse(shared->bytes(), path.string()));
    file.m_file = std::move(shared);
    return file;
}

Result<TensorView> SafetensorsFile::tensor(const std::string &name) const
{
    if (const auto found = m_tensors.find(name); found != m_tensors.end())
        return found->second;
    if (const auto found = m_unsupported.find(name); found != m_unsupported.end())
        return fail(ErrorCode::InvalidInput,
                    m_where + ": the tensor " + name + " has the type " + found->second +
                        ", which is not supported; use a copy of the model in F32, F16 or BF16.");
    return fail(ErrorCode::NotFound, m_where + " holds no tensor " + name + ".");
}

void SafetensorsFile::forget(const TensorView &tensor) const
{
    if (m_file)
        m_file->forget(tensor.data);
}

std::string safetensorsBytes(std::span<const TensorToWrite> tensors,
                             const std::map<std::string, std::string> &metadata)
{
    std::string bytes = headerBytes(tensors, metadata);
    for (const TensorToWrite &tensor : tensors)
        bytes.append(reinterpret_cast<const char *>(tensor.data.data()), tensor.data.size());
    return bytes;
}

Result<void> writeSafetensors(const std::filesystem::path &path, std::span<const TensorToWrite> tensors,
                              const std::map<std::string, std::string> &metadata)
{
    return writeFileAtomically(path, [&](const ByteSink &sink) -> Result<void> {
        const std::string header = headerBytes(tensors, metadata);
        ATTUNE_CHECK(sink(std::as_bytes(std::span(header))));
        for (const TensorToWrite &tensor : tensors)
            ATTUNE_CHECK(sink(tensor.data));
        return {};
    });
}

} // namespace attune
