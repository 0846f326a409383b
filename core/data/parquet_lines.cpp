#include "core/data/parquet_lines.h"

// The only file that sees Arrow. CMake defines ATTUNE_PARQUET where its libraries were found.
#ifdef ATTUNE_PARQUET
#include <algorithm>
#include <arrow/api.h>
#include <charconv>
#include <cmath>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>
#endif

namespace attune {

#ifdef ATTUNE_PARQUET

namespace {

constexpr std::int64_t PieceBytes = std::int64_t(2)
                                    << 20; // of a piece's rows, as far as the file's own figures are true
constexpr std::int64_t MostRows = 4096;
constexpr int DeepestValue = 64;

void appendText(std::string &json, std::string_view text)
{
    constexpr std::string_view hex = "0123456789abcdef";
    json += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (json += '\\') += c;
        else if (c == '\n')
            json += "\\n";
        else if (byte < 0x20)
            (((json += "\\u00") += hex[byte >> 4U]) += hex[byte & 15U]);
        else
            json += c;
    }
    json += '"';
}

template <typename Number>
void appendNumber(std::string &json, Number number)
{
    char digits[40];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    json.append(digits, end);
}

void appendReal(std::string &json, double number)
{
    if (std::isfinite(number))
        appendNumber(json, number);
    else
        json += "null";
}

/// One value of an array as JSON.
class ValueWriter {
public:
    explicit ValueWriter(std::string &json) : m_json(json) {}

    arrow::Status write(const arrow::Array &array, std::int64_t row, int depth = 0)
    {
        if (depth > DeepestValue)
            return arrow::Status::Invalid("values are nested more than 64 deep");
        if (array.IsNull(row)) {
            m_json += "null";
            return arrow::Status::OK();
        }
        switch (array.type_id()) {
        case arrow::Type::BOOL:
            m_json += as<arrow::BooleanArray>(array).Value(row) ? "true" : "false";
            return arrow::Status::OK();
        case arrow::Type::INT8:
            return number<arrow::Int8Array>(array, row);
        case arrow::Type::INT16:
            return number<arrow::Int16Array>(array, row);
        case arrow::Type::INT32:
            return number<arrow::Int32Array>(array, row);
        case arrow::Type::INT64:
            return number<arrow::Int64Array>(array, row);
        case arrow::Type::UINT8:
            return number<arrow::UInt8Array>(array, row);
        case arrow::Type::UINT16:
            return number<arrow::UInt16Array>(array, row);
        case arrow::Type::UINT32:
            return number<arrow::UInt32Array>(array, row);
        case arrow::Type::UINT64:
            return number<arrow::UInt64Array>(array, row);
        case arrow::Type::FLOAT:
            appendReal(m_json, static_cast<double>(as<arrow::FloatArray>(array).Value(row)));
            return arrow::Status::OK();
        case arrow::Type::DOUBLE:
            appendReal(m_json, as<arrow::DoubleArray>(array).Value(row));
            return arrow::Status::OK();
        case arrow::Type::STRING:
        case arrow::Type::BINARY:
            return text<arrow::BinaryArray>(array, row);
        case arrow::Type::LARGE_STRING:
        case arrow::Type::LARGE_BINARY:
            return text<arrow::LargeBinaryArray>(array, row);
        case arrow::Type::STRING_VIEW:
        case arrow::Type::BINARY_VIEW:
            return text<arrow::BinaryViewArray>(array, row);
        case arrow::Type::LIST:
            return list<arrow::ListArray>(array, row, depth);
        case arrow::Type::LARGE_LIST:
            return list<arrow::LargeListArray>(array, row, depth);
        case arrow::Type::FIXED_SIZE_LIST:
            return list<arrow::FixedSizeListArray>(array, row, depth);
        case arrow::Type::MAP:
            return map(as<arrow::MapArray>(array), row, depth);
        case arrow::Type::STRUCT:
            return object(as<arrow::StructArray>(array), row, depth);
        case arrow::Type::DICTIONARY: {
            const auto &words = as<arrow::DictionaryArray>(array);
            return write(*words.dictionary(), words.GetValueIndex(row), depth + 1);
        }
        default: {
            ARROW_ASSIGN_OR_RAISE(const auto scalar, array.GetScalar(row));
            appendText(m_json, scalar->ToString());
            return arrow::Status::OK();
        }
        }
    }

private:
    template <typename Kind>
    static const Kind &as(const arrow::Array &array)
    {
        return static_cast<const Kind &>(array);
    }

    template <typename Kind>
    arrow::Status number(const arrow::Array &array, std::int64_t row)
    {
        appendNumber(m_json, as<Kind>(array).Value(row));
        return arrow::Status::OK();
    }

    template <typename Kind>
    arrow::Status text(const arrow::Array &array, std::int64_t row)
    {
        appendText(m_json, as<Kind>(array).GetView(row));
        return arrow::Status::OK();
    }

    template <typename Kind>
    arrow::Status list(const arrow::Array &array, std::int64_t row, int depth)
    {
        const auto &values = as<Kind>(array);
        const auto begin = static_cast<std::int64_t>(values.value_offset(row));
        const auto count = static_cast<std::int64_t>(values.value_length(row));
        m_json += '[';
        for (std::int64_t i = 0; i < count; ++i) {
            if (i > 0)
                m_json += ',';
            ARROW_RETURN_NOT_OK(write(*values.values(), begin + i, depth + 1));
        }
        m_json += ']';
        return arrow::Status::OK();
    }

    arrow::Status object(const arrow::StructArray &array, std::int64_t row, int depth)
    {
        m_json += '{';
        for (int i = 0; i < array.num_fields(); ++i) {
            if (i > 0)
                m_json += ',';
            appendText(m_json, array.struct_type()->field(i)->name());
            m_json += ':';
            ARROW_RETURN_NOT_OK(write(*array.field(i), row, depth + 1));
        }
        m_json += '}';
        return arrow::Status::OK();
    }

    arrow::Status map(const arrow::MapArray &array, std::int64_t row, int depth)
    {
        const auto begin = static_cast<std::int64_t>(array.value_offset(row));
        const auto count = static_cast<std::int64_t>(array.value_length(row));
        m_json += '{';
        for (std::int64_t i = begin; i < begin + count; ++i) {
            if (i > begin)
                m_json += ',';
            std::string key;
            ARROW_RETURN_NOT_OK(ValueWriter(key).write(*array.keys(), i, depth + 1));
            if (key.starts_with('"'))
                m_json += key;
            else
                appendText(m_json, key);
            m_json += ':';
            ARROW_RETURN_NOT_OK(write(*array.items(), i, depth + 1));
        }
        m_json += '}';
        return arrow::Status::OK();
    }

    std::string &m_json;
};

class ArrowLines final : public ParquetLines {
public:
    explicit ArrowLines(std::filesystem::path path) : m_path(std::move(path)) {}

    Result<void> begin()
    {
        return guarded([this]() -> arrow::Status {
            parquet::ReaderProperties properties(arrow::system_memory_pool());
            properties.enable_buffered_stream(); // else it holds a row group whole
            parquet::arrow::FileReaderBuilder builder;
            ARROW_RETURN_NOT_OK(builder.OpenFile(m_path.string(), false, properties));
            const auto metadata = builder.raw_reader()->metadata();
            m_rows = metadata->num_rows();
            std::int64_t bytes = 0;
            for (int i = 0; i < metadata->num_row_groups(); ++i)
                bytes += std::max<std::int64_t>(0, metadata->RowGroup(i)->total_byte_size());
            const std::int64_t perRow = std::max<std::int64_t>(1, bytes / std::max<std::int64_t>(1, m_rows));
            parquet::ArrowReaderProperties arrowProperties(false); // no threads: the import has one
            arrowProperties.set_pre_buffer(false);
            arrowProperties.set_batch_size(std::clamp<std::int64_t>(PieceBytes / perRow, 1, MostRows));
            builder.memory_pool(arrow::system_memory_pool());
            builder.properties(arrowProperties);
            ARROW_ASSIGN_OR_RAISE(m_file, builder.Build());
            ARROW_ASSIGN_OR_RAISE(m_batches, m_file->GetRecordBatchReader());
            return arrow::Status::OK();
        });
    }

    Result<std::string> next() override
    {
        std::string lines;
        ATTUNE_CHECK(guarded([&]() -> arrow::Status {
            std::shared_ptr<arrow::RecordBatch> batch;
            do {
                ARROW_RETURN_NOT_OK(m_batches->ReadNext(&batch));
            } while (batch && batch->num_rows() == 0);
            if (!batch)
                return arrow::Status::OK();
            ARROW_RETURN_NOT_OK(batch->ValidateFull()); // a damaged file may say anything
            ValueWriter writer(lines);
            for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
                lines += '{';
                for (int i = 0; i < batch->num_columns(); ++i) {
                    if (i > 0)
                        lines += ',';
                    appendText(lines, batch->column_name(i));
                    lines += ':';
                    ARROW_RETURN_NOT_OK(writer.write(*batch->column(i), row));
                }
                lines += "}\n";
            }
            m_given += batch->num_rows();
            return arrow::Status::OK();
        }));
        return lines;
    }

    double share() const override
    {
        return m_rows > 0 ? std::min(1.0, static_cast<double>(m_given) / static_cast<double>(m_rows)) : 1.0;
    }

private:
    template <typename Work>
    Result<void> guarded(Work work) const
    {
        std::string reason;
        try {
            const arrow::Status status = work();
            if (status.ok())
                return {};
            if (status.IsOutOfMemory())
                return fail(ErrorCode::OutOfMemory, "There is not enough memory to read " + m_path.string() + ".",
                            status.ToString());
            reason = status.ToString();
        } catch (const std::exception &thrown) {
            reason = thrown.what();
        }
        return fail(ErrorCode::Corrupt,
                    m_path.string() + " can't be read as Parquet" +
                        (m_given > 0 ? " after row " + std::to_string(m_given) : "") +
                        ": it is damaged, encrypted or cut short; fetch it again.",
                    reason);
    }

    std::filesystem::path m_path;
    std::unique_ptr<parquet::arrow::FileReader> m_file;
    std::unique_ptr<arrow::RecordBatchReader> m_batches; // must go before the file
    std::int64_t m_rows = 0;
    std::int64_t m_given = 0;
};

} // namespace

bool ParquetLines::isBuiltIn()
{
    return true;
}

Result<std::unique_ptr<ParquetLines>> ParquetLines::open(const std::filesystem::path &path)
{
    auto lines = std::make_unique<ArrowLines>(path);
    ATTUNE_CHECK(lines->begin());
    return std::unique_ptr<ParquetLines>(std::move(lines));
}

#else

bool ParquetLines::isBuiltIn()
{
    return false;
}

Result<std::unique_ptr<ParquetLines>> ParquetLines::open(const std::filesystem::path &path)
{
    return fail(ErrorCode::InvalidInput, path.string() + " is a Parquet file, which this build can't read: run "
                                                         "installer/setup --with-parquet and build again, or convert "
                                                         "it to JSON Lines.");
}

#endif

} // namespace attune
