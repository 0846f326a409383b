#pragma once

#include "core/studio/health.h"
#include "ui/session/session.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <vector>

namespace attune::ui {

/// Keeps the ledger true without being asked. Rows that an edit, an undo or another program changed are checked
/// within a second or two, against the others too (of a large project, after some seconds the first time); the whole
/// project is checked once its tokenizer is known, after an import, and when edits have rested for a while, which is
/// longer where there are more rows.
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
    static Result<Need> needOf(Project &project, const ChatEncoder *encoder, const std::vector<StepMark> &seen,
                               bool first);
    void changed();
    void look();
    void act(Need need);
    void goOn(); ///< where something changed meanwhile
    void checkSome(std::vector<std::int64_t> rows, std::int64_t all);
    void compareSome(std::vector<std::int64_t> rows);
    void checkMany(std::vector<std::int64_t> rows);
    HealthOptions options() const;

    Session &m_session;
    QTimer m_soon;  ///< after a change: the rows it touched
    QTimer m_later; ///< after the last change: all rows
    int m_job = 0;
    bool m_opened = false;
    bool m_looking = false;
    bool m_again = false;            ///< something changed while it looked or checked
    std::int64_t m_rowsChecked = -1; ///< in the project at the last whole check
    bool m_looked = false;
    quint64 m_checksOfSome = 0;
    std::vector<StepMark> m_steps;     ///< as the last look found them
    std::shared_ptr<TieIndex> m_index; ///< null: not read yet
    std::vector<std::int64_t> m_tried; ///< could not be counted, ascending: tried again when they change
};

} // namespace attune::ui
