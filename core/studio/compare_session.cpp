#include "core/studio/compare_session.h"

#include "core/studio/compare_session_worker.h"

#include <algorithm>

namespace attune {

std::string CompareColumn::lastAnswer() const
{
    return !conversation.empty() && conversation.back().role == "assistant" ? conversation.back().content
                                                                            : std::string();
}

CompareSession::CompareSession(std::filesystem::path project)
    : m_columns(2), m_worker(std::make_unique<Worker>(std::move(project)))
{
}

CompareSession::~CompareSession() = default;

bool CompareSession::busy() const
{
    return std::any_of(m_columns.begin(), m_columns.end(), [](const CompareColumn &c) { return c.busy(); });
}

void CompareSession::setColumnCount(std::size_t count)
{
    for (std::size_t i = count; i < m_columns.size(); ++i)
        m_worker->stop(i);
    m_columns.resize(count);
}

void CompareSession::setAnswerer(std::size_t column, std::optional<Answerer> answerer)
{
    if (m_columns[column].answerer == answerer)
        return;
    m_worker->stop(column);
    // The conversation was another model's: it goes.
    m_columns[column] = CompareColumn{};
    m_columns[column].answerer = std::move(answerer);
}

void CompareSession::restart()
{
    m_worker->stopAll();
    for (CompareColumn &column : m_columns) {
        CompareColumn fresh;
        fresh.answerer = std::move(column.answerer);
        column = std::move(fresh);
    }
    m_question = {};
}

Result<void> CompareSession::ask(CompareQuestion question)
{
    if (question.turns.empty() || question.turns.back().role != "user" || question.turns.back().content.empty())
        return fail(ErrorCode::InvalidInput, "There is nothing to ask: write a message first.");
    if (busy())
        return fail(ErrorCode::InvalidInput, "An answer is still being made: wait for it, or stop it.");
    ATTUNE_CHECK(question.generation.sampling.check());
    auto job = std::make_shared<Worker::Job>();
    job->number = m_asked + 1;
    job->baseModel = m_baseModel;
    job->generation = question.generation;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        CompareColumn &column = m_columns[i];
        if (!column.answerer)
            continue;
        column.conversation.insert(column.conversation.end(), question.turns.begin(), question.turns.end());
        column.state = AnswerState::Queued;
        column.figures = {};
        column.error = {};
        Worker::Seat seat{i, *column.answerer, {}};
        if (!question.system.empty())
            seat.conversation.push_back({"system", question.system});
        seat.conversation.insert(seat.conversation.end(), column.conversation.begin(), column.conversation.end());
        job->seats.push_back(std::move(seat));
        job->stopped.emplace_back(false);
    }
    if (job->seats.empty())
        return fail(ErrorCode::InvalidInput, "Nobody answers: choose a model for a column first.");
    m_question = std::move(question);
    ++m_asked;
    m_worker->post(std::move(job));
    return {};
}

void CompareSession::stop(std::size_t column)
{
    m_worker->stop(column);
}

void CompareSession::stopAll()
{
    m_worker->stopAll();
}

void CompareSession::unload()
{
    m_worker->unload();
}

void CompareSession::takeBack(CompareColumn &column)
{
    const std::size_t turns = m_question.turns.size() + (column.state == AnswerState::Streaming ? 1 : 0);
    column.conversation.resize(column.conversation.size() - std::min(column.conversation.size(), turns));
}

void CompareSession::settle(CompareColumn &column, AnswerFigures figures, std::optional<Error> error)
{
    column.figures = std::move(figures);
    // A question that nothing came back for leaves the conversation as it was.
    const bool nothing = column.state == AnswerState::Queued || column.conversation.back().content.empty();
    if (nothing && (error || column.figures.finish == "interrupted"))
        takeBack(column);
    column.state = AnswerState::Done;
    if (error) {
        column.error = std::move(*error);
        column.state = column.error.code == ErrorCode::Interrupted ? AnswerState::Stopped : AnswerState::Failed;
    } else if (column.figures.finish == "interrupted") {
        column.state = AnswerState::Stopped;
    }
}

std::vector<CompareEvent> CompareSession::drain()
{
    std::vector<CompareEvent> events;
    // A column that was given to another model, or forgotten, while its answer was being made is not busy any more:
    // what still comes for it is dropped, as is what comes of an earlier question.
    const auto awaited = [this](std::int64_t job, std::size_t column) {
        return job == m_asked && column < m_columns.size() && m_columns[column].busy();
    };
    for (auto &[job, report] : m_worker->drain()) {
        if (const auto *began = std::get_if<Worker::Began>(&report)) {
            if (!awaited(job, began->column))
                continue;
            CompareColumn &column = m_columns[began->column];
            column.state = AnswerState::Streaming;
            column.name = began->name;
            column.step = began->step;
            column.conversation.push_back({"assistant", {}});
            events.emplace_back(AnswerBegan{began->column});
        } else if (auto *text = std::get_if<AnswerText>(&report)) {
            if (!awaited(job, text->column))
                continue;
            CompareColumn &column = m_columns[text->column];
            column.conversation.back().content += text->text;
            column.figures.tokens = text->tokens;
            column.figures.decodeSeconds = text->decodeSeconds;
            events.emplace_back(std::move(*text));
        } else if (auto *ended = std::get_if<Worker::Ended>(&report)) {
            if (!awaited(job, ended->column))
                continue;
            settle(m_columns[ended->column], std::move(ended->figures), std::move(ended->error));
            events.emplace_back(AnswerEnded{ended->column});
        } else if (std::holds_alternative<QuestionEnded>(report)) {
            if (job == m_asked)
                events.emplace_back(QuestionEnded{});
        } else if (const auto *loading = std::get_if<ModelLoading>(&report)) {
            events.emplace_back(*loading);
        } else if (const auto *memory = std::get_if<MemoryHeld>(&report)) {
            events.emplace_back(*memory);
        }
    }
    return events;
}

} // namespace attune
