#pragma once

#include "core/base/result.h"
#include "core/data/text_encoding.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace attune {

class ParquetLines;

/// The bytes of a text file in order, as UTF-8 without a byte order mark, a piece in memory at a time. A Parquet file
/// gives the bytes of its rows as JSON Lines.
class ByteSource {
public:
    /// Fails with NotFound, Io, and InvalidInput where the first bytes are those of a compressed file, a picture or a
    /// document.
    static Result<ByteSource> open(const std::filesystem::path &path, std::stop_token stop,
                                   std::function<void(std::int64_t)> progress,
                                   TextEncoding encoding = TextEncoding::Auto);
    /// The bytes of a text in memory; `name` stands in messages where a file's path would.
    static Result<ByteSource> fromText(std::shared_ptr<const std::string> text, std::filesystem::path name,
                                       std::stop_token stop, std::function<void(std::int64_t)> progress);

    ByteSource(ByteSource &&) noexcept;
    ByteSource &operator=(ByteSource &&) noexcept;
    ~ByteSource();

    static constexpr int End = -1;
    /// The next byte, or End at the end of the file, on a failure and when stopped: then failure() says which.
    int next()
    {
        if (m_at == m_end && !fill())
            return End;
        const auto byte = static_cast<unsigned char>(m_buffer[m_at++]);
        m_line += byte == '\n';
        return byte;
    }
    int peek() { return m_at == m_end && !fill() ? End : static_cast<unsigned char>(m_buffer[m_at]); }

    /// Appends the rest of the line, without its end, up to `limit` bytes in all; `cut` tells that more was dropped.
    /// False at the end of the file.
    bool readLine(std::string &line, std::size_t limit, bool &cut);

    std::int64_t line() const noexcept { return m_line; } ///< 1-based, of the next byte
    Result<void> failure() const;
    const std::filesystem::path &path() const noexcept { return m_path; }
    bool isParquet() const noexcept { return m_parquet != nullptr; }

private:
    struct Closer {
        void operator()(std::FILE *file) const { std::fclose(file); }
    };
    ByteSource();
    Result<void> openParquet();
    bool fillWithRows();
    Result<void> begin();
    bool fill();
    std::size_t readPiece();
    Result<void> checkKind();
    void chooseDecoder(TextEncoding encoding);
    void decode(std::size_t from);

    std::filesystem::path m_path;
    std::unique_ptr<std::FILE, Closer> m_file;
    std::shared_ptr<const std::string> m_text; // instead of m_file
    std::unique_ptr<ParquetLines> m_parquet;   // beside m_file, whose bytes then are not taken
    std::int64_t m_fileBytes = 0;
    std::stop_token m_stop;
    std::function<void(std::int64_t)> m_progress;
    std::optional<TextDecoder> m_decoder; // none: the bytes as they are
    std::vector<char> m_buffer;
    std::size_t m_at = 0;
    std::size_t m_end = 0;
    std::int64_t m_line = 1;
    std::int64_t m_read = 0;
    std::optional<Error> m_failure;
};

} // namespace attune
