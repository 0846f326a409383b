#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// Texts that are read again in any order. What goes beyond a megabyte lies in a file without a name, in $TMPDIR
/// or else /var/tmp (/tmp is memory on many systems); where none can be made or its disk is full, in memory. Movable;
/// one thread at a time.
class TextSpool {
public:
    explicit TextSpool(std::size_t inMemory = std::size_t(1) << 20) : m_inMemory(inMemory) {}

    std::uint32_t add(std::string_view text); ///< its place; the first is 0
    std::size_t size() const noexcept { return m_ends.size(); }
    /// Valid until the next call of add() or at(). Empty where the file can't be read, see failed().
    std::string_view at(std::uint32_t place);
    bool failed() const noexcept { return m_failed; }

private:
    struct Closer {
        void operator()(std::FILE *file) const noexcept { std::fclose(file); }
    };
    void moveToFile();

    std::size_t m_inMemory;
    std::unique_ptr<std::FILE, Closer> m_file;
    std::uint64_t m_written = 0; ///< bytes in the file; the rest is in m_tail
    std::string m_tail;
    std::string m_read;
    std::vector<std::uint64_t> m_ends; ///< of each text, counted from the first one's begin
    bool m_staysInMemory = false;
    bool m_failed = false;
};

} // namespace attune
