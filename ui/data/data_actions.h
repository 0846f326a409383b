#pragma once

#include "ui/session/workspace.h"

class QMenu;

namespace attune::ui {

class DataWorkspace;

/// The actions of the Data workspace beside the editor's: each has a name and stands in a menu, the frequent ones
/// have a key. Those of the rows' own menu are gathered in moreMenu().
class DataActions final {
public:
    explicit DataActions(DataWorkspace &workspace);
    const QList<WorkspaceAction> &list() const { return m_list; }
    QMenu *moreMenu() const { return m_more; }

private:
    QAction *add(Menu menu, const char *name, const QString &text, const QKeySequence &key,
                 const std::function<void()> &act);
    QAction *addWriting(Menu menu, const char *name, const QString &text, const QKeySequence &key,
                        const std::function<void()> &act);
    void addRows();
    void addFind();
    void addView();
    void addExports();
    void buildMore();
    QAction *named(const char *name) const;

    DataWorkspace &m_workspace;
    QList<WorkspaceAction> m_list;
    QMenu *m_more = nullptr;
};

} // namespace attune::ui
