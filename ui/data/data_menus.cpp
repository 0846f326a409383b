#include "ui/data/data_menus.h"

#include <QCoreApplication>
#include <QHash>

namespace attune::ui {

namespace {

struct Place {
    const char *action;
    int group = 0;
    const char *submenu = nullptr;
};

constexpr auto Rate = QT_TRANSLATE_NOOP("DataMenus", "Rate");
constexpr auto GoTo = QT_TRANSLATE_NOOP("DataMenus", "Go to");
constexpr auto Selected = QT_TRANSLATE_NOOP("DataMenus", "Selected rows");
constexpr auto Turn = QT_TRANSLATE_NOOP("DataMenus", "Turn");
constexpr auto Typing = QT_TRANSLATE_NOOP("DataMenus", "While typing");
constexpr auto Versions = QT_TRANSLATE_NOOP("DataMenus", "Versions");
constexpr auto Filter = QT_TRANSLATE_NOOP("DataMenus", "Filter");
constexpr auto Export = QT_TRANSLATE_NOOP("DataMenus", "Export rows");

// Of sixty actions a hand finds one only where they stand together by what they do.
constexpr Place Places[] = {
    {"data.new", 0},
    {"row.duplicate", 0},
    {"data.delete", 0},
    {"row.approve", 1},
    {"row.reject", 1},
    {"row.flag", 1},
    {"data.toLabel", 1},
    {"row.rate1", 1, Rate},
    {"row.rate2", 1, Rate},
    {"row.rate3", 1, Rate},
    {"row.rate4", 1, Rate},
    {"row.rate5", 1, Rate},
    {"row.undo", 1},
    {"row.edit", 2},
    {"row.note", 2},
    {"row.tag", 2},
    {"row.split", 2},
    {"row.trimQuotes", 2},
    {"row.addUser", 2, Turn},
    {"row.addAnswer", 2, Turn},
    {"row.addSystem", 2, Turn},
    {"row.turnUp", 2, Turn},
    {"row.turnDown", 2, Turn},
    {"row.splitTurn", 2, Turn},
    {"row.joinTurn", 2, Turn},
    {"row.removeTurn", 2, Turn},
    {"row.approveNext", 2, Typing},
    {"row.done", 2, Typing},
    {"row.snippet", 2, Typing},
    {"row.snippets", 2, Typing},
    {"row.versions", 2, Versions},
    {"row.versionBack", 2, Versions},
    {"row.versionForward", 2, Versions},
    {"row.next", 3, GoTo},
    {"row.previous", 3, GoTo},
    {"data.first", 3, GoTo},
    {"data.last", 3, GoTo},
    {"data.nextProblem", 3, GoTo},
    {"data.previousProblem", 3, GoTo},
    {"data.selectRow", 4, Selected},
    {"data.tagRows", 4, Selected},
    {"data.untagRows", 4, Selected},
    {"data.approveRows", 4, Selected},
    {"data.flagRows", 4, Selected},
    {"data.rejectRows", 4, Selected},
    {"data.toTrain", 4, Selected},
    {"data.toValidation", 4, Selected},
    {"data.toTest", 4, Selected},
    {"data.check", 5},
    {"data.splitNow", 5},
    {"row.focusMode", 6},
    {"row.foldTokens", 6},
};

} // namespace

void arrangeMenus(const QList<WorkspaceAction> &actions)
{
    QHash<QString, const Place *> places;
    for (const Place &place : Places)
        places.insert(QLatin1String(place.action), &place);
    for (const WorkspaceAction &one : actions) {
        const QString name = one.action->objectName();
        if (name.startsWith(QLatin1String("data.filter")))
            one.action->setProperty("submenu", QCoreApplication::translate("DataMenus", Filter));
        if (name.startsWith(QLatin1String("data.export")))
            one.action->setProperty("submenu", QCoreApplication::translate("DataMenus", Export));
        const Place *place = places.value(name);
        if (!place)
            continue;
        one.action->setProperty("menuGroup", place->group);
        if (place->submenu)
            one.action->setProperty("submenu", QCoreApplication::translate("DataMenus", place->submenu));
    }
}

} // namespace attune::ui
