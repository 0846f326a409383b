#pragma once

#include "core/data/import_preview.h"
#include "core/studio/import_files.h"

namespace attune::ui {

/// What somebody chose in the wizard; no widget in it.
struct ImportChoice {
    std::vector<ImportSource> sources;
    DataFormat format = DataFormat::Auto;
    bool byColumns = false; ///< flat records through the columns' roles, even where their format is known
    std::map<std::string, ColumnRole> roles; ///< by the name of the column; one that is not here has the guessed role
    std::string promptTemplate;
    std::string system;
    bool withoutOwnSplit = false; ///< a column of splits is passed over
    std::optional<Part> part;     ///< of every row
};

/// What would come in, all files together.
struct CheckedImport {
    std::vector<ImportPreview> files;   ///< in the order of the sources
    bool usesColumns = false;
    std::vector<PreviewColumn> columns; ///< of all files, each name once, with the roles that hold
    ImportOptions options;              ///< that the counts are for
    std::int64_t records = 0;
    std::int64_t good = 0;
    std::int64_t rejected = 0;
    std::int64_t noted = 0;
    bool ownSplit = false; ///< some of the first rows say their part
    std::string missing;   ///< a sentence: why nothing can be made yet
};

/// Reads the sources as an import would, changing nothing. `progress` gets the share that is read.
Result<CheckedImport> checkImport(const ImportChoice &choice, std::stop_token stop,
                                  const std::function<void(double)> &progress);

/// Findings of one file with one reason.
struct ImportProblem {
    bool rejected = false;     ///< else: the rows come in, but not quite as written
    std::int64_t count = 0;
    std::size_t source = 0;    ///< which file
    std::vector<Reject> rows;  ///< at least one; as many as were kept
};
/// Rejects first, each in the order of the files.
std::vector<ImportProblem> problemsOf(const CheckedImport &checked);

ImportRequest requestOf(const ImportChoice &choice, const CheckedImport &checked);

} // namespace attune::ui
