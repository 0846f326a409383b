#pragma once

#include "core/studio/split_plan.h"
#include "ui/data/import_wizard_side.h"
#include "ui/session/session.h"

#include <QWidget>

#include <optional>

class QButtonGroup;
class QLabel;
class QLineEdit;
class QProgressBar;
class QStackedWidget;
class QTimer;

namespace attune::ui {

class AutoTextEdit;
class Badge;
class EmptyState;
class ImportColumns;
class ImportProblems;
class ImportRowView;
class ImportSplitView;
class InlineNotice;
class KeyButton;
class PanelHeader;
class SegmentedControl;

/// Files or pasted text on their way into the project: what they are, what is in which column, what is wrong with
/// them, and which part they go to. Until Import is pressed nothing is written; the whole import is one step of undo.
class ImportWizard final : public QWidget {
    Q_OBJECT
public:
    explicit ImportWizard(Session &session, QWidget *parent = nullptr);
    ~ImportWizard() override;

    void begin(const QStringList &files); ///< none: asks for them on its first step
    /// Takes more files in, where it is open already.
    void addFiles(const QStringList &files);
    void beginPasted(const QString &text);

    bool checking() const { return m_checkJob != 0 || m_waiting; } ///< the counts are on their way
    bool importing() const { return m_importJob != 0; }
    const CheckedImport *checked() const { return m_checked ? &*m_checked : nullptr; }
    ImportStep step() const { return m_step; }
    void setStep(ImportStep step);

Q_SIGNALS:
    void closed();

protected:
    bool event(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void build();
    QWidget *buildFiles();
    QWidget *buildColumns();
    QWidget *buildSplit();
    QWidget *buildFooter();
    void reset();
    void cancel();
    void chooseFiles();
    void removeSource(int source);
    void changed(int pause = 0); ///< something was chosen: check anew, after `pause` ms
    void check();
    void takeChecked(Result<CheckedImport> checked);
    void showChecked();
    void showRow(int row);
    void showFooter();
    void showSplitChoices();
    void showParts();
    QString countWords() const;
    void showProgress();
    void startImport();
    void takeReport(Result<ImportReport> report);
    bool canImport() const;

    Session &m_session;
    ImportChoice m_choice;
    std::optional<CheckedImport> m_checked;
    SplitPlan m_plan;
    ImportStep m_step = ImportStep::Files;
    int m_row = 0;
    int m_checkJob = 0;
    int m_importJob = 0;
    quint64 m_checkNumber = 0;
    bool m_waiting = false;
    bool m_jumpToColumns = false;

    QTimer *m_pause;
    ImportSide *m_side;
    PanelHeader *m_header;
    Badge *m_guess;
    InlineNotice *m_notice;
    QStackedWidget *m_pages;
    EmptyState *m_drop;
    QLabel *m_guesses;
    ImportColumns *m_columns;
    SegmentedControl *m_rawChoice;
    QLabel *m_shown;
    QWidget *m_templateLine;
    AutoTextEdit *m_template;
    QLineEdit *m_system;
    ImportProblems *m_problems;
    QButtonGroup *m_split;
    ImportSplitView *m_parts;
    QLabel *m_splitWhy;
    QLabel *m_counts;
    QProgressBar *m_progress;
    KeyButton *m_cancel;
    KeyButton *m_back;
    KeyButton *m_next;
    KeyButton *m_import;
    ImportRowView *m_rowView;
};

} // namespace attune::ui
