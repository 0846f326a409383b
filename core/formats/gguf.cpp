#include "core/formats/gguf.h"

#include "core/formats/tensor_check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace attune {

static_assert(std::endian::native == std::endian::little, "Files are mapped, not converted.");

namespace {

constexpr std::uint32_t Magic = 0x46554747; // "GGUF"
constexpr std::uint64_t DefaultAlignment = 32;
constexpr std::uint32_t MaxDimensions = 8; // ggml itself stops at 4
constexpr const char *AlignmentKey = "general.alignment";

enum ValueType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

/// ggml's numbering, with its gaps.
constexpr std::string_view GgmlTypes[] = {
    "F32",     "F16",   "Q4_0",   "Q4_1",  "Q4_2",     "Q4_3",     "Q5_0",     "Q5_1",    "Q8_0",
    "Q8_1",    "Q2_K",  "Q3_K",   "Q4_K",  "Q5_K",     "Q6_K",     "Q8_K",     "IQ2_XXS", "IQ2_XS",
    "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S",    "IQ4_XS",   "I8",       "I16",     "I32",
    "I64",     "F64",   "IQ1_M",  "BF16",  "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8", "TQ1_0",   "TQ2_0"};

std::string ggmlTypeName(std::uint32_t type)
{
    return type < std::size(GgmlTypes) ? std::string(GgmlTypes[type]) : "number " + std::to_string(type);
}

std::optional<DType> typeOf(std::uint32_t type)
{
    switch (type) {
    case 0:
        return DType::F32;
    case 1:
        return DType::F16;
    case 2:
        return DType::Q4_0;
    case 3:
        return DType::Q4_1;
    case 6:
        return DType::Q5_0;
    case 7:
        return DType::Q5_1;
    case 8:
        return DType::Q8_0;
    case 12:
        return DType::Q4_K;
    case 13:
        return DType::Q5_K;
    case 14:
        return DType::Q6_K;
    case 24:
        return DType::I8;
    case 25:
        return DType::I16;
    case 26:
        return DType::I32;
    case 27:
        return DType::I64;
    case 28:
        return DType::F64;
    case 30:
        return DType::BF16;
    default:
        return std::nullopt;
    }
}

/// Reads on through the file; nothing is read past its end.
class Cursor {
public:
    Cursor(std::span<const std::byte> bytes, std::string where) : m_bytes(bytes), m_where(std::move(where)) {}

    std::size_t position() const noexcept { return m_position; }
    std::size_t left() const noexcept { return m_bytes.size() - m_position; }
    const std::string &where() const noexcept { return m_where; }

    tl::unexpected<Error> damaged(const std::string &why) const
    {
        return fail(ErrorCode::Corrupt, m_where + " is damaged: " + why + "; fetch or write it again.");
    }

    tl::unexpected<Error> cut() const
    {
        return damaged("it ends too early, at byte " + std::to_string(m_bytes.size()));
    }

    template <typename T>
    Result<T> read()
    {
        if (left() < sizeof(T))
            return cut();
        T value;
        std::memcpy(&value, m_bytes.data() + m_position, sizeof(T));
        m_position += sizeof(T);
        return value;
    }

    Result<std::string> readString()
    {
        ATTUNE_TRY(const auto length, read<std::uint64_t>());
        if (length > left())
            return cut();
        std::string text(reinterpret_cast<const char *>(m_bytes.data()) + m_position, length);
        m_position += length;
        return text;
    }

private:
    std::span<const std::byte> m_bytes;
    std::string m_where;
    std::size_t m_position = 0;
};

/// Far more than a vocabulary has; in a large file a damaged count could ask for more than the memory.
constexpr std::uint64_t mostValues = 1 << 24;

template <typename Stored, typename Kept>
Result<std::vector<Kept>> readArray(Cursor &cursor, std::uint64_t count, const std::string &key)
{
    if (count > cursor.left() / sizeof(Stored))
        return cursor.cut();
    if (count > mostValues)
        return cursor.damaged("the metadata array " + key + " has " + std::to_string(count) + " values");
    std::vector<Kept> values;
    values.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        ATTUNE_TRY(const auto value, cursor.read<Stored>());
        if constexpr (std::is_same_v<Stored, std::uint64_t>) {
            if (value > std::uint64_t(INT64_MAX))
                return cursor.damaged("the metadata array " + key + " holds a number beyond 63 bits");
        }
        values.push_back(static_cast<Kept>(value));
    }
    return values;
}

template <typename Stored, typename Kept>
Result<GgufValue> readNumbers(Cursor &cursor, std::uint64_t count, const std::string &key)
{
    ATTUNE_TRY(auto values, readArray<Stored, Kept>(cursor, count, key));
    return GgufValue(std::move(values));
}

Result<GgufValue> readArrayValue(Cursor &cursor, const std::string &key)
{
    ATTUNE_TRY(const auto type, cursor.read<std::uint32_t>());
    ATTUNE_TRY(const auto count, cursor.read<std::uint64_t>());
    switch (type) {
    case U8:
        return readNumbers<std::uint8_t, std::int64_t>(cursor, count, key);
    case I8:
        return readNumbers<std::int8_t, std::int64_t>(cursor, count, key);
    case U16:
        return readNumbers<std::uint16_t, std::int64_t>(cursor, count, key);
    case I16:
        return readNumbers<std::int16_t, std::int64_t>(cursor, count, key);
    case U32:
        return readNumbers<std::uint32_t, std::int64_t>(cursor, count, key);
    case I32:
        return readNumbers<std::int32_t, std::int64_t>(cursor, count, key);
    case U64:
        return readNumbers<std::uint64_t, std::int64_t>(cursor, count, key);
    case I64:
        return readNumbers<std::int64_t, std::int64_t>(cursor, count, key);
    case F32:
        return readNumbers<float, double>(cursor, count, key);
    case F64:
        return readNumbers<double, double>(cursor, count, key);
    case Bool: {
        ATTUNE_TRY(const auto bytes, readArray<std::uint8_t, std::int64_t>(cursor, count, key));
        std::vector<bool> values;
        for (const std::int64_t byte : bytes)
            values.push_back(byte != 0);
        return GgufValue(std::move(values));
    }
    case String: {
        if (count > cursor.left() / sizeof(std::uint64_t))
            return cursor.cut();
        if (count > mostValues)
            return cursor.damaged("the metadata array " + key + " has " + std::to_string(count) + " values");
        std::vector<std::string> values;
        values.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            ATTUNE_TRY(std::string text, cursor.readString());
            values.push_back(std::move(text));
        }
        return GgufValue(std::move(values));
    }
    case Array:
        return fail(ErrorCode::InvalidInput, cursor.where() + ": the metadata value " + key +
                                                 " is an array of arrays, which is not supported.");
    default:
        return cursor.damaged("the metadata array " + key + " has the unknown type " + std::to_string(type));
    }
}

template <typename Stored, typename Kept>
Result<GgufValue> readScalar(Cursor &cursor)
{
    ATTUNE_TRY(const auto value, cursor.read<Stored>());
    return GgufValue(static_cast<Kept>(value));
}

Result<GgufValue> readValue(Cursor &cursor, const std::string &key)
{
    ATTUNE_TRY(const auto type, cursor.read<std::uint32_t>());
    switch (type) {
    case U8:
        return readScalar<std::uint8_t, std::uint64_t>(cursor);
    case I8:
        return readScalar<std::int8_t, std::int64_t>(cursor);
    case U16:
        return readScalar<std::uint16_t, std::uint64_t>(cursor);
    case I16:
        return readScalar<std::int16_t, std::int64_t>(cursor);
    case U32:
        return readScalar<std::uint32_t, std::uint64_t>(cursor);
    case I32:
        return readScalar<std::int32_t, std::int64_t>(cursor);
    case U64:
        return readScalar<std::uint64_t, std::uint64_t>(cursor);
    case I64:
        return readScalar<std::int64_t, std::int64_t>(cursor);
    case F32:
        return readScalar<float, double>(cursor);
    case F64:
        return readScalar<double, double>(cursor);
    case Bool: {
        ATTUNE_TRY(const auto byte, cursor.read<std::uint8_t>());
        return GgufValue(byte != 0);
    }
    case String: {
        ATTUNE_TRY(std::string text, cursor.readString());
        return GgufValue(std::move(text));
    }
    case Array:
        return readArrayValue(cursor, key);
    default:
        return cursor.damaged("the metadata value " + key + " has the unknown type " + std::to_string(type));
    }
}

/// A tensor's entry; where it lies is known only when all entries have been read.
struct Entry {
    std::string name;
    std::uint32_t type = 0;
    std::vector<std::int64_t> shape;
    std::uint64_t offset = 0;
};

Result<Entry> readEntry(Cursor &cursor)
{
    Entry entry;
    ATTUNE_TRY(entry.name, cursor.readString());
    ATTUNE_TRY(const auto dimensions, cursor.read<std::uint32_t>());
    if (dimensions > MaxDimensions)
        return cursor.damaged("the tensor " + entry.name + " has " + std::to_string(dimensions) + " dimensions");
    for (std::uint32_t i = 0; i < dimensions; ++i) {
        ATTUNE_TRY(const auto size, cursor.read<std::uint64_t>());
        if (size > std::uint64_t(INT64_MAX))
            return cursor.damaged("the tensor " + entry.name + " has no valid shape");
        entry.shape.push_back(static_cast<std::int64_t>(size));
    }
    std::reverse(entry.shape.begin(), entry.shape.end());
    ATTUNE_TRY(entry.type, cursor.read<std::uint32_t>());
    ATTUNE_TRY(entry.offset, cursor.read<std::uint64_t>());
    return entry;
}

Result<void> checkHead(Cursor &cursor)
{
    ATTUNE_TRY(const auto magic, cursor.read<std::uint32_t>());
    if (magic != Magic)
        return fail(ErrorCode::InvalidInput, cursor.where() + " is no GGUF file: it does not begin with GGUF.");
    ATTUNE_TRY(const auto version, cursor.read<std::uint32_t>());
    if (version == 2 || version == 3)
        return {};
    if ((version & 0xffffu) == 0)
        return fail(ErrorCode::InvalidInput, cursor.where() + " is a big-endian GGUF file, which is not supported.");
    return fail(ErrorCode::InvalidInput,
                cursor.where() + " is of GGUF version " + std::to_string(version) + "; versions 2 and 3 are read.");
}

Result<std::uint64_t> alignmentOf(const std::map<std::string, GgufValue> &metadata, const Cursor &cursor)
{
    const auto found = metadata.find(AlignmentKey);
    if (found == metadata.end())
        return DefaultAlignment;
    const auto *value = std::get_if<std::uint64_t>(&found->second);
    if (!value || *value == 0 || *value > (std::uint64_t(1) << 30) || !std::has_single_bit(*value))
        return cursor.damaged(std::string(AlignmentKey) + " must be a power of two");
    return *value;
}

} // namespace

Result<GgufFile> GgufFile::open(const std::filesystem::path &path)
{
    ATTUNE_TRY(MappedFile mapped, MappedFile::open(path));
    GgufFile file;
    file.m_file = std::make_shared<MappedFile>(std::move(mapped));
    const auto bytes = file.m_file->bytes();
    Cursor cursor(bytes, path.string());

    ATTUNE_CHECK(checkHead(cursor));
    // Neither count is trusted with memory: each entry takes bytes of the file, so a false one ends at the file's
    // end.
    ATTUNE_TRY(const auto tensorCount, cursor.read<std::uint64_t>());
    ATTUNE_TRY(const auto valueCount, cursor.read<std::uint64_t>());
    for (std::uint64_t i = 0; i < valueCount; ++i) {
        ATTUNE_TRY(const std::string key, cursor.readString());
        ATTUNE_TRY(GgufValue value, readValue(cursor, key));
        if (!file.m_metadata.emplace(key, std::move(value)).second)
            return cursor.damaged("the metadata value " + key + " comes twice");
    }
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < tensorCount; ++i) {
        ATTUNE_TRY(Entry entry, readEntry(cursor));
        entries.push_back(std::move(entry));
    }
    if (entries.empty())
        return file;

    ATTUNE_TRY(const std::uint64_t alignment, alignmentOf(file.m_metadata, cursor));
    const std::uint64_t dataBegin = (cursor.position() + alignment - 1) / alignment * alignment;
    if (dataBegin > bytes.size())
        return cursor.cut();
    const auto data = bytes.subspan(dataBegin);
    std::vector<Extent> extents;
    for (Entry &entry : entries) {
        const std::string tensor = "the tensor " + entry.name;
        if (file.contains(entry.name))
            return cursor.damaged(tensor + " comes twice");
        if (entry.offset % alignment != 0 || entry.offset > data.size())
            return cursor.damaged(tensor + " lies at byte " + std::to_string(entry.offset) + " of " +
                                  std::to_string(data.size()) + " bytes of data");
        const auto type = typeOf(entry.type);
        if (!type) {
            file.m_unsupported[entry.name] = ggmlTypeName(entry.type);
            continue;
        }
        const auto size = countBytes(*type, entry.shape);
        if (!size)
            return cursor.damaged(tensor + " has a shape that its type " + ggmlTypeName(entry.type) + " rules out");
        if (std::uint64_t(*size) > data.size() - entry.offset)
            return cursor.damaged(tensor + " needs " + std::to_string(*size) + " bytes at byte " +
                                  std::to_string(entry.offset) + " of " + std::to_string(data.size()) +
                                  " bytes of data, so the file was cut short");
        extents.push_back({entry.name, std::int64_t(entry.offset), std::int64_t(entry.offset) + *size});
        file.m_tensors[entry.name] = {entry.name, *type, std::move(entry.shape),
                                      data.subspan(entry.offset, std::size_t(*size))};
    }
    ATTUNE_CHECK(checkNoOverlap(extents, cursor.where()));
    return file;
}

Result<TensorView> GgufFile::tensor(const std::string &name) const
{
    if (const auto found = m_tensors.find(name); found != m_tensors.end())
        return found->second;
    if (const auto found = m_unsupported.find(name); found != m_unsupported.end())
        return fail(
            ErrorCode::InvalidInput,
            path().string() + ": the tensor " + name + " has the type " + found->second +
                ", which is not supported; F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_1, Q5_0, Q4_K, Q4_1 and Q4_0 are.");
    return fail(ErrorCode::NotFound, path().string() + " holds no tensor " + name + ".");
}

void GgufFile::forget(const TensorView &tensor) const
{
    m_file->forget(tensor.data);
}

} // namespace attune
