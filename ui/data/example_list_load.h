#pragma once

#include "core/store/labelling.h"

namespace attune::ui {

// What the list asks of the project, on the reading worker.

struct ListRequest {
    ExampleQuery query;
    std::int64_t alikeTo = 0; ///< sort by likeness to this row
    std::int64_t kept = 0;    ///< a row that stays though it no longer matches, as the user is at it
    std::int64_t keptAt = 0;  ///< where it stood
};

/// The ids of a list, and what finds an id's row without a walk over all of them.
class ListIds {
public:
    ListIds() = default;
    explicit ListIds(std::vector<std::int64_t> ids);
    const std::vector<std::int64_t> &all() const { return m_ids; }
    int size() const { return static_cast<int>(m_ids.size()); }
    std::int64_t at(int row) const { return m_ids[static_cast<std::size_t>(row)]; }
    int rowOf(std::int64_t id) const; ///< -1: not in the list
    bool operator==(const ListIds &other) const { return m_ids == other.m_ids; }

private:
    std::vector<std::int64_t> m_ids;
    std::vector<std::uint32_t> m_byId; ///< rows in the order of their ids; empty: that is the order anyway
};

Result<ListIds> loadList(Project &project, const ListRequest &request);

/// The share of 5-character pieces that two texts have in common, 0 to 1 (Jaccard); for "most alike".
double likeness(std::string_view one, std::string_view other);

} // namespace attune::ui
