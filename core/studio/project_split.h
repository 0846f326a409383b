#pragma once

#include "core/store/project.h"

#include <array>

namespace attune {

/// The project's own way to split: shares and seed, 80 / 10 / 10 where it says nothing.
Result<SplitOptions> splitOptions(Project &project);
Result<void> setSplitOptions(Project &project, const SplitOptions &options);

/// Two rows in different parts that are too alike.
struct LeakedPair {
    std::int64_t row = 0; ///< ids
    std::int64_t other = 0;
    Part part = Part::Train;
    Part otherPart = Part::Train;
    double similarity = 1;
};

struct PartCounts {
    std::array<std::int64_t, 3> rows{}; ///< by Part
    std::int64_t unsplit = 0;
    std::int64_t &operator[](Part part) { return rows[static_cast<std::size_t>(part)]; }
    std::int64_t operator[](Part part) const { return rows[static_cast<std::size_t>(part)]; }
};

struct SplitReport {
    std::int64_t assigned = 0; ///< rows that had no part
    PartCounts counts;         ///< of all rows afterwards
    std::vector<LeakedPair> leaks;
};

/// Gives a part to every row that has none, and looks for leaks among all.
Result<SplitReport> splitProject(Project &project);
/// The same without a change: the leaks among the rows as they stand. Rejected rows are neither trained on nor
/// measured with, so they leak nothing.
Result<std::vector<LeakedPair>> findLeaks(Project &project);

} // namespace attune
