#pragma once

#include "core/data/export.h"
#include "core/store/labelling.h"
#include "core/studio/progress.h"

#include <filesystem>
#include <stop_token>

namespace attune {

struct ExportRowsRequest {
    std::filesystem::path file;
    ExportFormat format = ExportFormat::Chat;
    std::optional<ExampleQuery> query; ///< which rows, and in which order; none: all, in import order
};

struct LeftOutRow {
    std::int64_t id = 0;
    std::string reason; ///< a sentence
};

struct ExportRowsReport {
    std::int64_t written = 0;
    std::int64_t leftOut = 0;         ///< rows that the format can't hold
    std::vector<LeftOutRow> leftRows; ///< the first thousand of them
};

/// Writes rows to a file, which appears whole or not at all. Rows that the format can't hold are left out and named.
/// Fails with InvalidInput where no row is written, Io, Interrupted.
Result<ExportRowsReport> exportRows(Project &project, const ExportRowsRequest &request, std::stop_token stop = {},
                                    const Progress &progress = {});

} // namespace attune
