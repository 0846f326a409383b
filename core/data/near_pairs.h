#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace attune {

/// Two texts that are nearly equal, by their places in the list; first < second.
struct NearPair {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    double similarity = 0; ///< Jaccard similarity of their sets of 5-character shingles
};

/// Pairs of texts with at least this similarity; the texts must differ from each other. Texts under five characters
/// are like no other.
///
/// Candidates come from MinHash signatures cut into bands, and each is verified on the shingles themselves. The pairs
/// connect what belongs together, but not every pair within a large heap is listed, so the time stays near linear.
///
/// Form letters: where texts that hang together are fifty or more and a tenth of all, what most of them share is a
/// form and no sign of kinship (a long instruction before every short question, say); else one group would swallow
/// the data set. Shingles that half of them have are then left out, and they are compared by the rest. Deterministic;
/// thread-safe.
///
/// Where the texts are only those of a larger set that NearIndex names, `all` is the size of that set: the pairs are
/// then those of the whole set. After a stop, which it heeds at once, the pairs are those found until then.
std::vector<NearPair> nearPairs(std::span<const std::string_view> texts, double similarity, std::size_t all = 0,
                                const std::stop_token &stop = {});

/// The text at a place; it needs to last until the next call only.
using TextAt = std::function<std::string_view(std::uint32_t place)>;
/// The same for texts that are fetched when they are looked at, some of them often. Beside them it needs some 80
/// bytes a text, and 60 to 170 more for each that has pairs. `progress` is told the share that is done.
std::vector<NearPair> nearPairs(std::size_t count, const TextAt &textAt, double similarity, std::size_t all = 0,
                                const std::stop_token &stop = {},
                                const std::function<void(double share)> &progress = {});

/// Which texts can be nearly equal, without the texts: what nearPairs() begins with, kept. Of each text it holds the
/// bands of its signature, 64 bytes at a similarity of 0.85. Two texts that nearPairs() would call a pair are
/// candidates of each other, and few others are. One thread at a time.
class NearIndex {
public:
    explicit NearIndex(double similarity);

    std::uint32_t add(std::string_view text); ///< its place; the first is 0
    void replace(std::uint32_t place, std::string_view text); ///< an empty text is nobody's candidate
    std::size_t size() const { return m_size; }
    /// Places whose text may be nearly equal to this one, ascending; its own too. One more than `most` at most.
    std::vector<std::uint32_t> candidates(std::string_view text, std::size_t most) const;
    /// Places that have a candidate beside themselves, ascending.
    std::vector<std::uint32_t> doubtful() const;

private:
    static constexpr std::size_t PieceTexts = 4096;
    std::vector<std::uint32_t> keysOf(std::string_view text) const;
    const std::uint32_t *keysAt(std::size_t place) const
    {
        return m_pieces[place / PieceTexts].data() + place % PieceTexts * m_bands;
    }

    std::size_t m_height;
    std::size_t m_bands;
    std::size_t m_size = 0;
    /// m_bands keys of each text; 0: no text. In pieces, as one vector would hold half as much again while it grows.
    std::vector<std::vector<std::uint32_t>> m_pieces;
};

/// The similarity of two texts, 1 for equal ones.
double textSimilarity(std::string_view a, std::string_view b);

} // namespace attune
