#pragma once

#include "ui/session/session.h"
#include "ui/train/run_history.h"

#include <QHash>
#include <QSet>
#include <QTimer>

namespace attune::ui {

/// How a run stands, as it is told to the user.
enum class RunPhase { Running, CutOff, Finished, EndedEarly, Stopped, Failed };

struct RunEntry {
    Run run;
    RunHistory history;
    std::vector<CheckpointInfo> checkpoints;
    RunPhase phase = RunPhase::Finished;
    bool paused = false; ///< stopped in this window by Pause, to go on soon

    qint64 id() const { return run.id; }
    QString name() const;
    QString title() const; ///< "14 · r32 all linear"; the number alone where the name says no more
    QString label() const; ///< "Run 14"
    std::optional<qint64> resumeStep() const; ///< of the newest checkpoint that can be gone on from
    bool canResume() const
    {
        return phase == RunPhase::CutOff || phase == RunPhase::Stopped || phase == RunPhase::Failed;
    }
};

/// The runs of the project as the window knows them: read from the project file only, whoever trains them, and after
/// the first time only what is new. Also what the panels of the workspace share: which runs are overlaid, which is
/// the baseline.
class RunBook final : public QObject {
    Q_OBJECT
public:
    static constexpr int mostOverlays = 6;
    explicit RunBook(Session &session, QObject *parent = nullptr);

    bool loaded() const { return m_loaded; }
    /// Newest first; removed ones are left out.
    const QList<qint64> &ids() const { return m_ids; }
    const RunEntry *entry(qint64 id) const;
    QList<const RunEntry *> entries() const;

    void refresh();       ///< everything that is other than it was
    void poll(qint64 id); ///< the history of one run, at most ten times a second
    void reload(qint64 id); ///< the history of one run from the start
    /// The run that this window trains, 0 for none: its state needs no guessing. unknownRun: one that is being made.
    static constexpr qint64 unknownRun = -1;
    void setOwnRun(qint64 id);
    void setPaused(qint64 id); ///< until it goes on, or the window closes; 0: none
    void ownRunEnded(); ///< it counts as running until the project says how it ended
    qint64 ownRun() const { return m_ownRun; }

    qint64 baseline() const { return m_baseline; }
    void setBaseline(qint64 id); ///< 0: none
    /// Best validation loss less the baseline's; none where either lacks one. `comparable` is false where the two
    /// were validated on other rows.
    std::optional<double> delta(const RunEntry &entry, bool *comparable = nullptr) const;

    int overlaySlot(qint64 id) const { return m_slots.value(id, -1); }
    QList<qint64> overlays() const; ///< by slot
    /// False: there are six already.
    bool setOverlay(qint64 id, bool on);
    void clearOverlays();
    int freeSlot() const; ///< -1: none

    void rename(qint64 id, const QString &name, std::function<void(QString why)> done);
    void setTags(qint64 id, const QStringList &tags);
    /// Hidden at once, removed from the project after some seconds unless restore() is called before.
    void removeLater(qint64 id);
    void restore(qint64 id);
    void removeHidden(); ///< at once, before the window closes

Q_SIGNALS:
    void changed();                 ///< runs, names, states, checkpoints
    void historyChanged(qint64 id);
    void overlaysChanged();

private:
    struct Known {
        std::int64_t pid = 0;
        RunState state = RunState::Running;
        qint64 lastStep = 0;
    };
    struct Read { // what a worker found out about one run
        Run run;
        bool whole = false;
        RunHistory history;          // where whole
        std::vector<Metric> metrics; // where not
        std::vector<CheckpointInfo> checkpoints;
    };
    struct Answer {
        std::vector<Read> runs;
        QHash<qint64, QByteArray> validationRows; // by snapshot: a hash over its validation rows
        qint64 baseline = 0;
    };
    struct Question {
        QHash<qint64, Known> known;
        QSet<qint64> whole;
        QSet<qint64> snapshots; // whose validation rows are known
    };
    static Result<Answer> readAll(Project &project, const Question &question);
    static Result<Read> readRun(Project &project, const Run &run, std::optional<Known> known);
    void take(Answer answer, bool afterEnd);
    RunPhase phaseOf(const RunEntry &entry) const;
    void updatePhases();
    void setIds(const QList<qint64> &ids);
    void edit(std::function<Result<void>(Project &)> change, std::function<void(QString)> done = {});

    Session &m_session;
    QHash<qint64, RunEntry> m_entries;
    QList<qint64> m_ids;
    QHash<qint64, int> m_slots;
    QSet<qint64> m_hidden;
    QSet<qint64> m_reload;
    QHash<qint64, QByteArray> m_validationRows;
    QTimer m_clock;
    qint64 m_baseline = 0;
    qint64 m_ownRun = 0;
    qint64 m_paused = 0;
    bool m_ownEnded = false;
    bool m_loaded = false;
    bool m_reading = false;
    bool m_readAgain = false;
    QSet<qint64> m_polling;
    QSet<qint64> m_pollAgain;
};

} // namespace attune::ui
