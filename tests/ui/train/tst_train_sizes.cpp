#include "train_fixture.h"

#include "ui/train/loss_chart.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/run_tabs.h"
#include "ui/train/runs_panel.h"
#include "ui/train/setting_field.h"
#include "ui/train/small_plots.h"
#include "ui/train/train_workspace.h"
#include "ui/widgets/key_button.h"

#include <QLabel>
#include <QLayout>
#include <QListView>
#include <QPushButton>
#include <QSplitter>

using namespace attune;
using namespace attune::ui;

namespace {

/// What the window leaves a workspace: of 1440 x 900 at twice the text size, and of 1024 x 700 at one and a half.
struct Room {
    double scale;
    QSize size;
};
const Room rooms[] = {{2, {1296, 756}}, {1.5, {916, 592}}};

/// Names of the buttons and labels whose words need more room than they have.
QStringList cutIn(const QWidget &page)
{
    QStringList cut;
    for (const QWidget *widget : page.findChildren<QWidget *>()) {
        const auto *button = qobject_cast<const QPushButton *>(widget);
        const auto *label = qobject_cast<const QLabel *>(widget);
        const bool words = button || (label && !label->wordWrap() && !label->inherits("attune::ui::ElidedLabel") &&
                                      !label->text().isEmpty());
        if (!words || !widget->isVisible() || widget->visibleRegion().isEmpty())
            continue;
        if (widget->width() < widget->minimumSizeHint().width() || widget->height() < widget->fontMetrics().height())
            cut << QStringLiteral("%1 \"%2\" %3 of %4")
                       .arg(QString::fromLatin1(widget->metaObject()->className()),
                            button ? button->text() : label->text())
                       .arg(widget->width())
                       .arg(widget->minimumSizeHint().width());
    }
    return cut;
}

struct LargeText {
    ~LargeText() { Theme::instance().setTextScale(1); }
    void set(double scale) { Theme::instance().setTextScale(scale); }
};

} // namespace

class TestTrainSizes : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    /// The window is open while the text grows.
    void nothingIsCutInLargeText()
    {
        OpenToy open;
        open.addRun("one", 20);
        open.addRun("two", 12, RunState::Stopped);
        TrainWorkspace train(*open.session);
        train.resize(1368, 800);
        train.show();
        QTRY_COMPARE(train.runsPanel()->current(), qint64(2));
        LargeText text;
        for (const Room &room : rooms) {
            text.set(room.scale);
            train.resize(room.size);
            QTest::qWait(50); // the parts take the new size one after another
            QCOMPARE(train.size(), room.size);
            const QSize least = train.layout()->minimumSize();
            QVERIFY2(least.width() <= room.size.width() && least.height() <= room.size.height(),
                     qPrintable(QStringLiteral("needs %1 x %2").arg(least.width()).arg(least.height())));
            QCOMPARE(cutIn(train), QStringList());
            train.open({{QStringLiteral("new"), true}});
            QTest::qWait(50);
            QVERIFY(train.rect().contains(train.form()->geometry()));
            QCOMPARE(cutIn(*train.form()), QStringList());
            train.form()->closeWanted();
        }
    }

    void theListTakesNoMoreThanItCanWhenTheTextShrinks()
    {
        OpenToy open;
        TrainWorkspace train(*open.session);
        train.resize(1368, 800);
        train.show();
        train.open({{QStringLiteral("new"), true}});
        LargeText text;
        text.set(2);
        train.resize(1904, 1168);
        QTest::qWait(50);
        text.set(1);
        train.resize(1368, 800);
        QTest::qWait(50);
        for (const QSize &size : {QSize(952, 628), QSize(952, 600)}) {
            train.resize(size);
            QTest::qWait(50);
            const auto *splitter = train.findChild<QSplitter *>();
            QVERIFY(splitter->sizes().value(0) <= train.runsPanel()->maximumWidth());
        }
    }

    void theListOfRunsOpensOverTheMonitorWhereThereIsNoRoomBesideIt()
    {
        OpenToy open;
        open.addRun("one", 20);
        TrainWorkspace train(*open.session);
        train.resize(600, 500);
        train.show();
        QTRY_COMPARE(train.runsPanel()->current(), qint64(1));
        QVERIFY(!train.runsPanel()->isVisible());
        auto *strip = train.findChild<QWidget *>(QStringLiteral("runsStrip"));
        QVERIFY(strip->isVisible());
        QTest::mouseClick(strip->findChild<IconButton *>(), Qt::LeftButton);
        QVERIFY(train.runsPanel()->isVisible());
        QVERIFY(train.runsPanel()->list()->hasFocus() || !train.isActiveWindow());
        QTest::keyClick(train.runsPanel()->list(), Qt::Key_Escape);
        QVERIFY(!train.runsPanel()->isVisible());
        train.open({{QStringLiteral("new"), true}});
        QVERIFY(train.form()->isVisible());
        QVERIFY(train.searchField()->isVisible()); // the list takes the place of the form, and the other way round
        QVERIFY(!train.form()->isVisible());
        train.open({{QStringLiteral("new"), true}});
        QVERIFY(!train.runsPanel()->isVisible());
        train.resize(1368, 800);
        QVERIFY(train.runsPanel()->isVisible());
        QVERIFY(!strip->isVisible());
        QTest::qWait(20);
        QVERIFY(train.form()->width() >= 390); // it has its place again
    }

    void theSmallPlotsAreATabWhereTheWindowIsLow()
    {
        OpenToy open;
        open.addRun("one", 20);
        TrainWorkspace train(*open.session);
        train.resize(1368, 400);
        train.show();
        QTRY_COMPARE(train.runsPanel()->current(), qint64(1));
        QVERIFY(train.monitor()->tabs()->indexOf(train.monitor()->smallPlots()) >= 0);
        train.resize(1368, 800);
        QVERIFY(train.monitor()->tabs()->indexOf(train.monitor()->smallPlots()) < 0);
        QTRY_VERIFY(train.monitor()->smallPlots()->isVisible());
    }

    void theNameOfASettingIsNeverCut()
    {
        OpenToy open;
        RunBook book(*open.session);
        NewRunForm form(*open.session, book);
        form.resize(396, 800);
        form.setAdvanced(true);
        form.show();
        LargeText text;
        for (const double scale : {1.0, 1.5, 2.0}) {
            text.set(scale);
            form.resize(scaled(396), 800);
            form.draft().setText(QStringLiteral("per_device_train_batch_size"), QStringLiteral("3"));
            QTest::qWait(50);
            for (const SettingInfo &info : trainSettings()) {
                const SettingField *field = form.field(QString::fromLatin1(info.key));
                for (const QLabel *label : field->findChildren<QLabel *>())
                    if (label->text().startsWith(QLatin1String(info.key)) &&
                        label->objectName() != QLatin1String("message"))
                        QVERIFY2(label->width() >= label->sizeHint().width(), info.key);
            }
        }
    }

    void rowsOfTheListGrowWithTheText()
    {
        OpenToy open;
        open.addRun("one", 20);
        RunBook book(*open.session);
        RunsPanel panel(book);
        panel.resize(300, 400);
        panel.show();
        QTRY_COMPARE(panel.list()->model()->rowCount(), 1);
        const auto height = [&] { return panel.list()->visualRect(panel.list()->model()->index(0, 0)).height(); };
        const int before = height();
        LargeText text;
        text.set(2);
        QTRY_COMPARE(height(), 2 * before);
    }
};

QTEST_MAIN(TestTrainSizes)
#include "tst_train_sizes.moc"
