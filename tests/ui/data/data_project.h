#pragma once

#include "core/store/labelling.h"
#include "ui/session/session.h"

#include <QDir>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

namespace attune::ui {

/// A project of a test, in memory where there is such a place.
class DataProject {
public:
    DataProject()
        : m_folder(QFileInfo(QStringLiteral("/dev/shm")).isWritable()
                       ? QStringLiteral("/dev/shm/attune-XXXXXX")
                       : QDir::tempPath() + QStringLiteral("/attune-XXXXXX"))
    {
        auto project = Project::create(path());
        if (!project)
            qFatal("%s", project.error().message.c_str());
    }

    std::filesystem::path path() const { return file("p.attune"); }
    std::filesystem::path file(const std::string &name) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }

    /// Runs `work` on a connection of its own, as another program would.
    template <typename Work>
    void with(Work work) const
    {
        auto project = Project::open(path());
        if (!project)
            qFatal("%s", project.error().message.c_str());
        work(*project);
    }

    void add(const std::vector<Example> &rows) const
    {
        with([&](Project &project) {
            const auto step = Labelling(project).insert("rows", rows);
            if (!step)
                qFatal("%s", step.error().message.c_str());
        });
    }

    /// As if all rows had been checked: no check in the background.
    void markChecked() const
    {
        with([](Project &project) {
            const auto rows = project.exampleCount();
            if (!rows || !project.setSetting("health_checked", std::to_string(*rows) + " "))
                qFatal("can't mark");
        });
    }

    StoredExample row(std::int64_t id) const
    {
        StoredExample row;
        with([&](Project &project) {
            const auto found = project.example(id);
            if (found && *found)
                row = **found;
        });
        return row;
    }

    std::vector<std::int64_t> ids(const ExampleQuery &query = {}) const
    {
        std::vector<std::int64_t> ids;
        with([&](Project &project) { ids = Labelling(project).ids(query).value_or(ids); });
        return ids;
    }

    std::unique_ptr<Session> session() const
    {
        auto session = Session::open(path());
        if (!session)
            qFatal("%s", session.error().message.c_str());
        return std::move(*session);
    }

private:
    QTemporaryDir m_folder;
};

inline Example rowOf(const std::string &prompt, const std::string &answer, Part part = Part::Train,
                     std::vector<std::string> tags = {})
{
    return {.messages = {{"user", prompt}, {"assistant", answer}},
            .origin = {"rows.jsonl", 1},
            .part = part,
            .tags = std::move(tags)};
}

/// "question 0: ..." to N-1, all in train.
inline std::vector<Example> plainRows(int count)
{
    std::vector<Example> rows;
    for (int i = 0; i < count; ++i)
        rows.push_back(rowOf("question " + std::to_string(i) + " about lamp " + std::to_string(i * 7919 % 1000),
                             "answer " + std::to_string(i)));
    return rows;
}

} // namespace attune::ui
