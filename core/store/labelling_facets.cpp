#include "core/store/example_query.h"
#include "core/store/labelling_impl.h"

#include <algorithm>
#include <bit>
#include <map>

namespace attune {

namespace {

/// A facet's own choice is one bit: a row counts for a facet where no other bit is set.
enum Choice : unsigned {
    InPart = 1,
    InState = 2,
    InRating = 4,
    InTags = 8,
    InFiles = 16,
    InProblems = 32,
    InTurns = 64
};

template <typename T, typename U>
bool allows(const std::vector<T> &wanted, const U &value)
{
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), static_cast<T>(value)) != wanted.end();
}

template <std::size_t count>
void countAt(std::array<std::int64_t, count> &counts, std::int64_t index)
{
    if (index >= 0 && index < static_cast<std::int64_t>(count))
        ++counts[static_cast<std::size_t>(index)];
}

struct Facts {
    std::int64_t id = 0;
    std::optional<Part> part;
    std::int64_t state = 0;
    std::int64_t rating = 0;
    std::int64_t turns = 0;
    std::int64_t tokens = 0;
    std::int64_t problems = 0;
    std::int64_t file = 0;
};

/// Counts all facets in one walk over the rows.
class FacetCounter {
public:
    FacetCounter(Database &database, const ExampleQuery &query) : m_database(database), m_query(query)
    {
        for (const ProblemKind kind : query.problems)
            m_wantedProblems |= problemBit(kind);
    }

    Result<FacetCounts> count()
    {
        ATTUNE_TRY(const Condition condition, otherCondition(m_query));
        ATTUNE_CHECK(readFiles());
        ATTUNE_CHECK(markTagged());
        ATTUNE_TRY(auto rows, FactsWalk::begin(m_database, condition,
                                               "id, part, state, rating, turns, tokens, problems, file"));
        ATTUNE_CHECK(rows.each([&](const Statement &row) {
            Facts facts{row.integer(0), {},           row.integer(2), row.integer(3), row.integer(4),
                        row.integer(5), row.integer(6), row.integer(7)};
            if (!row.isNull(1))
                facts.part = static_cast<Part>(row.integer(1));
            if (m_query.maxLength > 0 && facts.tokens > m_query.maxLength)
                facts.problems |= problemBit(ProblemKind::Cut);
            countRow(facts);
        }));
        m_counts.all = m_walked;
        if (!rows.findsAll()) { // what a search left out stays in the lists of files and turns, with a zero
            ATTUNE_CHECK(seeAll());
            ATTUNE_TRY(m_counts.all, m_database.number("SELECT count(*) FROM row_facts", FindingRows));
        }
        ATTUNE_CHECK(countTags());
        finish();
        return std::move(m_counts);
    }

private:
    Result<void> readFiles()
    {
        ATTUNE_TRY(auto files, m_database.prepare("SELECT id, name FROM source_files", FindingRows));
        return eachRow(files, [&](const Statement &row) {
            const std::int64_t id = row.integer(0);
            if (id < 0 || id > (1 << 24))
                return;
            if (static_cast<std::size_t>(id) >= m_files.size())
                m_files.resize(static_cast<std::size_t>(id) + 1);
            m_files[static_cast<std::size_t>(id)] = {row.text(1), 0};
            if (allows(m_query.files, row.text(1)))
                m_wantedFiles.set(id);
        });
    }

    Result<void> seeAll()
    {
        ATTUNE_TRY(auto rows, m_database.prepare("SELECT DISTINCT file, turns FROM row_facts", FindingRows));
        return eachRow(rows, [&](const Statement &row) {
            m_seenFiles.set(row.integer(0));
            turnCount(row.integer(1));
        });
    }

    Result<void> markTagged()
    {
        if (m_query.tags.empty())
            return {};
        ATTUNE_TRY(auto rows, m_database.prepare("SELECT example FROM row_tags WHERE tag = ?", FindingRows));
        for (const std::string &tag : m_query.tags) {
            rows.bind(tag);
            ATTUNE_CHECK(eachRow(rows, [&](const Statement &row) { m_tagged.set(row.integer(0)); }));
        }
        return {};
    }

    unsigned refusedBy(const Facts &row) const
    {
        unsigned refused = 0;
        if (!allows(m_query.parts, row.part) || (!m_query.testRows && row.part == Part::Test))
            refused |= InPart;
        if (!allows(m_query.states, row.state))
            refused |= InState;
        if (!allows(m_query.ratings, row.rating))
            refused |= InRating;
        if (!m_query.tags.empty() && !m_tagged.has(row.id))
            refused |= InTags;
        if (!m_query.files.empty() && !m_wantedFiles.has(row.file))
            refused |= InFiles;
        if (m_wantedProblems != 0 && (row.problems & m_wantedProblems) == 0)
            refused |= InProblems;
        if (!allows(m_query.turns, row.turns))
            refused |= InTurns;
        return refused;
    }

    void countRow(const Facts &row)
    {
        ++m_walked;
        const unsigned refused = refusedBy(row);
        const auto counts = [&](Choice facet) { return (refused & ~static_cast<unsigned>(facet)) == 0; };
        if (refused == 0) {
            ++m_counts.rows;
            if (m_query.maxLength > 0)
                m_counts.cutTokens += std::max<std::int64_t>(row.tokens - m_query.maxLength, 0);
        }
        if (counts(InPart))
            countAt(m_counts.parts, row.part ? static_cast<std::int64_t>(*row.part) : 3);
        if (counts(InState))
            countAt(m_counts.states, row.state);
        if (counts(InRating))
            countAt(m_counts.ratings, row.rating);
        if (counts(InTags))
            m_forTags.set(row.id);
        if (counts(InFiles) && row.file >= 0 && static_cast<std::size_t>(row.file) < m_files.size())
            ++m_files[static_cast<std::size_t>(row.file)].rows;
        m_seenFiles.set(row.file);
        turnCount(row.turns) += counts(InTurns);
        if (counts(InProblems) && row.problems != 0) {
            ++m_counts.problemRows;
            for (auto left = static_cast<std::uint64_t>(row.problems); left != 0; left &= left - 1)
                countAt(m_counts.problems, std::countr_zero(left));
        }
    }

    /// Nearly all rows have as many turns as the one before.
    std::int64_t &turnCount(std::int64_t turns)
    {
        if (!m_lastTurns || m_lastTurns->first != turns)
            m_lastTurns = &*m_turns.try_emplace(turns, 0).first;
        return m_lastTurns->second;
    }

    Result<void> countTags()
    {
        ATTUNE_TRY(auto rows, m_database.prepare("SELECT tag, example FROM row_tags ORDER BY tag", FindingRows));
        return eachRow(rows, [&](const Statement &row) {
            if (m_counts.tags.empty() || row.textView(0) != m_counts.tags.back().value)
                m_counts.tags.push_back({row.text(0), 0});
            m_counts.tags.back().rows += m_forTags.has(row.integer(1));
        });
    }

    void finish()
    {
        const auto moreFirst = [](const CountOf &a, const CountOf &b) { return a.rows > b.rows; };
        std::stable_sort(m_counts.tags.begin(), m_counts.tags.end(), moreFirst);
        for (const auto &[turns, rows] : m_turns)
            m_counts.turns.push_back({std::to_string(turns), rows});
        for (std::size_t id = 0; id < m_files.size(); ++id)
            if (m_seenFiles.has(static_cast<std::int64_t>(id)))
                m_counts.files.push_back(std::move(m_files[id]));
        std::stable_sort(m_counts.files.begin(), m_counts.files.end(), moreFirst);
    }

    Database &m_database;
    const ExampleQuery &m_query;
    std::int64_t m_wantedProblems = 0;
    RowMarks m_tagged;
    RowMarks m_wantedFiles;
    RowMarks m_seenFiles; // have rows that are not deleted
    RowMarks m_forTags;
    std::vector<CountOf> m_files; // by number
    std::map<std::int64_t, std::int64_t> m_turns;
    std::pair<const std::int64_t, std::int64_t> *m_lastTurns = nullptr; // in m_turns
    std::int64_t m_walked = 0;
    FacetCounts m_counts;
};

} // namespace

Result<FacetCounts> Labelling::facets(const ExampleQuery &query)
{
    Database &database = m_project.m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::beginReading(database, FindingRows));
    return FacetCounter(database, query).count();
}

} // namespace attune
