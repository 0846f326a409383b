#pragma once

#include "core/store/project.h"

#include <QPointer>
#include <QString>

#include <any>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace attune::ui {

/// Something to be done with the project on a worker. What is done with the answer stays with the window's thread.
struct Question {
    quint64 number = 0;
    const QObject *receiver = nullptr; ///< only compared
    QPointer<QObject> alive = {};      ///< gone: the question need not be asked
    bool always = false;               ///< a change is made even where nobody waits for it any more
    QString key = {};
    std::function<std::any(Result<Project *>)> work = {};
};

/// Threads that answer questions, each with a connection of its own. Questions without a key are answered by the
/// first thread, in their order; others by any, but never two with the same receiver and key at once.
class Lane {
public:
    using Answered = std::function<void(quint64 number, std::any answer)>; ///< called on the threads
    /// `first`: a connection for the first thread; those that lack one open it when it is needed.
    Lane(const std::filesystem::path &path, std::optional<Project> first, int threads, Answered answered);
    ~Lane() { finish(false); }

    void post(Question question);
    /// Takes back a question that has not begun.
    void drop(quint64 number);
    /// Ends the threads; `all`: after everything that was asked.
    void finish(bool all);

private:
    void work(int thread, std::optional<Project> project);
    std::deque<Question>::iterator next(int thread);

    const std::filesystem::path m_path;
    const Answered m_answered;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    // Guarded by m_mutex:
    std::deque<Question> m_questions;
    std::vector<std::pair<const QObject *, QString>> m_running; // with a key
    bool m_ending = false;

    std::vector<std::jthread> m_threads; // last: they use the rest
};

} // namespace attune::ui
