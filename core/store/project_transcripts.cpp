#include "core/store/project_impl.h"

namespace attune {

namespace {

constexpr auto Saving = "save a comparison";

} // namespace

Result<std::int64_t> Project::addTranscript(const std::string &title, const Json &body)
{
    ATTUNE_TRY(auto insert, m_impl->database.prepare(
                                "INSERT INTO transcripts (created_at, title, body) VALUES (?, ?, ?)", Saving));
    ATTUNE_CHECK(insert.bind(timeNow(), title, jsonText(body)).run());
    return m_impl->database.lastId();
}

Result<void> Project::updateTranscript(std::int64_t id, const std::string &title, const Json &body)
{
    ATTUNE_TRY(auto update,
               m_impl->database.prepare("UPDATE transcripts SET title = ?, body = ? WHERE id = ?", Saving));
    ATTUNE_CHECK(update.bind(title, jsonText(body), id).run());
    if (m_impl->database.changes() == 0)
        return fail(ErrorCode::NotFound, path().string() + " has no comparison " + std::to_string(id) + ".");
    return {};
}

Result<std::vector<Transcript>> Project::transcripts()
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto rows, database.prepare("SELECT id, created_at, title, body FROM transcripts ORDER BY id DESC",
                                           "read its comparisons"));
    std::vector<Transcript> all;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return all;
        Transcript transcript{rows.integer(0), rows.text(1), rows.text(2), {}};
        ATTUNE_TRY(transcript.body, storedJson(database, rows.text(3), "a comparison"));
        all.push_back(std::move(transcript));
    }
}

Result<void> Project::removeTranscript(std::int64_t id)
{
    ATTUNE_TRY(auto remove, m_impl->database.prepare("DELETE FROM transcripts WHERE id = ?", Saving));
    return remove.bind(id).run();
}

} // namespace attune
