#pragma once

#include "ui/shell/bar_button.h"
#include "ui/shell/run_feed.h"

namespace attune::ui {

/// The run that trains, in the top bar, wherever one is in the program: "Run 14  412/640  bar  loss 0.46  7 min
/// left".
class RunChip final : public BarButton {
    Q_OBJECT
public:
    explicit RunChip(QWidget *parent = nullptr);
    void setStatus(const RunStatus &status);
    const RunStatus &status() const { return m_status; }
    /// The run was asked to stop, and writes what it goes on from later.
    void setSaving(bool saving);
    /// The run that was stopped only to go on soon; 0: none. It stays in sight.
    void setPaused(qint64 run);
    void setShort(bool shortForm); ///< step and bar only
    /// The end of a run has been seen: the chip goes away until the next one.
    void acknowledge();
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    struct Piece {
        QString text;
        TextStyle style;
        Token token;
    };
    QList<Piece> pieces(bool beforeBar) const;
    QString sentence() const;
    bool hasBar() const;
    bool isPaused() const { return m_status.state == RunStatus::Stopped && m_status.run == m_paused; }
    const char *mark() const;
    Token tone() const;
    RunStatus m_status;
    bool m_short = false;
    bool m_saving = false;
    qint64 m_paused = 0;
    bool m_first = true;
    qint64 m_seen = 0; ///< the run whose end needs no word any more
};

} // namespace attune::ui
