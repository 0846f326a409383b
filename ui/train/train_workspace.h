#pragma once

#include "ui/session/session.h"
#include "ui/session/workspace.h"
#include "ui/train/monitor_panel.h"
#include "ui/train/training_job.h"

#include <QPointer>

class QSplitter;
class QStackedWidget;

namespace attune::ui {

class DifferencesPanel;
class NewRunForm;
class RunBook;
class RunsPanel;

/// Starts runs and watches them: the list at the left, one run in the middle, at the right the form of the next run
/// or the differences of the overlaid ones.
class TrainWorkspace final : public Workspace {
    Q_OBJECT
public:
    explicit TrainWorkspace(Session &session, QWidget *parent = nullptr);
    ~TrainWorkspace() override;

    QString id() const override { return QStringLiteral("train"); }
    QString title() const override { return tr("Train"); }
    const char *iconName() const override { return "train"; }
    QList<WorkspaceAction> workspaceActions() override;
    QList<TourState> tourStates() override;
    QWidget *searchField() override;
    QList<QWidget *> regions() override;
    void shown() override;
    void aboutToClose() override;
    QString busyText() const override;
    void stopForClose(std::function<void()> done) override;
    /// Of the narrowest arrangement, whichever is shown: the wide one may not keep the window from being made narrow.
    QSize minimumSizeHint() const override;
    void open(const QVariantMap &with) override; ///< run=14, new=true, stop=true

    RunBook &book() { return *m_book; }
    TrainingJob &job() { return *m_job; }
    NewRunForm *form() const { return m_form; }
    MonitorPanel *monitor() const { return m_monitor; }
    RunsPanel *runsPanel() const { return m_runs; }
    DifferencesPanel *differences() const { return m_differences; }

protected:
    void resizeEvent(QResizeEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    enum Wanted {
        NewRun,
        AllSettings,
        Start,
        PauseRun,
        StopRun,
        Resume,
        Rename,
        Tag,
        Pin,
        Overlay,
        StartLike,
        Compare,
        Export,
        CopyCommand,
        Remove,
        SavePlot,
        AsTable,
        ResetZoom,
        Search,
        WantedCount
    };
    void makeActions();
    void fillMenus();
    QAction *addAction(Wanted which, const char *name, const QString &text, const QKeySequence &key = {});
    void connectPanels();
    void connectJob();
    void updateActions();
    void updateEmpty();
    void updateMark();
    void arrange();
    void fit();
    void makeStrip();
    void showRuns(bool shown);

    void showForm(bool shown);
    bool formShown() const;
    void startRun(const TrainRequest &request);
    void resumeRun(qint64 id);
    void stopRun(MonitorPanel::Stop how);
    void runEnded(qint64 id, const Result<TrainOutcome> &outcome);
    void offerCutOffRuns();
    void selectRun(qint64 id);
    void compareRun(qint64 id, const QString &checkpoint);
    void exportRun(qint64 id, const QString &checkpoint);
    void removeRun(qint64 id);
    void tagRun(qint64 id);
    qint64 current() const;

    Session &m_session;
    RunBook *m_book;
    TrainingJob *m_job;
    RunsPanel *m_runs;
    MonitorPanel *m_monitor;
    DifferencesPanel *m_differences;
    NewRunForm *m_form;
    class InlineNotice *m_notice;
    QSplitter *m_splitter;
    QStackedWidget *m_right;
    QAction *m_actions[WantedCount] = {};
    QString m_mark;
    bool m_visible = false;       ///< the page is the one that is shown
    bool m_offered = false;       ///< cut-off runs were looked for
    bool m_pausing = false;       ///< the run that stops is to go on soon
    bool m_discard = false;       ///< the run that stops is to be removed
    bool m_followOwn = false;     ///< bring the run that begins to the front
    bool m_narrow = false;
    bool m_tiny = false;          ///< the list of runs lies over the monitor when it is asked for
    QWidget *m_strip = nullptr;   ///< stands for it then
    std::optional<bool> m_wantsForm; ///< none: by whether there are runs
    std::function<void()> m_whenStopped;
};

} // namespace attune::ui
