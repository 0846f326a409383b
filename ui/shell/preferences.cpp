#include "ui/shell/preferences.h"

#include "core/base/files.h"
#include "ui/theme/theme.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace attune::ui {

namespace {

constexpr int MostProjects = 10;
constexpr int MostActions = 12;

QString &fileName()
{
    static QString name;
    return name;
}

QString currentFile()
{
    return fileName().isEmpty() ? QString::fromStdString((dataFolder() / "studio.ini").string()) : fileName();
}

} // namespace

void Preferences::setFile(const QString &file)
{
    fileName() = file;
}

Preferences::Preferences() : m_settings(currentFile(), QSettings::IniFormat) {}

void Preferences::applyLook()
{
    Theme &theme = Theme::instance();
    const QString choice = m_settings.value("look/theme").toString();
    theme.setChoice(choice == "light" ? ThemeChoice::Light
                    : choice == "dark" ? ThemeChoice::Dark
                                       : ThemeChoice::System);
    theme.setTextScale(m_settings.value("look/text", 1.0).toDouble());
    theme.setReducedMotion(m_settings.value("look/reduceMotion", false).toBool());
}

void Preferences::keepLook()
{
    const Theme &theme = Theme::instance();
    const ThemeChoice choice = theme.choice();
    m_settings.setValue("look/theme", choice == ThemeChoice::Light  ? "light"
                                      : choice == ThemeChoice::Dark ? "dark"
                                                                    : "system");
    m_settings.setValue("look/text", theme.textScale());
    m_settings.setValue("look/reduceMotion", theme.reducedMotion());
}

void Preferences::addTo(const QString &list, const QString &value, int most)
{
    QStringList values = m_settings.value(list).toStringList();
    values.removeAll(value);
    values.prepend(value);
    m_settings.setValue(list, QStringList(values.mid(0, most)));
}

QStringList Preferences::recentProjects() const
{
    return m_settings.value("projects").toStringList();
}

void Preferences::addRecent(const QString &project)
{
    addTo("projects", project, MostProjects);
}

void Preferences::forgetRecent(const QString &project)
{
    QStringList projects = m_settings.value("projects").toStringList();
    projects.removeAll(project);
    m_settings.setValue("projects", projects);
}

QString Preferences::folder() const
{
    const QString last = m_settings.value("folder").toString();
    if (QFileInfo(last).isDir())
        return last;
    const QString documents = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
    return QFileInfo(documents).isDir() ? documents : QDir::homePath();
}

void Preferences::setFolder(const QString &folder)
{
    m_settings.setValue("folder", folder);
}

QByteArray Preferences::geometry() const
{
    return m_settings.value("window/geometry").toByteArray();
}

void Preferences::setGeometry(const QByteArray &geometry)
{
    m_settings.setValue("window/geometry", geometry);
}

QString Preferences::workspace() const
{
    return m_settings.value("window/workspace").toString();
}

void Preferences::setWorkspace(const QString &id)
{
    m_settings.setValue("window/workspace", id);
}

QStringList Preferences::recentActions() const
{
    return m_settings.value("palette/recent").toStringList();
}

void Preferences::addRecentAction(const QString &name)
{
    if (!name.isEmpty())
        addTo("palette/recent", name, MostActions);
}

QString Preferences::key(const QString &action) const
{
    return m_settings.value("keys/" + action).toString();
}

void Preferences::setKey(const QString &action, const QString &key)
{
    if (key.isEmpty())
        m_settings.remove("keys/" + action);
    else
        m_settings.setValue("keys/" + action, key);
}

} // namespace attune::ui
