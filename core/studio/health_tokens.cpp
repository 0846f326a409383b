#include "core/studio/health_tokens.h"

#include "core/studio/preview.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

namespace attune {
namespace {

constexpr std::size_t ChunkRows = 512;

/// What encoding says about one row.
struct Encoded {
    std::optional<TokenCount> count;
    std::vector<StoredProblem> problems;
    std::optional<Error> failure;
};

/// Without a cut: a row that max_length cuts is told by its token count alone, so that moving the line is free.
Encoded encodeOne(const ChatEncoder &encoder, const StoredExample &row)
{
    Encoded result;
    auto preview = previewExample(encoder, row.messages, std::numeric_limits<std::int64_t>::max());
    if (!preview) {
        result.failure = std::move(preview.error());
        return result;
    }
    if (!preview->tokens.empty())
        result.count = TokenCount{row.id, row.contentHash, preview->total(), preview->trained};
    if (row.state == LabelState::Rejected)
        return result;
    for (PreviewProblem &problem : preview->problems) {
        const auto sameKind = [&](const StoredProblem &p) { return p.kind == problem.kind; };
        if (std::none_of(result.problems.begin(), result.problems.end(), sameKind))
            result.problems.push_back({row.id, problem.kind, std::move(problem.sentence), 0, 0});
    }
    return result;
}

std::vector<Encoded> encodeAll(const ChatEncoder &encoder, std::span<const StoredExample> rows)
{
    std::vector<Encoded> results(rows.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < rows.size(); i = next++)
            results[i] = encodeOne(encoder, rows[i]);
    };
    constexpr std::size_t rowsWorthAThread = 16;
    const std::size_t most = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
    {
        std::vector<std::jthread> helpers;
        for (std::size_t i = 1; i < std::min(most, rows.size() / rowsWorthAThread); ++i)
            helpers.emplace_back(work);
        work();
    }
    return results;
}

} // namespace

Result<CountedRows> countRows(Project &project, const ChatEncoder &encoder, const std::string &fingerprint,
                              std::span<const std::int64_t> ids, std::stop_token stop,
                              const std::function<void(double)> &progress)
{
    Labelling labelling(project);
    CountedRows result;
    for (std::size_t begin = 0; begin < ids.size(); begin += ChunkRows) {
        if (stop.stop_requested())
            return fail(ErrorCode::Interrupted, "Counting tokens was stopped.");
        const auto chunk = ids.subspan(begin, std::min(ChunkRows, ids.size() - begin));
        std::vector<StoredExample> rows;
        rows.reserve(chunk.size());
        for (const std::int64_t id : chunk) {
            ATTUNE_TRY(auto row, project.example(id));
            if (row)
                rows.push_back(std::move(*row));
        }
        std::vector<TokenCount> counts;
        std::vector<StoredProblem> problems;
        for (Encoded &encoded : encodeAll(encoder, rows)) {
            if (encoded.failure)
                return tl::unexpected(std::move(*encoded.failure));
            if (encoded.count)
                counts.push_back(std::move(*encoded.count));
            for (StoredProblem &problem : encoded.problems)
                (problem.kind == ProblemKind::RoleOrder ? result.refused : problems).push_back(std::move(problem));
        }
        result.counted += static_cast<std::int64_t>(counts.size());
        ATTUNE_CHECK(labelling.setTokenCounts(fingerprint, counts));
        ATTUNE_CHECK(labelling.setProblems(templateProblems, problems, chunk));
        if (progress)
            progress(static_cast<double>(begin + chunk.size()) / static_cast<double>(ids.size()));
    }
    return result;
}

} // namespace attune
