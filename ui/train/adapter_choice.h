#pragma once

#include "core/train/settings.h"
#include "ui/session/session.h"

#include <QWidget>

class QLabel;

namespace attune::ui {

class Chip;
class KeyButton;

/// What an adapter decides of a run that goes on from it.
Result<LoraConfig> readAdapterShape(const std::filesystem::path &folder);

/// Below the model: a PEFT folder whose adapter the run starts from instead of a fresh one; none at first.
class AdapterChoice final : public QWidget {
    Q_OBJECT
public:
    explicit AdapterChoice(Session &session, QWidget *parent = nullptr);
    QString folder() const { return m_folder; } ///< empty: a fresh adapter
    /// Reads the folder, then takes it and sends chosen(); one that is no adapter is refused in place.
    void choose(const QString &folder);
    void clear();

Q_SIGNALS:
    void chosen(const attune::LoraConfig &shape);
    void cleared();

private:
    void ask();
    void update();

    Session &m_session;
    QString m_folder;
    KeyButton *m_link;
    Chip *m_chip;
    QLabel *m_refusal;
};

} // namespace attune::ui
