#include "ui/data/example_list_load.h"

#include <algorithm>
#include <numeric>

namespace attune::ui {

namespace {

/// Lower case for ASCII, the rest as it is: enough to tell like from unlike.
std::vector<std::uint32_t> pieces(std::string_view text)
{
    constexpr std::size_t Length = 5;
    std::string folded;
    folded.reserve(text.size());
    for (const char c : text)
        folded.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    std::vector<std::uint32_t> hashes;
    for (std::size_t i = 0; i + Length <= folded.size(); ++i) {
        std::uint32_t hash = 2166136261u; // FNV-1a
        for (std::size_t k = 0; k < Length; ++k)
            hash = (hash ^ static_cast<unsigned char>(folded[i + k])) * 16777619u;
        hashes.push_back(hash);
    }
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    return hashes;
}

double shared(const std::vector<std::uint32_t> &one, const std::vector<std::uint32_t> &other)
{
    std::size_t common = 0;
    for (auto a = one.begin(), b = other.begin(); a != one.end() && b != other.end();) {
        if (*a < *b)
            ++a;
        else if (*b < *a)
            ++b;
        else
            ++common, ++a, ++b;
    }
    const std::size_t all = one.size() + other.size() - common;
    return all == 0 ? 0 : static_cast<double>(common) / static_cast<double>(all);
}

std::string textOf(const ExampleSummary &row)
{
    return row.prompt + "\n" + row.answer;
}

Result<void> sortByLikeness(Labelling &labelling, std::vector<std::int64_t> &ids, std::int64_t to)
{
    ATTUNE_TRY(const auto reference, labelling.summaries(std::span(&to, 1)));
    if (reference.empty())
        return {};
    const auto wanted = pieces(textOf(reference.front()));
    std::vector<std::pair<double, std::int64_t>> scored;
    scored.reserve(ids.size());
    constexpr std::size_t Batch = 1000; // summaries of 100,000 rows at once would be 60 MB
    for (std::size_t begin = 0; begin < ids.size(); begin += Batch) {
        const auto some = std::span(ids).subspan(begin, std::min(Batch, ids.size() - begin));
        ATTUNE_TRY(const auto rows, labelling.summaries(some));
        for (const ExampleSummary &row : rows)
            scored.emplace_back(row.id == to ? 2.0 : shared(wanted, pieces(textOf(row))), row.id);
    }
    std::stable_sort(scored.begin(), scored.end(), [](const auto &a, const auto &b) { return a.first > b.first; });
    ids.clear();
    for (const auto &[score, id] : scored)
        ids.push_back(id);
    return {};
}

} // namespace

double likeness(std::string_view one, std::string_view other)
{
    return shared(pieces(one), pieces(other));
}

ListIds::ListIds(std::vector<std::int64_t> ids) : m_ids(std::move(ids))
{
    if (std::is_sorted(m_ids.begin(), m_ids.end()))
        return;
    m_byId.resize(m_ids.size());
    std::iota(m_byId.begin(), m_byId.end(), 0u);
    std::sort(m_byId.begin(), m_byId.end(), [this](std::uint32_t a, std::uint32_t b) { return m_ids[a] < m_ids[b]; });
}

int ListIds::rowOf(std::int64_t id) const
{
    if (m_byId.empty()) {
        const auto found = std::lower_bound(m_ids.begin(), m_ids.end(), id);
        return found != m_ids.end() && *found == id ? static_cast<int>(found - m_ids.begin()) : -1;
    }
    const auto found =
        std::lower_bound(m_byId.begin(), m_byId.end(), id,
                         [this](std::uint32_t row, std::int64_t wanted) { return m_ids[row] < wanted; });
    return found != m_byId.end() && m_ids[*found] == id ? static_cast<int>(*found) : -1;
}

Result<ListIds> loadList(Project &project, const ListRequest &request)
{
    Labelling labelling(project);
    ATTUNE_TRY(auto ids, labelling.ids(request.query));
    if (request.alikeTo != 0)
        ATTUNE_CHECK(sortByLikeness(labelling, ids, request.alikeTo));
    if (request.kept != 0 && std::find(ids.begin(), ids.end(), request.kept) == ids.end()) {
        ATTUNE_TRY(const auto still, project.example(request.kept));
        if (still)
            ids.insert(ids.begin() + std::min(request.keptAt, static_cast<std::int64_t>(ids.size())), request.kept);
    }
    return ListIds(std::move(ids));
}

} // namespace attune::ui
