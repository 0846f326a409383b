#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

/// A fuzz target: given any bytes it must neither crash nor hang nor break what its reader promises.
#define ATTUNE_FUZZ_TARGET(input)                                                                                    \
    static void fuzzOne(std::string_view input);                                                                     \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)                                \
    {                                                                                                                \
        fuzzOne(std::string_view(reinterpret_cast<const char *>(data), size));                                       \
        return 0;                                                                                                    \
    }                                                                                                                \
    static void fuzzOne(std::string_view input)

namespace attune::fuzz {

/// A promise that the reader broke: counts as a crash.
inline void require(bool holds, const char *promise)
{
    if (holds)
        return;
    std::fprintf(stderr, "Broken promise: %s\n", promise);
    std::abort();
}

/// Every refusal is one sentence that names what failed.
template <typename T>
bool accepted(const Result<T> &result)
{
    if (!result)
        require(!result.error().message.empty(), "an error says what failed");
    return result.has_value();
}

/// Takes the first byte, for choices; 0 where there is none.
inline unsigned takeByte(std::string_view &input)
{
    if (input.empty())
        return 0;
    const auto byte = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    return byte;
}

/// Takes what stands before the next NUL, and the NUL.
inline std::string_view takePart(std::string_view &input)
{
    const auto end = input.find('\0');
    const std::string_view part = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    return part;
}

/// A file in memory, for readers that map one.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view content) : m_descriptor(::memfd_create("fuzz", 0))
    {
        if (m_descriptor < 0 || ::write(m_descriptor, content.data(), content.size()) < 0)
            std::exit(3);
    }
    MemoryFile(const MemoryFile &) = delete;
    MemoryFile &operator=(const MemoryFile &) = delete;
    ~MemoryFile() { ::close(m_descriptor); }
    std::string path() const { return "/proc/self/fd/" + std::to_string(m_descriptor); }

private:
    int m_descriptor;
};

} // namespace attune::fuzz
