#include "ui/theme/system_theme.h"

#include <QColor>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QDir>
#include <QFileInfo>
#include <QSettings>
#include <QStandardPaths>

namespace attune::ui {

namespace {

const QString Service = QStringLiteral("org.freedesktop.portal.Desktop");
const QString Path = QStringLiteral("/org/freedesktop/portal/desktop");
const QString Interface = QStringLiteral("org.freedesktop.portal.Settings");
const QString Group = QStringLiteral("org.freedesktop.appearance");
const QString Key = QStringLiteral("color-scheme");

/// Where no bus runs, none must be started for this.
bool hasSessionBus()
{
    return !qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS") ||
           (qEnvironmentVariableIsSet("XDG_RUNTIME_DIR") &&
            QFileInfo::exists(qEnvironmentVariable("XDG_RUNTIME_DIR") + "/bus"));
}

/// 1 is dark, 2 light, 0 no preference; Read() wraps it twice.
std::optional<bool> darkOf(QVariant value)
{
    while (value.canConvert<QDBusVariant>())
        value = value.value<QDBusVariant>().variant();
    const uint scheme = value.toUInt();
    return scheme == 1 || scheme == 2 ? std::optional(scheme == 1) : std::nullopt;
}

QString configFile(const char *name)
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) + '/' + QLatin1String(name);
}

std::optional<bool> darkOfGtk(const QString &file)
{
    if (!QFileInfo::exists(file))
        return {};
    QSettings settings(file, QSettings::IniFormat);
    settings.beginGroup("Settings");
    const QString prefers = settings.value("gtk-application-prefer-dark-theme").toString();
    const QString theme = settings.value("gtk-theme-name").toString();
    if (prefers.isEmpty() && theme.isEmpty())
        return {};
    return prefers == "1" || prefers == "true" || theme.endsWith("-dark", Qt::CaseInsensitive);
}

std::optional<bool> darkOfKde(const QString &file)
{
    if (!QFileInfo::exists(file))
        return {};
    const QSettings settings(file, QSettings::IniFormat);
    const QStringList rgb = settings.value("Colors:Window/BackgroundNormal").toStringList();
    if (rgb.size() < 3)
        return {};
    return QColor(rgb[0].toInt(), rgb[1].toInt(), rgb[2].toInt()).lightness() < 128;
}

} // namespace

SystemTheme::SystemTheme(QObject *parent) : QObject(parent)
{
    connect(&m_watcher, &QFileSystemWatcher::fileChanged, this, &SystemTheme::readFiles);
    connect(&m_watcher, &QFileSystemWatcher::directoryChanged, this, &SystemTheme::readFiles);
    readFiles();
    if (hasSessionBus())
        askPortal();
}

void SystemTheme::askPortal()
{
    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected())
        return;
    // Whoever says it: the portal may start later than this, or anew.
    bus.connect(QString(), Path, Interface, QStringLiteral("SettingChanged"), this,
                SLOT(settingChanged(QString, QString, QDBusVariant)));
    QDBusMessage question = QDBusMessage::createMethodCall(Service, Path, Interface, QStringLiteral("Read"));
    question << Group << Key;
    auto *answer = new QDBusPendingCallWatcher(bus.asyncCall(question), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [this](QDBusPendingCallWatcher *done) {
        const QDBusPendingReply<QDBusVariant> reply = *done;
        done->deleteLater();
        if (!reply.isError())
            settingChanged(Group, Key, reply.value());
    });
}

void SystemTheme::settingChanged(const QString &group, const QString &key, const QDBusVariant &value)
{
    if (group != Group || key != Key)
        return;
    const auto before = dark();
    m_portal = darkOf(QVariant::fromValue(value));
    tell(before);
}

void SystemTheme::readFiles()
{
    const QString gtk4 = configFile("gtk-4.0/settings.ini");
    const QString gtk3 = configFile("gtk-3.0/settings.ini");
    const QString kde = configFile("kdeglobals");
    // A file that is replaced is another one: its folder tells of it.
    for (const QString &file : {gtk4, gtk3, kde})
        for (const QString &path : {file, QFileInfo(file).absolutePath()})
            if (QFileInfo::exists(path) && !m_watcher.files().contains(path) &&
                !m_watcher.directories().contains(path))
                m_watcher.addPath(path);
    const auto before = dark();
    const bool inKde = qEnvironmentVariable("XDG_CURRENT_DESKTOP").contains("KDE");
    const auto byKde = darkOfKde(kde);
    const auto byGtk4 = darkOfGtk(gtk4);
    const auto byGtk = byGtk4 ? byGtk4 : darkOfGtk(gtk3);
    m_files = inKde ? (byKde ? byKde : byGtk) : (byGtk ? byGtk : byKde);
    tell(before);
}

void SystemTheme::tell(std::optional<bool> before)
{
    if (before != dark())
        Q_EMIT changed();
}

} // namespace attune::ui
