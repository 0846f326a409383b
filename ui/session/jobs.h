#pragma once

#include "ui/session/session.h"

#include <any>
#include <map>
#include <mutex>
#include <thread>

namespace attune::ui {

/// How far a job is, as its thread last said.
class JobReport {
public:
    void say(double share, std::string detail)
    {
        const std::scoped_lock lock(m_mutex);
        m_share = share;
        m_detail = std::move(detail);
        m_fresh = true;
    }
    /// True where something was said since the last call.
    bool take(JobState &state)
    {
        const std::scoped_lock lock(m_mutex);
        if (!std::exchange(m_fresh, false))
            return false;
        state.share = m_share;
        state.detail = QString::fromStdString(m_detail);
        return true;
    }

private:
    std::mutex m_mutex;
    double m_share = -1;
    std::string m_detail;
    bool m_fresh = false;
};

struct Job {
    JobState state;
    bool hasReceiver = false;
    QPointer<QObject> receiver;
    std::function<void(std::any &)> done;
    std::shared_ptr<JobReport> report;
    std::jthread thread;
};

} // namespace attune::ui
