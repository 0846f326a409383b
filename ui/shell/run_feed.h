#pragma once

#include "ui/session/session.h"

#include <QTimer>

#include <optional>

namespace attune::ui {

/// The run that matters now: the newest that trains, else the newest of all.
struct RunStatus {
    enum State { None, Running, Interrupted, Finished, Stopped, Failed } state = None;
    qint64 run = 0;
    QString name;
    qint64 step = 0;
    qint64 steps = 0;                       ///< 0: not known
    std::optional<double> loss = {};        ///< smoothed as the plot does by default
    std::optional<double> secondsLeft = {}; ///< from the median of the last steps
    QString error = {};
    bool operator==(const RunStatus &) const = default;
};

/// Reads that run from the project when runs change, at most twice a second, whoever trains it.
class RunFeed final : public QObject {
    Q_OBJECT
public:
    explicit RunFeed(Session &session, QObject *parent = nullptr);
    const RunStatus &status() const { return m_status; }

Q_SIGNALS:
    void changed(const attune::ui::RunStatus &status);

private:
    void ask();
    Session &m_session;
    RunStatus m_status;
    QTimer m_timer;
};

} // namespace attune::ui
