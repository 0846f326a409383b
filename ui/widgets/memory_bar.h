#pragma once

#include <QColor>
#include <QList>
#include <QString>
#include <QWidget>

namespace attune::ui {

struct MemoryPart {
    QString name;      ///< "Activations"
    double bytes = 0;
    QColor color;      ///< of the theme: seriesColor(n), color(Token::Text3)
};

/// What a run, or the process, takes of a memory: stretches in order, the safe limit as a tick, what is beyond the
/// total hatched. Predicted values are paler than measured ones; while measuring a line runs along (unless motion is
/// reduced). Tool tips say name and size of each part.
class MemoryBar final : public QWidget {
    Q_OBJECT
public:
    enum State { Predicted, Measuring, Measured };
    explicit MemoryBar(QWidget *parent = nullptr);
    void setParts(const QList<MemoryPart> &parts);
    const QList<MemoryPart> &parts() const { return m_parts; }
    void setTotal(double bytes);
    void setSafeLimit(double bytes); ///< 0: none
    /// What the limit is called under the bar and, where it is passed, in words; each with %1 for its size.
    void setLimitWords(const QString &label, const QString &passed);
    void setState(State state);
    /// Thin: 6 px and without limit's label, for the status line. Else 18 px with the label below.
    void setThin(bool thin);
    double used() const;
    bool tooBig() const { return m_total > 0 && used() > m_total; }
    bool tight() const { return m_limit > 0 && used() > m_limit; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;

private:
    QString describe() const;
    QRect barRect() const;
    double scaleTotal() const;
    QList<MemoryPart> m_parts;
    double m_total = 0;
    double m_limit = 0;
    QString m_limitLabel = tr("safe limit %1");
    QString m_limitPassed = tr("above the safe limit of %1");
    State m_state = Predicted;
    bool m_thin = false;
    int m_timer = 0;
    int m_phase = 0;
    void timerEvent(QTimerEvent *event) override;
    void updateTimer();
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
};

/// The legend below it: a square in the part's colour, its name, its size, in two columns.
class MemoryLegend final : public QWidget {
    Q_OBJECT
public:
    explicit MemoryLegend(QWidget *parent = nullptr);
    void setParts(const QList<MemoryPart> &parts);
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    int columns(int width) const;
    QList<MemoryPart> m_parts;
};

} // namespace attune::ui
