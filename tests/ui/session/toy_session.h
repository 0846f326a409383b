#pragma once

#include "ui/session/session.h"

#include <QTemporaryDir>
#include <QTest>

namespace attune::ui {

/// A project of a few rows in a folder that goes with it. Models are looked for in that folder too, so that none is
/// found.
class ToyProject {
public:
    explicit ToyProject(int rows = 3)
    {
        qputenv("ATTUNE_DATA", folder.path().toUtf8());
        qputenv("ATTUNE_CACHE", folder.path().toUtf8());
        auto project = Project::create(path());
        if (!project)
            qFatal("%s", project.error().message.c_str());
        add(*project, rows);
    }

    std::filesystem::path path() const { return folder.filePath("toy.attune").toStdString(); }

    /// Rows that differ from all before them.
    void add(Project &project, int rows)
    {
        const auto added = project.addExamples([&](const Project::AddExample &add) -> Result<void> {
            for (int i = 0; i < rows; ++i) {
                Example example;
                const std::string number = std::to_string(m_rows++);
                example.messages = {{"user", "question " + number}, {"assistant", "answer " + number}};
                ATTUNE_CHECK(add(example));
            }
            return {};
        });
        if (!added)
            qFatal("%s", added.error().message.c_str());
    }

    Run addRun(Project &project, const std::string &model, RunState state = RunState::Running)
    {
        Run run;
        run.model = model;
        run.state = state;
        run.settings = Json::object();
        auto made = project.createRun(run);
        if (!made)
            qFatal("%s", made.error().message.c_str());
        return *made;
    }

    QTemporaryDir folder;

private:
    int m_rows = 0;
};

inline std::unique_ptr<Session> openSession(const std::filesystem::path &path)
{
    auto session = Session::open(path);
    if (!session)
        qFatal("%s", session.error().message.c_str());
    return std::move(*session);
}

} // namespace attune::ui
