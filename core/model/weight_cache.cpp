#include "core/model/weight_cache.h"

#include "core/base/files.h"
#include "core/base/machine.h"
#include "core/model/kernels/kernels.h"
#include "core/model/weight_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <xxhash.h>

namespace attune {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t GiB = std::int64_t(1) << 30;
constexpr std::int64_t usualLimit = 16 * GiB;
constexpr std::int64_t roomForOthers = GiB; // left free on the disk: projects and checkpoints go before
constexpr auto longestWrite = std::chrono::hours(1);
constexpr const char *ending = ".nf4";

struct Kept {
    fs::path path;
    std::int64_t bytes = 0;
    fs::file_time_type used;
};

std::vector<Kept> keptFiles(const fs::path &folder, const char *extension)
{
    std::vector<Kept> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() != extension)
            continue;
        std::error_code gone;
        const auto bytes = entry->file_size(gone);
        const auto used = gone ? fs::file_time_type() : entry->last_write_time(gone);
        if (!gone)
            files.push_back({entry->path(), static_cast<std::int64_t>(bytes), used});
    }
    return files;
}

std::string gibText(std::int64_t bytes)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / static_cast<double>(GiB));
    return text;
}

std::string stamp(const fs::path &file)
{
    std::error_code ignored;
    return file.filename().string() + " " + std::to_string(fs::file_size(file, ignored)) + " " +
           std::to_string(fs::last_write_time(file, ignored).time_since_epoch().count()) + "\n";
}

struct Trouble {
    std::mutex mutex;
    std::string text;
};

Trouble &trouble()
{
    static Trouble value;
    return value;
}

} // namespace

WeightCache WeightCache::standard()
{
    WeightCache cache;
    cache.folder = cacheFolder() / "weights";
    cache.limit = usualLimit;
    if (const char *text = std::getenv("ATTUNE_WEIGHT_CACHE"); text && *text) {
        char *end = nullptr;
        const double gib = std::strtod(text, &end);
        // What is no number switches it off: whoever sets it does not want the usual.
        cache.limit =
            *end == '\0' && gib > 0 && gib < 1e6 ? static_cast<std::int64_t>(gib * static_cast<double>(GiB)) : 0;
    }
    return cache;
}

fs::path WeightCache::file(const std::string &key) const
{
    const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
    std::array<char, 33> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return folder / (std::string(digits.data()) + ending);
}

std::string weightKey(const WeightSource &source, const std::string &fingerprint, bool doubleQuant)
{
    std::string key = "attune weights 1\n" + fingerprint + "\nnf4 " + (doubleQuant ? "double " : "single ") +
                      std::string(cpuKernels().level) + "\n";
    std::error_code error;
    if (!fs::is_directory(source.path(), error))
        return key + stamp(source.path());
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(source.path(), error), end; !error && entry != end; entry.increment(error))
        if (entry->path().extension() == ".safetensors")
            files.push_back(entry->path());
    std::sort(files.begin(), files.end());
    for (const fs::path &file : files)
        key += stamp(file);
    return key;
}

WeightCacheUse weightCacheUse(const WeightCache &cache)
{
    WeightCacheUse use;
    use.limit = cache.limit;
    for (const Kept &file : keptFiles(cache.folder, ending)) {
        ++use.files;
        use.bytes += file.bytes;
    }
    return use;
}

Result<void> makeRoom(const WeightCache &cache, std::int64_t bytes)
{
    if (bytes > cache.limit)
        return fail(ErrorCode::InvalidInput, "they take " + gibText(bytes) + ", and ATTUNE_WEIGHT_CACHE allows " +
                                                 gibText(cache.limit) + ".");
    std::error_code ignored;
    for (const Kept &file : keptFiles(cache.folder, ".part"))
        if (fs::file_time_type::clock::now() - file.used > longestWrite)
            fs::remove(file.path, ignored);
    auto files = keptFiles(cache.folder, ending);
    std::sort(files.begin(), files.end(), [](const Kept &a, const Kept &b) { return a.used < b.used; });
    std::int64_t total = bytes;
    for (const Kept &file : files)
        total += file.bytes;
    for (const Kept &file : files) {
        if (total <= cache.limit)
            break;
        fs::remove(file.path, ignored); // whoever has it mapped keeps it until then
        total -= file.bytes;
    }
    if (const auto room = freeDisk(cache.folder); room && *room < bytes + roomForOthers)
        return fail(ErrorCode::Io, "they take " + gibText(bytes) + ", and the disk has " + gibText(*room) + " left.");
    return {};
}

std::string weightCacheTrouble()
{
    const std::scoped_lock lock(trouble().mutex);
    return trouble().text;
}

void setWeightCacheTrouble(std::string why)
{
    const std::scoped_lock lock(trouble().mutex);
    trouble().text = std::move(why);
}

} // namespace attune
