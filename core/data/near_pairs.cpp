#include "core/data/near_pairs.h"

#include "core/data/disjoint_sets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <unordered_map>
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

/// Never 0, which stands for no key. Two bands that differ have the same one once in four thousand millions: then the
/// texts are compared in vain.
std::uint32_t bandKey(const Signature &signature, std::size_t band, std::size_t height)
{
    const std::uint64_t hash = XXH3_64bits(signature.data() + band * height, height * sizeof signature[0]);
    return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(hash));
}

/// One pass over some of the texts, with some shingles left out.
class Pass {
public:
    Pass(const TextAt &textAt, std::vector<std::uint32_t> members, Shingles ignored, const std::stop_token &stop)
        : m_textAt(textAt), m_members(std::move(members)), m_ignored(std::move(ignored)), m_stop(stop)
    {
    }

    /// Each once.
    std::vector<NearPair> pairs(double similarity, const std::function<void(double share)> &progress = {})
    {
        const std::size_t height = bandHeight(similarity);
        m_bands = Hashes / height;
        m_keys.assign(m_members.size() * m_bands, 0);
        for (std::uint32_t i = 0; i < m_members.size() && !m_stop.stop_requested(); ++i) {
            // A signature needs no order, and sorting would take most of the time.
            const auto shingles = m_ignored.empty() ? hashesOf(m_textAt(m_members[i])) : compute(i);
            if (shingles.empty())
                continue;
            const Signature signature = signatureOf(shingles);
            for (std::size_t band = 0; band < m_bands; ++band)
                keysOf(i)[band] = bandKey(signature, band, height);
        }

        std::vector<NearPair> found;
        m_neighboursAt.assign(m_members.size(), 0);
        std::vector<std::pair<std::uint32_t, std::uint32_t>> order; // key and member
        order.reserve(m_members.size());
        for (std::size_t band = 0; band < m_bands && !m_stop.stop_requested(); ++band) {
            order.clear();
            for (std::uint32_t i = 0; i < m_members.size(); ++i)
                if (keysOf(i)[band] != 0)
                    order.emplace_back(keysOf(i)[band], i);
            std::sort(order.begin(), order.end());
            for (auto begin = order.begin(); begin != order.end();) {
                auto end = begin;
                while (end != order.end() && end->first == begin->first)
                    ++end;
                compareBucket({begin, end}, band, similarity, found);
                begin = end;
            }
            if (progress)
                progress(static_cast<double>(band + 1) / static_cast<double>(m_bands));
        }
        const auto places = [](const NearPair &pair) { return std::pair(pair.first, pair.second); };
        std::sort(found.begin(), found.end(),
                  [&](const NearPair &a, const NearPair &b) { return places(a) < places(b); });
        found.erase(std::unique(found.begin(), found.end(),
                                [&](const NearPair &a, const NearPair &b) { return places(a) == places(b); }),
                    found.end());
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
    using Bucket = std::span<const std::pair<std::uint32_t, std::uint32_t>>;
    static constexpr std::size_t Reach = 16;
    static constexpr std::size_t Enough = 8;

    /// The first earlier ones that a member was found to be near.
    struct Neighbours {
        std::array<std::uint32_t, Enough> members{};
        std::uint32_t count = 0;
    };

    /// Each member against the first few and against those just before it, until it has found neighbours enough: all
    /// pairs of a small bucket, and a bounded number in a large one.
    void compareBucket(Bucket bucket, std::size_t band, double similarity, std::vector<NearPair> &found)
    {
        for (std::size_t later = 1; later < bucket.size() && !m_stop.stop_requested(); ++later) {
            const std::uint32_t second = bucket[later].second;
            const bool large = later > 2 * Reach;
            for (std::size_t earlier = 0; earlier < later; ++earlier) {
                if (large && neighbourCount(second) >= Enough)
                    break;
                if (large && earlier == Reach)
                    earlier = later - Reach;
                const std::uint32_t first = bucket[earlier].second;
                if (wereCompared(first, second, band))
                    continue;
                const auto a = kept(first);
                const auto b = kept(second);
                const double value = jaccard(*a, *b);
                if (value >= similarity) {
                    found.push_back({m_members[first], m_members[second], value});
                    addNeighbour(second, first);
                }
            }
        }
        if (bucket.size() > 2 * Reach + 1) // not each with each, so that it does not count in wereCompared()
            for (const auto &[key, member] : bucket)
                keysOf(member)[band] = 0;
    }

    /// Whether two that meet in a band met in an earlier one where each was compared with each, or are neighbours. A
    /// set of all compared pairs would say more, but of a million short texts made of few words it takes a gigabyte.
    bool wereCompared(std::uint32_t first, std::uint32_t second, std::size_t band) const
    {
        const std::uint32_t *a = keysOf(first);
        const std::uint32_t *b = keysOf(second);
        bool met = false;
        for (std::size_t i = 0; i < band; ++i)
            met |= a[i] == b[i] && a[i] != 0;
        if (met || m_neighboursAt[second] == 0)
            return met;
        const Neighbours &known = m_neighbours[m_neighboursAt[second] - 1];
        const auto end = known.members.begin() + static_cast<std::ptrdiff_t>(known.count);
        return std::find(known.members.begin(), end, first) != end;
    }

    std::size_t neighbourCount(std::uint32_t member) const
    {
        return m_neighboursAt[member] == 0 ? 0 : m_neighbours[m_neighboursAt[member] - 1].count;
    }

    void addNeighbour(std::uint32_t member, std::uint32_t earlier)
    {
        if (m_neighboursAt[member] == 0) {
            m_neighbours.emplace_back();
            m_neighboursAt[member] = static_cast<std::uint32_t>(m_neighbours.size());
        }
        Neighbours &known = m_neighbours[m_neighboursAt[member] - 1];
        if (known.count < Enough)
            known.members[known.count++] = earlier;
    }

    std::uint32_t *keysOf(std::uint32_t member) { return m_keys.data() + member * m_bands; }
    const std::uint32_t *keysOf(std::uint32_t member) const { return m_keys.data() + member * m_bands; }

    Shingles compute(std::uint32_t member) const
    {
        Shingles all = shinglesOf(m_textAt(m_members[member]));
        if (m_ignored.empty())
            return all;
        Shingles rest;
        std::set_difference(all.begin(), all.end(), m_ignored.begin(), m_ignored.end(), std::back_inserter(rest));
        return rest;
    }

    /// Kept for the texts that were compared last: a bucket asks for the same ones over and over, and the sets of all
    /// would need four times the memory of the texts.
    std::shared_ptr<const Shingles> kept(std::uint32_t member)
    {
        constexpr std::size_t Most = std::size_t(1) << 20;
        if (const auto found = m_kept.find(member); found != m_kept.end())
            return found->second;
        if (m_keptShingles > Most) {
            m_kept.clear();
            m_keptShingles = 0;
        }
        auto made = std::make_shared<const Shingles>(compute(member));
        m_keptShingles += made->size();
        m_kept.emplace(member, made);
        return made;
    }

    const TextAt &m_textAt;
    std::vector<std::uint32_t> m_members; // places of texts, ascending
    Shingles m_ignored;
    const std::stop_token &m_stop;
    std::size_t m_bands = 0;
    std::vector<std::uint32_t> m_keys; // m_bands of each member; 0: none
    std::unordered_map<std::uint32_t, std::shared_ptr<const Shingles>> m_kept;
    std::size_t m_keptShingles = 0;
    std::vector<std::uint32_t> m_neighboursAt; // by member: 1 + place in m_neighbours; 0: none
    std::deque<Neighbours> m_neighbours;
};

std::vector<NearPair> pairsAmong(const TextAt &textAt, std::size_t count, const std::vector<std::uint32_t> &members,
                                 const Shingles &ignored, double similarity, std::size_t formLetter, int depth,
                                 const std::stop_token &stop, const std::function<void(double share)> &progress)
{
    std::vector<NearPair> pairs = Pass(textAt, members, ignored, stop).pairs(similarity, progress);
    if (stop.stop_requested() || depth == 0 || pairs.size() + 1 < formLetter)
        return pairs;

    DisjointSets sets(count);
    for (const NearPair &pair : pairs)
        sets.join(pair.first, pair.second);
    std::vector<std::uint32_t> sizes(count, 0); // by the heap's lowest member
    for (const std::uint32_t member : members)
        ++sizes[sets.find(member)];

    std::vector<bool> refined(count, false); // by the heap's lowest member
    std::vector<NearPair> finer;
    for (std::uint32_t lowest = 0; lowest < count; ++lowest) {
        if (sizes[lowest] < formLetter)
            continue;
        std::vector<std::uint32_t> heap;
        for (const std::uint32_t member : members)
            if (sets.find(member) == lowest)
                heap.push_back(member);
        const Shingles form = Pass(textAt, heap, ignored, stop).shared();
        if (form.empty()) // a long chain of neighbours, not a form
            continue;
        Shingles left;
        std::set_union(ignored.begin(), ignored.end(), form.begin(), form.end(), std::back_inserter(left));
        const auto inside = pairsAmong(textAt, count, heap, left, similarity, formLetter, depth - 1, stop, {});
        finer.insert(finer.end(), inside.begin(), inside.end());
        refined[lowest] = true;
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

std::vector<NearPair> nearPairs(std::size_t count, const TextAt &textAt, double similarity, std::size_t all,
                                const std::stop_token &stop, const std::function<void(double share)> &progress)
{
    const std::size_t formLetter =
        std::max(FormLetterCount, (std::max(all, count) + FormLetterShare - 1) / FormLetterShare);
    std::vector<std::uint32_t> members(count);
    std::iota(members.begin(), members.end(), 0u);
    std::vector<NearPair> pairs = pairsAmong(textAt, count, members, {}, similarity, formLetter, 3, stop, progress);
    std::sort(pairs.begin(), pairs.end(), [](const NearPair &a, const NearPair &b) {
        return std::pair(a.first, a.second) < std::pair(b.first, b.second);
    });
    return pairs;
}

std::vector<NearPair> nearPairs(std::span<const std::string_view> texts, double similarity, std::size_t all,
                                const std::stop_token &stop)
{
    return nearPairs(
        texts.size(), [texts](std::uint32_t place) { return texts[place]; }, similarity, all, stop);
}

NearIndex::NearIndex(double similarity) : m_height(bandHeight(similarity)), m_bands(Hashes / m_height) {}

std::vector<std::uint32_t> NearIndex::keysOf(std::string_view text) const
{
    std::vector<std::uint32_t> keys(m_bands, 0);
    const auto shingles = hashesOf(text);
    if (shingles.empty())
        return keys;
    const Signature signature = signatureOf(shingles);
    for (std::size_t band = 0; band < m_bands; ++band)
        keys[band] = bandKey(signature, band, m_height);
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
