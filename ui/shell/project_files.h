#pragma once

#include <QDateTime>
#include <QString>

#include <filesystem>
#include <optional>

namespace attune::ui {

/// Where the sample project of this user is, or will be.
std::filesystem::path sampleProjectPath();

/// Whether a process other than this one has the file open, as far as the system lets us see. Slow: for a worker.
bool isOpenElsewhere(const std::filesystem::path &project);

/// A copy that a back-up or an update left beside the project.
struct ProjectCopy {
    QString path;
    QDateTime made;
};
std::optional<ProjectCopy> newestCopy(const std::filesystem::path &project);
/// "<name> 2025-01-31 14.10.attune", what a back-up is called where nobody says otherwise.
QString nameForCopy(const std::filesystem::path &project);

} // namespace attune::ui
