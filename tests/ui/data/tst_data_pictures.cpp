#include "core/studio/sample_project.h"
#include "tests/ui/data/data_project.h"
#include "ui/data/data_workspace.h"
#include "ui/data/health_checks.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QPixmap>
#include <QSettings>
#include <QStandardPaths>

#include <set>

using namespace attune;
using namespace attune::ui;

/// Each state of the tour gets ready and draws something, in both themes and sizes. With ATTUNE_SHOTS naming a folder
/// the pictures are kept, to look at.
class TestDataPictures : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void eachStateIsDrawn_data();
    void eachStateIsDrawn();
};

void TestDataPictures::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    QSettings().clear();
    applyTheme(*qApp);
}

void TestDataPictures::eachStateIsDrawn_data()
{
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QSize>("size");
    QTest::newRow("light") << false << QSize(1368, 828); // the window less top bar, rail and status line
    QTest::newRow("dark") << true << QSize(1368, 828);
    QTest::newRow("light-small") << false << QSize(952, 628);
}

void TestDataPictures::eachStateIsDrawn()
{
    QFETCH(bool, dark);
    QFETCH(QSize, size);
    const QString folder = qEnvironmentVariable("ATTUNE_SHOTS");
    Theme::instance().setChoice(dark ? ThemeChoice::Dark : ThemeChoice::Light);
    QTemporaryDir place;
    const std::filesystem::path path = std::filesystem::path(place.path().toStdString()) / "sample.attune";
    const auto made = createSampleProject(path);
    QVERIFY(made);
    auto session = Session::open(path);
    QVERIFY(session);
    DataWorkspace workspace(**session);
    workspace.resize(size);
    workspace.show();
    QVERIFY(QTest::qWaitForWindowActive(&workspace));
    workspace.shown();
    // The pictures show what was checked; a check begins by itself.
    QTRY_VERIFY_WITH_TIMEOUT(workspace.checks().checking(), 30'000);
    QTRY_VERIFY_WITH_TIMEOUT(!workspace.checks().checking(), 240'000);
    for (const TourState &state : workspace.tourStates()) {
        state.enter();
        QTRY_VERIFY_WITH_TIMEOUT(state.ready(), 60'000);
        QTest::qWait(300);
        const QImage image = workspace.grab().toImage();
        std::set<QRgb> colours;
        for (int y = 0; y < image.height(); y += 7)
            for (int x = 0; x < image.width(); x += 7)
                colours.insert(image.pixel(x, y));
        QVERIFY2(colours.size() > 8, qPrintable(state.name));
        if (!folder.isEmpty())
            image.save(QStringLiteral("%1/data%2-%3.png")
                           .arg(folder, state.name.isEmpty() ? QString() : QLatin1Char('-') + state.name,
                                QLatin1String(QTest::currentDataTag())));
    }
}

QTEST_MAIN(TestDataPictures)
#include "tst_data_pictures.moc"
