#include "ui/shell/rail.h"
#include "ui/theme/theme.h"

#include <QPaintEvent>
#include <QTest>

using namespace attune::ui;

namespace {

/// What of a widget was asked to be painted anew.
class Painted final : public QObject {
public:
    using QObject::QObject;
    QRegion region;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override
    {
        if (event->type() == QEvent::Paint)
            region += static_cast<QPaintEvent *>(event)->region();
        return QObject::eventFilter(watched, event);
    }
};

} // namespace

class TestRail : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    /// A page that is added while the window is shown is laid out only after the rail was painted once.
    void theBarFollowsTheButtonThatMoves()
    {
        Rail rail;
        RailButton *data = rail.add("data", "Data", "data");
        rail.setCurrent("data");
        rail.resize(rail.width(), 400);
        rail.show();
        QVERIFY(QTest::qWaitForWindowExposed(&rail));
        QTest::qWait(50); // until what is due is painted
        Painted painted;
        rail.installEventFilter(&painted);
        const QRect before = data->geometry();
        data->move(before.x(), before.y() + 60);
        QTRY_VERIFY(painted.region.contains(QPoint(1, before.center().y())));      // it is gone from there
        QVERIFY(painted.region.contains(QPoint(1, before.center().y() + 60))); // and stands here
    }
};

QTEST_MAIN(TestRail)
#include "tst_rail.moc"
