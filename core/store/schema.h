#pragma once

#include "core/store/sqlite.h"

#include <functional>
#include <vector>

namespace attune {

constexpr std::int64_t ApplicationId = 0x4174746E; // "Attn"

/// One step from the version before to `version`.
struct Migration {
    int version = 0;
    const char *sql = "";
    std::function<Result<void>(Database &)> code; ///< what SQL alone can't do, after it; may be empty
};

/// All of this program, ascending; the first makes a new file. A released one is never changed, only followed by
/// another.
const std::vector<Migration> &projectMigrations();

/// Makes a new project file of the newest version. Fails with InvalidInput where the file exists.
Result<Database> createProjectFile(const std::filesystem::path &path, std::span<const Migration> migrations);
/// Opens a project file and takes it to the newest version, after a backup. Where the folder allows no more,
/// read-only.
Result<Database> openProjectFile(const std::filesystem::path &path, std::span<const Migration> migrations);

} // namespace attune
