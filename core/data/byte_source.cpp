#include "core/data/byte_source.h"

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
    Kind{std::string_view("PAR1"), "is a Parquet file, which can't be read yet: convert it to JSON Lines"},
    Kind{std::string_view("SQLite format 3"), "is an SQLite file: export its rows as JSON Lines or CSV"},
    Kind{std::string_view("\xff\xfe"), "is UTF-16 text: save it as UTF-8"},
    Kind{std::string_view("\xfe\xff"), "is UTF-16 text: save it as UTF-8"},
};

} // namespace

Result<ByteSource> ByteSource::open(const std::filesystem::path &path, std::stop_token stop,
                                    std::function<void(std::int64_t)> progress)
{
    ByteSource source;
    source.m_path = path;
    source.m_stop = std::move(stop);
    source.m_progress = std::move(progress);
    source.m_file.reset(std::fopen(path.c_str(), "rbe"));
    if (!source.m_file)
        return systemFailure(path, errno);
    struct stat status = {};
    if (::fstat(::fileno(source.m_file.get()), &status) == 0 && S_ISDIR(status.st_mode))
        return fail(ErrorCode::InvalidInput, path.string() + " is a folder: name the files in it.");
    std::setvbuf(source.m_file.get(), nullptr, _IONBF, 0);
    ATTUNE_CHECK(source.begin());
    return source;
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
        return std::fread(m_buffer.data(), 1, m_buffer.size(), m_file.get());
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

bool ByteSource::fill()
{
    if (m_failure)
        return false;
    if (m_stop.stop_requested()) {
        m_failure = Error{ErrorCode::Interrupted, "Reading " + m_path.string() + " was stopped.", {}};
        return false;
    }
    const std::size_t got = readPiece();
    m_at = 0;
    m_end = got;
    if (got == 0) {
        if (m_file && std::ferror(m_file.get()))
            m_failure = systemFailure(m_path, errno).value();
        return false;
    }
    m_read += static_cast<std::int64_t>(got);
    if (m_progress)
        m_progress(m_read);
    return true;
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
