#pragma once

#include "ui/data/bulk_edit.h"
#include "ui/data/find_replace_text.h"
#include "ui/data/side_panel.h"
#include "ui/session/session.h"

class QCheckBox;
class QLineEdit;
class QListWidget;
class QTextBrowser;
class QTimer;

namespace attune::ui {

class InlineNotice;
class KeyButton;
class SegmentedControl;

/// Find and replace over rows, with every change shown before it is made. All of it is one step that can be undone.
class FindReplacePanel final : public SidePanel {
    Q_OBJECT
public:
    explicit FindReplacePanel(Session &session, QWidget *parent = nullptr);
    ~FindReplacePanel() override;
    void opened() override;
    /// Which rows: those that are listed, or, where more than one is selected, those.
    void setRows(Ids listed, Ids selected);
    bool searching() const { return m_cancel != nullptr; }
    std::int64_t found() const { return static_cast<std::int64_t>(m_found.rows); } ///< rows, by the last search

Q_SIGNALS:
    void rowAsked(qint64 id);

private:
    void search();
    void showFound();
    void showRow();
    void replaceAll();
    ReplaceOptions options() const;
    const Ids &rows() const;

    Session &m_session;
    Ids m_listed;
    Ids m_selected;
    ReplaceFound m_found;
    CancelFlag m_cancel; ///< of the search that runs
    QTimer *m_typing;
    QLineEdit *m_find;
    QLineEdit *m_replace;
    QCheckBox *m_regex;
    QCheckBox *m_case;
    SegmentedControl *m_where;
    SegmentedControl *m_scope;
    InlineNotice *m_error;
    QListWidget *m_list;
    QTextBrowser *m_text;
    KeyButton *m_apply;
};

} // namespace attune::ui
