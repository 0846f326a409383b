#pragma once

#include "ui/session/session.h"
#include "ui/widgets/tone.h"

#include <QWidget>

class QVBoxLayout;

namespace attune {
struct TrainSettings;
}

namespace attune::ui {

/// What the form must know of project and machine; found out by a worker.
struct StartFacts {
    qint64 train = 0;
    qint64 validation = 0;
    qint64 test = 0;
    qint64 withoutPart = 0;
    qint64 cutRows = 0;   ///< of train and validation, at max_length
    qint64 cutTokens = 0;
    qint64 leaks = 0;
    qint64 endMissing = 0;
    qint64 nothingTrained = 0;
    qint64 rejected = 0;       ///< counted only where there is nothing to train on
    bool sample = false;
    QStringList models; ///< known on this machine
};
Result<StartFacts> readStartFacts(Project &project, std::int64_t maxLength);

/// A line before the start: Bad ones stand in its way.
struct StartCheck {
    Tone tone = Tone::Ok;
    QString text;
    QString link;     ///< empty: none
    QString search;   ///< what Data shows when the link is followed
    bool operator==(const StartCheck &) const = default;
};
QList<StartCheck> startChecks(const StartFacts &facts, const Session &session, const TrainSettings &settings);

/// These lines, one below the other.
class StartCheckList final : public QWidget {
    Q_OBJECT
public:
    explicit StartCheckList(QWidget *parent = nullptr);
    void setChecks(const QList<StartCheck> &checks);
    const QList<StartCheck> &checks() const { return m_checks; }

Q_SIGNALS:
    void followed(const QString &search);

private:
    QVBoxLayout *m_layout;
    QList<StartCheck> m_checks;
};

} // namespace attune::ui
