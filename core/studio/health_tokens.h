#pragma once

#include "core/store/labelling.h"
#include "core/text/chat.h"

#include <functional>
#include <stop_token>

namespace attune {

/// Problems that only the encoded row shows; RoleOrder is among them where the template refuses the row.
inline constexpr std::array templateProblems{ProblemKind::EndTokenMissing, ProblemKind::NothingTrained,
                                             ProblemKind::DropsTurn};

struct CountedRows {
    std::int64_t counted = 0;
    std::vector<StoredProblem> refused; ///< RoleOrder, for the caller to store together with those of the text
};

/// Encodes rows on all processors, and stores their token counts and templateProblems; what is done before a stop is
/// kept. Rows that are gone are skipped, rejected ones are counted but have no problems. Fails with Interrupted.
Result<CountedRows> countRows(Project &project, const ChatEncoder &encoder, const std::string &fingerprint,
                              std::span<const std::int64_t> ids, std::stop_token stop,
                              const std::function<void(double)> &progress = {});

} // namespace attune
