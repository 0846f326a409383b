#pragma once

#include "core/studio/run_plan.h"
#include "ui/session/session.h"

#include <QObject>

#include <optional>
#include <string>
#include <thread>

namespace attune::ui {

/// What a run with the settings of a form would need of the memory, by the plan that `attune plan` prints and
/// training holds to. Computed on a thread of its own, one plan at a time; what was asked before the latest question
/// is not told. The rows are read and encoded once, not for each setting that is tried.
class RunPlanner final : public QObject {
    Q_OBJECT
public:
    explicit RunPlanner(Session &session, QObject *parent = nullptr);
    ~RunPlanner() override; ///< waits for the thread, which stops at the next row

    /// For the session's base model. Nothing happens where the same was asked before.
    void ask(const TrainSettings &settings);
    void forgetRows(); ///< they have changed: the next question reads them
    void forget();     ///< there is nothing to plan: too few rows, no model
    /// The answer to the latest question; null until it is there.
    const Result<RunPlan> *plan() const { return m_plan ? &*m_plan : nullptr; }
    bool isBusy() const { return m_busy; }

Q_SIGNALS:
    void changed();

private:
    struct Rows { ///< measured ones, and what they depend on
        std::string model;
        RowOptions options;
        quint64 age = 0;
        TrainLengths lengths;
        bool fit(const std::string &otherModel, const RowOptions &other, quint64 otherAge) const;
    };
    struct Answer {
        Result<RunPlan> plan;
        std::optional<Rows> rows;
    };
    void begin();
    void take(quint64 question, Answer answer);

    Session &m_session;
    TrainSettings m_settings; ///< of the latest question
    std::string m_asked;      ///< that question, as a text to compare
    quint64 m_question = 0;
    quint64 m_age = 0;        ///< of the rows
    std::optional<Rows> m_rows;
    std::optional<Result<RunPlan>> m_plan;
    bool m_busy = false;
    std::jthread m_thread; // last: it uses the rest
};

} // namespace attune::ui
