#include "ui/shell/action_book.h"

#include "ui/shell/preferences.h"

#include <QActionGroup>
#include <QMenu>
#include <QMenuBar>

#include <algorithm>
#include <utility>

namespace attune::ui {

namespace {

/// With the letter that opens it with Alt; no two have the same.
QString titleWithKey(Menu menu)
{
    const QString title = ActionBook::title(menu);
    return menu == Menu::Run ? QString(title).insert(1, '&') : '&' + title;
}

QMenu *addInside(QMenu &outer, const QString &title)
{
    QMenu *inner = outer.addMenu(title);
    inner->setAccessibleName(title);
    return inner;
}

constexpr Menu AllMenus[] = {Menu::File, Menu::Edit, Menu::View, Menu::Row, Menu::Run, Menu::Model, Menu::Help};

} // namespace

QString ActionBook::title(Menu menu)
{
    switch (menu) {
    case Menu::File:
        return tr("File");
    case Menu::Edit:
        return tr("Edit");
    case Menu::View:
        return tr("View");
    case Menu::Row:
        return tr("Row");
    case Menu::Run:
        return tr("Run");
    case Menu::Model:
        return tr("Model");
    case Menu::Help:
        return tr("Help");
    }
    return {};
}

ActionBook::ActionBook(QWidget &window, QMenuBar &menuBar) : QObject(&window), m_window(window)
{
    for (const Menu menu : AllMenus) {
        QMenu *shown = menuBar.addMenu(titleWithKey(menu));
        shown->setObjectName("menu" + title(menu));
        shown->setAccessibleName(title(menu));
        shown->setToolTipsVisible(true);
        m_menus.insert(menu, shown);
    }
    showMenus();
}

QAction *ActionBook::add(Menu menu, const char *name, const QString &text, const QKeySequence &key,
                         std::function<void()> act)
{
    auto *action = new QAction(text, this);
    action->setObjectName(QString::fromLatin1(name));
    action->setShortcut(key);
    connect(action, &QAction::triggered, this, [act = std::move(act)] { act(); });
    addShown(menu, *action);
    return action;
}

void ActionBook::addShown(Menu menu, QAction &action)
{
    m_menus.value(menu)->addAction(&action);
    book(action, menu, {}, {}, nullptr);
    showMenus();
}

QMenu *ActionBook::addMenu(Menu menu, const QString &title)
{
    return addInside(*m_menus.value(menu), title);
}

void ActionBook::addSeparator(Menu menu)
{
    m_menus.value(menu)->addSeparator();
}

void ActionBook::book(QAction &action, Menu menu, const QString &workspace, const QString &why, const Workspace *home)
{
    // A key that acts only inside a panel stays there: on the window it would act everywhere, and clash with others.
    if (action.shortcutContext() != Qt::WidgetShortcut && action.shortcutContext() != Qt::WidgetWithChildrenShortcut)
        m_window.addAction(&action);
    m_actions.append({&action, menu, workspace, why, home});
    m_ownKeys.insert(&action, action.shortcut());
    const QString key = action.objectName().isEmpty() ? QString() : Preferences().key(action.objectName());
    if (!key.isEmpty())
        action.setShortcut(key == "-" ? QKeySequence() : QKeySequence(key, QKeySequence::PortableText));
}

void ActionBook::addWorkspace(Workspace &workspace, std::function<void()> show)
{
    Place place;
    place.workspace = &workspace;
    // A group that is disabled disables its actions, and gives each its own state back when it is enabled again.
    place.group = new QActionGroup(this);
    place.group->setExclusionPolicy(QActionGroup::ExclusionPolicy::None);
    QList<WorkspaceAction> all = workspace.workspaceActions();
    all.removeIf([](const WorkspaceAction &one) { return !one.action; });
    const auto groupOf = [](const WorkspaceAction &one) { return one.action->property("menuGroup").toInt(); };
    std::stable_sort(all.begin(), all.end(),
                     [&](const WorkspaceAction &a, const WorkspaceAction &b) { return groupOf(a) < groupOf(b); });
    QHash<Menu, int> begun; // with which group
    for (const WorkspaceAction &one : all) {
        QMenu *menu = one.menu == Menu::View
                          ? innerMenu(*m_menus.value(Menu::View), tr("In %1").arg(workspace.title()))
                          : m_menus.value(one.menu);
        if (!begun.contains(one.menu) || begun.value(one.menu) != groupOf(one)) {
            begun.insert(one.menu, groupOf(one));
            if (!menu->isEmpty())
                m_separators.append(menu->addSeparator());
        }
        const QString submenu = one.action->property("submenu").toString();
        (submenu.isEmpty() ? menu : innerMenu(*menu, submenu))->addAction(one.action);
        if (one.everywhere) {
            connect(one.action, &QAction::triggered, this, show);
        } else if (QActionGroup *inner = one.action->actionGroup()) {
            if (!place.inner.contains(inner))
                place.inner.append(inner);
        } else {
            place.group->addAction(one.action);
        }
        book(*one.action, one.menu, one.everywhere ? QString() : workspace.title(), one.whyDisabled, &workspace);
    }
    m_places.append(place);
    showMenus();
}

QMenu *ActionBook::innerMenu(QMenu &outer, const QString &title)
{
    QPointer<QMenu> &inner = m_inner[{&outer, title}];
    if (!inner) {
        inner = addInside(outer, title);
        inner->setToolTipsVisible(true);
    }
    return inner;
}

void ActionBook::removeWorkspaces()
{
    for (const Place &place : m_places)
        delete place.group;
    m_places.clear();
    m_lentKeys.clear();
    for (const auto &separator : m_separators)
        delete separator;
    m_separators.clear();
    for (const auto &inner : std::as_const(m_inner))
        delete inner.data(); // with the menus inside it
    m_inner.clear();
    m_actions.removeIf([](const BookedAction &booked) { return !booked.action; });
    QHash<const QAction *, QKeySequence> kept;
    for (const BookedAction &booked : m_actions)
        kept.insert(booked.action, m_ownKeys.value(booked.action));
    m_ownKeys = kept;
    showMenus();
}

void ActionBook::setCurrent(const Workspace *workspace)
{
    for (const Place &place : m_places) {
        const bool on = place.workspace == workspace;
        place.group->setEnabled(on);
        for (QActionGroup *inner : place.inner)
            inner->setEnabled(on);
    }
    lendKeys(workspace);
}

/// A key that two workspaces share belongs to the one that is shown: an action that is enabled everywhere goes
/// without while another page has an action of its own for it.
void ActionBook::lendKeys(const Workspace *workspace)
{
    for (const auto &[action, keys] : std::as_const(m_lentKeys))
        if (action)
            action->setShortcuts(keys);
    m_lentKeys.clear();
    for (const BookedAction &guest : actions()) {
        if (!guest.home || guest.home == workspace || !guest.workspace.isEmpty())
            continue;
        const QList<QKeySequence> keys = guest.action->shortcuts();
        const bool wanted = std::any_of(m_actions.begin(), m_actions.end(), [&](const BookedAction &own) {
            return own.action && own.home == workspace && workspace &&
                   std::any_of(keys.begin(), keys.end(),
                               [&](const QKeySequence &key) { return own.action->shortcuts().contains(key); });
        });
        if (!wanted)
            continue;
        m_lentKeys.append({guest.action, keys});
        guest.action->setShortcuts(QList<QKeySequence>());
    }
}

/// A menu without entries is not shown: nothing in the window is dead.
void ActionBook::showMenus()
{
    for (QMenu *menu : m_menus)
        menu->menuAction()->setVisible(!menu->isEmpty());
}

QList<BookedAction> ActionBook::actions() const
{
    QList<BookedAction> live;
    std::copy_if(m_actions.begin(), m_actions.end(), std::back_inserter(live),
                 [](const BookedAction &booked) { return booked.action && booked.action->isVisible(); });
    return live;
}

QString ActionBook::whyDisabled(const BookedAction &booked) const
{
    if (!booked.action || booked.action->isEnabled())
        return {};
    if (!booked.workspace.isEmpty()) {
        const auto place = std::find_if(m_places.begin(), m_places.end(), [&](const Place &p) {
            return p.workspace->title() == booked.workspace;
        });
        if (place != m_places.end() && !place->group->isEnabled())
            return tr("in %1").arg(booked.workspace);
    }
    const QString said = booked.action->property("why").toString();
    return !said.isEmpty() ? said : booked.why;
}

QString ActionBook::plainText(const QAction &action)
{
    QString text = action.text();
    text.remove('&');
    return text;
}

QKeySequence ActionBook::ownKey(const QAction &action) const
{
    return m_ownKeys.value(&action, action.shortcut());
}

QString ActionBook::setKey(QAction &action, const QKeySequence &key)
{
    const auto self = std::find_if(m_actions.begin(), m_actions.end(),
                                   [&](const BookedAction &booked) { return booked.action == &action; });
    for (const BookedAction &other : m_actions) {
        if (key.isEmpty() || !other.action || other.action == &action || self == m_actions.end())
            continue;
        const bool guest = self->workspace.isEmpty() && self->home != nullptr; // it goes without, see lendKeys()
        const bool together =
            !guest && (other.workspace.isEmpty() || self->workspace.isEmpty() || other.workspace == self->workspace);
        if (together && other.action->shortcuts().contains(key))
            return plainText(*other.action);
    }
    action.setShortcut(key);
    if (!action.objectName().isEmpty())
        Preferences().setKey(action.objectName(), key == ownKey(action) ? QString()
                                                  : key.isEmpty()       ? QStringLiteral("-")
                                                                        : key.toString(QKeySequence::PortableText));
    return {};
}

} // namespace attune::ui
