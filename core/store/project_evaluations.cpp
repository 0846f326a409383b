#include "core/store/project_impl.h"

namespace attune {

namespace {

constexpr auto Reading = "read its evaluations";

} // namespace

Result<std::int64_t> Project::addEvaluation(const StoredEvaluation &evaluation,
                                            std::span<const EvaluatedExample> examples)
{
    constexpr auto Doing = "save an evaluation";
    Database &database = m_impl->database;
    ATTUNE_TRY(auto transaction, Transaction::begin(database, Doing));
    ATTUNE_TRY(auto insert, database.prepare("INSERT INTO evaluations (run, checkpoint, part, summary, created_at) "
                                             "VALUES (?, ?, ?, ?, ?)",
                                             Doing));
    ATTUNE_CHECK(insert
                     .bind(evaluation.run, evaluation.checkpoint, static_cast<std::int64_t>(evaluation.part),
                           jsonText(evaluation.summary), timeNow())
                     .run());
    const std::int64_t id = database.lastId();
    ATTUNE_TRY(auto add, database.prepare("INSERT INTO evaluation_examples (evaluation, ordinal, example, answer, "
                                          "scores) VALUES (?, ?, ?, ?, ?)",
                                          Doing));
    std::int64_t ordinal = 0;
    for (const EvaluatedExample &example : examples)
        ATTUNE_CHECK(add.bind(id, ordinal++, example.example, example.answer, jsonText(example.scores)).run());
    ATTUNE_CHECK(transaction.commit());
    return id;
}

Result<std::vector<StoredEvaluation>> Project::evaluations()
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto rows, database.prepare("SELECT id, run, checkpoint, part, summary, created_at FROM evaluations "
                                           "ORDER BY id",
                                           Reading));
    std::vector<StoredEvaluation> all;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return all;
        StoredEvaluation evaluation;
        evaluation.id = rows.integer(0);
        if (!rows.isNull(1))
            evaluation.run = rows.integer(1);
        evaluation.checkpoint = rows.text(2);
        ATTUNE_TRY(evaluation.part, storedEnum<Part>(database, rows.integer(3), PartCount, "an evaluation's part"));
        ATTUNE_TRY(evaluation.summary, storedJson(database, rows.text(4), "an evaluation's result"));
        evaluation.createdAt = rows.text(5);
        all.push_back(std::move(evaluation));
    }
}

Result<std::vector<EvaluatedExample>> Project::evaluationExamples(std::int64_t evaluation)
{
    Database &database = m_impl->database;
    ATTUNE_TRY(auto rows,
               database.prepare("SELECT example, answer, scores FROM evaluation_examples WHERE evaluation = ? "
                                "ORDER BY ordinal",
                                Reading));
    rows.bind(evaluation);
    std::vector<EvaluatedExample> all;
    while (true) {
        ATTUNE_TRY(const bool more, rows.step());
        if (!more)
            return all;
        EvaluatedExample example;
        example.example = rows.integer(0);
        example.answer = rows.text(1);
        ATTUNE_TRY(example.scores, storedJson(database, rows.text(2), "an evaluation's scores"));
        all.push_back(std::move(example));
    }
}

} // namespace attune
