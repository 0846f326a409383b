#pragma once

#include "ui/train/chart_card.h"

#include "ui/widgets/custom_plot.h"

namespace attune::ui {

/// Title and legend of a plot that leaves the window as a picture: on the screen, the tool bar and ChartLegend say
/// it. Invisible until a picture is made; lies in the margin above the plot.
class PictureLegend final : public QCPAbstractItem {
public:
    explicit PictureLegend(QCustomPlot *plot);
    void setContent(const QString &title, const QVector<ChartLegend::Entry> &entries);
    /// What it takes above the plot, with entries broken into lines of this width.
    int heightFor(int width) const;
    QString text() const; ///< for tests

    double selectTest(const QPointF &, bool, QVariant * = nullptr) const override { return -1; }

protected:
    void draw(QCPPainter *painter) override;

private:
    QVector<QRect> placesIn(int width) const; ///< of the entries, below the title
    QString m_title;
    QVector<ChartLegend::Entry> m_entries;
};

} // namespace attune::ui
