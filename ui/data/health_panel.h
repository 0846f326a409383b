#pragma once

#include "core/studio/health.h"
#include "ui/data/side_panel.h"
#include "ui/session/session.h"

class QGridLayout;
class QLabel;

namespace attune::ui {

class HealthReview;
class InlineNotice;
class KeyButton;

/// The ledger of what is wrong: each kind with its count, a filter that shows its rows, and a fix where one exists.
/// Duplicates and leaks are reviewed two rows side by side, in the same place.
class HealthPanel final : public SidePanel {
    Q_OBJECT
public:
    explicit HealthPanel(Session &session, QWidget *parent = nullptr);
    void opened() override;
    void refresh();
    void setChecking(bool checking); ///< a check runs in the background
    void setReport(const HealthReport &report);
    bool loaded() const { return m_loaded; }
    HealthReview *review() const { return m_review; }
    void reviewKind(ProblemKind kind);

Q_SIGNALS:
    void checkAsked();
    void showAsked(int problemKind);      ///< filter the list by it
    void showRowsAsked(QList<qint64> ids, const QString &words);

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void rebuild(const FacetCounts &counts);
    void showChecked();
    void addLine(ProblemKind kind, std::int64_t rows);
    void fix(ProblemKind kind);
    void stateOfAll(ProblemKind kind, LabelState state);
    void moveLeaks();
    void mergeEqual();

    Session &m_session;
    KeyButton *m_check;
    QWidget *m_ledger;
    QLabel *m_summary;
    QGridLayout *m_lines;
    HealthReview *m_review;
    bool m_loaded = false;
    bool m_checking = false;
    int m_line = 0; ///< of the grid, the next free one
    bool m_narrow = false; ///< what a problem means stands below its line
    std::int64_t m_checked = -1; ///< rows, by the last report
    std::int64_t m_tokensOf = 0;
    FacetCounts m_counts;
    std::int64_t m_longest = 0;
};

} // namespace attune::ui
