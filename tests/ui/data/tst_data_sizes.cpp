#include "tests/ui/data/data_project.h"
#include "ui/data/data_workspace.h"
#include "ui/data/import_wizard.h"
#include "ui/data/import_wizard_columns.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elided_label.h"

#include <QAbstractButton>
#include <QLabel>
#include <QSettings>
#include <QStandardPaths>

#include <fstream>

using namespace attune;
using namespace attune::ui;

namespace {

/// Controls and labels that have less room than they ask for.
QStringList cutIn(const QWidget &page)
{
    QStringList cut;
    for (const QWidget *widget : page.findChildren<QWidget *>()) {
        const auto *button = qobject_cast<const QAbstractButton *>(widget);
        const auto *label = qobject_cast<const QLabel *>(widget);
        if (!widget->isVisible() || qobject_cast<const ElidedLabel *>(widget) ||
            !(button || (label && !label->wordWrap() && !label->text().isEmpty())))
            continue;
        const int least =
            button && button->text().isEmpty() ? button->iconSize().width() + 4 : widget->minimumSizeHint().width();
        if (widget->width() < least || widget->height() < widget->fontMetrics().height())
            cut << QStringLiteral("%1 %2 \"%3\": %4 x %5, needs %6")
                       .arg(QString::fromLatin1(widget->metaObject()->className()), widget->objectName(),
                            button ? button->text() : label->text())
                       .arg(widget->width())
                       .arg(widget->height())
                       .arg(least);
    }
    return cut;
}

struct LargeText {
    ~LargeText() { Theme::instance().setTextScale(1); }
};

} // namespace

class TestDataSizes : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QSettings().clear();
        applyTheme(*qApp);
    }

    /// The window is open while the text grows, and shrinks again.
    void nothingIsCutInLargeText()
    {
        DataProject project;
        project.add(plainRows(6));
        project.markChecked();
        auto session = project.session();
        DataWorkspace workspace(*session);
        workspace.resize(1368, 828);
        workspace.show();
        QVERIFY(QTest::qWaitForWindowActive(&workspace));
        workspace.shown();
        QTRY_VERIFY(workspace.findChild<QWidget *>(QStringLiteral("foldTokens")));
        QTRY_VERIFY(session->idle());
        LargeText text;
        for (const double scale : {2.0, 1.5, 1.0}) {
            Theme::instance().setTextScale(scale);
            workspace.resize(static_cast<int>(1368 * scale),
                             static_cast<int>(828 * scale)); // else it scrolls as a whole
            QTRY_COMPARE(cutIn(workspace), QStringList());
        }
    }

    void nothingOfTheImportIsCutInLargeText()
    {
        DataProject project;
        auto session = project.session();
        ImportWizard wizard(*session);
        wizard.resize(1368, 828);
        wizard.show();
        const std::filesystem::path file = project.file("mails.csv");
        std::ofstream(file) << "brief,json,sterne\nWhere is my lamp,late,5\nPlease send it,sent,3\nAlone,,1\n";
        wizard.begin({QString::fromStdString(file.string())});
        QTRY_VERIFY(wizard.checked() && !wizard.checking());
        auto *head = wizard.findChild<RoleHeader *>();
        const int first = head->sectionSize(0);
        LargeText text;
        for (const double scale : {2.0, 1.0}) {
            Theme::instance().setTextScale(scale);
            wizard.resize(static_cast<int>(1368 * scale), static_cast<int>(828 * scale));
            QTRY_COMPARE(head->sectionSize(0), static_cast<int>(first * scale));
            for (const ImportStep step :
                 {ImportStep::Files, ImportStep::Columns, ImportStep::Check, ImportStep::Split}) {
                wizard.setStep(step);
                QTRY_COMPARE(cutIn(wizard), QStringList());
            }
        }
    }
};

QTEST_MAIN(TestDataSizes)
#include "tst_data_sizes.moc"
