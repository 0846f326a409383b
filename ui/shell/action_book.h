#pragma once

#include "ui/session/workspace.h"

#include <QHash>
#include <QKeySequence>
#include <QMap>
#include <QObject>
#include <QPointer>

#include <functional>

class QActionGroup;
class QMenu;
class QMenuBar;

namespace attune::ui {

/// An action as menus and palette list it.
struct BookedAction {
    QPointer<QAction> action;
    Menu menu = Menu::File;
    QString workspace; ///< the title of the only place where it is enabled; empty: everywhere
    QString why;       ///< it is disabled, unless its "why" property says it better
    const Workspace *home = nullptr; ///< whose it is; null: the shell's
};

/// Every action of the program: it fills the menus and knows what is enabled where.
class ActionBook final : public QObject {
    Q_OBJECT
public:
    /// Shortcuts work all over `window`, also while the menus are folded away.
    ActionBook(QWidget &window, QMenuBar &menuBar);

    /// One of the shell's own.
    QAction *add(Menu menu, const char *name, const QString &text, const QKeySequence &key,
                 std::function<void()> act);
    /// One that belongs to somebody else, enabled everywhere.
    void addShown(Menu menu, QAction &action);
    QMenu *addMenu(Menu menu, const QString &title);
    void addSeparator(Menu menu);
    /// An action's property "submenu" names a menu inside its menu where it stands, "menuGroup" a number: lower
    /// groups come first, with a line between them. View, where every page adds its own, has a menu for each inside.
    /// `show` is called after an action that is enabled everywhere was triggered from elsewhere.
    void addWorkspace(Workspace &workspace, std::function<void()> show);
    void removeWorkspaces();
    void setCurrent(const Workspace *workspace);

    QList<BookedAction> actions() const;
    /// Why an action is disabled; empty where it is enabled or nothing better than "not now" is known.
    QString whyDisabled(const BookedAction &booked) const;
    static QString plainText(const QAction &action); ///< without & and …
    QMenu *menu(Menu menu) const { return m_menus.value(menu); }
    static QString title(Menu menu);

    /// Gives an action another key, kept in the preferences. Returns the text of the action that holds the key
    /// already, where both would be enabled at once; then nothing is changed.
    QString setKey(QAction &action, const QKeySequence &key);
    QKeySequence ownKey(const QAction &action) const;

private:
    struct Place {
        const Workspace *workspace = nullptr;
        QActionGroup *group = nullptr;
        QList<QActionGroup *> inner; ///< groups that some of its actions were in already
    };
    void book(QAction &action, Menu menu, const QString &workspace, const QString &why, const Workspace *home);
    void showMenus();
    QMenu *innerMenu(QMenu &outer, const QString &title);
    void lendKeys(const Workspace *workspace);
    QWidget &m_window;
    QMap<Menu, QMenu *> m_menus;
    QList<BookedAction> m_actions;
    QList<Place> m_places;
    QList<QPointer<QAction>> m_separators; ///< of the workspaces
    QHash<QPair<const QMenu *, QString>, QPointer<QMenu>> m_inner; ///< menus inside menus that workspaces asked for
    QHash<const QAction *, QKeySequence> m_ownKeys;
    QList<QPair<QPointer<QAction>, QList<QKeySequence>>> m_lentKeys;
};

} // namespace attune::ui
