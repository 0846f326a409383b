#include "ui/session/lane.h"

#include "core/base/priority.h"

#include <algorithm>

namespace attune::ui {

namespace {

// Somebody waits for the answers, but must not wait for a key because of them.
constexpr int LaneNiceness = 1;

} // namespace

Lane::Lane(const std::filesystem::path &path, std::optional<Project> first, int threads, Answered answered)
    : m_path(path), m_answered(std::move(answered))
{
    for (int i = 0; i < threads; ++i)
        m_threads.emplace_back([this, i, project = i == 0 ? std::move(first) : std::optional<Project>()]() mutable {
            work(i, std::move(project));
        });
}

void Lane::post(Question question)
{
    const std::scoped_lock lock(m_mutex);
    m_questions.push_back(std::move(question));
    m_wake.notify_all();
}

void Lane::drop(quint64 number)
{
    const std::scoped_lock lock(m_mutex);
    std::erase_if(m_questions, [number](const Question &q) { return q.number == number; });
}

void Lane::finish(bool all)
{
    {
        const std::scoped_lock lock(m_mutex);
        m_ending = true;
        if (!all)
            m_questions.clear();
        m_wake.notify_all();
    }
    m_threads.clear();
}

std::deque<Question>::iterator Lane::next(int thread)
{
    return std::find_if(m_questions.begin(), m_questions.end(), [&](const Question &q) {
        return q.key.isEmpty() ? thread == 0
                               : std::find(m_running.begin(), m_running.end(), std::pair(q.receiver, q.key)) ==
                                     m_running.end();
    });
}

void Lane::work(int thread, std::optional<Project> project)
{
    lowerPriority(LaneNiceness);
    std::unique_lock lock(m_mutex);
    while (true) {
        auto found = m_questions.end();
        m_wake.wait(lock, [&] { return (found = next(thread)) != m_questions.end() || m_ending; });
        if (found == m_questions.end())
            return;
        const Question question = std::move(*found);
        m_questions.erase(found);
        const std::pair running(question.receiver, question.key);
        if (!question.key.isEmpty())
            m_running.push_back(running);
        lock.unlock();

        std::any answer;
        if (question.always || !question.alive.isNull()) {
            if (project) {
                answer = question.work(&*project);
            } else if (auto opened = Project::open(m_path); opened) {
                project = std::move(*opened);
                answer = question.work(&*project);
            } else {
                answer = question.work(fail(opened.error().code, opened.error().message, opened.error().detail));
            }
        }
        m_answered(question.number, std::move(answer));

        lock.lock();
        if (!question.key.isEmpty()) {
            m_running.erase(std::find(m_running.begin(), m_running.end(), running));
            m_wake.notify_all();
        }
    }
}

} // namespace attune::ui
