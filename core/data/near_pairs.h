#pragma once

#include <cstdint>
#include <span>
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
std::vector<NearPair> nearPairs(std::span<const std::string_view> texts, double similarity);

/// The similarity of two texts, 1 for equal ones.
double textSimilarity(std::string_view a, std::string_view b);

} // namespace attune
