#pragma once

#include "core/studio/health.h"
#include "ui/session/session.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

namespace attune::ui {

/// Keeps the ledger true without being asked: the whole project is checked once its tokenizer is known, after an import
/// and when edits have rested for a while; rows that were just edited are checked within a second or two.
class HealthChecks final : public QObject {
    Q_OBJECT
public:
    explicit HealthChecks(Session &session, QObject *parent = nullptr);
    /// Checks every row, as a job that the status line shows. One that runs already is not run twice.
    void checkAll();
    bool checking() const { return m_job != 0; }

Q_SIGNALS:
    void checkingChanged(bool checking);
    void reported(const attune::HealthReport &report);

private:
    struct Need;
    void changed();
    void look();
    void act(const Need &need);
    void checkSome(std::vector<std::int64_t> rows);
    HealthOptions options() const;

    Session &m_session;
    QTimer m_soon;  ///< after a change: the rows it touched
    QTimer m_later; ///< after the last change: all rows
    QElapsedTimer m_ownWrite; ///< since this wrote something itself, which is no reason to check again
    int m_job = 0;
    bool m_opened = false;
    bool m_looking = false;
    std::int64_t m_rowsChecked = -1;             ///< in the project at the last whole check
    std::vector<std::int64_t> m_tried;           ///< could not be counted: not tried again
};

} // namespace attune::ui
