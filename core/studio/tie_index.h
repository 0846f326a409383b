#pragma once

#include "core/data/near_pairs.h"
#include "core/store/project.h"

#include <memory>
#include <mutex>
#include <stop_token>
#include <unordered_map>

namespace attune {

/// Which rows of a project may be nearly equal to a given one, without a look at all of them: for rows that are
/// edited one by one. Some 200 bytes a row; kept up by who changes rows. Thread-safe.
class TieIndex {
public:
    /// Reads all rows that are not rejected. `similarity` is that of duplicates; leaks have that of the split.
    static Result<std::shared_ptr<TieIndex>> build(Project &project, double similarity, std::stop_token stop = {});

    /// A row that is new, or another one by now.
    void set(std::int64_t row, std::span<const Message> messages);
    void remove(std::int64_t row);

    /// Rows that may be duplicates of one with these messages, ascending; one more than `most` at most.
    std::vector<std::int64_t> likeQuestions(std::span<const Message> messages, std::size_t most) const;
    /// Rows that may stand too near to it in another part.
    std::vector<std::int64_t> likePrompts(std::span<const Message> messages, std::size_t most) const;

private:
    TieIndex(double similarity, double splitSimilarity) : m_questions(similarity), m_prompts(splitSimilarity) {}
    std::vector<std::int64_t> idsOf(const std::vector<std::uint32_t> &places) const;

    mutable std::mutex m_mutex;
    NearIndex m_questions;
    NearIndex m_prompts;
    std::vector<std::int64_t> m_ids; // by place
    std::unordered_map<std::int64_t, std::uint32_t> m_places;
};

} // namespace attune
