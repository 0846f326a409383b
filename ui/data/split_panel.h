#pragma once

#include "ui/data/side_panel.h"
#include "ui/data/split_plan.h"
#include "ui/session/session.h"

class QComboBox;
class QLabel;
class QSpinBox;

namespace attune::ui {

class InlineNotice;
class KeyButton;
class SplitBar;

/// How rows are divided into train, validation and test. Rows that have a part keep it; only dividing all anew moves
/// them, and one undo takes that back.
class SplitPanel final : public SidePanel {
    Q_OBJECT
public:
    explicit SplitPanel(Session &session, QWidget *parent = nullptr);
    void opened() override;
    bool loaded() const { return m_loaded; }
    void splitNow(); ///< gives a part to the rows that have none

Q_SIGNALS:
    void leaksAsked();

private:
    struct State;
    void reload();
    void showState(const State &state);
    void runSplit(bool anew);
    SplitPlan chosen() const;
    void validate();

    Session &m_session;
    bool m_loaded = false;
    std::int64_t m_withoutPart = 0;
    SplitBar *m_bar;
    QLabel *m_counts;
    QSpinBox *m_validation;
    QSpinBox *m_test;
    QSpinBox *m_seed;
    QComboBox *m_group;
    QComboBox *m_stratify;
    InlineNotice *m_error;
    InlineNotice *m_leaks;
    KeyButton *m_split;
    KeyButton *m_anew;
};

} // namespace attune::ui
