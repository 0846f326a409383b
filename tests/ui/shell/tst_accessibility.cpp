#include "tests/ui/session/toy_session.h"

#include "ui/data/data_workspace.h"
#include "ui/data/import_wizard.h"
#include "ui/shell/action_book.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/theme/theme.h"
#include "ui/widgets/key_button.h"

#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QComboBox>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPointer>
#include <QScrollArea>
#include <QScrollBar>
#include <QSplitter>
#include <QTest>

#include <algorithm>

using namespace attune;
using namespace attune::ui;

namespace {

/// A combo box's list is part of the box.
bool isInPopup(const QWidget *widget)
{
    for (; widget; widget = widget->parentWidget())
        if (widget->inherits("QComboBoxPrivateContainer"))
            return true;
    return false;
}

} // namespace

/// What the window tells those who do not see it, or work by keys alone.
class TestAccessibility : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void init()
    {
        m_toy = std::make_unique<ToyProject>(5);
        Preferences::setFile(m_toy->folder.filePath("studio.ini"));
        Preferences().applyLook();
        m_window = std::make_unique<MainWindow>();
    }
    void cleanup()
    {
        m_window.reset();
        m_toy.reset();
    }

    void everyControlHasAName_data();
    void everyControlHasAName();
    void hiddenControlsHaveNamesToo();
    void everyActionHasAKeyOrIsInThePalette();
    void everyActionIsInAMenuOrThePalette();
    void noKeyIsTakenTwiceAtOnce();
    void aKeyIsPrintedAsItIsPressed();
    void tabWalksAPageInReadingOrder_data();
    void tabWalksAPageInReadingOrder();
    void theKeysFitAtAnySize();
    void noTwoMenusOpenByTheSameLetter();
    void panelsFollowTheTextWhereverItIsChanged();
    void unseenPanelsAreAsWideAfterLargerTextAndBack();
    void theSettingsNeverScrollSideways();
    void largerTextAndBackLeavesNothingLarge_data();
    void largerTextAndBackLeavesNothingLarge();

private:
    void showWindow()
    {
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }
    std::unique_ptr<ToyProject> m_toy;
    std::unique_ptr<MainWindow> m_window;
};

void TestAccessibility::everyControlHasAName_data()
{
    QTest::addColumn<QString>("page");
    for (const char *page : {"start", "settings", "data", "train", "compare"})
        QTest::newRow(page) << page;
}

void TestAccessibility::everyControlHasAName()
{
    QFETCH(QString, page);
    if (page != "start")
        QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    m_window->showPage(page);
    QCOMPARE(m_window->currentPage(), page);
    if (m_window->session())
        QTRY_VERIFY(m_window->session()->idle());
    QStringList nameless;
    for (const QWidget *widget : m_window->findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy())
            continue; // a field inside a spin box gives the focus to the box
        auto *read = QAccessible::queryAccessibleInterface(const_cast<QWidget *>(widget));
        if (!read || read->text(QAccessible::Name).isEmpty())
            nameless.append(QStringLiteral("%1 \"%2\" in %3")
                                .arg(widget->metaObject()->className(), widget->objectName(),
                                     widget->parentWidget()->metaObject()->className()));
    }
    QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join('\n')));
}

void TestAccessibility::hiddenControlsHaveNamesToo()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    for (const Workspace *page : m_window->workspaces()) {
        m_window->showPage(page->id());
        QTRY_VERIFY(m_window->session()->idle());
    }
    const QString table = m_toy->folder.filePath("mails.csv");
    QFile file(table);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("mail,reply\nWhere is it?,On its way.\n");
    file.close();
    auto *data = m_window->findChild<DataWorkspace *>();
    data->startImport({table});
    QTRY_VERIFY(data->importWizard().checked() && m_window->session()->idle());
    m_window->showPage("settings");
    QStringList nameless;
    for (QWidget *widget : m_window->findChildren<QWidget *>()) {
        if (!(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy() || isInPopup(widget))
            continue;
        auto *read = QAccessible::queryAccessibleInterface(widget);
        if (!read || read->text(QAccessible::Name).isEmpty()) {
            QString where;
            for (const QWidget *above = widget->parentWidget(); above; above = above->parentWidget())
                if (!above->objectName().isEmpty())
                    where += ' ' + above->objectName();
            nameless.append(
                QStringLiteral("%1 \"%2\" in%3").arg(widget->metaObject()->className(), widget->objectName(), where));
        }
    }
    QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join('\n')));
}

void TestAccessibility::everyActionHasAKeyOrIsInThePalette()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    m_window->palette().openWith(">");
    QSet<const QAction *> listed;
    for (int i = 0; i < m_window->palette().model().rowCount(); ++i)
        listed.insert(m_window->palette().model().entry(i).action);
    for (const BookedAction &booked : m_window->book().actions()) {
        QVERIFY2(listed.contains(booked.action), qPrintable(booked.action->text()));
        QVERIFY2(!booked.action->objectName().isEmpty(), qPrintable(booked.action->text()));
        QVERIFY(!booked.action->text().isEmpty());
    }
}

void TestAccessibility::everyActionIsInAMenuOrThePalette()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    for (const Workspace *page : m_window->workspaces()) {
        m_window->showPage(page->id());
        QTRY_VERIFY(m_window->session()->idle());
    }
    QSet<const QAction *> known;
    for (const BookedAction &booked : m_window->book().actions())
        known.insert(booked.action);
    QStringList lost;
    for (QAction *action : m_window->findChildren<QAction *>()) { // without words: a picture in a field
        if (action->isSeparator() || action->text().isEmpty() || action->menu() || !action->isVisible() ||
            known.contains(action))
            continue;
        const QObjectList places = action->associatedObjects();
        const bool inMenu = std::any_of(places.begin(), places.end(),
                                        [](const QObject *place) { return qobject_cast<const QMenu *>(place); });
        // The cross that clears a field does what the Delete key does; columns are in the menu of the table's header.
        // And a panel's own key acts only in that panel, where its button stands.
        const bool isPart = action->objectName().startsWith("_q_") || action->objectName().startsWith("column.") ||
                            action->shortcutContext() == Qt::WidgetWithChildrenShortcut;
        if (!inMenu && !isPart)
            lost.append(action->objectName() + " \"" + action->text() + '"');
    }
    QVERIFY2(lost.isEmpty(), qPrintable(lost.join('\n')));
}

void TestAccessibility::noKeyIsTakenTwiceAtOnce()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    for (const Workspace *page : m_window->workspaces()) {
        m_window->showPage(page->id());
        QMap<QKeySequence, QString> taken;
        for (const BookedAction &booked : m_window->book().actions()) {
            // Enabled on this page, by the shell if not by the page itself just now.
            const bool here = booked.workspace.isEmpty() || booked.workspace == page->title();
            if (!here || booked.action->shortcutContext() == Qt::WidgetShortcut)
                continue;
            for (const QKeySequence &key : booked.action->shortcuts()) {
                QVERIFY2(!taken.contains(key), qPrintable(page->title() + ", " + key.toString() + ": " +
                                                          taken.value(key) + ", " + booked.action->text()));
                taken.insert(key, booked.action->text());
            }
        }
    }
}

void TestAccessibility::aKeyIsPrintedAsItIsPressed()
{
    QCOMPARE(keyText(QKeySequence("Ctrl+Shift+N")), QString("Ctrl Shift N"));
    QCOMPARE(keyText(QKeySequence("Ctrl++")), QString("Ctrl +"));
    QCOMPARE(keyText(QKeySequence("+")), QString("+"));
    QCOMPARE(keyText(QKeySequence("Ctrl+Return")), QString("Ctrl ↵"));
    QCOMPARE(keyText(QKeySequence("G, G")), QString("G, G"));
    QCOMPARE(keyText({}), QString());
}

void TestAccessibility::tabWalksAPageInReadingOrder_data()
{
    everyControlHasAName_data();
    QTest::newRow("train, form") << "train+";
}

/// Once around by Tab: everything that takes it is met, no field keeps it, and within a region it goes on, not back
/// up.
void TestAccessibility::tabWalksAPageInReadingOrder()
{
    QFETCH(QString, page);
    const bool form = page.endsWith('+');
    page.remove('+');
    if (page != "start")
        QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    m_window->resize(1440, 900);
    m_window->showPage(page);
    const auto &all = m_window->workspaces();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Workspace *one) { return one->id() == page; });
    Workspace *workspace = found == all.end() ? nullptr : *found;
    if (m_window->session())
        QTRY_VERIFY(m_window->session()->idle());
    if (form)
        workspace->open({{"new", true}});
    QTest::qWait(50);
    const auto named = [](const QWidget *widget) {
        return widget ? QStringLiteral("%1 \"%2\" (%3)")
                            .arg(widget->metaObject()->className(), widget->objectName(), widget->accessibleName())
                      : QString();
    };
    m_window->findChild<QWidget *>("rail-settings")->setFocus();
    QList<QWidget *> walked;
    for (QWidget *now = QApplication::focusWidget(); now && !walked.contains(now) && walked.size() < 200;
         now = QApplication::focusWidget()) {
        walked.append(now);
        QTest::keyClick(now, Qt::Key_Tab);
        if (QApplication::focusWidget() == now) // where Tab is text, Ctrl+Tab leaves
            QTest::keyClick(now, Qt::Key_Tab, Qt::ControlModifier);
        QVERIFY2(QApplication::focusWidget() != now, qPrintable(named(now) + " keeps the Tab"));
    }
    QStringList wrong;
    for (const QWidget *widget : m_window->findChildren<QWidget *>()) {
        const bool takes = widget->isVisible() && widget->isEnabled() &&
                           (widget->focusPolicy() & Qt::TabFocus) == Qt::TabFocus && !widget->focusProxy() &&
                           !widget->visibleRegion().isEmpty();
        // The menu of a turn shows once the text beneath it has the focus: Shift+Tab goes up to it.
        const bool ofTurn = widget->parentWidget() && widget->parentWidget()->objectName() == "roleCard";
        if (takes && !ofTurn && !walked.contains(const_cast<QWidget *>(widget)) &&
            !qobject_cast<const QMenuBar *>(widget))
            wrong.append(named(widget) + " is never met");
    }
    const QList<QWidget *> regions = workspace ? workspace->regions() : QList<QWidget *>();
    const auto regionOf = [&](const QWidget *widget) {
        for (QWidget *region : regions)
            if (region == widget || region->isAncestorOf(widget))
                return region;
        return static_cast<QWidget *>(nullptr);
    };
    for (qsizetype i = 1; i < walked.size(); ++i) {
        QWidget *before = walked[i - 1];
        QWidget *after = walked[i];
        QWidget *region = regionOf(before);
        if (!region || region != regionOf(after))
            continue;
        const QRect a(before->mapTo(region, QPoint()), before->size());
        const QRect b(after->mapTo(region, QPoint()), after->size());
        if (b.bottom() < a.top() && b.left() < a.right())
            wrong.append(
                QStringLiteral("%1: from %2 back up to %3").arg(region->objectName(), named(before), named(after)));
        if (b.top() < a.bottom() && b.bottom() > a.top() && b.right() < a.left())
            wrong.append(
                QStringLiteral("%1: from %2 back left to %3").arg(region->objectName(), named(before), named(after)));
    }
    if (qEnvironmentVariableIsSet("ATTUNE_TELL"))
        for (const QWidget *widget : walked)
            qInfo("%s  in %s", qPrintable(named(widget)), qPrintable(named(regionOf(widget))));
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
}

void TestAccessibility::theKeysFitAtAnySize()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    auto *keys = m_window->findChild<QWidget *>("keysOverlay");
    for (const double scale : {1.0, 2.0}) {
        for (const QSize size : {QSize(1440, 900), QSize(1024, 700)}) {
            Theme::instance().setTextScale(scale);
            m_window->resize(size);
            m_window->showKeys();
            QVERIFY(keys->isVisible());
            QVERIFY(m_window->rect().contains(keys->geometry()));
            for (int page = 0; page < 20 && scale > 1; ++page) // the rest is a page further, and the last one stays
                QTest::keyClick(keys, Qt::Key_Down);
            QVERIFY(keys->isVisible());
            QTest::keyClick(keys, Qt::Key_Escape);
            QVERIFY(!keys->isVisible());
        }
    }
    Theme::instance().setTextScale(1);
}

void TestAccessibility::noTwoMenusOpenByTheSameLetter()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    QMap<QKeySequence, QString> taken;
    for (const QAction *menu : m_window->findChild<QMenuBar *>()->actions()) {
        const QKeySequence key = QKeySequence::mnemonic(menu->text());
        QVERIFY2(!key.isEmpty(), qPrintable(menu->text()));
        QVERIFY2(!taken.contains(key), qPrintable(menu->text() + " and " + taken.value(key)));
        taken.insert(key, menu->text());
    }
    for (const BookedAction &booked : m_window->book().actions())
        for (const QKeySequence &key : booked.action->shortcuts())
            QVERIFY2(!taken.contains(key), qPrintable(booked.action->text() + " and " + taken.value(key)));
}

/// In the settings, where most people do it, no workspace is seen.
void TestAccessibility::panelsFollowTheTextWhereverItIsChanged()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    m_window->resize(1440, 900);
    showWindow();
    const auto visitAll = [&] {
        for (const Workspace *page : m_window->workspaces()) {
            m_window->showPage(page->id());
            QTest::qWait(20); // layouts
        }
        m_window->showPage("settings");
    };
    visitAll();
    QList<std::pair<QWidget *, int>> panels; // some leave their splitter where it is narrow
    for (const QSplitter *splitter : m_window->findChildren<QSplitter *>())
        for (int i = 0; splitter->orientation() == Qt::Horizontal && i < splitter->count(); ++i)
            if (splitter->widget(i)->minimumWidth() > 0)
                panels.append({splitter->widget(i), splitter->widget(i)->minimumWidth()});
    QVERIFY(panels.size() >= 5);
    for (const int scale : {2, 1}) {
        Theme::instance().setTextScale(scale);
        visitAll();
        for (const auto &[panel, least] : panels)
            QVERIFY2(
                panel->minimumWidth() == scale * least,
                qPrintable(
                    QStringLiteral("%1: %2, was %3").arg(panel->objectName()).arg(panel->minimumWidth()).arg(least)));
    }
    const auto *scroll = m_window->findChild<QScrollArea *>("pageScroll");
    QVERIFY(!scroll->horizontalScrollBar()->isVisible());
}

/// A page that was never shown, and one that was: the least widths of their panels grew out of sight, and shrank
/// again.
void TestAccessibility::unseenPanelsAreAsWideAfterLargerTextAndBack()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    m_window->resize(1440, 900);
    showWindow();
    const auto widths = [&](const QString &page) {
        m_window->showPage(page);
        QTest::qWait(20); // layouts
        QList<QList<int>> all;
        for (const Workspace *one : m_window->workspaces())
            if (one->id() == page)
                for (const QSplitter *splitter : one->findChildren<QSplitter *>())
                    if (splitter->orientation() == Qt::Horizontal)
                        all.append(splitter->sizes());
        return all;
    };
    const auto data = widths("data");
    m_window->showPage("settings");
    for (const int scale : {2, 1}) {
        Theme::instance().setTextScale(scale);
        QTest::qWait(20);
    }
    QCOMPARE(widths("data"), data);
    Theme::instance().setTextScale(2);
    widths("compare"); // for the first time
    Theme::instance().setTextScale(1);
    const auto compare = widths("compare");
    QCOMPARE(compare.first().first(), 256);
    m_window->showPage("settings");
    for (const int scale : {2, 1}) {
        Theme::instance().setTextScale(scale);
        QTest::qWait(20);
    }
    QCOMPARE(widths("compare"), compare);
}

void TestAccessibility::theSettingsNeverScrollSideways()
{
    QVERIFY(m_window->openProject(m_toy->path()));
    showWindow();
    m_window->resize(1024, 700);
    for (const Workspace *page : m_window->workspaces()) {
        m_window->showPage(page->id());
        QTest::qWait(20); // layouts
    }
    m_window->showPage("settings");
    QTest::qWait(20);
    QVERIFY(!m_window->findChild<QScrollArea *>("pageScroll")->horizontalScrollBar()->isVisible());
    m_window->closeProject();
    QTest::qWait(20);
    QVERIFY(!m_window->findChild<QScrollArea *>("pageScroll")->horizontalScrollBar()->isVisible());
}

void TestAccessibility::largerTextAndBackLeavesNothingLarge_data()
{
    QTest::addColumn<QString>("page"); // that is shown meanwhile; the others hear of it out of sight
    for (const char *page : {"settings", "data", "train", "compare"})
        QTest::newRow(page) << page;
}

void TestAccessibility::largerTextAndBackLeavesNothingLarge()
{
    QFETCH(QString, page);
    QVERIFY(m_window->openProject(m_toy->path()));
    m_window->resize(1440, 900);
    showWindow();
    for (const char *each : {"data", "train", "compare", "settings"}) {
        m_window->showPage(each);
        QTRY_VERIFY(m_window->session()->idle());
    }
    m_window->showPage(page);
    struct Look {
        QPointer<QWidget> widget;
        int font = 0;
        int height = 0;
        int width = 0;
    };
    // What holds others may have found another way to lay them out; a control has one size.
    const auto lookOf = [](QWidget *widget) {
        const bool control = qobject_cast<QAbstractButton *>(widget) || qobject_cast<QComboBox *>(widget) ||
                             qobject_cast<QLineEdit *>(widget) || qobject_cast<QAbstractSpinBox *>(widget);
        QSize hint = control ? widget->sizeHint() : QSize(0, 0);
        if (qobject_cast<QAbstractButton *>(widget))
            hint.setWidth(0); // a bar with more room shows words again
        return Look{widget, widget->font().pixelSize(), hint.height(), hint.width()};
    };
    QTest::qWait(50); // layouts
    std::vector<Look> before;
    for (QWidget *widget : m_window->findChildren<QWidget *>())
        if (!isInPopup(widget))
            before.push_back(lookOf(widget));
    Theme::instance().setTextScale(2);
    QTRY_VERIFY(m_window->session()->idle());
    QTest::qWait(50);
    Theme::instance().setTextScale(1);
    QTRY_VERIFY(m_window->session()->idle());
    QTest::qWait(50);
    QStringList left;
    for (const Look &was : before) {
        if (!was.widget)
            continue; // made anew since
        const Look now = lookOf(was.widget);
        if (now.font != was.font || now.height > was.height || now.width > was.width)
            left.append(QStringLiteral("%1 \"%2\" in \"%3\": font %4 to %5, height %6 to %7, width %8 to %9")
                            .arg(was.widget->metaObject()->className(), was.widget->objectName(),
                                 was.widget->parentWidget()->objectName())
                            .arg(was.font)
                            .arg(now.font)
                            .arg(was.height)
                            .arg(now.height)
                            .arg(was.width)
                            .arg(now.width));
    }
    QVERIFY2(left.isEmpty(), qPrintable(left.join('\n')));
}

QTEST_MAIN(TestAccessibility)
#include "tst_accessibility.moc"
