#pragma once

#include "core/studio/training_run.h"
#include "ui/session/session.h"
#include "ui/train/run_draft.h"
#include "ui/train/start_checks.h"

#include <QTimer>
#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QScrollArea;
class QStackedWidget;
class QVBoxLayout;

namespace attune::ui {

class AdapterChoice;
class KeyButton;
class MemorySection;
class PanelHeader;
class RunBook;
class RunPlanner;
class SegmentedControl;
class SettingField;
class SplitBar;
struct RunEntry;

/// What the next run is: a Simple view with what matters, an Advanced one with every setting of the table; one draft
/// behind both.
class NewRunForm final : public QWidget {
    Q_OBJECT
public:
    NewRunForm(Session &session, RunBook &book, QWidget *parent = nullptr);

    RunDraft &draft() { return m_draft; }
    void startLike(const RunEntry &entry); ///< its settings and base
    void setAdvanced(bool advanced);
    bool isReady() const { return m_ready; } ///< what it needs to know is known
    bool memoryKnown() const; ///< or not asked for
    /// Why Start is off; empty: it is on.
    QString whyOff() const;
    TrainRequest request() const;
    void start(); ///< sends startWanted() where nothing stands in the way
    void setBusy(const QString &why); ///< another run trains: why Start waits; empty: none
    /// What kept the last start from a run of its own; until something is changed or started.
    void showFailure(const QString &why);
    SettingField *field(const QString &key); ///< of the advanced view
    QWidget *firstField() const;

Q_SIGNALS:
    void startWanted(const attune::TrainRequest &request);
    void closeWanted();
    void goTo(const QString &workspace, const QVariantMap &with);
    void readyChanged();

protected:
    void paintEvent(QPaintEvent *event) override;
    void showEvent(QShowEvent *event) override;

private:
    void makeSimple(QVBoxLayout *layout);
    void needAdvanced(); ///< the view with every setting is made when it is first wanted
    QWidget *makeAdvanced();
    QWidget *makeFoot();
    void readFacts();
    void takeFacts(StartFacts facts);
    void update();          // everything that follows from draft and facts
    void updateChanges();
    void updateStart();
    void updateReason(const QString &whyOff);
    void updateLength();
    void askPlan();
    void takePlan();
    void filter(const QString &words);
    void fillModels();
    void setStrength(int index);
    void takeShape(const LoraConfig &shape);
    void leaveShape();
    SettingField *addSimple(const QString &key, const QList<QWidget *> &beside);

    Session &m_session;
    RunBook &m_book;
    RunDraft m_draft;
    StartFacts m_facts;
    bool m_ready = false;
    QString m_busy;
    QString m_failure;
    qint64 m_like = 0;
    QTimer m_readSoon;
    RunPlanner *m_planner;

    PanelHeader *m_header;
    SegmentedControl *m_view;
    QStackedWidget *m_stack;
    QComboBox *m_model;
    AdapterChoice *m_adapter;
    SplitBar *m_split;
    QLabel *m_rows;
    SegmentedControl *m_strength;
    QLabel *m_length;
    QLabel *m_cut;
    KeyButton *m_showCut;
    QLabel *m_schedule;
    QCheckBox *m_early;
    QLineEdit *m_name;
    QWidget *m_changes;
    QVBoxLayout *m_changeRows;
    QLabel *m_changesTitle;
    QString m_shownChanges; ///< what the list says, so that it is not made anew for nothing
    MemorySection *m_memory;
    QWidget *m_memoryLine; ///< below it
    StartCheckList *m_checks;
    QLineEdit *m_search = nullptr; ///< of the advanced view, as is what follows
    QList<SettingField *> m_fields;
    QList<QPair<QWidget *, QList<SettingField *>>> m_groups;
    QLabel *m_nothing = nullptr;
    QLabel *m_reason;
    KeyButton *m_start;
};

} // namespace attune::ui
