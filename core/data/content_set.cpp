#include "core/data/content_set.h"

#include <charconv>
#include <utility>

namespace attune {

ContentKey ContentKey::of(std::string_view contentHash)
{
    ContentKey key;
    const auto read = [](std::string_view digits, std::uint64_t &to) {
        std::from_chars(digits.data(), digits.data() + digits.size(), to, 16);
    };
    read(contentHash.substr(0, 16), key.high);
    if (contentHash.size() > 16)
        read(contentHash.substr(16), key.low);
    if (key == ContentKey())
        key.low = 1;
    return key;
}

/// Where it is, or the free place where it belongs.
std::size_t ContentSet::placeOf(const ContentKey &key) const
{
    const std::size_t mask = m_places.size() - 1;
    std::size_t place = static_cast<std::size_t>(key.low) & mask; // a hash is as good as any number
    while (m_places[place] != ContentKey() && m_places[place] != key)
        place = (place + 1) & mask;
    return place;
}

void ContentSet::grow()
{
    std::vector<ContentKey> before(m_places.empty() ? 64 : 2 * m_places.size());
    std::swap(before, m_places);
    for (const ContentKey &key : before)
        if (key != ContentKey())
            m_places[placeOf(key)] = key;
}

bool ContentSet::insert(const ContentKey &key)
{
    if (4 * (m_size + 1) > 3 * m_places.size())
        grow();
    const std::size_t place = placeOf(key);
    if (m_places[place] == key)
        return false;
    m_places[place] = key;
    ++m_size;
    return true;
}

bool ContentSet::contains(const ContentKey &key) const
{
    return !m_places.empty() && m_places[placeOf(key)] == key;
}

} // namespace attune
