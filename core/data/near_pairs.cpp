#include "core/data/near_pairs.h"

#include "core/data/disjoint_sets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <xxhash.h>

namespace attune {

namespace {

constexpr std::size_t Hashes = 96; // divisible by every band height from 1 to 4, 6 and 8
constexpr std::size_t ShingleLength = 5;
constexpr std::size_t FormLetterCount = 50;
constexpr std::size_t FormLetterShare = 10; // one in so many of all texts

using Shingles = std::vector<std::uint32_t>; // sorted hashes, each once

/// Hashes of all shingles in the order of the text.
std::vector<std::uint32_t> hashesOf(std::string_view text)
{
    std::vector<std::uint32_t> result;
    result.reserve(text.size());
    std::array<std::size_t, ShingleLength> starts{}; // of the last code points, as a ring
    std::size_t count = 0;
    const auto add = [&](std::size_t end) {
        const std::size_t begin = starts[count % ShingleLength];
        result.push_back(static_cast<std::uint32_t>(XXH3_64bits(text.data() + begin, end - begin)));
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80)
            continue;
        if (count >= ShingleLength)
            add(i);
        starts[count % ShingleLength] = i;
        ++count;
    }
    if (count >= ShingleLength)
        add(text.size());
    return result;
}

Shingles shinglesOf(std::string_view text)
{
    Shingles result = hashesOf(text);
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

double jaccard(const Shingles &a, const Shingles &b)
{
    std::size_t shared = 0;
    auto i = a.begin();
    auto j = b.begin();
    while (i != a.end() && j != b.end()) {
        const std::uint32_t x = *i;
        const std::uint32_t y = *j;
        shared += x == y;
        i += x <= y;
        j += y <= x;
    }
    const std::size_t all = a.size() + b.size() - shared;
    return all == 0 ? 0.0 : static_cast<double>(shared) / static_cast<double>(all);
}

/// x -> a x + b modulo 2^32 with an odd a is a permutation, and a compiler can do several at once.
struct Permutations {
    std::array<std::uint32_t, Hashes> factor;
    std::array<std::uint32_t, Hashes> offset;

    Permutations()
    {
        constexpr std::string_view Name = "minhash";
        for (std::size_t i = 0; i < Hashes; ++i) {
            const std::uint64_t hash = XXH3_64bits_withSeed(Name.data(), Name.size(), i);
            factor[i] = static_cast<std::uint32_t>(hash) | 1u;
            offset[i] = static_cast<std::uint32_t>(hash >> 32);
        }
    }
};

using Signature = std::array<std::uint32_t, Hashes>;

Signature signatureOf(std::span<const std::uint32_t> shingles)
{
    static const Permutations Permuted;
    Signature lowest;
    lowest.fill(std::numeric_limits<std::uint32_t>::max());
    for (const std::uint32_t shingle : shingles) {
        for (std::size_t i = 0; i < Hashes; ++i)
            lowest[i] = std::min(lowest[i], Permuted.factor[i] * shingle + Permuted.offset[i]);
    }
    return lowest;
}

/// The highest band (the fewest false candidates) that still misses at most one in a thousand pairs that are just
/// similar enough.
std::size_t bandHeight(double similarity)
{
    for (const std::size_t height : {8, 6, 4, 3, 2}) {
        const std::size_t bandCount = Hashes / height;
        const double bands = static_cast<double>(bandCount);
        const double missed = std::pow(1.0 - std::pow(similarity, static_cast<double>(height)), bands);
        if (missed <= 1e-3)
            return height;
    }
    return 1;
}

std::uint64_t bandKey(const Signature &signature, std::size_t band, std::size_t height)
{
    return XXH3_64bits(signature.data() + band * height, height * sizeof signature[0]);
}

/// One pass over some of the texts, with some shingles left out.
class Pass {
public:
    Pass(std::span<const std::string_view> texts, std::vector<std::uint32_t> members, Shingles ignored,
         const std::stop_token &stop)
        : m_texts(texts), m_members(std::move(members)), m_ignored(std::move(ignored)), m_stop(stop),
          m_kept(m_members.size()), m_neighbours(m_members.size())
    {
    }

    std::vector<NearPair> pairs(double similarity)
    {
        const std::size_t height = bandHeight(similarity);
        const std::size_t bands = Hashes / height;
        std::vector<std::vector<std::pair<std::uint64_t, std::uint32_t>>> keys(bands);
        for (std::uint32_t i = 0; i < m_members.size() && !m_stop.stop_requested(); ++i) {
            // A signature needs no order, and sorting would take most of the time.
            const auto shingles = m_ignored.empty() ? hashesOf(m_texts[m_members[i]]) : compute(i);
            if (shingles.empty())
                continue;
            const Signature signature = signatureOf(shingles);
            for (std::size_t band = 0; band < bands; ++band)
                keys[band].emplace_back(bandKey(signature, band, height), i);
        }

        std::vector<NearPair> found;
        std::unordered_set<std::uint64_t> seen;
        for (auto &band : keys) {
            if (m_stop.stop_requested())
                break;
            std::sort(band.begin(), band.end());
            for (auto begin = band.begin(); begin != band.end();) {
                auto end = begin;
                while (end != band.end() && end->first == begin->first)
                    ++end;
                compareBucket({begin, end}, similarity, seen, found);
                begin = end;
            }
        }
        return found;
    }

    /// Shingles that at least half of the members have; of many members, a thousand are asked.
    Shingles shared()
    {
        const std::size_t asked = std::min<std::size_t>(m_members.size(), 1000);
        std::unordered_map<std::uint32_t, std::size_t> counts;
        for (std::size_t i = 0; i < asked; ++i) {
            for (const std::uint32_t shingle : compute(static_cast<std::uint32_t>(i * m_members.size() / asked)))
                ++counts[shingle];
        }
        Shingles result;
        for (const auto &[shingle, count] : counts) {
            if (2 * count >= asked)
                result.push_back(shingle);
        }
        std::sort(result.begin(), result.end());
        return result;
    }

private:
    using Bucket = std::span<const std::pair<std::uint64_t, std::uint32_t>>;

    /// Each member against the first few and against those just before it, until it has found neighbours enough: all
    /// pairs of a small bucket, and a bounded number in a large one.
    void compareBucket(Bucket bucket, double similarity, std::unordered_set<std::uint64_t> &seen,
                       std::vector<NearPair> &found)
    {
        constexpr std::size_t Reach = 16;
        constexpr std::uint32_t Enough = 8;
        for (std::size_t later = 1; later < bucket.size() && !m_stop.stop_requested(); ++later) {
            const std::uint32_t second = bucket[later].second;
            const bool large = later > 2 * Reach;
            for (std::size_t earlier = 0; earlier < later; ++earlier) {
                if (large && m_neighbours[second] >= Enough)
                    break;
                if (large && earlier == Reach)
                    earlier = later - Reach;
                const std::uint32_t first = bucket[earlier].second;
                if (!seen.insert(std::uint64_t(first) << 32 | second).second)
                    continue;
                makeRoom();
                const double value = jaccard(kept(first), kept(second));
                if (value >= similarity) {
                    found.push_back({m_members[first], m_members[second], value});
                    ++m_neighbours[second];
                }
            }
        }
    }

    Shingles compute(std::uint32_t member) const
    {
        Shingles all = shinglesOf(m_texts[m_members[member]]);
        if (m_ignored.empty())
            return all;
        Shingles rest;
        std::set_difference(all.begin(), all.end(), m_ignored.begin(), m_ignored.end(), std::back_inserter(rest));
        return rest;
    }

    /// Kept only for texts that are somebody's candidate: most are nobody's, and the sets of all would need four
    /// times the memory of the texts.
    const Shingles &kept(std::uint32_t member)
    {
        if (!m_kept[member]) {
            m_kept[member] = compute(member);
            m_keptShingles += m_kept[member]->size();
        }
        return *m_kept[member];
    }

    /// Before two are compared: where very many texts are candidates, they are computed again rather than all kept.
    void makeRoom()
    {
        constexpr std::size_t Most = std::size_t(4) << 20;
        if (m_keptShingles <= Most)
            return;
        for (auto &one : m_kept)
            one.reset();
        m_keptShingles = 0;
    }

    std::span<const std::string_view> m_texts;
    std::vector<std::uint32_t> m_members; // places in m_texts, ascending
    Shingles m_ignored;
    const std::stop_token &m_stop;
    std::vector<std::optional<Shingles>> m_kept;
    std::size_t m_keptShingles = 0;
    std::vector<std::uint32_t> m_neighbours; // earlier ones found, by member
};

std::vector<NearPair> pairsAmong(std::span<const std::string_view> texts, const std::vector<std::uint32_t> &members,
                                 const Shingles &ignored, double similarity, std::size_t formLetter, int depth,
                                 const std::stop_token &stop)
{
    std::vector<NearPair> pairs = Pass(texts, members, ignored, stop).pairs(similarity);
    if (stop.stop_requested() || depth == 0 || pairs.size() + 1 < formLetter)
        return pairs;

    DisjointSets sets(texts.size());
    for (const NearPair &pair : pairs)
        sets.join(pair.first, pair.second);
    std::vector<std::vector<std::uint32_t>> heaps(texts.size());
    for (const std::uint32_t member : members)
        heaps[sets.find(member)].push_back(member);

    std::vector<bool> refined(texts.size(), false); // by the heap's lowest member
    std::vector<NearPair> finer;
    for (const auto &heap : heaps) {
        if (heap.size() < formLetter)
            continue;
        const Shingles form = Pass(texts, heap, ignored, stop).shared();
        if (form.empty()) // a long chain of neighbours, not a form
            continue;
        Shingles left;
        std::set_union(ignored.begin(), ignored.end(), form.begin(), form.end(), std::back_inserter(left));
        const auto inside = pairsAmong(texts, heap, left, similarity, formLetter, depth - 1, stop);
        finer.insert(finer.end(), inside.begin(), inside.end());
        refined[heap.front()] = true;
    }
    std::erase_if(pairs, [&](const NearPair &pair) { return refined[sets.find(pair.first)]; });
    pairs.insert(pairs.end(), finer.begin(), finer.end());
    return pairs;
}

} // namespace

double textSimilarity(std::string_view a, std::string_view b)
{
    return a == b ? 1.0 : jaccard(shinglesOf(a), shinglesOf(b));
}

std::vector<NearPair> nearPairs(std::span<const std::string_view> texts, double similarity, std::size_t all,
                                const std::stop_token &stop)
{
    const std::size_t count = std::max(all, texts.size());
    const std::size_t formLetter = std::max(FormLetterCount, (count + FormLetterShare - 1) / FormLetterShare);
    std::vector<std::uint32_t> members(texts.size());
    std::iota(members.begin(), members.end(), 0u);
    std::vector<NearPair> pairs = pairsAmong(texts, members, {}, similarity, formLetter, 3, stop);
    std::sort(pairs.begin(), pairs.end(), [](const NearPair &a, const NearPair &b) {
        return std::pair(a.first, a.second) < std::pair(b.first, b.second);
    });
    return pairs;
}

NearIndex::NearIndex(double similarity) : m_height(bandHeight(similarity)), m_bands(Hashes / m_height) {}

std::vector<std::uint32_t> NearIndex::keysOf(std::string_view text) const
{
    std::vector<std::uint32_t> keys(m_bands, 0);
    const auto shingles = hashesOf(text);
    if (shingles.empty())
        return keys;
    const Signature signature = signatureOf(shingles);
    // Half of the key that nearPairs() takes: a few more candidates, and half the memory.
    for (std::size_t band = 0; band < m_bands; ++band)
        keys[band] = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(bandKey(signature, band, m_height)));
    return keys;
}

std::uint32_t NearIndex::add(std::string_view text)
{
    if (m_size % PieceTexts == 0)
        m_pieces.emplace_back(PieceTexts * m_bands);
    const auto place = static_cast<std::uint32_t>(m_size++);
    replace(place, text);
    return place;
}

void NearIndex::replace(std::uint32_t place, std::string_view text)
{
    const auto keys = keysOf(text);
    std::copy(keys.begin(), keys.end(),
              m_pieces[place / PieceTexts].begin() + static_cast<std::ptrdiff_t>(place % PieceTexts * m_bands));
}

std::vector<std::uint32_t> NearIndex::candidates(std::string_view text, std::size_t most) const
{
    const auto keys = keysOf(text);
    std::vector<std::uint32_t> found;
    if (keys.front() == 0)
        return found;
    // Straight through: of 100,000 texts these are 6 MB, which is quicker than any table would be kept.
    for (std::size_t place = 0; place < m_size && found.size() <= most; ++place) {
        const std::uint32_t *at = keysAt(place);
        bool shared = false;
        for (std::size_t band = 0; band < m_bands; ++band)
            shared |= at[band] == keys[band];
        if (shared)
            found.push_back(static_cast<std::uint32_t>(place));
    }
    return found;
}

std::vector<std::uint32_t> NearIndex::doubtful() const
{
    std::vector<bool> shared(m_size, false);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> band; // key and place
    band.reserve(m_size);
    for (std::size_t i = 0; i < m_bands; ++i) {
        band.clear();
        for (std::size_t place = 0; place < m_size; ++place)
            if (const std::uint32_t key = keysAt(place)[i]; key != 0)
                band.emplace_back(key, static_cast<std::uint32_t>(place));
        std::sort(band.begin(), band.end());
        for (std::size_t at = 1; at < band.size(); ++at)
            if (band[at].first == band[at - 1].first)
                shared[band[at].second] = shared[band[at - 1].second] = true;
    }
    std::vector<std::uint32_t> places;
    for (std::size_t place = 0; place < m_size; ++place)
        if (shared[place])
            places.push_back(static_cast<std::uint32_t>(place));
    return places;
}

} // namespace attune
