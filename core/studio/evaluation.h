#pragma once

#include "core/eval/scorers.h"
#include "core/infer/generator.h"
#include "core/studio/run_model.h"

namespace attune {

struct EvaluationRequest {
    ModelChoice model;
    Part part = Part::Test;
    /// Greedy unless told otherwise; maxNewTokens 0: twice the longest reference, at least 32 and at most 1024.
    GenerationOptions generation;
};

/// One row with what the model made of it.
struct EvaluatedRow {
    std::int64_t example = 0;
    std::vector<Message> prompt;
    std::string reference;
    std::string answer;
    AnswerScore score;
};

struct EvaluationReport {
    EvalSummary summary;
    std::vector<EvaluatedRow> rows; ///< in import order
    std::string model;              ///< "base" or the run's name
    std::int64_t step = 0;          ///< of the checkpoint
    std::int64_t id = 0;            ///< of the stored evaluation
};

/// Measures a model on a part of the project: the loss of the reference answers, encoded as in training, and the
/// answers that it generates itself to the messages up to each row's last answer, scored against that. Rejected rows
/// are left out. The result is stored with every answer; how often the test part was looked at is counted
/// (testOpenings()). Fails with InvalidInput where the part is empty.
Result<EvaluationReport> evaluateModel(Project &project, const EvaluationRequest &request, std::stop_token stop = {},
                                       const Progress &progress = {});

/// How many evaluations have seen the test part: the more, the less its figures say about rows never seen.
Result<std::int64_t> testOpenings(Project &project);

} // namespace attune
