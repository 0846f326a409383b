#pragma once

#include "core/studio/training_run.h"

#include <QObject>
#include <QString>
#include <QTimer>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace attune::ui {

/// The one training of this window: its thread, and what it says. The thread stores every event in the project before
/// it queues it here, and waits for nobody; a timer takes the queue over to the window's thread.
///
/// The thread, and with it the workers of its compute team, which take over its priority when they are made, ranks
/// below the window: on two cores that both train, a key press must not wait for a step.
class TrainingJob final : public QObject {
    Q_OBJECT
public:
    enum class State { Idle, Preparing, Training, Stopping };
    explicit TrainingJob(QObject *parent = nullptr);
    ~TrainingJob() override; ///< stops with a checkpoint and waits for it

    /// False: one runs already.
    bool start(const TrainRequest &request);
    void stop();                 ///< after the batch of the moment, with a checkpoint to go on from
    void stopAtNextValidation(); ///< the same, after the next validation and its checkpoint
    void waitForEnd();           ///< for closing: blocks until the checkpoint is written, then tells how it ended

    State state() const { return m_state; }
    bool isBusy() const { return m_state != State::Idle; }
    bool stopsAtNextValidation() const { return m_atValidation; }
    std::int64_t run() const { return m_run; } ///< 0 until it exists in the project
    const std::string &runName() const { return m_runName; }
    std::int64_t step() const { return m_step; }
    std::int64_t steps() const { return m_steps; }
    double loss() const { return m_loss; }
    QString stage() const { return m_stage; } ///< while preparing: "Loading the model"
    double stageShare() const { return m_stageShare; }

Q_SIGNALS:
    void stateChanged();
    void progressed();                                    ///< stage, step or loss are others
    void stored(qint64 run);                              ///< the project holds more of the run's history
    void ended(qint64 run, const attune::Result<attune::TrainOutcome> &outcome);

private:
    struct Note { // from the training's threads to the window's
        std::optional<TrainEvent> event;
        std::int64_t run = 0;
        std::string runName;
        std::string stage;
        double share = 0;
        std::optional<Result<TrainOutcome>> outcome;
    };
    void post(Note note);
    void drain();
    void take(const TrainEvent &event);
    void setState(State state);

    QTimer m_timer;
    State m_state = State::Idle;
    std::int64_t m_run = 0;
    std::string m_runName;
    std::int64_t m_step = 0;
    std::int64_t m_steps = 0;
    double m_loss = 0;
    QString m_stage;
    double m_stageShare = 0;
    std::atomic<bool> m_atValidation = false;
    std::mutex m_mutex;
    std::vector<Note> m_notes; // guarded by m_mutex
    std::jthread m_thread;     // last: joined first
};

} // namespace attune::ui
