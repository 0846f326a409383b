#pragma once

#include "ui/data/import_wizard_plan.h"

#include <QFrame>
#include <QWidget>

class QLabel;
class QScrollArea;
class QVBoxLayout;

namespace attune::ui {

class AutoTextEdit;
class EmptyState;
class KeyButton;
class SegmentedControl;

/// One rejected record as it stands in the file, to mend in place.
class RecordMender final : public QFrame {
    Q_OBJECT
public:
    explicit RecordMender(QWidget *parent = nullptr);
    void edit(std::size_t source, const Reject &reject);

Q_SIGNALS:
    void mended(std::size_t source, std::int64_t record, const QString &text); ///< an empty text: leave it out
    void left();

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    void give();
    QLabel *m_title;
    QLabel *m_reason;
    AutoTextEdit *m_text;
    std::size_t m_source = 0;
    std::int64_t m_record = 0;
};

/// What a file has that does not come in, or not as it is written: file, line, what, how many, and a way to mend it.
class ImportProblems final : public QWidget {
    Q_OBJECT
public:
    explicit ImportProblems(QWidget *parent = nullptr);
    void show(const CheckedImport &checked, std::size_t mendedRecords);
    using QWidget::show;
    bool mending() const;
    void leaveMender();
    bool focusFirst(); ///< the first line that can be mended here; false: there is none

Q_SIGNALS:
    void mended(std::size_t source, std::int64_t record, const QString &text);
    void mendedForgotten();

private:
    void fill();
    void addLine(int row, const ImportProblem &problem);
    void addFix(int row, const ImportProblem &problem);
    void mend(std::size_t source, const Reject &reject);
    std::vector<ImportProblem> m_problems;
    QLabel *m_count;
    SegmentedControl *m_kinds;
    KeyButton *m_forget;
    EmptyState *m_none;
    QScrollArea *m_scroll;
    QWidget *m_list = nullptr;
    RecordMender *m_mender;
};

} // namespace attune::ui
