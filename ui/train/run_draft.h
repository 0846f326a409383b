#pragma once

#include "core/train/settings.h"

#include <QHash>
#include <QObject>
#include <QStringList>

namespace attune::ui {

/// The settings of the run that is being prepared: one for all views of the form, so that switching loses nothing.
/// What is typed is kept as typed; what the table of settings refuses has an error and leaves the last good value.
class RunDraft final : public QObject {
    Q_OBJECT
public:
    explicit RunDraft(QObject *parent = nullptr);

    const TrainSettings &settings() const { return m_settings; }
    /// What the fields are compared with, and what reset() goes back to: the defaults, or those of an earlier run.
    const TrainSettings &start() const { return m_start; }
    void setStart(const TrainSettings &start); ///< resets everything to it
    void reset() { setStart(m_start); }
    void reset(const QString &key);

    QString text(const QString &key) const;
    void setText(const QString &key, const QString &text);
    QString error(const QString &key) const { return m_errors.value(key); }
    QString advice(const QString &key) const;
    QString startText(const QString &key) const;
    bool isChanged(const QString &key) const { return changedKeys().contains(key); }
    QStringList changedKeys() const; ///< in the order of the table
    QStringList wrongKeys() const;   ///< those with an error

Q_SIGNALS:
    void changed(const QString &key); ///< empty: all

private:
    TrainSettings m_settings;
    TrainSettings m_start;
    QHash<QString, QString> m_typed; // where it is no value
    QHash<QString, QString> m_errors;
};

/// `attune train …` with everything that is not default, ready for a shell.
QString trainCommand(const QString &project, const QString &model, const QString &name, const TrainSettings &settings,
                     const QString &initAdapter = {});

} // namespace attune::ui
