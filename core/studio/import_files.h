#pragma once

#include "core/data/import.h"
#include "core/studio/progress.h"
#include "core/studio/project_split.h"

namespace attune {

struct ImportRequest {
    std::vector<ImportSource> files;
    ImportOptions options;
    /// The part of every new row. None: the row's own "split", else by the project's split.
    std::optional<Part> part;
    std::string origin; ///< what rows say they come from; empty: the file as it was named
    std::string label = {};  ///< of the step that undo takes back; empty: "Import of FILE"
};

struct ImportReport {
    std::int64_t imported = 0;
    std::int64_t duplicates = 0; ///< equal to a row of the project, or to an earlier one of the files; not imported
    std::int64_t rejected = 0;
    std::vector<Reject> rejects;   ///< the first thousand of them
    PartCounts parts;              ///< of the imported rows
    std::vector<LeakedPair> leaks; ///< new rows that are too like a row in another part
};

/// Imports files into a project, all of them or, where something fails or `stop` is requested, none. In short
/// transactions (row_import.h), so that others can write meanwhile; what comes in is one step that can be undone.
///
/// Parts follow the project's split plan, with its group and its stratum. The files are read more than once: for the
/// split, which compares all prompts, then once more where some of these may be nearly equal, then for the rows.
/// Memory does not grow with the texts, but by some 160 bytes a row. A bad record is a reject and does not end the
/// import; a bad file does.
Result<ImportReport> importFiles(Project &project, const ImportRequest &request, std::stop_token stop = {},
                                 const Progress &progress = {});

} // namespace attune
