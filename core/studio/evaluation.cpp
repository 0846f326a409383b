#include "core/studio/evaluation.h"

#include "core/studio/chat_model.h"
#include "core/train/trainer.h"

#include <algorithm>
#include <charconv>

namespace attune {
namespace {

constexpr auto openingsKey = "test_evaluations";

/// The rows of a part, as they are measured.
struct EvalRows {
    std::vector<EvaluatedRow> rows;
    std::vector<TrainExample> examples;
};

Result<EvalRows> rowsOf(Project &project, Part part)
{
    EvalRows all;
    ATTUNE_CHECK(project.forEachExample({part, false}, [&](const StoredExample &example) -> Result<void> {
        const auto answer = lastAnswer(example.messages);
        if (!answer || *answer == 0)
            return {};
        EvaluatedRow row;
        row.example = example.id;
        row.prompt.assign(example.messages.begin(), example.messages.begin() + static_cast<std::ptrdiff_t>(*answer));
        row.reference = example.messages[*answer].content;
        all.rows.push_back(std::move(row));
        all.examples.push_back({example.id, example.messages});
        return {};
    }));
    if (all.rows.empty())
        return fail(ErrorCode::InvalidInput, project.path().string() + " has no row to evaluate in its " +
                                                 std::string(name(part)) +
                                                 " part; import some, or choose another part with --split.");
    return all;
}

Result<double> referenceLoss(RunModel &loaded, std::span<const TrainExample> examples, std::stop_token stop,
                             const Progress &progress)
{
    ATTUNE_TRY(auto rows, encodeRows(loaded.encoder, examples, loaded.settings));
    std::stable_sort(rows.begin(), rows.end(),
                     [](const TrainRow &a, const TrainRow &b) { return a.ids.size() < b.ids.size(); });
    LossSum total;
    const auto batch = static_cast<std::size_t>(loaded.settings.per_device_train_batch_size);
    for (std::size_t begin = 0; begin < rows.size(); begin += batch) {
        const auto piece = std::span(rows).subspan(begin, std::min(batch, rows.size() - begin));
        ATTUNE_TRY(const auto loss, evaluateRows(loaded.model, piece, static_cast<std::int64_t>(batch), stop));
        total.nll += loss.nll;
        total.tokens += loss.tokens;
        if (progress)
            progress("Measuring the loss",
                     static_cast<double>(begin + piece.size()) / static_cast<double>(rows.size()));
    }
    return total.tokens > 0 ? total.nll / static_cast<double>(total.tokens) : 0.0;
}

std::int64_t answerLimit(const Tokenizer &tokenizer, std::span<const EvaluatedRow> rows)
{
    std::size_t longest = 0;
    for (const EvaluatedRow &row : rows)
        longest = std::max(longest, tokenizer.encode(row.reference).size());
    return std::clamp(2 * static_cast<std::int64_t>(longest), std::int64_t(32), std::int64_t(1024));
}

Result<void> answerAll(RunModel &loaded, std::span<EvaluatedRow> rows, GenerationOptions options,
                       std::stop_token stop, const Progress &progress)
{
    const auto &tokenizer = loaded.encoder.tokenizer();
    if (options.maxNewTokens == 0)
        options.maxNewTokens = answerLimit(*tokenizer, rows);
    std::vector<std::vector<TokenId>> prompts;
    for (const EvaluatedRow &row : rows) {
        auto encoded = loaded.encoder.encode(row.prompt, true);
        if (!encoded)
            return fail(encoded.error().code, "Row " + std::to_string(row.example) + ": " + encoded.error().message);
        prompts.push_back(std::move(encoded->ids));
    }
    std::size_t done = 0;
    ATTUNE_TRY(
        const auto answers,
        generateAll(loaded.model, tokenizer, prompts, options, std::move(stop), [&](std::size_t, const Generation &) {
            ++done;
            if (progress)
                progress("Answering", static_cast<double>(done) / static_cast<double>(rows.size()));
        }));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].answer = answers[i].text;
        rows[i].score = scoreAnswer(rows[i].answer, rows[i].reference);
    }
    return {};
}

Result<std::int64_t> store(Project &project, const RunModel &loaded, Part part, const EvaluationReport &report)
{
    StoredEvaluation stored;
    if (loaded.run) {
        stored.run = loaded.run->id;
        stored.checkpoint = std::to_string(loaded.checkpoint.step);
    }
    stored.part = part;
    stored.summary = report.summary.toJson();
    stored.summary["model"] = loaded.baseName;
    std::vector<EvaluatedExample> examples;
    for (const EvaluatedRow &row : report.rows)
        examples.push_back({row.example, row.answer, row.score.toJson()});
    if (part == Part::Test) {
        ATTUNE_TRY(const auto openings, testOpenings(project));
        ATTUNE_CHECK(project.setSetting(openingsKey, std::to_string(openings + 1)));
    }
    return project.addEvaluation(stored, examples);
}

} // namespace

Result<EvaluationReport> evaluateModel(Project &project, const EvaluationRequest &request, std::stop_token stop,
                                       const Progress &progress)
{
    ATTUNE_TRY(auto rows, rowsOf(project, request.part));
    ATTUNE_TRY(auto loaded, loadRunModel(project, request.model, stop, progress));
    EvaluationReport report;
    report.model = loaded.name();
    report.step = loaded.checkpoint.step;
    ATTUNE_TRY(const double loss, referenceLoss(loaded, rows.examples, stop, progress));
    ATTUNE_CHECK(answerAll(loaded, rows.rows, request.generation, stop, progress));
    report.rows = std::move(rows.rows);
    std::vector<AnswerScore> scores;
    for (const EvaluatedRow &row : report.rows)
        scores.push_back(row.score);
    report.summary = summarise(scores, loss);
    ATTUNE_TRY(report.id, store(project, loaded, request.part, report));
    return report;
}

Result<std::int64_t> testOpenings(Project &project)
{
    ATTUNE_TRY(const auto text, project.setting(openingsKey));
    std::int64_t count = 0;
    if (text)
        std::from_chars(text->data(), text->data() + text->size(), count);
    return count;
}

} // namespace attune
