#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace attune {

/// Reads a whole file. Fails with NotFound, Io, or InvalidInput when it is larger than `limit` bytes.
Result<std::string> readFile(const std::filesystem::path &path, std::size_t limit = std::size_t(256) << 20);

/// Writes to a temporary file beside `path`, syncs and renames, so that a reader (or a crash, or a full disk) sees
/// the old content or the new, never a part. `write` gets a sink that may be called many times.
using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;
Result<void> writeFileAtomically(const std::filesystem::path &path,
                                 const std::function<Result<void>(const ByteSink &)> &write);
Result<void> writeFileAtomically(const std::filesystem::path &path, std::string_view content);

/// A read-only memory map of a file. Movable.
class MappedFile {
public:
    static Result<MappedFile> open(const std::filesystem::path &path);
    MappedFile(MappedFile &&other) noexcept;
    MappedFile &operator=(MappedFile &&other) noexcept;
    ~MappedFile();

    std::span<const std::byte> bytes() const noexcept { return m_bytes; }
    const std::filesystem::path &path() const noexcept { return m_path; }
    /// Lets the kernel drop the pages of a range that has been read, so that a large model does not stay resident
    /// twice.
    void forget(std::span<const std::byte> range) const noexcept;

private:
    MappedFile() = default;
    std::span<const std::byte> m_bytes;
    std::filesystem::path m_path;
};

/// Fails with InvalidInput where writing to `out` would destroy one of `inputs`, a file of a folder among them, or a
/// project. An input that is empty or a name rather than a path is none.
Result<void> checkOutput(const std::filesystem::path &out, std::initializer_list<std::filesystem::path> inputs);

/// $ATTUNE_CACHE, else $XDG_CACHE_HOME/attune, else ~/.cache/attune: what installer/setup fills.
std::filesystem::path cacheFolder();
/// $ATTUNE_DATA, else $XDG_DATA_HOME/attune, else ~/.local/share/attune: what the user adds (the list of models).
std::filesystem::path dataFolder();

} // namespace attune
