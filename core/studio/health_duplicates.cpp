#include "core/studio/health_duplicates.h"

#include "core/data/disjoint_sets.h"
#include "core/data/health.h"
#include "core/data/near_pairs.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace attune {
namespace {

constexpr std::array duplicateKinds{ProblemKind::Duplicate, ProblemKind::NearDuplicate};

std::string rowWord(std::int64_t id)
{
    return "row " + std::to_string(id);
}

std::string likeWords(double similarity, std::int64_t other)
{
    if (similarity >= 1)
        return "asks the same as " + rowWord(other);
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), "%.2f", std::min(similarity, 0.99));
    return "similarity " + std::string(number.data()) + " with " + rowWord(other);
}

void addEqualRows(std::span<const DuplicateRow> rows, std::vector<StoredProblem> &found)
{
    std::unordered_map<std::string_view, std::vector<std::int64_t>> byHash;
    for (const DuplicateRow &row : rows)
        byHash[row.contentHash].push_back(row.id);
    for (const DuplicateRow &row : rows) {
        const auto &equal = byHash[row.contentHash];
        if (equal.size() < 2)
            continue;
        const std::int64_t other = equal.front() == row.id ? equal[1] : equal.front();
        std::string detail = "equal to " + rowWord(other);
        if (equal.size() > 2)
            detail += " and " + std::to_string(equal.size() - 2) + " more";
        found.push_back({row.id, ProblemKind::Duplicate, std::move(detail), other, equal.front()});
    }
}

/// Rows that ask the same, word for word.
struct Question {
    std::string_view text;
    std::vector<std::uint32_t> rows;
    bool differ = false;                ///< in more than what they ask: they are no plain duplicates
    double similarity = 0;              ///< to the nearest other question
    std::uint32_t nearest = UINT32_MAX; ///< that question
};

class NearFinder {
public:
    NearFinder(std::span<const DuplicateRow> rows, double similarity, std::size_t all, const std::stop_token &stop)
        : m_rows(rows), m_similarity(similarity), m_all(std::max(all, rows.size())), m_stop(stop)
    {
        std::unordered_map<std::string_view, std::uint32_t> known;
        for (std::uint32_t i = 0; i < rows.size(); ++i) {
            if (rows[i].text.empty())
                continue;
            const auto [at, isNew] =
                known.try_emplace(rows[i].text, static_cast<std::uint32_t>(m_questions.size()));
            if (isNew)
                m_questions.push_back({.text = rows[i].text, .rows = {}});
            Question &question = m_questions[at->second];
            question.differ = question.differ || (!question.rows.empty() &&
                                                  rows[question.rows.front()].contentHash != rows[i].contentHash);
            question.rows.push_back(i);
        }
        const std::size_t form = std::max<std::size_t>(50, (m_all + 9) / 10);
        for (Question &question : m_questions)
            question.differ = question.differ && question.rows.size() < form;
    }

    void find(std::vector<StoredProblem> &found)
    {
        DisjointSets sets = link();
        std::vector<std::int64_t> groupOf(m_questions.size(), 0); // lowest id, by the set's representative
        std::vector<bool> several(m_questions.size(), false);
        for (std::uint32_t q = 0; q < m_questions.size(); ++q) {
            const std::uint32_t set = sets.find(q);
            const std::int64_t first = m_rows[m_questions[q].rows.front()].id;
            groupOf[set] = groupOf[set] == 0 ? first : std::min(groupOf[set], first);
            several[set] = several[set] || q != set || m_questions[q].differ;
        }
        for (std::uint32_t q = 0; q < m_questions.size(); ++q) {
            const std::uint32_t set = sets.find(q);
            if (!several[set])
                continue;
            for (const std::uint32_t row : m_questions[q].rows)
                addRow(m_questions[q], row, groupOf[set], found);
        }
    }

private:
    DisjointSets link()
    {
        std::vector<std::string_view> texts;
        texts.reserve(m_questions.size());
        for (const Question &question : m_questions)
            texts.push_back(question.text);
        DisjointSets sets(m_questions.size());
        for (const NearPair &pair : nearPairs(texts, m_similarity, m_all > m_rows.size() ? m_all : 0, m_stop)) {
            sets.join(pair.first, pair.second);
            for (const auto &[one, other] :
                 {std::pair(pair.first, pair.second), std::pair(pair.second, pair.first)}) {
                if (pair.similarity > m_questions[one].similarity) {
                    m_questions[one].similarity = pair.similarity;
                    m_questions[one].nearest = other;
                }
            }
        }
        return sets;
    }

    void addRow(const Question &question, std::uint32_t row, std::int64_t group, std::vector<StoredProblem> &found)
    {
        double similarity = question.similarity;
        std::int64_t other =
            question.nearest == UINT32_MAX ? 0 : m_rows[m_questions[question.nearest].rows.front()].id;
        if (question.differ) {
            const auto unequal = std::find_if(question.rows.begin(), question.rows.end(), [&](std::uint32_t r) {
                return m_rows[r].contentHash != m_rows[row].contentHash;
            });
            other = m_rows[*unequal].id;
            similarity = 1;
        }
        if (other == 0)
            return;
        found.push_back({m_rows[row].id, ProblemKind::NearDuplicate, likeWords(similarity, other), other, group});
    }

    std::span<const DuplicateRow> m_rows;
    double m_similarity;
    std::size_t m_all;
    const std::stop_token &m_stop;
    std::vector<Question> m_questions;
};

Result<std::optional<StoredExample>> liveRow(Project &project, std::int64_t id)
{
    ATTUNE_TRY(auto row, project.example(id));
    if (row && row->state == LabelState::Rejected)
        row.reset();
    return row;
}

constexpr std::size_t MostNeighbours = 200; ///< of a row; more may be a form

/// Rows that ask nearly the same as one of these, by the index.
Result<std::set<std::int64_t>> likeRows(Project &project, const std::set<std::int64_t> &edited, double similarity,
                                        const TieIndex &index)
{
    std::set<std::int64_t> like;
    for (const std::int64_t id : edited) {
        ATTUNE_TRY(const auto row, liveRow(project, id));
        if (!row)
            continue;
        const auto neighbours = index.likeQuestions(row->messages, MostNeighbours);
        if (neighbours.size() > MostNeighbours)
            continue;
        const std::string text = duplicateText(row->messages);
        for (const std::int64_t other : neighbours) {
            if (other == id)
                continue;
            ATTUNE_TRY(const auto neighbour, liveRow(project, other));
            if (neighbour && textSimilarity(text, duplicateText(neighbour->messages)) >= similarity)
                like.insert({id, other});
        }
    }
    return like;
}

Result<void> checkDuplicates(Project &project, const std::set<std::int64_t> &edited, double similarity,
                             const TieIndex *index)
{
    Labelling labelling(project);
    std::vector<StoredProblem> before;
    for (const ProblemKind kind : duplicateKinds) {
        ATTUNE_TRY(auto ofKind, labelling.problemsOfKind(kind));
        before.insert(before.end(), ofKind.begin(), ofKind.end());
    }
    // The file's own index finds equal rows.
    ATTUNE_TRY(const auto equal, labelling.equalRows(std::vector<std::int64_t>(edited.begin(), edited.end())));
    std::set<std::int64_t> like(equal.begin(), equal.end());
    if (index) {
        ATTUNE_TRY(const auto near, likeRows(project, edited, similarity, *index));
        like.insert(near.begin(), near.end());
    }
    std::set<std::int64_t> touched = edited;
    touched.insert(like.begin(), like.end());
    std::set<std::int64_t> groups;
    for (const StoredProblem &problem : before) {
        if (touched.contains(problem.example) || touched.contains(problem.other) || touched.contains(problem.group))
            groups.insert(problem.group);
    }
    std::set<std::int64_t> members = like;
    for (const StoredProblem &problem : before) {
        if (groups.contains(problem.group))
            members.insert({problem.example, problem.other});
    }
    // Groups of the two kinds may share rows: all that a member takes part in is looked at again.
    for (const StoredProblem &problem : before) {
        if (members.contains(problem.example) && !groups.contains(problem.group))
            members.insert({problem.other, problem.group});
    }
    if (members.empty())
        return {};
    std::vector<DuplicateRow> rows;
    for (const std::int64_t id : members) {
        ATTUNE_TRY(const auto row, liveRow(project, id));
        if (row)
            rows.push_back(duplicateRow(*row));
    }
    ATTUNE_TRY(const std::int64_t all, project.exampleCount({.includeRejected = false}));
    const auto problems = findDuplicates(rows, similarity, static_cast<std::size_t>(all));
    const std::vector<std::int64_t> ids(members.begin(), members.end());
    return labelling.setProblems(duplicateKinds, problems, ids);
}

struct LikeRow {
    std::int64_t id = 0;
    Part part = Part::Train;
    double similarity = 0;
};

/// Rows with a part that are too like this one, ascending. None: so many that they may be a form.
Result<std::optional<std::vector<LikeRow>>> likePrompts(Project &project, const StoredExample &row, double similarity,
                                                        const TieIndex &index)
{
    const auto neighbours = index.likePrompts(row.messages, MostNeighbours);
    if (neighbours.size() > MostNeighbours)
        return std::optional<std::vector<LikeRow>>();
    std::vector<LikeRow> like;
    const std::string text = normalisedPrompt(row.messages);
    for (const std::int64_t id : neighbours) {
        if (id == row.id)
            continue;
        ATTUNE_TRY(const auto other, liveRow(project, id));
        if (!other || !other->part)
            continue;
        const double value = textSimilarity(text, normalisedPrompt(other->messages));
        if (value >= similarity)
            like.push_back({id, *other->part, value});
    }
    return std::optional(std::move(like));
}

/// Of two rows that are too alike in two parts, the later one is named, with the nearest.
std::optional<StoredProblem> leakOf(const StoredExample &row, std::span<const LikeRow> like)
{
    LeakedPair leak{.row = row.id, .other = 0, .part = *row.part, .otherPart = *row.part, .similarity = 0};
    for (const LikeRow &other : like) {
        if (other.id < row.id && other.part != *row.part && other.similarity > leak.similarity) {
            leak.other = other.id;
            leak.otherPart = other.part;
            leak.similarity = other.similarity;
        }
    }
    return leak.other == 0 ? std::nullopt : std::optional(leakProblem(leak));
}

Result<bool> leakHolds(Project &project, const StoredProblem &leak, double similarity)
{
    ATTUNE_TRY(const auto row, liveRow(project, leak.example));
    ATTUNE_TRY(const auto other, liveRow(project, leak.other));
    return row && other && row->part && other->part && row->part != other->part &&
           textSimilarity(normalisedPrompt(row->messages), normalisedPrompt(other->messages)) >= similarity;
}

Result<void> checkLeaks(Project &project, const std::set<std::int64_t> &edited, const TieIndex *index)
{
    Labelling labelling(project);
    ATTUNE_TRY(const auto leaks, labelling.problemsOfKind(ProblemKind::Leak));
    ATTUNE_TRY(const SplitOptions options, splitOptions(project));
    std::set<std::int64_t> touched = index ? edited : std::set<std::int64_t>();
    for (const StoredProblem &leak : leaks)
        if (edited.contains(leak.example) || edited.contains(leak.other))
            touched.insert(leak.example);
    if (index) {
        for (const std::int64_t id : edited) { // a later row may leak into this one by now
            ATTUNE_TRY(const auto row, liveRow(project, id));
            if (!row || !row->part)
                continue;
            ATTUNE_TRY(const auto like, likePrompts(project, *row, options.similarity, *index));
            if (like)
                for (const LikeRow &other : *like)
                    if (other.part != *row->part)
                        touched.insert(other.id);
        }
    }
    std::vector<StoredProblem> found;
    for (const std::int64_t id : touched) {
        ATTUNE_TRY(const auto row, liveRow(project, id));
        if (!row || !row->part)
            continue;
        if (index) {
            ATTUNE_TRY(const auto like, likePrompts(project, *row, options.similarity, *index));
            if (like) {
                if (auto leak = leakOf(*row, *like))
                    found.push_back(std::move(*leak));
                continue;
            }
        }
        for (const StoredProblem &leak : leaks) {
            if (leak.example != id)
                continue;
            ATTUNE_TRY(const bool holds, leakHolds(project, leak, options.similarity));
            if (holds)
                found.push_back(leak);
        }
    }
    const std::vector<std::int64_t> ids(touched.begin(), touched.end());
    return ids.empty() ? Result<void>() : labelling.setProblems(std::array{ProblemKind::Leak}, found, ids);
}

} // namespace

DuplicateRow duplicateRow(const StoredExample &row)
{
    return {row.id, row.contentHash, duplicateText(row.messages)};
}

std::vector<StoredProblem> findDuplicates(std::span<const DuplicateRow> rows, double similarity, std::size_t all,
                                          const std::stop_token &stop)
{
    std::vector<StoredProblem> found;
    addEqualRows(rows, found);
    NearFinder(rows, similarity, all, stop).find(found);
    return found;
}

StoredProblem leakProblem(const LeakedPair &leak)
{
    return {leak.row, ProblemKind::Leak,
            likeWords(leak.similarity, leak.other) + ", which is in the " + std::string(name(leak.otherPart)) +
                " part",
            leak.other, 0};
}

Result<void> checkTies(Project &project, std::span<const std::int64_t> rows, double similarity, TieIndex *index)
{
    const std::set<std::int64_t> edited(rows.begin(), rows.end());
    if (index) {
        for (const std::int64_t id : edited) {
            ATTUNE_TRY(const auto row, liveRow(project, id));
            if (row)
                index->set(id, row->messages);
            else
                index->remove(id);
        }
    }
    ATTUNE_CHECK(checkDuplicates(project, edited, similarity, index));
    return checkLeaks(project, edited, index);
}

} // namespace attune
