#include "core/model/weight_cache_torch.h"

#include "core/formats/json.h"
#include "core/model/guarded_torch.h"

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <xxhash.h>

// The file: the parts of the tensors, each at a multiple of 64; an index in JSON; a trailer that says where the index
// is. The index has a checksum of each part, the trailer one of the index, so that every byte that is used is under
// one.

namespace attune {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::uint64_t magic = 0x3134464e65747461; // "atteNF41"

struct Trailer {
    std::uint64_t indexAt = 0;
    std::uint64_t indexBytes = 0;
    std::uint64_t indexHash = 0;
    std::uint64_t magic = 0;
};

std::uint64_t hashOf(std::span<const std::byte> bytes)
{
    return XXH3_64bits(bytes.data(), bytes.size());
}

std::span<const std::byte> bytesOf(const at::Tensor &tensor)
{
    return {static_cast<const std::byte *>(tensor.const_data_ptr()), tensor.nbytes()};
}

/// A tensor of an Nf4Tensor, under the name that it has in the index.
struct Part {
    const char *name;
    at::Tensor Nf4Tensor::*tensor;
};
constexpr std::array<Part, 4> parts = {{{"packed", &Nf4Tensor::packed},
                                        {"absmax", &Nf4Tensor::absmax},
                                        {"codes", &Nf4Tensor::codes},
                                        {"absmax2", &Nf4Tensor::absmax2}}};

/// Values that a part must have; 0: it must not be there.
std::int64_t expected(const Nf4Tensor &w, std::size_t part, bool doubleQuant)
{
    switch (part) {
    case 0:
        return (w.out * w.in + 1) / 2;
    case 1:
        return doubleQuant ? 0 : w.blocks();
    case 2:
        return doubleQuant ? w.blocks() : 0;
    default:
        return doubleQuant ? (w.blocks() + 255) / 256 : 0;
    }
}

tl::unexpected<Error> damaged()
{
    return fail(ErrorCode::Corrupt, "The file of kept weights is damaged.");
}

/// A file that appears under its name when it is whole. It is not synced: after a power cut its checksums tell.
class NewFile {
public:
    explicit NewFile(std::filesystem::path path) : m_path(std::move(path)), m_temporary(m_path)
    {
        static std::atomic<unsigned> counter = 0;
        m_temporary.replace_filename("." + m_path.filename().string() + "." + std::to_string(::getpid()) + "-" +
                                     std::to_string(counter++) + ".part");
        m_descriptor = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (m_descriptor < 0)
            m_error = errno;
    }
    NewFile(const NewFile &) = delete;
    NewFile &operator=(const NewFile &) = delete;
    ~NewFile()
    {
        if (m_descriptor < 0)
            return;
        ::close(m_descriptor);
        ::unlink(m_temporary.c_str());
    }

    void write(std::span<const std::byte> bytes)
    {
        m_size += bytes.size();
        while (m_error == 0 && !bytes.empty()) {
            const ssize_t written = ::write(m_descriptor, bytes.data(), std::min<std::size_t>(bytes.size(), 8 << 20));
            if (written >= 0)
                bytes = bytes.subspan(static_cast<std::size_t>(written));
            else if (errno != EINTR)
                m_error = errno;
        }
    }

    void align()
    {
        static constexpr std::array<std::byte, alignment> zeros{};
        write(std::span(zeros).first((alignment - m_size % alignment) % alignment));
    }

    std::size_t size() const { return m_size; }

    /// An error number; 0: it is there.
    int finish()
    {
        if (m_error != 0)
            return m_error;
        const bool closed = ::close(std::exchange(m_descriptor, -1)) == 0;
        if (closed && ::rename(m_temporary.c_str(), m_path.c_str()) == 0)
            return 0;
        const int number = errno;
        ::unlink(m_temporary.c_str());
        return number;
    }

private:
    std::filesystem::path m_path;
    std::filesystem::path m_temporary;
    int m_descriptor = -1;
    int m_error = 0;
    std::size_t m_size = 0;
};

} // namespace

Result<StoredWeights> StoredWeights::read(const std::filesystem::path &path, const std::string &key)
{
    ATTUNE_TRY(auto mapped, MappedFile::open(path));
    StoredWeights stored;
    stored.m_file = std::make_shared<const MappedFile>(std::move(mapped));
    const auto all = stored.m_file->bytes();
    Trailer trailer;
    if (all.size() < sizeof trailer)
        return damaged();
    std::memcpy(&trailer, all.data() + all.size() - sizeof trailer, sizeof trailer);
    const std::uint64_t end = all.size() - sizeof trailer;
    if (trailer.magic != magic || trailer.indexAt > end || trailer.indexBytes != end - trailer.indexAt)
        return damaged();
    const auto index = all.subspan(trailer.indexAt, trailer.indexBytes);
    if (hashOf(index) != trailer.indexHash)
        return damaged();
    ATTUNE_TRY(const Json json,
               parseJson({reinterpret_cast<const char *>(index.data()), index.size()}, path.filename().string()));
    if (json.at("key") != key)
        return damaged();
    const bool doubleQuant = json.at("double").get<bool>();

    struct Check {
        std::span<const std::byte> bytes;
        std::uint64_t hash;
    };
    std::vector<Check> checks;
    for (const auto &[name, entry] : json.at("tensors").items()) {
        Nf4Tensor w;
        w.out = entry.at("out").get<std::int64_t>();
        w.in = entry.at("in").get<std::int64_t>();
        w.offset = std::bit_cast<float>(entry.at("offset").get<std::uint32_t>());
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const std::int64_t count = expected(w, i, doubleQuant);
            if (count == 0)
                continue;
            const auto type = i == 0 || i == 2 ? at::kByte : at::kFloat;
            const auto bytes = static_cast<std::uint64_t>(count) * c10::elementSize(type);
            const Json &place = entry.at(parts[i].name);
            const auto begin = place.at(0).get<std::uint64_t>();
            if (begin % alignment != 0 || begin > trailer.indexAt || bytes > trailer.indexAt - begin)
                return damaged();
            checks.push_back({all.subspan(begin, bytes), place.at(1).get<std::uint64_t>()});
            w.*parts[i].tensor = at::from_blob(
                const_cast<std::byte *>(all.data() + begin), {count}, [held = stored.m_file](void *) {}, type);
        }
        addTables(w);
        stored.m_weights.emplace(name, std::move(w));
    }
    std::atomic<bool> whole = true;
    at::parallel_for(0, std::ssize(checks), 1, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last && whole; ++i) {
            const Check &check = checks[static_cast<std::size_t>(i)];
            if (hashOf(check.bytes) != check.hash)
                whole = false;
            // Resident again when they are used: until then, those of the source are, which go tensor by tensor.
            stored.m_file->forget(check.bytes);
        }
    });
    if (!whole)
        return damaged();
    return stored;
}

StoredWeights StoredWeights::find(const WeightCache &cache, const std::string &key)
{
    setWeightCacheTrouble({}); // of the load before
    if (cache.limit <= 0)
        return {};
    const auto path = cache.file(key);
    std::error_code error;
    if (!std::filesystem::exists(path, error))
        return {};
    auto stored = guarded("Reading kept weights", [&] { return read(path, key); });
    if (!stored) {
        std::filesystem::remove(path, error);
        return {};
    }
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now(), error); // just used
    return std::move(*stored);
}

std::optional<Nf4Tensor> StoredWeights::weight(const std::string &name, std::int64_t out, std::int64_t in) const
{
    const auto found = m_weights.find(name);
    if (found == m_weights.end() || found->second.out != out || found->second.in != in)
        return std::nullopt;
    return found->second;
}

void StoredWeights::forget(const std::string &name) const
{
    if (const auto found = m_weights.find(name); found != m_weights.end())
        for (const Part &part : parts)
            if (const at::Tensor &tensor = found->second.*part.tensor; tensor.defined())
                m_file->forget(bytesOf(tensor));
}

void keepWeights(const WeightCache &cache, const std::string &key, const NamedWeights &weights, std::stop_token stop)
{
    setWeightCacheTrouble({});
    std::int64_t bytes = 0;
    for (const auto &[name, w] : weights)
        bytes += w.bytes();
    if (cache.limit <= 0 || bytes < cache.least)
        return;
    const std::string notKept = "The quantised weights are not kept for the next start: ";
    std::error_code error;
    std::filesystem::create_directories(cache.folder, error);
    if (auto room = makeRoom(cache, bytes); !room) {
        setWeightCacheTrouble(notKept + room.error().message);
        return;
    }
    NewFile file(cache.file(key));
    Json index = {{"key", key}, {"double", !weights.front().second.absmax.defined()}, {"tensors", Json::object()}};
    for (const auto &[name, w] : weights) {
        if (stop.stop_requested())
            return; // the load is about to end
        Json entry = {{"out", w.out}, {"in", w.in}, {"offset", std::bit_cast<std::uint32_t>(w.offset)}};
        for (const Part &part : parts)
            if (const at::Tensor &tensor = w.*part.tensor; tensor.defined()) {
                const at::Tensor here = tensor.cpu().contiguous();
                file.align();
                entry[part.name] = {file.size(), hashOf(bytesOf(here))};
                file.write(bytesOf(here));
            }
        index["tensors"][name] = std::move(entry);
    }
    file.align();
    const std::string text = index.dump();
    const Trailer trailer{file.size(), text.size(), hashOf(std::as_bytes(std::span(text))), magic};
    file.write(std::as_bytes(std::span(text)));
    file.write(std::as_bytes(std::span(&trailer, 1)));
    if (const int number = file.finish(); number != 0)
        setWeightCacheTrouble(notKept + cache.folder.string() + ": " + std::generic_category().message(number) + ".");
}

} // namespace attune
