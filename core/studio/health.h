#pragma once

#include "core/data/health.h"
#include "core/store/labelling.h"
#include "core/studio/progress.h"
#include "core/studio/tie_index.h"
#include "core/text/chat.h"

#include <stop_token>

namespace attune {

struct HealthOptions {
    std::int64_t maxLength = 1024;
    double similarity = 0.85;  ///< from which two prompts are near duplicates
    std::string fingerprint;   ///< encoderFingerprint(), where the caller has it; empty: computed
};

/// A line of the ledger.
struct HealthLine {
    std::int64_t rows = 0;
    std::int64_t groups = 0; ///< Duplicate and NearDuplicate
};

struct HealthReport {
    std::int64_t rows = 0;         ///< that were checked: all that are neither rejected nor deleted
    std::int64_t problemRows = 0;  ///< with at least one problem, Cut included
    std::array<HealthLine, static_cast<std::size_t>(ProblemKind::Count)> lines{};
    std::int64_t counted = 0;      ///< rows with a token count; the template refuses the rest
    std::int64_t encoded = 0;      ///< of those, counted anew by this check
    std::int64_t tokens = 0;       ///< of all counted rows, before the cut
    std::int64_t medianTokens = 0;
    std::int64_t longestRow = 0;   ///< tokens
    std::int64_t cutTokens = 0;    ///< lost at max_length
    AnswerHabits habits;

    const HealthLine &operator[](ProblemKind kind) const { return lines[static_cast<std::size_t>(kind)]; }
    HealthLine &operator[](ProblemKind kind) { return lines[static_cast<std::size_t>(kind)]; }
};

/// Rows that are equal or nearly so.
struct DuplicateGroup {
    ProblemKind kind = ProblemKind::NearDuplicate;
    std::vector<std::int64_t> rows; ///< ascending
    double similarity = 1;          ///< the lowest of the ties that hold the group together
};

/// Names a tokenizer together with its chat template: equal where both are.
std::string encoderFingerprint(const ChatEncoder &encoder);

/// Looks at every row that is not rejected (a rejected one is not trained on, so nothing is wrong with it), stores
/// what it finds (Labelling::setProblems) and returns the ledger. Tokens are counted only for rows whose text changed
/// since they were counted with this tokenizer and template; without an encoder that is left as it is. NothingTrained
/// speaks of the template alone; what max_length takes away is Cut. One row is in memory at a time, and of each row
/// its prompt while duplicates are looked for. What was counted before a stop is kept; the problems are stored at the
/// end. Fails with Interrupted after a stop.
Result<HealthReport> checkProject(Project &project, const ChatEncoder *encoder, const HealthOptions &options,
                                  std::stop_token stop = {}, const Progress &progress = {});

/// The same for a few rows whose text or state changed (by an edit, an undo, a rejection), quickly: they are held
/// against the habits that the last checkProject() learned, and are counted again. The duplicates and leaks that they
/// or their partners had are looked at again, and rows equal to them are found. With an index, so is what is nearly
/// equal to them, leaks too; without one, or among very many that are alike, only checkProject() finds that. Rows
/// that are gone are skipped.
Result<void> checkRows(Project &project, const ChatEncoder *encoder, const HealthOptions &options,
                       std::span<const std::int64_t> rows, TieIndex *index = nullptr);

/// Rows that training would take and learn nothing from: refused by the template, without an answer, or with none
/// left by max_length. Encodes every row that is not rejected.
Result<std::vector<std::int64_t>> untrainedRows(Project &project, const ChatEncoder &encoder, std::int64_t maxLength,
                                                bool assistantOnlyLoss = true, std::stop_token stop = {});

/// The groups of duplicates, or of near duplicates, that the last check found; largest first.
Result<std::vector<DuplicateGroup>> duplicateGroups(Project &project, ProblemKind kind);

} // namespace attune
