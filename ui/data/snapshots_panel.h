#pragma once

#include "core/store/labelling.h"
#include "ui/data/side_panel.h"
#include "ui/session/session.h"
#include "ui/widgets/word_diff.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QTextBrowser;

namespace attune::ui {

class EmptyState;
class KeyButton;
class SegmentedControl;

/// Versions of the whole data: taken by name, compared two by two, restored as one step that can be undone.
class SnapshotsPanel final : public SidePanel {
    Q_OBJECT
public:
    explicit SnapshotsPanel(Session &session, QWidget *parent = nullptr);
    void opened() override;
    void askForName(); ///< the cursor goes into the name of a new version
    bool loaded() const { return m_loaded && !m_comparing; }
    void compare(std::int64_t from, std::int64_t to); ///< 0: the rows as they are

Q_SIGNALS:
    void rowAsked(qint64 id);

private:
    void reload();
    void fill(const std::vector<SnapshotInfo> &snapshots);
    void take();
    void rename();
    void restore();
    void showChanges();
    void showChange();
    std::int64_t chosen() const; ///< snapshot under the cursor; 0: none

    Session &m_session;
    std::vector<SnapshotInfo> m_snapshots;
    std::vector<SnapshotChange> m_changes;
    std::vector<std::size_t> m_shown; ///< changes of the chosen kind
    bool m_loaded = false;
    bool m_comparing = false;
    QLineEdit *m_name;
    KeyButton *m_take;
    QListWidget *m_list;
    KeyButton *m_rename;
    KeyButton *m_restore;
    QComboBox *m_from;
    QComboBox *m_to;
    SegmentedControl *m_kinds;
    QListWidget *m_changeList;
    QLabel *m_changeTitle;
    QTextBrowser *m_text;
    QWidget *m_kept; ///< what there is to see once a version is kept
    EmptyState *m_none;
};

} // namespace attune::ui
