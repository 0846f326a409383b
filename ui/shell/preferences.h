#pragma once

#include <QByteArray>
#include <QSettings>
#include <QStringList>

namespace attune::ui {

/// What the program keeps about its own looks, for all projects: dataFolder()/studio.ini.
class Preferences {
public:
    /// Another file from now on; the tour must not touch the user's.
    static void setFile(const QString &file);

    Preferences();
    void applyLook();  ///< theme, text size and motion, to Theme
    void keepLook();   ///< the same, from Theme

    QStringList recentProjects() const; ///< latest first; some may be gone, or on a disk that is not there just now
    void addRecent(const QString &project);
    void forgetRecent(const QString &project);

    /// Where file dialogs begin: the folder that the last one ended in, at first the user's documents.
    QString folder() const;
    void setFolder(const QString &folder);
    QByteArray geometry() const;
    void setGeometry(const QByteArray &geometry);
    QString workspace() const;
    void setWorkspace(const QString &id);

    QStringList recentActions() const; ///< object names, latest first
    void addRecentAction(const QString &name);

    QString key(const QString &action) const; ///< that the user gave it; empty: its own; "-": none
    void setKey(const QString &action, const QString &key);

private:
    void addTo(const QString &list, const QString &value, int most);
    QSettings m_settings;
};

} // namespace attune::ui
