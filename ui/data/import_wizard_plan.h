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
    TextEncoding encoding = TextEncoding::Auto; ///< of all files; Auto: guessed for each
    bool namesFirst = true;                     ///< the first line of a table names its columns
    bool withoutOwnSplit = false; ///< a column of splits is passed over
    std::optional<Part> part;     ///< of every row
};

/// What would come in, all files together.
struct CheckedImport {
    std::vector<ImportPreview> files;   ///< in the order of the sources
    bool usesColumns = false;
    std::vector<PreviewColumn> columns; ///< of all files, each name once, with the roles that hold
    ImportOptions options;              ///< that the counts are for
    std::vector<TextEncoding> encodings; ///< that each source was read in
    std::int64_t records = 0;
    std::int64_t good = 0;
    std::int64_t duplicates = 0; ///< among the good ones
    std::int64_t rejected = 0;
    std::int64_t noted = 0;
    std::array<std::int64_t, 4> parts{}; ///< of what comes in: train, validation, test, not said
    bool ownSplit = false; ///< some rows say their part
    std::string missing;   ///< a sentence: why nothing can be made yet
    std::int64_t coming() const { return good - duplicates; }
};

/// Reads the sources as an import would, changing nothing. `known`: what the project has already (storedContents()).
/// `progress` gets the share that is read.
Result<CheckedImport> checkImport(const ImportChoice &choice, ContentSet known, std::stop_token stop,
                                  const std::function<void(double)> &progress);

/// Where the rows would go: by what they say themselves, else by the shares. `about`: the shares had a part in it.
std::array<std::int64_t, 3> partsOf(const ImportChoice &choice, const CheckedImport &checked,
                                    const SplitOptions &shares, bool &about);

/// Findings of one file with one reason.
struct ImportProblem {
    enum class Kind { Rejected, Duplicate, Note }; ///< Note: the rows come in, but not quite as written
    Kind kind = Kind::Rejected;
    std::int64_t count = 0;
    std::size_t source = 0;    ///< which file
    std::vector<Reject> rows;  ///< at least one; as many as were kept
};
/// Rejects first, then duplicates, then notes; each in the order of the files.
std::vector<ImportProblem> problemsOf(const CheckedImport &checked);

ImportRequest requestOf(const ImportChoice &choice, const CheckedImport &checked);

} // namespace attune::ui
