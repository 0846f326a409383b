#pragma once

#include "core/store/labelling.h"
#include "core/store/project_impl.h"

// For core/store and its tests only.

namespace attune {

constexpr auto FindingRows = "find rows";

/// Rows of a project by id, as one byte each.
class RowMarks {
public:
    void set(std::int64_t id)
    {
        if (id < 0 || id > MaxId)
            return;
        if (static_cast<std::size_t>(id) >= m_marks.size())
            m_marks.resize(static_cast<std::size_t>(id) + 1 + m_marks.size() / 2);
        m_marks[static_cast<std::size_t>(id)] = 1;
    }
    bool has(std::int64_t id) const
    {
        return id >= 0 && static_cast<std::size_t>(id) < m_marks.size() && m_marks[static_cast<std::size_t>(id)];
    }

private:
    static constexpr std::int64_t MaxId = 1 << 28; // beyond it stands no row, unless the file is damaged
    std::vector<std::uint8_t> m_marks;
};

/// Calls `visit` on each row of a statement.
template <typename Visit>
Result<void> eachRow(Statement &statement, Visit visit)
{
    while (true) {
        ATTUNE_TRY(const bool more, statement.step());
        if (!more)
            return {};
        if constexpr (std::is_void_v<decltype(visit(statement))>)
            visit(statement);
        else
            ATTUNE_CHECK(visit(statement));
    }
}

inline std::string rowName(std::int64_t id)
{
    return "Row " + std::to_string(id);
}

} // namespace attune
