#pragma once

#include <QFileSystemWatcher>
#include <QObject>

#include <optional>

class QDBusVariant;

namespace attune::ui {

/// Whether the desktop is set to dark. Qt 6.4 knows that of few desktops, by the palette that they hand it. The
/// others say it through the desktop portal, or in the settings files of GTK and KDE; all of them tell when it
/// changes.
class SystemTheme final : public QObject {
    Q_OBJECT
public:
    explicit SystemTheme(QObject *parent = nullptr);
    std::optional<bool> dark() const { return m_portal ? m_portal : m_files; } ///< none: nobody says

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void settingChanged(const QString &group, const QString &key, const QDBusVariant &value);

private:
    void askPortal();
    void readFiles();
    void tell(std::optional<bool> before);
    std::optional<bool> m_portal;
    std::optional<bool> m_files;
    QFileSystemWatcher m_watcher;
};

} // namespace attune::ui
