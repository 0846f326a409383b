#include "ui/data/data_actions.h"

#include "ui/data/ask_bar.h"
#include "ui/data/data_query.h"
#include "ui/data/data_words.h"
#include "ui/data/data_workspace.h"
#include "ui/data/editor.h"
#include "ui/data/example_list_panel.h"
#include "ui/data/facets_panel.h"
#include "ui/data/find_replace.h"
#include "ui/data/health_checks.h"
#include "ui/data/health_panel.h"
#include "ui/data/query_bar.h"
#include "ui/data/snapshots_panel.h"
#include "ui/data/split_panel.h"
#include "ui/data/views_menu.h"

#include <QGuiApplication>
#include <QLineEdit>
#include <QMenu>

namespace attune::ui {

DataActions::DataActions(DataWorkspace &workspace) : m_workspace(workspace)
{
    addRows();
    addFind();
    addView();
    addExports();
    buildMore();
}

QAction *DataActions::add(Menu menu, const char *name, const QString &text, const QKeySequence &key,
                          const std::function<void()> &act)
{
    auto *action = new QAction(text, &m_workspace);
    action->setObjectName(QLatin1String("data.") + QLatin1String(name));
    action->setShortcut(key);
    m_workspace.m_page->addAction(action); // so that no key acts behind the import
    if (act)
        m_workspace.connect(action, &QAction::triggered, &m_workspace, act);
    m_list.append({menu, action});
    return action;
}

QAction *DataActions::addWriting(Menu menu, const char *name, const QString &text, const QKeySequence &key,
                                 const std::function<void()> &act)
{
    QAction *action = add(menu, name, text, key, act);
    if (m_workspace.m_session.readOnly()) {
        action->setEnabled(false);
        const QString why = DataWorkspace::tr("The project is open for reading only.");
        action->setProperty("why", why);
        m_list.last().whyDisabled = why;
    }
    return action;
}

QAction *DataActions::named(const char *name) const
{
    const QString wanted = QLatin1String("data.") + QLatin1String(name);
    for (const WorkspaceAction &one : m_list)
        if (one.action->objectName() == wanted)
            return one.action;
    return nullptr;
}

void DataActions::addRows()
{
    DataWorkspace *w = &m_workspace;
    ExampleListPanel *list = w->m_list;
    Session *session = &w->m_session;
    addWriting(Menu::File, "import", DataWorkspace::tr("Import rows…"), QKeySequence(Qt::CTRL | Qt::Key_I),
               [w] { w->startImport({}); });
    QAction *paste = addWriting(Menu::Edit, "paste", DataWorkspace::tr("Paste rows"), QKeySequence::Paste,
                                [w] { w->startPaste(); });
    paste->setShortcutContext(Qt::WindowShortcut); // a text field takes Ctrl+V first
    addWriting(Menu::Row, "new", DataWorkspace::tr("New row"), QKeySequence(Qt::CTRL | Qt::Key_N),
               [w] { w->newRow(); });
    QAction *remove = addWriting(Menu::Row, "delete", DataWorkspace::tr("Delete rows"), QKeySequence(Qt::Key_Delete),
                                 [list, session] { deleteRows(*session, list->selectedIds()); });
    // Del on a filter's chip takes the filter away: rows go only where the keyboard is in the rows.
    remove->setShortcutContext(Qt::WidgetShortcut);
    for (QWidget *view : list->views())
        view->addAction(remove);
    w->m_editor->addAction(remove); // which has the keyboard itself while nobody types in it
    addWriting(Menu::Row, "tagRows", DataWorkspace::tr("Tag the selected rows…"), QKeySequence(Qt::SHIFT | Qt::Key_T),
               [w] { w->askTag(false); });
    addWriting(Menu::Row, "untagRows", DataWorkspace::tr("Take a tag from the selected rows…"), {},
               [w] { w->askTag(true); });
    const char *states[] = {"toLabel", "approveRows", "flagRows", "rejectRows"};
    for (int state = 0; state < 4; ++state) {
        const QString words[] = {DataWorkspace::tr("Back to label"), DataWorkspace::tr("Approve the selected rows"),
                                 DataWorkspace::tr("Flag the selected rows"),
                                 DataWorkspace::tr("Reject the selected rows")};
        addWriting(
            Menu::Row, states[state], words[state], state == 0 ? QKeySequence(Qt::Key_0) : QKeySequence(),
            [list, session, state] { setStateOf(*session, list->selectedIds(), static_cast<LabelState>(state)); });
    }
    const char *parts[] = {"toTrain", "toValidation", "toTest"};
    for (int part = 0; part < 3; ++part)
        addWriting(Menu::Row, parts[part],
                   DataWorkspace::tr("Move the selected rows to %1").arg(partWord(static_cast<Part>(part)).toLower()),
                   {}, [list, session, part] { setPartOf(*session, list->selectedIds(), static_cast<Part>(part)); });
    add(Menu::Edit, "selectAll", DataWorkspace::tr("Select all rows"), QKeySequence::SelectAll,
        [list] { list->selectAll(); });
    add(Menu::Row, "selectRow", DataWorkspace::tr("Add row to the selection"), QKeySequence(Qt::CTRL | Qt::Key_Space),
        [list] { list->toggleCurrent(); });
    add(Menu::Row, "first", DataWorkspace::tr("First row"), QKeySequence(Qt::Key_G, Qt::Key_G),
        [list] { list->selectRow(0); });
    add(Menu::Row, "last", DataWorkspace::tr("Last row"), QKeySequence(Qt::SHIFT | Qt::Key_G),
        [list] { list->selectRow(list->model().rowCount() - 1); });
    add(Menu::Row, "nextProblem", DataWorkspace::tr("Next row with a problem"), QKeySequence(Qt::Key_F8),
        [w] { w->walkProblems(1); });
    add(Menu::Row, "previousProblem", DataWorkspace::tr("Previous row with a problem"),
        QKeySequence(Qt::SHIFT | Qt::Key_F8), [w] { w->walkProblems(-1); });
}

void DataActions::addFind()
{
    DataWorkspace *w = &m_workspace;
    add(Menu::Edit, "search", DataWorkspace::tr("Search rows"), QKeySequence(Qt::Key_Slash), [w] {
        w->showFacetsOver(std::nullopt);
        w->m_facets->searchField()->setFocus(Qt::ShortcutFocusReason);
        w->m_facets->searchField()->selectAll();
    });
    add(Menu::Edit, "clearFilter", DataWorkspace::tr("Clear filter"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_F),
        [w] { w->m_query->clear(); });
    add(Menu::Edit, "replace", DataWorkspace::tr("Find and replace…"), QKeySequence(Qt::CTRL | Qt::Key_H), [w] {
        w->findReplace().setRows(w->m_list->model().ids(), w->m_list->selectedIds());
        w->showPanel(&w->findReplace());
    });
    const struct {
        const char *name;
        Facet facet;
    } facets[] = {{"filterSplit", Facet::Part},    {"filterStatus", Facet::State}, {"filterProblems", Facet::Problem},
                  {"filterRating", Facet::Rating}, {"filterTags", Facet::Tag},     {"filterFiles", Facet::File}};
    for (const auto &[name, facet] : facets)
        add(Menu::View, name, DataWorkspace::tr("Filter by %1").arg(facetWord(facet).toLower()), {},
            [w, one = facet] { w->showFacetsOver(one); });
}

void DataActions::addView()
{
    DataWorkspace *w = &m_workspace;
    ExampleListPanel *list = w->m_list;
    QAction *table =
        add(Menu::View, "table", DataWorkspace::tr("Rows as a table"), QKeySequence(Qt::CTRL | Qt::Key_T), {});
    table->setCheckable(true);
    w->connect(table, &QAction::toggled, list, &ExampleListPanel::setTableShown);
    QAction *test = add(Menu::View, "testRows", DataWorkspace::tr("Show test rows"), {}, {});
    test->setCheckable(true);
    w->connect(test, &QAction::triggered, w, [w, test](bool on) {
        test->setChecked(w->m_query->value().testRows); // it follows the query, not the click
        if (on)
            w->showFacetsOver(std::nullopt), w->m_facets->askForTestRows();
        else
            w->m_query->setTestRows(false);
    });
    w->connect(w->m_query, &DataQuery::changed, test, [w, test] { test->setChecked(w->m_query->value().testRows); });
    add(Menu::View, "alike", DataWorkspace::tr("Sort by likeness to this row"), {},
        [w, list] { w->m_query->setAlikeTo(list->currentId()); });
    add(Menu::View, "sort", DataWorkspace::tr("Sort rows…"), {}, [list] {
        QWidget *bar = list->queryBar();
        list->queryBar()->sortMenu()->popup(bar->mapToGlobal(bar->rect().bottomRight()));
    });
    add(Menu::View, "views", DataWorkspace::tr("Saved views…"), {}, [w, list] {
        QWidget *bar = list->queryBar();
        w->m_views->popup(bar->mapToGlobal(bar->rect().bottomLeft()));
    });
    addWriting(Menu::View, "saveView", DataWorkspace::tr("Save this view as…"), {}, [w] { w->askSaveView(); });
    addWriting(Menu::View, "lengthDown", DataWorkspace::tr("max_length down by 16"),
               QKeySequence(Qt::ALT | Qt::Key_Left), [w] { w->nudgeMaxLength(-16); });
    addWriting(Menu::View, "lengthUp", DataWorkspace::tr("max_length up by 16"),
               QKeySequence(Qt::ALT | Qt::Key_Right), [w] { w->nudgeMaxLength(16); });
    add(Menu::View, "health", DataWorkspace::tr("Health"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_H),
        [w] { w->showPanel(&w->health()); });
    addWriting(Menu::Row, "check", DataWorkspace::tr("Check all rows now"), {}, [w] { w->m_checks->checkAll(); });
    add(Menu::View, "duplicates", DataWorkspace::tr("Review near duplicates"), {}, [w] {
        w->showPanel(&w->health());
        w->health().reviewKind(ProblemKind::NearDuplicate);
    });
    add(Menu::View, "leaks", DataWorkspace::tr("Review leaks between splits"), {}, [w] {
        w->showPanel(&w->health());
        w->health().reviewKind(ProblemKind::Leak);
    });
    add(Menu::View, "versions", DataWorkspace::tr("Versions of the data"), {}, [w] { w->showPanel(&w->versions()); });
    addWriting(Menu::File, "keepVersion", DataWorkspace::tr("Keep this version of the data…"), {}, [w] {
        w->showPanel(&w->versions());
        w->versions().askForName();
    });
    add(Menu::View, "splitPanel", DataWorkspace::tr("Split of the rows"), {}, [w] { w->showPanel(&w->split()); });
    addWriting(Menu::Row, "splitNow", DataWorkspace::tr("Split rows that have no part"), {},
               [w] { w->split().splitNow(); });
}

void DataActions::addExports()
{
    DataWorkspace *w = &m_workspace;
    const struct {
        ExportFormat format;
        const char *name;
        QString words;
    } formats[] = {{ExportFormat::Chat, "Chat", DataWorkspace::tr("JSON lines, chat")},
                   {ExportFormat::Alpaca, "Alpaca", DataWorkspace::tr("JSON lines, Alpaca")},
                   {ExportFormat::ShareGpt, "ShareGpt", DataWorkspace::tr("JSON lines, ShareGPT")},
                   {ExportFormat::Csv, "Csv", DataWorkspace::tr("CSV")}};
    for (const bool listed : {false, true})
        for (const auto &[format, name, words] : formats) {
            const QByteArray id = QByteArray(listed ? "exportListed" : "exportAll") + name;
            add(Menu::File, id.constData(),
                (listed ? DataWorkspace::tr("Export listed rows: %1…") : DataWorkspace::tr("Export all rows: %1…"))
                    .arg(words),
                {}, [w, one = format, listed] { w->askExport(one, listed); });
        }
}

void DataActions::buildMore()
{
    m_more = new QMenu(&m_workspace);
    m_more->setObjectName(QStringLiteral("moreMenu"));
    const auto put = [this](QMenu *menu, std::initializer_list<const char *> names) {
        for (const char *name : names)
            menu->addAction(named(name));
    };
    put(m_more, {"table", "testRows"});
    m_more->addMenu(m_workspace.m_views);
    m_more->addSeparator();
    put(m_more, {"splitPanel", "splitNow", "check", "health", "duplicates", "leaks"});
    m_more->addSeparator();
    QMenu *selected = m_more->addMenu(DataWorkspace::tr("Selected rows"));
    put(selected, {"approveRows", "rejectRows", "flagRows", "toLabel"});
    selected->addSeparator();
    put(selected, {"tagRows", "untagRows", "toTrain", "toValidation", "toTest"});
    selected->addSeparator();
    put(selected, {"delete"});
    put(m_more, {"selectAll", "replace"});
    m_more->addSeparator();
    put(m_more, {"paste"});
    QMenu *all = m_more->addMenu(DataWorkspace::tr("Export all rows"));
    put(all, {"exportAllChat", "exportAllAlpaca", "exportAllShareGpt", "exportAllCsv"});
    QMenu *listed = m_more->addMenu(DataWorkspace::tr("Export listed rows"));
    put(listed, {"exportListedChat", "exportListedAlpaca", "exportListedShareGpt", "exportListedCsv"});
    m_more->addSeparator();
    put(m_more, {"versions", "keepVersion"});
}

} // namespace attune::ui
