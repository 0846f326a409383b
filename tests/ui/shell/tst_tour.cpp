#include "core/base/files.h"
#include "core/model/registry.h"
#include "core/studio/sample_project.h"
#include "ui/shell/main_window.h"
#include "ui/shell/tour.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elided_label.h"

#include <QAbstractButton>
#include <QAbstractScrollArea>
#include <QAccessible>
#include <QApplication>
#include <QDir>
#include <QFileInfo>
#include <QImage>
#include <QLabel>
#include <QTemporaryDir>
#include <QTest>

using namespace attune;
using namespace attune::ui;

namespace {

QString wordsOf(const QWidget &widget)
{
    if (const auto *button = qobject_cast<const QAbstractButton *>(&widget))
        return button->text().isEmpty() ? button->accessibleName() : button->text();
    if (const auto *label = qobject_cast<const QLabel *>(&widget))
        return label->text();
    return {};
}

/// Whether its words must be whole: names of things to press, not content, which may end with an ellipsis.
bool isControl(const QWidget &widget)
{
    if (qobject_cast<const ElidedLabel *>(&widget))
        return false;
    const auto *label = qobject_cast<const QLabel *>(&widget);
    return !wordsOf(widget).isEmpty() &&
           (qobject_cast<const QAbstractButton *>(&widget) || (label && !label->wordWrap()));
}

bool scrolls(const QWidget &widget)
{
    for (const QWidget *above = widget.parentWidget(); above && !above->isWindow(); above = above->parentWidget())
        if (qobject_cast<const QAbstractScrollArea *>(above))
            return true;
    return false;
}

/// What a look at the picture would find wrong: controls without room for their words, ones that reach beyond what
/// holds them, ones that lie over each other.
QStringList faults(const QWidget &window)
{
    QStringList found;
    QHash<const QWidget *, QList<const QWidget *>> byParent;
    for (const QWidget *widget : window.findChildren<QWidget *>()) {
        if (!widget->isVisible() || !isControl(*widget))
            continue;
        const QString what = QStringLiteral("%1 \"%2\" %3")
                                 .arg(widget->metaObject()->className(), wordsOf(*widget), widget->objectName());
        const auto *button = qobject_cast<const QAbstractButton *>(widget);
        const int width =
            button && button->text().isEmpty() ? button->iconSize().width() + 4 : widget->minimumSizeHint().width();
        if (widget->width() < width || widget->height() < widget->fontMetrics().height())
            found.append(QStringLiteral("%1: %2x%3 for %4x%5").arg(what).arg(widget->width()).arg(widget->height())
                             .arg(widget->minimumSizeHint().width()).arg(widget->minimumSizeHint().height()));
        if (!scrolls(*widget))
            for (const QWidget *above = widget->parentWidget(), *below = widget; above;
                 below = above, above = above->parentWidget())
                if (!above->rect().contains(below->geometry()) && !below->isWindow()) {
                    found.append(what + ": reaches beyond " + above->metaObject()->className() + ' ' +
                                 above->objectName());
                    break;
                }
        byParent[widget->parentWidget()].append(widget);
    }
    for (const auto &siblings : byParent)
        for (qsizetype i = 0; i < siblings.size(); ++i)
            for (qsizetype j = i + 1; j < siblings.size(); ++j)
                if (siblings[i]->geometry().intersects(siblings[j]->geometry()))
                    found.append(QStringLiteral("\"%1\" lies over \"%2\" in %3")
                                     .arg(wordsOf(*siblings[i]), wordsOf(*siblings[j]),
                                          siblings[i]->parentWidget()->objectName()));
    return found;
}

/// Controls that one who does not see the window would hear nothing of; those out of sight too, as in the dialogs.
QStringList nameless()
{
    QStringList found;
    for (QWidget *widget : QApplication::allWidgets()) {
        bool popup = false; // a combo box's list is part of the box
        for (const QWidget *above = widget; above; above = above->parentWidget())
            popup = popup || above->inherits("QComboBoxPrivateContainer");
        if (popup || !(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy())
            continue;
        auto *read = QAccessible::queryAccessibleInterface(widget);
        if (read && !read->text(QAccessible::Name).isEmpty())
            continue;
        QString where;
        for (const QWidget *above = widget->parentWidget(); above; above = above->parentWidget())
            where += ' ' + (above->objectName().isEmpty() ? QString(above->metaObject()->className())
                                                          : above->objectName());
        found.append(QStringLiteral("%1 \"%2\" has no name, in%3")
                         .arg(widget->metaObject()->className(), widget->objectName(), where));
    }
    return found;
}

} // namespace

class TestTour : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// With ATTUNE_SHOTS naming a folder the pictures are kept there, with a list of what is wrong on them.
    void everyPageIsPicturedAndNoControlIsCut()
    {
        applyTheme(*qApp);
        const QTemporaryDir folder;
        const QString kept = qEnvironmentVariable("ATTUNE_SHOTS");
        const QString shots = kept.isEmpty() ? folder.filePath("shots") : kept;
        int told = 0;
        QStringList wrong;
        const auto made = runTour(shots.toStdString(), {}, [&](const QString &file) {
            ++told;
            for (const QWidget *window : QApplication::topLevelWidgets())
                if (window->isVisible() && qobject_cast<const MainWindow *>(window))
                    for (const QString &fault : faults(*window))
                        wrong.append(QFileInfo(file).completeBaseName() + ": " + fault);
            for (const QString &fault : nameless())
                wrong.append(QFileInfo(file).completeBaseName() + ": " + fault);
        });
        QVERIFY2(made, made ? "" : made.error().message.c_str());
        QCOMPARE(told, *made);
        const QStringList files = QDir(shots).entryList({"*.png"}, QDir::Files);
        QCOMPARE(files.size(), *made);
        for (const char *page : {"start", "start-recent", "data", "data-cut", "data-focus", "data-import-columns",
                                 "train", "train-advanced", "train-running", "train-monitor", "compare",
                                 "compare-difference", "settings", "palette", "menu", "keys"}) {
            for (const char *theme : {"light", "dark"}) {
                const QString name = shots + '/' + page + '-' + theme;
                QCOMPARE(QImage(name + ".png").size(), QSize(1440, 900));
                QCOMPARE(QImage(name + "-1024x700.png").size(), QSize(1024, 700));
            }
            QCOMPARE(QImage(shots + '/' + page + "-light-text200.png").size(), QSize(1440, 900));
        }
        QVERIFY(QImage(shots + "/data-light.png") != QImage(shots + "/data-dark.png"));
        if (QFile list(shots + "/faults.txt"); !wrong.isEmpty() && list.open(QIODevice::WriteOnly))
            list.write(wrong.join('\n').toUtf8());
        QVERIFY2(wrong.isEmpty(), qPrintable(QString::number(wrong.size()) + '\n' + wrong.join('\n')));
    }

    void aFolderThatCantBeMadeIsAnError()
    {
        const auto made = runTour("/proc/no/such");
        QVERIFY(!made);
        QVERIFY(made.error().message.find("/proc/no/such") != std::string::npos);
    }

    void withoutAModelItSaysWhatToDo()
    {
        const QTemporaryDir empty;
        const QByteArray data = qgetenv("ATTUNE_DATA");
        const QByteArray cache = qgetenv("ATTUNE_CACHE");
        qputenv("ATTUNE_DATA", empty.path().toUtf8());
        qputenv("ATTUNE_CACHE", empty.path().toUtf8());
        const auto made = runTour(empty.filePath("shots").toStdString());
        data.isEmpty() ? qunsetenv("ATTUNE_DATA") : qputenv("ATTUNE_DATA", data);
        cache.isEmpty() ? qunsetenv("ATTUNE_CACHE") : qputenv("ATTUNE_CACHE", cache);
        QVERIFY(!made);
        QVERIFY(made.error().message.find("installer/setup") != std::string::npos);
    }
};

int main(int argc, char **argv)
{
    qputenv("QTEST_FUNCTION_TIMEOUT", "840000"); // it trains and answers, on a busy machine too
    QApplication application(argc, argv);
    TestTour test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_tour.moc"
