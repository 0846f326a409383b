#include "core/studio/comparison.h"

#include "core/deploy/run_adapter.h"

namespace attune {
namespace {

/// One side of the comparison: an adapter on the base that both share.
struct Side {
    std::string name;
    std::optional<Adapter> adapter; ///< none: the base itself
};

Result<Side> otherSide(Project &project, const CompareRequest &request, const LanguageModel &base)
{
    if (request.other.empty())
        return Side{"base", std::nullopt};
    ATTUNE_TRY(const Run run, project.findRun(request.other));
    ATTUNE_TRY(const auto checkpoint, chooseCheckpoint(project, run, request.otherCheckpoint));
    ATTUNE_TRY(auto adapter, adapterForBase(project, run, checkpoint, base));
    return Side{run.name, std::move(adapter)};
}

Result<ComparedAnswer> answer(RunModel &loaded, const Side &side, std::span<const TokenId> prompt,
                              const GenerationOptions &options, std::stop_token stop)
{
    if (side.adapter)
        ATTUNE_CHECK(loaded.model.useAdapter(*side.adapter));
    else
        loaded.model.dropAdapter();
    ATTUNE_TRY(auto result, generate(loaded.model, loaded.encoder.tokenizer(), prompt, options, std::move(stop)));
    if (result.finish == "interrupted")
        return fail(ErrorCode::Interrupted, "The comparison was interrupted.");
    return ComparedAnswer{side.name, std::move(result.text), static_cast<std::int64_t>(result.ids.size()),
                          result.prefillSeconds + result.decodeSeconds};
}

} // namespace

Result<void> compareModels(Project &project, const CompareRequest &request, std::stop_token stop,
                           const std::function<void(std::size_t, const std::vector<ComparedAnswer> &)> &onPair,
                           const Progress &progress)
{
    ATTUNE_TRY(auto loaded, loadRunModel(project, request.first, stop, progress));
    const Side first{loaded.name(), loaded.run ? std::optional(loaded.model.adapter()) : std::nullopt};
    ATTUNE_TRY(const Side second, otherSide(project, request, loaded.model));
    for (std::size_t i = 0; i < request.prompts.size(); ++i) {
        auto encoded = loaded.encoder.encode(request.prompts[i], true);
        if (!encoded)
            return fail(encoded.error().code, "Prompt " + std::to_string(i + 1) + ": " + encoded.error().message);
        std::vector<ComparedAnswer> pair;
        for (const Side *side : {&first, &second}) {
            ATTUNE_TRY(auto one, answer(loaded, *side, encoded->ids, request.generation, stop));
            pair.push_back(std::move(one));
        }
        onPair(i, pair);
    }
    return {};
}

} // namespace attune
