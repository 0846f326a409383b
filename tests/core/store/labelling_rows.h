#pragma once

#include "core/store/labelling.h"
#include "tests/core/store/project_files.h"

namespace attune {

/// A project with rows to find, and what works on them.
struct LabellingFixture {
    ProjectFolder folder;
    Result<Project> project = Project::create(folder.file());
    Labelling labelling{*project};

    /// Ids of the new rows.
    std::vector<std::int64_t> add(std::vector<Example> rows)
    {
        auto step = labelling.insert("Rows added", rows);
        return step ? step->rows : std::vector<std::int64_t>();
    }
    Result<EditStep> edit(const ExampleEdit &change, const std::string &merge = {})
    {
        return labelling.apply("Row edited", std::span(&change, 1), merge);
    }
    /// "1 3 4", or the error's sentence.
    std::string found(const ExampleQuery &query)
    {
        const auto ids = labelling.ids(query);
        if (!ids)
            return ids.error().message;
        std::string text;
        for (const std::int64_t id : *ids)
            text += (text.empty() ? "" : " ") + std::to_string(id);
        return text;
    }
    std::string found(const std::string &search) { return found(ExampleQuery{.search = search, .maxLength = 100}); }
};

/// Everything of the rows that are there, their place in the index included, as text.
inline std::string rowsAsText(const std::filesystem::path &path)
{
    auto database = Database::open(path, Database::Mode::ReadWrite);
    if (!database)
        return database.error().message;
    std::string text;
    for (const char *sql :
         {"SELECT id || '|' || messages || '|' || coalesce(part, '-') || state || rating || tags || notes || "
          "content_hash || origin_file || origin_line || created_at || updated_at FROM examples "
          "WHERE deleted_at IS NULL ORDER BY id",
          "SELECT id || '|' || coalesce(part, '-') || ',' || state || ',' || rating || ',' || turns || ',' || "
          "coalesce(tokens, '-') || ',' || problems || ',' || file || ',' || changed || ',' || system FROM row_facts "
          "ORDER BY id",
          "SELECT id || prompt || '|' || answer FROM row_heads ORDER BY id",
          "SELECT tag || '|' || example FROM row_tags ORDER BY tag, example"}) {
        auto rows = database->prepare(sql, "read it");
        if (!rows)
            return rows.error().message + rows.error().detail;
        while (true) {
            const auto more = rows->step();
            if (!more)
                return more.error().message;
            if (!*more)
                break;
            text += rows->text(0) + "\n";
        }
    }
    return text;
}

} // namespace attune
