#include "tests/ui/session/toy_session.h"

#include "ui/data/data_workspace.h"
#include "ui/data/import_wizard.h"
#include "ui/shell/action_book.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/theme/theme.h"
#include "ui/widgets/key_button.h"

#include <QAccessible>
#include <QLineEdit>
#include <QMenu>
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
    void theKeysFitAtAnySize();

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
            nameless.append(QStringLiteral("%1 \"%2\" in %3").arg(widget->metaObject()->className(), widget->objectName(),
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
            nameless.append(QStringLiteral("%1 \"%2\" in%3").arg(widget->metaObject()->className(), widget->objectName(), where));
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
        if (action->isSeparator() || action->text().isEmpty() || action->menu() || !action->isVisible() || known.contains(action))
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
                QVERIFY2(!taken.contains(key), qPrintable(page->title() + ", " + key.toString() + ": " + taken.value(key) +
                                                          ", " + booked.action->text()));
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

QTEST_MAIN(TestAccessibility)
#include "tst_accessibility.moc"
