#include "core/data/byte_source.h"

#include "core/data/parquet_lines.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

namespace attune {

namespace {

constexpr std::size_t PieceSize = std::size_t(256) << 10;

tl::unexpected<Error> systemFailure(const std::filesystem::path &path, int number)
{
    const ErrorCode code = number == ENOENT || number == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io;
    return fail(code, path.string() + " can't be read: " + std::generic_category().message(number) + ".");
}

struct Kind {
    std::string_view start;
    const char *advice;
};

/// What people drop here by mistake, or before unpacking it.
constexpr std::array Kinds{
    Kind{std::string_view("\x1f\x8b"), "is compressed with gzip: unpack it first"},
    Kind{std::string_view("\x28\xb5\x2f\xfd"), "is compressed with zstd: unpack it first"},
    Kind{std::string_view("PK\x03\x04"), "is a zip archive or a spreadsheet: unpack it, or save the sheet as CSV"},
    Kind{std::string_view("SQLite format 3"), "is an SQLite file: export its rows as JSON Lines or CSV"},
    Kind{std::string_view("%PDF"), "is a PDF document, not data: export its rows as JSON Lines or CSV"},
    Kind{std::string_view("\x89PNG"), "is a picture: its rows must be JSON Lines or a table"},
    Kind{std::string_view("\xff\xd8\xff"), "is a picture: its rows must be JSON Lines or a table"},
    Kind{std::string_view("\xd0\xcf\x11\xe0"), "is an old office document: save the sheet as CSV"},
};

} // namespace

ByteSource::ByteSource() = default;
ByteSource::ByteSource(ByteSource &&) noexcept = default;
ByteSource &ByteSource::operator=(ByteSource &&) noexcept = default;
ByteSource::~ByteSource() = default;

Result<ByteSource> ByteSource::open(const std::filesystem::path &path, std::stop_token stop,
                                    std::function<void(std::int64_t)> progress, TextEncoding encoding)
{
    ByteSource source;
    source.m_path = path;
    source.m_stop = std::move(stop);
    source.m_file.reset(std::fopen(path.c_str(), "rbe"));
    if (!source.m_file)
        return systemFailure(path, errno);
    struct stat status = {};
    if (::fstat(::fileno(source.m_file.get()), &status) == 0 && S_ISDIR(status.st_mode))
        return fail(ErrorCode::InvalidInput, path.string() + " is a folder; choose the files in it.");
    std::setvbuf(source.m_file.get(), nullptr, _IONBF, 0);
    ATTUNE_CHECK(source.begin());
    source.m_progress = std::move(progress);
    const bool marked = std::string_view(source.m_buffer.data(), source.m_end).starts_with("PAR1");
    if (marked || path.extension() == ".parquet") {
        source.m_fileBytes = static_cast<std::int64_t>(status.st_size);
        ATTUNE_CHECK(source.openParquet());
    } else {
        if (source.m_progress)
            source.m_progress(source.m_read); // the first piece is here
        source.chooseDecoder(encoding);
    }
    return source;
}

Result<void> ByteSource::openParquet()
{
    ATTUNE_TRY(m_parquet, ParquetLines::open(m_path));
    m_at = m_end = 0;
    return {};
}

Result<ByteSource> ByteSource::fromText(std::shared_ptr<const std::string> text, std::filesystem::path name,
                                        std::stop_token stop, std::function<void(std::int64_t)> progress)
{
    ByteSource source;
    source.m_path = std::move(name);
    source.m_text = std::move(text);
    source.m_stop = std::move(stop);
    source.m_progress = std::move(progress);
    ATTUNE_CHECK(source.begin());
    return source;
}

Result<void> ByteSource::begin()
{
    m_buffer.resize(PieceSize);
    fill();
    ATTUNE_CHECK(failure());
    return checkKind();
}

std::size_t ByteSource::readPiece()
{
    if (!m_text)
        return std::fread(m_buffer.data(), 1, PieceSize, m_file.get());
    const auto from = static_cast<std::size_t>(m_read);
    const std::size_t got = std::min(m_buffer.size(), m_text->size() - from);
    std::memcpy(m_buffer.data(), m_text->data() + from, got);
    return got;
}

Result<void> ByteSource::checkKind()
{
    const std::string_view start(m_buffer.data(), m_end);
    for (const Kind &kind : Kinds) {
        if (start.starts_with(kind.start))
            return fail(ErrorCode::InvalidInput, m_path.string() + " " + kind.advice + ".");
    }
    if (start.starts_with("\xef\xbb\xbf"))
        m_at = 3;
    return {};
}

/// The first piece has been read, as it stands in the file.
void ByteSource::chooseDecoder(TextEncoding encoding)
{
    const std::string_view start(m_buffer.data(), m_end);
    const bool bigEndian = start.starts_with("\xfe\xff");
    const bool marked = bigEndian || start.starts_with("\xff\xfe");
    if (encoding == TextEncoding::Auto && marked)
        encoding = TextEncoding::Utf16;
    if (encoding != TextEncoding::Utf16 && encoding != TextEncoding::Latin1)
        return;
    m_decoder.emplace(encoding, bigEndian);
    decode(encoding == TextEncoding::Utf16 && marked ? 2 : 0);
}

/// Of what was read into the buffer.
void ByteSource::decode(std::size_t from)
{
    const std::string text = m_decoder->decode(std::string_view(m_buffer.data() + from, m_end - from));
    m_buffer.assign(text.begin(), text.end());
    m_at = 0;
    m_end = text.size();
    if (m_buffer.size() < PieceSize)
        m_buffer.resize(PieceSize);
}

bool ByteSource::fill()
{
    if (m_failure)
        return false;
    if (m_stop.stop_requested()) {
        m_failure = Error{ErrorCode::Interrupted, "Reading " + m_path.string() + " was stopped.", {}};
        return false;
    }
    if (m_parquet)
        return fillWithRows();
    const std::size_t got = readPiece();
    m_at = 0;
    m_end = got;
    if (got == 0) {
        if (m_file && std::ferror(m_file.get()))
            m_failure = systemFailure(m_path, errno).value();
        if (m_failure || !m_decoder)
            return false;
        const std::string rest = m_decoder->end();
        std::copy(rest.begin(), rest.end(), m_buffer.begin());
        m_end = rest.size();
        return m_end > 0;
    }
    m_read += static_cast<std::int64_t>(got);
    if (m_progress)
        m_progress(m_read);
    if (m_decoder)
        decode(0);
    return m_at != m_end || fill(); // half a character may have been all
}

bool ByteSource::fillWithRows()
{
    auto lines = m_parquet->next();
    if (!lines) {
        m_failure = std::move(lines.error());
        return false;
    }
    m_buffer.assign(lines->begin(), lines->end());
    m_at = 0;
    m_end = m_buffer.size();
    if (m_progress)
        m_progress(static_cast<std::int64_t>(m_parquet->share() * static_cast<double>(m_fileBytes)));
    return m_end > 0;
}

bool ByteSource::readLine(std::string &line, std::size_t limit, bool &cut)
{
    cut = false;
    bool any = false;
    while (m_at != m_end || fill()) {
        any = true;
        const char *begin = m_buffer.data() + m_at;
        const auto *newline = static_cast<const char *>(std::memchr(begin, '\n', m_end - m_at));
        const std::size_t length = newline ? static_cast<std::size_t>(newline - begin) : m_end - m_at;
        const std::size_t room = limit - std::min(limit, line.size());
        line.append(begin, std::min(length, room));
        cut = cut || length > room;
        m_at += length;
        if (newline) {
            ++m_at;
            ++m_line;
            return true;
        }
    }
    return any && !m_failure;
}

Result<void> ByteSource::failure() const
{
    if (m_failure)
        return tl::unexpected(*m_failure);
    return {};
}

} // namespace attune
