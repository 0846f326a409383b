#pragma once

#include "ui/session/workspace.h"

#include <QAction>
#include <QObject>

#include <array>

namespace attune::ui {

/// The actions of the editor with their keys. Single letters are window shortcuts: a text field with the keyboard
/// takes them first, everywhere else they act. Keys that mean something only inside the editor act only there.
class EditorKeys final : public QObject {
    Q_OBJECT
public:
    enum Key {
        Approve, Reject, Flag, Rate1, Rate2, Rate3, Rate4, Rate5, Edit, Undo, Previous, Next, SetSplit, Tag, Note,
        Duplicate, VersionBack, VersionForward, ApproveNext, Done, Snippet, TurnUp, TurnDown, SplitTurn, JoinTurn,
        AddUser, AddAnswer, AddSystem, RemoveTurn, TrimQuotes, Versions, Snippets, FocusMode, FoldTokens,
        Count
    };
    explicit EditorKeys(QWidget *editor);
    QAction *operator[](Key key) const { return m_actions[key]; }
    QList<WorkspaceAction> list() const;
    void forReadingOnly(const QString &why); ///< those that change a row are off for good

private:
    static bool changes(Key key);
    std::array<QAction *, Count> m_actions{};
    QString m_why;
};

} // namespace attune::ui
