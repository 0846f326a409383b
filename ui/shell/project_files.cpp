#include "ui/shell/project_files.h"

#include "core/base/files.h"
#include "ui/widgets/format.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>
#include <cctype>
#include <unistd.h>

namespace attune::ui {

namespace fs = std::filesystem;

fs::path sampleProjectPath()
{
    return dataFolder() / "samples" / "support-mail.attune";
}

bool isOpenElsewhere(const fs::path &project)
{
    std::error_code error;
    const fs::path wanted = fs::canonical(project, error);
    if (error)
        return false;
    const std::string own = std::to_string(::getpid());
    // Other users' processes can't be looked into; each step may fail because a process has just ended.
    for (auto process = fs::directory_iterator("/proc", error); !error && process != fs::directory_iterator();
         process.increment(error)) {
        const std::string number = process->path().filename().string();
        if (number == own ||
            !std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isdigit(c); }))
            continue;
        std::error_code closed;
        for (auto file = fs::directory_iterator(process->path() / "fd", closed);
             !closed && file != fs::directory_iterator(); file.increment(closed)) {
            std::error_code gone;
            if (fs::read_symlink(file->path(), gone) == wanted && !gone)
                return true;
        }
    }
    return false;
}

std::optional<ProjectCopy> newestCopy(const fs::path &project)
{
    const QString file = fromUtf8(project.filename().string());
    const QString stem = fromUtf8(project.stem().string());
    const QDir folder(fromUtf8(project.parent_path().string()));
    const auto found =
        folder.entryInfoList({file + ".backup-v*", stem + " 20*-*-* *.*.attune"}, QDir::Files, QDir::Time);
    if (found.isEmpty())
        return {};
    return ProjectCopy{found.first().absoluteFilePath(), found.first().lastModified()};
}

QString nameForCopy(const fs::path &project)
{
    const QString stem = fromUtf8((project.parent_path() / project.stem()).string());
    return stem + QDateTime::currentDateTime().toString(" yyyy-MM-dd HH.mm") + ".attune";
}

} // namespace attune::ui
