#pragma once

#include "ui/train/run_book.h"

#include <QWidget>

class QLabel;
class QMenu;
class QProgressBar;
class QSplitter;
class QStackedWidget;

namespace attune::ui {

class Badge;
class EmptyState;
class IconButton;
class InlineNotice;
class KeyButton;
class LossChart;
class PanelHeader;
class RunTabs;
class SmallPlots;
class TrainingJob;

/// One run in front: how far it is, its curves, its samples and log. All of it comes from the project file, so a run
/// of another process looks the same.
class MonitorPanel final : public QWidget {
    Q_OBJECT
public:
    enum class Stop { Pause, AfterStep, AtValidation, Discard };
    MonitorPanel(Session &session, RunBook &book, TrainingJob &job, QWidget *parent = nullptr);

    void setRun(qint64 id); ///< 0: none
    qint64 run() const { return m_run; }
    LossChart *chart() const { return m_chart; }
    SmallPlots *smallPlots() const { return m_small; }
    RunTabs *tabs() const { return m_tabs; }
    EmptyState *emptyState() const { return m_empty; }
    QMenu *menu() const { return m_menu; } ///< filled by the workspace
    void setNarrow(bool narrow);
    void setShort(bool low); ///< the small plots stand in a tab, and the rest is lower
    void setEmpty(bool empty); ///< no run at all
    /// What kept a run from going on, above its curve, where the project says nothing of it; empty: nothing.
    void showTrouble(qint64 run, const QString &why);
    QString stateText() const; ///< "running, 412 of 640"

protected:
    void resizeEvent(QResizeEvent *event) override;

Q_SIGNALS:
    void stopWanted(attune::ui::MonitorPanel::Stop how);
    void resumeWanted(qint64 run);
    void startLikeWanted(qint64 run);
    void compareWanted(qint64 run);
    void showRowsWanted(const QString &search);
    void menuWanted();

private:
    void makeHead();
    void update();
    void updatePreparing();
    void fit();
    void fitHead();
    void updateFailure(const RunEntry &entry);
    Session &m_session;
    RunBook &m_book;
    TrainingJob &m_job;
    qint64 m_run = 0;
    qint64 m_troubled = 0;
    QString m_trouble;
    PanelHeader *m_head;
    Badge *m_badge;
    QProgressBar *m_bar;
    QLabel *m_step;
    QLabel *m_left;
    KeyButton *m_resume;
    KeyButton *m_compare;
    KeyButton *m_pause;
    KeyButton *m_stop;
    QMenu *m_menu;
    InlineNotice *m_failure;
    QStackedWidget *m_stack;
    QSplitter *m_parts = nullptr;
    QWidget *m_curves = nullptr;
    bool m_narrow = false;
    bool m_short = false;
    QString m_fitted; ///< what the head was fitted for
    bool m_barWanted = false; ///< there is progress to show
    EmptyState *m_empty;
    LossChart *m_chart;
    SmallPlots *m_small;
    RunTabs *m_tabs;
};

} // namespace attune::ui
