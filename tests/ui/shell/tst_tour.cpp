#include "core/base/files.h"
#include "ui/shell/preferences.h"
#include "ui/shell/tour.h"
#include "ui/theme/theme.h"

#include <QDir>
#include <QImage>
#include <QTemporaryDir>
#include <QTest>

using namespace attune;
using namespace attune::ui;

class TestTour : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyPageIsPicturedInBothThemesAndSizes()
    {
        applyTheme(*qApp);
        const QTemporaryDir folder;
        const QString shots = folder.filePath("shots");
        int told = 0;
        const auto made = runTour(shots.toStdString(), [&](const QString &) { ++told; });
        QVERIFY2(made, made ? "" : made.error().message.c_str());
        QCOMPARE(told, *made);
        const QStringList files = QDir(shots).entryList({"*.png"}, QDir::Files);
        QCOMPARE(files.size(), *made);
        for (const char *page : {"start", "data", "train", "compare", "settings", "palette"}) {
            for (const char *theme : {"light", "dark"}) {
                const QString name = QString(page) + "-" + theme;
                QCOMPARE(QImage(shots + "/" + name + ".png").size(), QSize(1440, 900));
                QCOMPARE(QImage(shots + "/" + name + "-1024x700.png").size(), QSize(1024, 700));
            }
        }
        QVERIFY(QImage(shots + "/data-light.png") != QImage(shots + "/data-dark.png"));
    }

    void aFolderThatCantBeMadeIsAnError()
    {
        const auto made = runTour("/proc/no/such");
        QVERIFY(!made);
        QVERIFY(made.error().message.find("/proc/no/such") != std::string::npos);
    }
};

QTEST_MAIN(TestTour)
#include "tst_tour.moc"
