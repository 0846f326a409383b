#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace attune {

/// contentHash() as a number.
struct ContentKey {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    static ContentKey of(std::string_view contentHash);
    bool operator==(const ContentKey &) const = default;
};

/// Contents that were met, some 24 bytes each: a file of millions of rows must fit beside everything else.
class ContentSet {
public:
    bool insert(const ContentKey &key); ///< false: it was there already
    bool contains(const ContentKey &key) const;
    std::size_t size() const { return m_size; }

private:
    std::size_t placeOf(const ContentKey &key) const;
    void grow();

    std::vector<ContentKey> m_places; // a zero is a free place
    std::size_t m_size = 0;
};

} // namespace attune
