#include "core/studio/tie_index.h"

#include "core/data/health.h"
#include "core/studio/project_split.h"

#include <algorithm>

namespace attune {

Result<std::shared_ptr<TieIndex>> TieIndex::build(Project &project, double similarity, std::stop_token stop)
{
    ATTUNE_TRY(const SplitOptions split, splitOptions(project));
    std::shared_ptr<TieIndex> index(new TieIndex(similarity, split.similarity));
    ATTUNE_CHECK(project.forEachExample({.includeRejected = false}, [&](const StoredExample &row) -> Result<void> {
        if (stop.stop_requested())
            return fail(ErrorCode::Interrupted, "Comparing the rows was stopped.");
        index->set(row.id, row.messages);
        return {};
    }));
    return index;
}

void TieIndex::set(std::int64_t row, std::span<const Message> messages)
{
    const std::string question = duplicateText(messages);
    const std::string prompt = normalisedPrompt(messages);
    const std::scoped_lock lock(m_mutex);
    const auto [place, isNew] = m_places.try_emplace(row, static_cast<std::uint32_t>(m_ids.size()));
    if (isNew) {
        m_ids.push_back(row);
        m_questions.add(question);
        m_prompts.add(prompt);
    } else {
        m_questions.replace(place->second, question);
        m_prompts.replace(place->second, prompt);
    }
}

void TieIndex::remove(std::int64_t row)
{
    const std::scoped_lock lock(m_mutex);
    const auto place = m_places.find(row);
    if (place == m_places.end())
        return;
    m_questions.replace(place->second, {});
    m_prompts.replace(place->second, {});
}

std::vector<std::int64_t> TieIndex::likeQuestions(std::span<const Message> messages, std::size_t most) const
{
    const std::string text = duplicateText(messages);
    const std::scoped_lock lock(m_mutex);
    return idsOf(m_questions.candidates(text, most));
}

std::vector<std::int64_t> TieIndex::likePrompts(std::span<const Message> messages, std::size_t most) const
{
    const std::string text = normalisedPrompt(messages);
    const std::scoped_lock lock(m_mutex);
    return idsOf(m_prompts.candidates(text, most));
}

std::vector<std::int64_t> TieIndex::idsOf(const std::vector<std::uint32_t> &places) const
{
    std::vector<std::int64_t> ids;
    ids.reserve(places.size());
    for (const std::uint32_t place : places)
        ids.push_back(m_ids[place]);
    std::sort(ids.begin(), ids.end());
    return ids;
}

} // namespace attune
