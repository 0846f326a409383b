#include "core/data/text_spool.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace attune {

namespace {

std::FILE *nameless(const std::filesystem::path &folder)
{
    std::string path = (folder / "attune-XXXXXX").string();
    const int descriptor = mkostemp(path.data(), O_CLOEXEC);
    if (descriptor < 0)
        return nullptr;
    unlink(path.c_str());
    std::FILE *file = fdopen(descriptor, "w+b");
    if (!file)
        close(descriptor);
    return file;
}

std::FILE *scratchFile()
{
    const char *wanted = std::getenv("TMPDIR");
    for (const char *folder : {wanted ? wanted : "", "/var/tmp", "/tmp"})
        if (std::FILE *file = *folder ? nameless(folder) : nullptr)
            return file;
    return nullptr;
}

/// `transfer` is pread or pwrite.
template <typename Bytes, typename Transfer>
bool all(Transfer transfer, std::FILE *file, Bytes *bytes, std::size_t size, std::uint64_t offset)
{
    while (size > 0) {
        const ssize_t done = transfer(fileno(file), bytes, size, static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        size -= static_cast<std::size_t>(done);
        offset += static_cast<std::uint64_t>(done);
    }
    return true;
}

} // namespace

std::uint32_t TextSpool::add(std::string_view text)
{
    m_tail += text;
    m_ends.push_back(m_written + m_tail.size());
    if (m_tail.size() > m_inMemory && !m_staysInMemory)
        moveToFile();
    return static_cast<std::uint32_t>(m_ends.size() - 1);
}

void TextSpool::moveToFile()
{
    if (!m_file)
        m_file.reset(scratchFile());
    if (!m_file || !all(pwrite, m_file.get(), m_tail.data(), m_tail.size(), m_written)) {
        m_staysInMemory = true;
        return;
    }
    m_written += m_tail.size();
    m_tail.clear();
}

std::string_view TextSpool::at(std::uint32_t place)
{
    const std::uint64_t begin = place == 0 ? 0 : m_ends[place - 1];
    const std::uint64_t size = m_ends[place] - begin;
    if (begin >= m_written)
        return std::string_view(m_tail).substr(static_cast<std::size_t>(begin - m_written),
                                               static_cast<std::size_t>(size));
    m_read.resize(static_cast<std::size_t>(size));
    if (!all(pread, m_file.get(), m_read.data(), m_read.size(), begin)) {
        m_failed = true;
        m_read.clear();
    }
    return m_read;
}

} // namespace attune
