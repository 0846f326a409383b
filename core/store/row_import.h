#pragma once

#include "core/data/content_set.h"
#include "core/data/example.h"
#include "core/store/labelling.h"

#include <filesystem>
#include <functional>
#include <memory>

namespace attune {

/// Many rows on their way into a project, on a connection of their own and in short transactions, so that others can
/// write in between.
///
/// Until finish() nobody sees them; then they are there, as one step that can be undone. Without it, after an error
/// or a stop, the destructor takes them out of the file again; where the program was killed, they stay unseen and the
/// next import takes them out. One thread at a time.
class RowImport {
public:
    enum class Given { Any, Distinct };
    /// `label` names the step; empty: "12 rows added". Clears up after imports that were killed. Distinct: no two of
    /// the rows that will be given are equal, so that they need not be remembered.
    static Result<RowImport> begin(const std::filesystem::path &project, std::string label, Given given = Given::Any);
    RowImport(RowImport &&) noexcept;
    RowImport &operator=(RowImport &&) = delete;
    ~RowImport();

    /// The ids, in order; none for a row whose content the project has already, or was given before. After a failure,
    /// only the destructor is left to call.
    Result<std::vector<std::optional<std::int64_t>>> add(std::span<const Example> rows);
    /// Without rows, and not stored, where none was added. After a failure the rows may be shown in part; the rest
    /// appears with the next change that needs it, or when the project is next opened.
    Result<EditStep> finish(const std::function<void(double share)> &progress = {});
    /// Instead of finish(), what the destructor does without a word: it takes about as long as adding them did.
    Result<void> takeBack(const std::function<void(double share)> &progress);

private:
    struct Impl;
    explicit RowImport(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// The rows that a project has: what an import takes for duplicates.
Result<ContentSet> storedContents(const std::filesystem::path &project);

} // namespace attune
