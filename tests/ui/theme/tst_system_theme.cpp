#include "ui/theme/system_theme.h"

#include <QDBusConnection>
#include <QDBusVariant>
#include <QFile>
#include <QDir>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace attune::ui;

namespace {

/// What a desktop runs: it answers Read().
class Portal final : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Settings")
public:
    uint scheme = 0;

public Q_SLOTS:
    QDBusVariant Read(const QString &, const QString &)
    {
        return QDBusVariant(QVariant::fromValue(QDBusVariant(scheme)));
    }
};

void write(const QString &path, const QByteArray &text)
{
    QVERIFY(QDir().mkpath(QFileInfo(path).absolutePath()));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
}

} // namespace

class TestSystemTheme : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        qputenv("XDG_CONFIG_HOME", m_folder->path().toUtf8());
        qputenv("XDG_RUNTIME_DIR", m_folder->path().toUtf8());
        qunsetenv("DBUS_SESSION_BUS_ADDRESS");
        qunsetenv("XDG_CURRENT_DESKTOP");
    }

    void nobodySays()
    {
        const SystemTheme system;
        QVERIFY(!system.dark());
    }

    void filesOfGtkAreFollowed()
    {
        const QString file = m_folder->filePath("gtk-3.0/settings.ini");
        write(file, "[Settings]\ngtk-theme-name=Adwaita\ngtk-application-prefer-dark-theme=1\n");
        SystemTheme system;
        QCOMPARE(system.dark(), std::optional(true));
        write(file, "[Settings]\ngtk-theme-name=Adwaita\n");
        QTRY_COMPARE(system.dark(), std::optional(false));
        write(file + ".new",
              "[Settings]\ngtk-theme-name=Yaru-dark\n"); // as most programs write: the file is another one then
        QVERIFY(QFile::remove(file));
        QVERIFY(QFile::rename(file + ".new", file));
        QTRY_COMPARE(system.dark(), std::optional(true));
    }

    void filesOfKdeAreReadInKde()
    {
        write(m_folder->filePath("kdeglobals"), "[Colors:Window]\nBackgroundNormal=32,35,38\n");
        write(m_folder->filePath("gtk-3.0/settings.ini"), "[Settings]\ngtk-theme-name=Breeze\n");
        QCOMPARE(SystemTheme().dark(), std::optional(false));
        qputenv("XDG_CURRENT_DESKTOP", "KDE");
        QCOMPARE(SystemTheme().dark(), std::optional(true));
    }

    void thePortalIsAsked()
    {
        if (QStandardPaths::findExecutable("dbus-daemon").isEmpty())
            QSKIP("There is no dbus-daemon here.");
        QProcess daemon;
        daemon.start("dbus-daemon", {"--session", "--print-address", "--nofork"});
        QVERIFY(daemon.waitForReadyRead());
        const QString address = QString::fromUtf8(daemon.readLine()).trimmed();
        qputenv("DBUS_SESSION_BUS_ADDRESS", address.toUtf8());
        QDBusConnection desktop = QDBusConnection::connectToBus(address, "desktop");
        Portal portal;
        portal.scheme = 1;
        QVERIFY(desktop.registerObject("/org/freedesktop/portal/desktop", &portal,
                                       QDBusConnection::ExportAllSlots));
        QVERIFY(desktop.registerService("org.freedesktop.portal.Desktop"));
        write(m_folder->filePath("gtk-3.0/settings.ini"),
              "[Settings]\ngtk-theme-name=Adwaita\n"); // it says less than the portal
        SystemTheme system;
        QTRY_COMPARE(system.dark(), std::optional(true));
        daemon.terminate();
        daemon.waitForFinished();
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestSystemTheme)
#include "tst_system_theme.moc"
