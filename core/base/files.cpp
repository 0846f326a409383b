#include "core/base/files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace attune {

namespace {

/// Closes its file descriptor at the end of the scope.
class Descriptor {
public:
    explicit Descriptor(int value) : m_value(value) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor()
    {
        if (m_value >= 0)
            ::close(m_value);
    }
    int value() const noexcept { return m_value; }
    bool valid() const noexcept { return m_value >= 0; }
    int release() noexcept { return std::exchange(m_value, -1); }

private:
    int m_value;
};

tl::unexpected<Error> systemFailure(const std::filesystem::path &path, std::string_view what, int number)
{
    const ErrorCode code = number == ENOENT || number == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io;
    return fail(code, path.string() + " can't be " + std::string(what) + ": " +
                          std::generic_category().message(number) + ".");
}

Result<void> writeAll(int descriptor, const std::filesystem::path &path, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return systemFailure(path, "written", errno);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

/// Creates a new file beside `path`, under a name that no other process or thread uses.
Result<std::pair<int, std::filesystem::path>> createBeside(const std::filesystem::path &path)
{
    static std::atomic<unsigned> counter = 0;
    for (int attempt = 0; attempt < 100; ++attempt) {
        std::filesystem::path name = path;
        name.replace_filename("." + path.filename().string() + "." + std::to_string(::getpid()) + "-" +
                              std::to_string(counter++) + ".part");
        const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0)
            return std::pair(descriptor, name);
        if (errno != EEXIST)
            return systemFailure(path, "written", errno);
    }
    return systemFailure(path, "written", EEXIST);
}

/// A rename is on disk only once its folder is. Not every file system can do this, so failure is no error.
void syncFolder(const std::filesystem::path &folder)
{
    const Descriptor descriptor(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.valid())
        ::fsync(descriptor.value());
}

std::filesystem::path homeFolder()
{
    if (const char *home = std::getenv("HOME"); home && *home)
        return home;
    if (const passwd *user = ::getpwuid(::getuid()); user && user->pw_dir && *user->pw_dir)
        return user->pw_dir;
    return "/tmp";
}

std::filesystem::path userFolder(const char *own, const char *standard, const char *fallback)
{
    if (const char *folder = std::getenv(own); folder && *folder)
        return folder;
    // The XDG rules say that a relative path is to be ignored.
    if (const char *folder = std::getenv(standard); folder && *folder == '/')
        return std::filesystem::path(folder) / "attune";
    return homeFolder() / fallback / "attune";
}

} // namespace

Result<std::string> readFile(const std::filesystem::path &path, std::size_t limit)
{
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.valid())
        return systemFailure(path, "read", errno);

    // The size is a hint only: a pipe has none, and a file may grow while it is read.
    struct stat status = {};
    std::string content;
    if (::fstat(descriptor.value(), &status) == 0 && S_ISREG(status.st_mode))
        content.reserve(std::min(static_cast<std::size_t>(status.st_size), limit) + 1);

    constexpr std::size_t Step = std::size_t(1) << 16;
    while (true) {
        const std::size_t filled = content.size();
        const std::size_t wanted = std::max(Step, content.capacity() - filled);
        content.resize(filled + wanted);
        const ssize_t got = ::read(descriptor.value(), content.data() + filled, wanted);
        const int number = errno;
        content.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0 && number != EINTR)
            return systemFailure(path, "read", number);
        if (content.size() > limit)
            return fail(ErrorCode::InvalidInput, path.string() + " is larger than " + std::to_string(limit) +
                                                     " bytes, the most that is read.");
        if (got == 0)
            return content;
    }
}

Result<void> writeFileAtomically(const std::filesystem::path &path,
                                 const std::function<Result<void>(const ByteSink &)> &write)
{
    // A link stays a link: what it points to is replaced.
    std::error_code error;
    std::filesystem::path target = std::filesystem::canonical(path, error);
    if (error)
        target = path;
    struct stat old = {};
    const bool replaces = ::stat(target.c_str(), &old) == 0;
    if (replaces && !S_ISREG(old.st_mode))
        return fail(ErrorCode::Io, path.string() + " can't be written: it is not a regular file.");

    ATTUNE_TRY(auto created, createBeside(target));
    Descriptor descriptor(created.first);
    const std::filesystem::path &temporary = created.second;
    const auto giveUp = [&](tl::unexpected<Error> why) {
        ::unlink(temporary.c_str());
        return why;
    };

    const ByteSink sink = [&](std::span<const std::byte> bytes) { return writeAll(descriptor.value(), path, bytes); };
    if (auto written = write(sink); !written)
        return giveUp(forward(written));
    if (replaces && ::fchmod(descriptor.value(), old.st_mode & 07777) != 0)
        return giveUp(systemFailure(path, "written", errno));
    if (::fsync(descriptor.value()) != 0)
        return giveUp(systemFailure(path, "written", errno));
    if (::close(descriptor.release()) != 0)
        return giveUp(systemFailure(path, "written", errno));
    if (::rename(temporary.c_str(), target.c_str()) != 0)
        return giveUp(systemFailure(path, "written", errno));
    syncFolder(target.parent_path());
    return {};
}

Result<void> writeFileAtomically(const std::filesystem::path &path, std::string_view content)
{
    return writeFileAtomically(path, [&](const ByteSink &sink) { return sink(std::as_bytes(std::span(content))); });
}

Result<MappedFile> MappedFile::open(const std::filesystem::path &path)
{
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.valid())
        return systemFailure(path, "read", errno);
    struct stat status = {};
    if (::fstat(descriptor.value(), &status) != 0)
        return systemFailure(path, "read", errno);
    if (!S_ISREG(status.st_mode))
        return fail(ErrorCode::InvalidInput, path.string() + " can't be read: it is not a regular file.");

    MappedFile file;
    file.m_path = path;
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) // mmap refuses a length of 0
        return file;
    const void *address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.value(), 0);
    if (address == MAP_FAILED)
        return systemFailure(path, "mapped into memory", errno);
    file.m_bytes = {static_cast<const std::byte *>(address), size};
    return file;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : m_bytes(std::exchange(other.m_bytes, {})), m_path(std::move(other.m_path))
{
}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept
{
    std::swap(m_bytes, other.m_bytes);
    std::swap(m_path, other.m_path);
    return *this;
}

MappedFile::~MappedFile()
{
    if (!m_bytes.empty())
        ::munmap(const_cast<std::byte *>(m_bytes.data()), m_bytes.size());
}

void MappedFile::forget(std::span<const std::byte> range) const noexcept
{
    if (range.empty() || range.data() < m_bytes.data() ||
        range.data() + range.size() > m_bytes.data() + m_bytes.size())
        return;
    // Rounded outwards: a neighbour's page that goes too is read again from the page cache when it is needed.
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto offset = static_cast<std::size_t>(range.data() - m_bytes.data());
    const std::size_t begin = offset / page * page;
    ::madvise(const_cast<std::byte *>(m_bytes.data()) + begin, offset + range.size() - begin, MADV_DONTNEED);
}

std::filesystem::path cacheFolder()
{
    return userFolder("ATTUNE_CACHE", "XDG_CACHE_HOME", ".cache");
}

std::filesystem::path dataFolder()
{
    return userFolder("ATTUNE_DATA", "XDG_DATA_HOME", ".local/share");
}

Result<void> checkOutput(const std::filesystem::path &out, std::initializer_list<std::filesystem::path> inputs)
{
    namespace fs = std::filesystem;
    std::error_code none;
    if (!fs::is_regular_file(out, none))
        return {};
    for (const fs::path &input : inputs) {
        const bool within =
            fs::is_directory(input, none) && fs::equivalent(fs::absolute(out, none).parent_path(), input, none);
        if (within || (fs::is_regular_file(input, none) && fs::equivalent(out, input, none)))
            return fail(ErrorCode::InvalidInput, out.string() + (within ? " is a file of " + input.string()
                                                                        : std::string(" is read here")) +
                                                     " and would be overwritten; name another file to write.");
    }
    constexpr std::string_view project = "SQLite format 3";
    std::ifstream file(out, std::ios::binary);
    std::string head(project.size(), '\0');
    if (file.read(head.data(), static_cast<std::streamsize>(head.size())) && head == project)
        return fail(ErrorCode::InvalidInput,
                    out.string() + " is a project or another database and would be overwritten; name another file to "
                                   "write.");
    return {};
}

} // namespace attune
