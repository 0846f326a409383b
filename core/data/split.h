#pragma once

#include "core/data/example.h"

#include <span>

namespace attune {

struct SplitOptions {
    double validationShare = 0.1; ///< shares in [0, 1), sum below 1; 0 means no such part
    double testShare = 0.1;
    std::uint64_t seed = 42;
    double similarity = 0.85; ///< Jaccard similarity of prompt shingles from which two rows count as nearly equal
};

/// A row as the split sees it, in the order in which rows joined the project.
struct SplitRow {
    std::int64_t id = 0;
    std::string prompt;             ///< normalisedPrompt()
    std::string group = {};         ///< value of the column or tag chosen for grouping; empty: none
    std::optional<Part> fixed = {}; ///< the part it already has, which never changes here
};

/// A row that ties two groups which are already in different parts.
struct Leak {
    std::int64_t row = 0;   ///< its place in the list of rows, not its id
    std::int64_t other = 0; ///< the nearest earlier row in another part
    Part part = Part::Train;
    Part otherPart = Part::Train;
    double similarity = 1.0; ///< 1 for equal prompts and for an equal group value
};

struct SplitResult {
    std::vector<Part> parts;          ///< one per row, same order
    std::vector<std::int64_t> groups; ///< index of the first row of each row's group
    std::vector<Leak> leaks;          ///< by row; of two rows that are too alike, the later one is named
};

/// Parts by group: rows whose prompts are equal or nearly equal (MinHash over 5-character shingles, banded, then
/// verified by exact Jaccard similarity), or which share a group value, stand together. A group's part comes from a
/// hash of its first row's prompt and the seed. Where rows of a group have a fixed part already, a new row joins the
/// part of the nearest of them, so adding rows moves none. A row with a fixed part keeps it; where that leaves
/// near-equal rows in two parts, it is reported as a leak. near_pairs.h says what happens to prompts that are one
/// form letter. Shares hold on average. Fails with InvalidInput when a share is out of range. Deterministic;
/// thread-safe. Broder 1997, "On the resemblance and containment of documents".
Result<SplitResult> assignParts(std::span<const SplitRow> rows, const SplitOptions &options);

} // namespace attune
