#include "ui/shell/action_book.h"
#include "ui/shell/preferences.h"

#include <QActionGroup>
#include <QMenu>
#include <QMenuBar>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace attune::ui;

namespace {

class ToyWorkspace final : public Workspace {
public:
    explicit ToyWorkspace(const QString &name) : m_name(name) {}
    QString id() const override { return m_name.toLower(); }
    QString title() const override { return m_name; }
    const char *iconName() const override { return "data"; }
    QList<WorkspaceAction> workspaceActions() override { return list; }
    QAction *add(const QString &text, const char *key, Menu menu = Menu::Row, bool everywhere = false)
    {
        auto *action = new QAction(text, this);
        action->setObjectName(text);
        action->setShortcut(QKeySequence(key));
        list.append({menu, action, everywhere, "no row is chosen"});
        return action;
    }
    QList<WorkspaceAction> list;

private:
    QString m_name;
};

} // namespace

class TestActionBook : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        Preferences::setFile(m_folder->filePath("studio.ini"));
        m_window = std::make_unique<QWidget>();
        m_menuBar = new QMenuBar(m_window.get());
        m_book = new ActionBook(*m_window, *m_menuBar);
    }

    void menusWithoutEntriesAreNotShown()
    {
        QVERIFY(!m_book->menu(Menu::Row)->menuAction()->isVisible());
        m_book->add(Menu::Row, "x", "X", {}, [] {});
        QVERIFY(m_book->menu(Menu::Row)->menuAction()->isVisible());
    }

    void onlyTheShownWorkspacesActionsAreEnabled()
    {
        ToyWorkspace rows("Rows");
        ToyWorkspace runs("Runs");
        QAction *newRow = rows.add("New row", "Ctrl+N");
        QAction *newRun = runs.add("New run", "Ctrl+N", Menu::Run);
        m_book->addWorkspace(rows, [] {});
        m_book->addWorkspace(runs, [] {});
        m_book->setCurrent(&rows);
        QVERIFY(newRow->isEnabled());
        QVERIFY(!newRun->isEnabled());
        m_book->setCurrent(&runs);
        QVERIFY(!newRow->isEnabled());
        QVERIFY(newRun->isEnabled());
    }

    void actionsStandInTheirGroupsAndMenus()
    {
        auto rows = std::make_unique<ToyWorkspace>("Rows");
        rows->add("Check", "")->setProperty("menuGroup", 2);
        rows->add("New", "");
        QAction *one = rows->add("Rate 1", "1");
        QAction *two = rows->add("Rate 2", "2");
        for (QAction *rate : {one, two}) {
            rate->setProperty("menuGroup", 1);
            rate->setProperty("submenu", "Rate");
        }
        m_book->addWorkspace(*rows, [] {});
        QStringList shown;
        for (const QAction *action : m_book->menu(Menu::Row)->actions())
            shown << (action->isSeparator() ? QString("-") : action->text());
        QCOMPARE(shown, QStringList({"New", "-", "Rate", "-", "Check"}));
        QMenu *inner = m_book->menu(Menu::Row)->actions()[2]->menu();
        QVERIFY(inner);
        QCOMPARE(inner->actions(), QList<QAction *>({one, two}));
        QCOMPARE(m_book->actions().size(), 4); // the palette lists them all
        rows.reset();
        m_book->removeWorkspaces();
        QVERIFY(m_book->menu(Menu::Row)->isEmpty());
    }

    void everyPageHasItsPartOfTheViewMenu()
    {
        m_book->add(Menu::View, "look", "Look", {}, [] {});
        auto rows = std::make_unique<ToyWorkspace>("Rows");
        auto runs = std::make_unique<ToyWorkspace>("Runs");
        QAction *filter = rows->add("By tag", "", Menu::View);
        filter->setProperty("submenu", "Filter");
        QAction *table = rows->add("As a table", "Ctrl+T", Menu::View);
        QAction *curve = runs->add("Log axis", "", Menu::View);
        m_book->addWorkspace(*rows, [] {});
        m_book->addWorkspace(*runs, [] {});
        const QList<QAction *> shown = m_book->menu(Menu::View)->actions();
        QCOMPARE(shown.size(), 3); // a menu of all pages' actions is taller than a screen
        QCOMPARE(shown[1]->text(), QString("In Rows"));
        QCOMPARE(shown[2]->text(), QString("In Runs"));
        QCOMPARE(shown[1]->menu()->actions().size(), 2);
        QCOMPARE(shown[1]->menu()->actions()[0]->menu()->actions(), QList<QAction *>{filter});
        QCOMPARE(shown[1]->menu()->actions()[1], table);
        QCOMPARE(shown[2]->menu()->actions(), QList<QAction *>{curve});
        rows.reset();
        runs.reset();
        m_book->removeWorkspaces();
        QCOMPARE(m_book->menu(Menu::View)->actions().size(), 1);
    }

    void aKeyOfAPanelIsNotLentToTheWindow()
    {
        ToyWorkspace rows("Rows");
        QAction *inside = rows.add("Approve and go on", "Ctrl+Return");
        inside->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        QAction *everywhere = rows.add("New row", "Ctrl+N");
        m_book->addWorkspace(rows, [] {});
        QVERIFY(!m_window->actions().contains(inside));
        QVERIFY(m_window->actions().contains(everywhere));
        QCOMPARE(m_book->actions().size(), 2); // the palette has both
    }

    void aWorkspacesOwnDisablingOutlivesASwitch()
    {
        ToyWorkspace rows("Rows");
        ToyWorkspace runs("Runs");
        QAction *undo = rows.add("Undo row", "u");
        undo->setEnabled(false);
        m_book->addWorkspace(rows, [] {});
        m_book->addWorkspace(runs, [] {});
        m_book->setCurrent(&runs);
        m_book->setCurrent(&rows);
        QVERIFY(!undo->isEnabled());
        m_book->setCurrent(&runs);
        undo->setEnabled(true); // while another page is shown
        QVERIFY(!undo->isEnabled());
        m_book->setCurrent(&rows);
        QVERIFY(undo->isEnabled());
    }

    void actionsThatShareAGroupAreSwitchedTogether()
    {
        ToyWorkspace rows("Rows");
        ToyWorkspace runs("Runs");
        auto *group = new QActionGroup(&rows);
        QAction *sort = group->addAction(rows.add("Sort by number", ""));
        m_book->addWorkspace(rows, [] {});
        m_book->addWorkspace(runs, [] {});
        m_book->setCurrent(&runs);
        QVERIFY(!sort->isEnabled());
        m_book->setCurrent(&rows);
        QVERIFY(sort->isEnabled());
    }

    void aSharedKeyBelongsToThePageThatIsShown()
    {
        ToyWorkspace rows("Rows");
        ToyWorkspace runs("Runs");
        ToyWorkspace models("Models");
        QAction *newRow = rows.add("New row", "Ctrl+N");
        QAction *newRun = runs.add("New run", "Ctrl+N", Menu::Run, true);
        for (ToyWorkspace *one : {&rows, &runs, &models})
            m_book->addWorkspace(*one, [] {});
        m_book->setCurrent(&rows);
        QVERIFY(newRun->isEnabled());
        QVERIFY(newRun->shortcut().isEmpty());
        QCOMPARE(newRow->shortcut(), QKeySequence("Ctrl+N"));
        for (const ToyWorkspace *one : {&models, &runs}) {
            m_book->setCurrent(one);
            QCOMPARE(newRun->shortcut(), QKeySequence("Ctrl+N"));
        }
    }

    void anActionOfEverywhereShowsItsWorkspace()
    {
        ToyWorkspace rows("Rows");
        ToyWorkspace runs("Runs");
        QAction *action = rows.add("Import", "Ctrl+I", Menu::File, true);
        int shown = 0;
        m_book->addWorkspace(rows, [&] { ++shown; });
        m_book->addWorkspace(runs, [] {});
        m_book->setCurrent(&runs);
        QVERIFY(action->isEnabled());
        action->trigger();
        QCOMPARE(shown, 1);
    }

    void aDisabledActionSaysWhy()
    {
        ToyWorkspace rows("Rows");
        QAction *action = rows.add("Approve", "a");
        m_book->addWorkspace(rows, [] {});
        const auto why = [&] { return m_book->whyDisabled(m_book->actions().last()); };
        m_book->setCurrent(nullptr);
        QCOMPARE(why(), QString("in Rows"));
        m_book->setCurrent(&rows);
        QCOMPARE(why(), QString());
        action->setEnabled(false);
        QCOMPARE(why(), QString("no row is chosen"));
        action->setProperty("why", "row 5 is locked");
        QCOMPARE(why(), QString("row 5 is locked"));
    }

    void aClashOfKeysIsNamedAndRefused()
    {
        ToyWorkspace rows("Rows");
        ToyWorkspace runs("Runs");
        QAction *approve = rows.add("Approve", "a");
        QAction *reject = rows.add("Reject", "x");
        QAction *compare = runs.add("Compare now", "c", Menu::Run);
        m_book->addWorkspace(rows, [] {});
        m_book->addWorkspace(runs, [] {});
        QCOMPARE(m_book->setKey(*reject, QKeySequence("a")), QString("Approve"));
        QCOMPARE(reject->shortcut(), QKeySequence("x"));
        QVERIFY(m_book->setKey(*compare, QKeySequence("a")).isEmpty()); // never enabled together
        QVERIFY(m_book->setKey(*approve, QKeySequence("p")).isEmpty());
        QCOMPARE(m_book->ownKey(*approve), QKeySequence("a"));
    }

    void aKeyThatTheUserGaveIsKept()
    {
        ToyWorkspace rows("Rows");
        rows.add("Approve", "a");
        m_book->addWorkspace(rows, [] {});
        QVERIFY(m_book->setKey(*rows.list.first().action, QKeySequence("p")).isEmpty());
        ToyWorkspace again("Rows");
        QAction *approve = again.add("Approve", "a");
        m_book->addWorkspace(again, [] {});
        QCOMPARE(approve->shortcut(), QKeySequence("p"));
        QCOMPARE(m_book->ownKey(*approve), QKeySequence("a"));
    }

    void workspacesLeaveNothingBehind()
    {
        m_book->add(Menu::File, "quit", "Quit", {}, [] {});
        {
            ToyWorkspace rows("Rows");
            rows.add("Approve", "a");
            m_book->addWorkspace(rows, [] {});
        }
        m_book->removeWorkspaces();
        QCOMPARE(m_book->actions().size(), 1);
        QVERIFY(!m_book->menu(Menu::Row)->menuAction()->isVisible());
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<QWidget> m_window;
    QMenuBar *m_menuBar = nullptr;
    ActionBook *m_book = nullptr;
};

QTEST_MAIN(TestActionBook)
#include "tst_action_book.moc"
