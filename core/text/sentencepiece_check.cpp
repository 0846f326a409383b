#include "core/text/sentencepiece_check.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace attune {

namespace {

constexpr std::uint64_t NormalizerSpec = 3;
constexpr std::uint64_t DenormalizerSpec = 5;
constexpr std::uint64_t PrecompiledCharsmap = 2; // of both

/// A field of a protocol buffer; `content` where it is a string or a message.
struct Field {
    std::uint64_t number = 0;
    std::optional<std::string_view> content;
};

std::optional<std::uint64_t> takeVarint(std::string_view &bytes)
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= std::uint64_t(byte & 127U) << shift;
        if (byte < 128)
            return value;
    }
    return std::nullopt;
}

std::optional<Field> takeField(std::string_view &bytes)
{
    const auto key = takeVarint(bytes);
    if (!key)
        return std::nullopt;
    Field field{*key >> 3U, std::nullopt};
    std::uint64_t length = 0;
    switch (*key & 7U) {
    case 0:
        return takeVarint(bytes) ? std::optional(field) : std::nullopt;
    case 1:
        length = 8;
        break;
    case 2: {
        const auto written = takeVarint(bytes);
        if (!written || *written > bytes.size())
            return std::nullopt;
        length = *written;
        field.content = bytes.substr(0, length);
        break;
    }
    case 5:
        length = 4;
        break;
    default:
        return std::nullopt;
    }
    if (length > bytes.size())
        return std::nullopt;
    bytes.remove_prefix(length);
    return field;
}

/// One unit of a darts-clone double array, the trie of the map.
struct Unit {
    std::uint32_t bits = 0;
    bool hasLeaf() const { return (bits >> 8U & 1U) != 0; }
    std::uint32_t value() const { return bits & 0x7fffffffU; }
    std::uint32_t label() const { return bits & 0x800000ffU; }
    std::uint32_t offset() const { return bits >> 10U << ((bits & 0x200U) >> 6U); }
};

/// Walks from the root to every unit that some text leads to: all children of each must be within the array, and what
/// its leaf points to within the texts.
bool trieIsSound(const std::vector<Unit> &units, std::size_t textBytes)
{
    std::vector<bool> seen(units.size());
    std::vector<std::uint32_t> bases = {units[0].offset()};
    while (!bases.empty()) {
        const std::uint32_t base = bases.back();
        bases.pop_back();
        if ((base | 255U) >= units.size())
            return false;
        for (std::uint32_t label = 0; label < 256; ++label) {
            const std::uint32_t at = base ^ label;
            if (seen[at] || units[at].label() != label)
                continue;
            seen[at] = true;
            const std::uint32_t next = at ^ units[at].offset();
            if (units[at].hasLeaf() && (next >= units.size() || units[next].value() >= textBytes))
                return false;
            bases.push_back(next);
        }
    }
    return true;
}

/// A length, so many bytes of the trie, then the texts, each ended by a NUL.
bool mapIsSound(std::string_view map)
{
    if (map.empty())
        return true;
    std::uint32_t trieBytes = 0;
    if (map.size() <= sizeof trieBytes)
        return false;
    std::memcpy(&trieBytes, map.data(), sizeof trieBytes);
    map.remove_prefix(sizeof trieBytes);
    if (trieBytes < sizeof(Unit) || trieBytes >= map.size() || map.back() != '\0')
        return false;
    std::vector<Unit> units(trieBytes / sizeof(Unit));
    std::memcpy(units.data(), map.data(), units.size() * sizeof(Unit));
    return trieIsSound(units, map.size() - trieBytes);
}

} // namespace

bool characterMapsAreSound(std::string_view model)
{
    while (!model.empty()) {
        const auto field = takeField(model);
        if (!field)
            return true;
        if (!field->content || (field->number != NormalizerSpec && field->number != DenormalizerSpec))
            continue;
        std::string_view spec = *field->content;
        while (!spec.empty()) {
            const auto inner = takeField(spec);
            if (!inner)
                break;
            if (inner->number == PrecompiledCharsmap && inner->content && !mapIsSound(*inner->content))
                return false;
        }
    }
    return true;
}

} // namespace attune
