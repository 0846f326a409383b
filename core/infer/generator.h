#pragma once

#include "core/infer/sampler.h"
#include "core/model/language_model.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace attune {

struct GenerationOptions {
    SamplingOptions sampling;
    std::int64_t maxNewTokens = 256;
    std::vector<std::string> stop; ///< the answer ends before the first of these
    bool ignoreEos = false;
};

struct Generation {
    std::vector<TokenId> ids; ///< the new tokens, the end token included where it came
    std::string text;         ///< without special tokens and without the stop string
    std::string finish;       ///< "eos", "stop", "length", "interrupted"
    double prefillSeconds = 0;
    double decodeSeconds = 0;
};

/// One answer in the making, so that several can take turns on one model: each keeps what the model has read for it.
/// Movable.
class Answering {
public:
    /// Fails where generate() does.
    static Result<Answering> begin(const LanguageModel &model, std::shared_ptr<const Tokenizer> tokenizer,
                                   std::span<const TokenId> prompt, const GenerationOptions &options);
    Answering(Answering &&) noexcept;
    Answering &operator=(Answering &&) noexcept;
    ~Answering();

    /// Reads a piece of the prompt or makes one token. True where the answer is complete.
    Result<bool> step(LanguageModel &model, const std::function<void(std::string_view)> &onText = {});
    /// The tokens made so far, and how long they took.
    std::int64_t tokens() const noexcept;
    double decodeSeconds() const noexcept;
    /// What has come of it, "interrupted" where it was not complete. The last call.
    Generation end(const std::function<void(std::string_view)> &onText = {});

private:
    struct Impl;
    explicit Answering(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// Answers one prompt. `onText` gets the answer piece by piece, in whole UTF-8 characters, held back while a stop
/// string may still begin. Fails where the prompt is empty or an id is outside the vocabulary. `tokenizer` may be
/// null: no text then.
Result<Generation> generate(LanguageModel &model, const std::shared_ptr<const Tokenizer> &tokenizer,
                            std::span<const TokenId> prompt, const GenerationOptions &options,
                            std::stop_token stop = {}, const std::function<void(std::string_view)> &onText = {});

/// Answers many prompts, several at a time, so that the weights are read once for all of them: for evaluations. The
/// answers stand in the order of the prompts; each is what generate() gives up to rounding. `onDone` gets the index
/// of each.
Result<std::vector<Generation>> generateAll(LanguageModel &model, const std::shared_ptr<const Tokenizer> &tokenizer,
                                            std::span<const std::vector<TokenId>> prompts,
                                            const GenerationOptions &options, std::stop_token stop = {},
                                            const std::function<void(std::size_t, const Generation &)> &onDone = {});

} // namespace attune
