#pragma once

#include "core/store/project_impl.h"

#include <QDir>
#include <QFileInfo>
#include <QTemporaryDir>
#include <fstream>
#include <iterator>

namespace attune {

/// A folder for one test's files, in memory where there is such a place: syncing to a busy disk takes seconds.
class ProjectFolder {
public:
    ProjectFolder()
        : m_folder(QFileInfo("/dev/shm").isWritable() ? "/dev/shm/attune-XXXXXX"
                                                      : QDir::tempPath() + "/attune-XXXXXX")
    {
    }
    std::filesystem::path file(const std::string &name = "p.attune") const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }

private:
    QTemporaryDir m_folder;
};

inline std::string bytesOf(const std::filesystem::path &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void writeBytes(const std::filesystem::path &path, std::string_view bytes)
{
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline Example exampleOf(std::string user, std::string assistant)
{
    return {.messages = {{"user", std::move(user)}, {"assistant", std::move(assistant)}},
            .origin = {"a.jsonl", 7},
            .part = {},
            .tags = {}};
}

/// Adds the rows "question 0" to "question N-1".
inline Result<void> addRows(Project &project, int count, int first = 0)
{
    return project.addExamples([&](const Project::AddExample &add) -> Result<void> {
        for (int i = first; i < first + count; ++i)
            ATTUNE_CHECK(add(exampleOf("question " + std::to_string(i), "answer " + std::to_string(i))));
        return {};
    });
}

inline std::vector<StoredExample> allRows(Project &project, const ExampleFilter &filter = {})
{
    std::vector<StoredExample> rows;
    (void)project.forEachExample(filter, [&](const StoredExample &row) -> Result<void> {
        rows.push_back(row);
        return {};
    });
    return rows;
}

/// SQL on a file from outside, as another program would.
inline Result<void> change(const std::filesystem::path &path, const std::string &sql)
{
    ATTUNE_TRY(auto database, Database::open(path, Database::Mode::Create));
    return database.run(sql.c_str(), "change it");
}

inline bool contains(const std::string &text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}

} // namespace attune
