#include "ui/data/editor_keys.h"

#include <QCoreApplication>

namespace attune::ui {

namespace {

struct Entry {
    EditorKeys::Key key;
    const char *name; ///< objectName, behind "row."
    const char *text;
    const char *shortcut;
    bool inside = false; ///< acts only while the keyboard is in the editor
};

constexpr Entry Entries[] = {
    {EditorKeys::Approve, "approve", QT_TRANSLATE_NOOP("EditorKeys", "Approve"), "A"},
    {EditorKeys::Reject, "reject", QT_TRANSLATE_NOOP("EditorKeys", "Reject"), "X"},
    {EditorKeys::Flag, "flag", QT_TRANSLATE_NOOP("EditorKeys", "Flag"), "F"},
    {EditorKeys::Rate1, "rate1", QT_TRANSLATE_NOOP("EditorKeys", "Rate 1"), "1"},
    {EditorKeys::Rate2, "rate2", QT_TRANSLATE_NOOP("EditorKeys", "Rate 2"), "2"},
    {EditorKeys::Rate3, "rate3", QT_TRANSLATE_NOOP("EditorKeys", "Rate 3"), "3"},
    {EditorKeys::Rate4, "rate4", QT_TRANSLATE_NOOP("EditorKeys", "Rate 4"), "4"},
    {EditorKeys::Rate5, "rate5", QT_TRANSLATE_NOOP("EditorKeys", "Rate 5"), "5"},
    {EditorKeys::Edit, "edit", QT_TRANSLATE_NOOP("EditorKeys", "Edit the answer"), "E"},
    {EditorKeys::Undo, "undo", QT_TRANSLATE_NOOP("EditorKeys", "Undo the last step"), "U"},
    {EditorKeys::Previous, "previous", QT_TRANSLATE_NOOP("EditorKeys", "Previous row"), "K"},
    {EditorKeys::Next, "next", QT_TRANSLATE_NOOP("EditorKeys", "Next row"), "J"},
    {EditorKeys::SetSplit, "split", QT_TRANSLATE_NOOP("EditorKeys", "Move to a split…"), "S"},
    {EditorKeys::Tag, "tag", QT_TRANSLATE_NOOP("EditorKeys", "Add a tag"), "T"},
    {EditorKeys::Note, "note", QT_TRANSLATE_NOOP("EditorKeys", "Write a note"), "N"},
    {EditorKeys::Duplicate, "duplicate", QT_TRANSLATE_NOOP("EditorKeys", "Duplicate row"), "D"},
    {EditorKeys::VersionBack, "versionBack", QT_TRANSLATE_NOOP("EditorKeys", "Previous version"), "["},
    {EditorKeys::VersionForward, "versionForward", QT_TRANSLATE_NOOP("EditorKeys", "Next version"), "]"},
    {EditorKeys::ApproveNext, "approveNext", QT_TRANSLATE_NOOP("EditorKeys", "Approve and go on"), "Ctrl+Return",
     true},
    {EditorKeys::Done, "done", QT_TRANSLATE_NOOP("EditorKeys", "Done typing"), "Esc", true},
    {EditorKeys::Snippet, "snippet", QT_TRANSLATE_NOOP("EditorKeys", "Insert a snippet…"), "Ctrl+J", true},
    {EditorKeys::TurnUp, "turnUp", QT_TRANSLATE_NOOP("EditorKeys", "Move turn up"), "Alt+Up", true},
    {EditorKeys::TurnDown, "turnDown", QT_TRANSLATE_NOOP("EditorKeys", "Move turn down"), "Alt+Down", true},
    {EditorKeys::SplitTurn, "splitTurn", QT_TRANSLATE_NOOP("EditorKeys", "Split turn at the cursor"),
     "Ctrl+Shift+Return", true},
    {EditorKeys::JoinTurn, "joinTurn", QT_TRANSLATE_NOOP("EditorKeys", "Merge turn with the next"), "Ctrl+Shift+J",
     true},
    {EditorKeys::AddUser, "addUser", QT_TRANSLATE_NOOP("EditorKeys", "Add a user turn"), ""},
    {EditorKeys::AddAnswer, "addAnswer", QT_TRANSLATE_NOOP("EditorKeys", "Add an answer"), ""},
    {EditorKeys::AddSystem, "addSystem", QT_TRANSLATE_NOOP("EditorKeys", "Add a system turn"), ""},
    {EditorKeys::RemoveTurn, "removeTurn", QT_TRANSLATE_NOOP("EditorKeys", "Delete turn"), ""},
    {EditorKeys::TrimQuotes, "trimQuotes", QT_TRANSLATE_NOOP("EditorKeys", "Trim quoted mail"), ""},
    {EditorKeys::Versions, "versions", QT_TRANSLATE_NOOP("EditorKeys", "Versions of the row"), ""},
    {EditorKeys::Snippets, "snippets", QT_TRANSLATE_NOOP("EditorKeys", "Edit snippets"), ""},
    {EditorKeys::FocusMode, "focusMode", QT_TRANSLATE_NOOP("EditorKeys", "Focus on one row"), "Z"},
    {EditorKeys::FoldTokens, "foldTokens", QT_TRANSLATE_NOOP("EditorKeys", "Show what the model will see"), ""},
};

} // namespace

EditorKeys::EditorKeys(QWidget *editor) : QObject(editor)
{
    for (const Entry &entry : Entries) {
        auto *action = new QAction(QCoreApplication::translate("EditorKeys", entry.text), this);
        action->setObjectName(QLatin1String("row.") + QLatin1String(entry.name));
        action->setShortcut(QKeySequence(QLatin1String(entry.shortcut)));
        action->setShortcutContext(entry.inside ? Qt::WidgetWithChildrenShortcut : Qt::WindowShortcut);
        editor->addAction(action);
        m_actions[entry.key] = action;
    }
    m_actions[ApproveNext]->setShortcuts({QKeySequence(QStringLiteral("Ctrl+Return")),
                                          QKeySequence(QStringLiteral("Ctrl+Enter"))});
    m_actions[FocusMode]->setCheckable(true);
    m_actions[FoldTokens]->setCheckable(true);
    m_actions[FoldTokens]->setChecked(true);
}

bool EditorKeys::changes(Key key)
{
    switch (key) {
    case Previous:
    case Next:
    case VersionBack:
    case VersionForward:
    case Done:
    case Versions:
    case FocusMode:
    case FoldTokens:
        return false;
    default:
        return true;
    }
}

void EditorKeys::forReadingOnly(const QString &why)
{
    m_why = why;
    for (int key = 0; key < Count; ++key) {
        if (!changes(static_cast<Key>(key)))
            continue;
        m_actions[static_cast<std::size_t>(key)]->setEnabled(false);
        m_actions[static_cast<std::size_t>(key)]->setProperty("why", why);
    }
}

QList<WorkspaceAction> EditorKeys::list() const
{
    QList<WorkspaceAction> all;
    for (int key = 0; key < Count; ++key)
        all.append({Menu::Row, m_actions[static_cast<std::size_t>(key)], false,
                    changes(static_cast<Key>(key)) ? m_why : QString()});
    return all;
}

} // namespace attune::ui
