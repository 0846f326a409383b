#pragma once

#include "core/model/language_model.h"
#include "core/store/project.h"
#include "core/text/chat.h"
#include "core/train/events.h"

#include <optional>
#include <span>
#include <stop_token>

namespace attune {

/// What the model in training said to one fixed prompt.
struct SampleAnswer {
    std::int64_t row = 0; ///< of the snapshot
    std::string prompt;   ///< its last user turn
    std::string expected;
    std::string text;
    bool complete = false;   ///< the model ended it; else it was cut after so many tokens
    bool asExpected = false; ///< equal to what is expected, or, where it was cut, to its beginning
    bool operator==(const SampleAnswer &) const = default;
};
struct SamplesOfStep {
    std::int64_t step = 0;
    std::vector<SampleAnswer> answers;
    bool operator==(const SamplesOfStep &) const = default;
};

/// Asks the model in training the same few prompts again and again. Answers are greedy, so nothing random is drawn,
/// and neither weights nor optimiser are touched: a run takes the same steps with and without samples.
class RunSampler {
public:
    /// Prompts evenly spread over the rows of the validation part; none of more than `maxLength` tokens. No sampler
    /// where there is no such row.
    static std::optional<RunSampler> choose(std::span<const StoredExample> validation, const ChatEncoder &encoder,
                                            std::int64_t maxLength, int count);
    /// The answers, as a line of the run's log; none where it was interrupted. A failure is a warning in the log, as
    /// a run must not end for it.
    std::optional<TrainLog> sample(LanguageModel &model, std::int64_t step, std::stop_token stop) const;

private:
    struct Prompt {
        std::int64_t row = 0;
        std::string text;
        std::string expected;
        std::vector<TokenId> ids;
    };
    std::shared_ptr<const Tokenizer> m_tokenizer;
    std::vector<Prompt> m_prompts;
};

/// Samples are kept in the run's log, at a level of their own.
TrainLog toLog(const SamplesOfStep &samples);
/// Whether a line of Project::log() holds samples: text for programs, not for people.
bool isSampleLine(std::string_view line);
/// Those in the lines of Project::log(), by step; of a step that was taken twice, the later ones.
std::vector<SamplesOfStep> samplesIn(std::span<const std::string> lines);

} // namespace attune
