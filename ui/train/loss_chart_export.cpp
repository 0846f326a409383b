#include "ui/train/loss_chart.h"

#include "ui/train/picture_legend.h"
#include "ui/widgets/format.h"
#include "ui/widgets/plot_frame.h"

#include <algorithm>
#include <set>

// What leaves the window: pictures and the table.

namespace attune::ui {

/// Everything that is drawn, by the names that the panels beside the plot give it.
QVector<ChartLegend::Entry> LossChart::pictureEntries() const
{
    QVector<ChartLegend::Entry> entries;
    for (const Drawn &drawn : m_curves) {
        const RunEntry *entry = m_book.entry(drawn.run);
        if (!entry)
            continue;
        if (drawn.front)
            entries.append({drawn.run, drawn.raw->pen(), std::nullopt, tr("%1, each step").arg(entry->title())});
        entries.append({drawn.run, drawn.smooth->pen(), std::nullopt,
                        tr("%1, smoothed %2").arg(entry->title(), formatNumber(m_smoothing, 2))});
    }
    const auto add = [&](const QCPGraph *graph, CurveMark mark, const QString &name) {
        if (graph && !graph->data()->isEmpty())
            entries.append({0, {}, mark, name});
    };
    if (!m_curves.isEmpty() && m_curves.first().front) {
        const Drawn &front = m_curves.first();
        add(front.validation, CurveMark::Validation, tr("validation"));
        add(front.best, CurveMark::Best, tr("best"));
        add(front.checkpoints, CurveMark::Checkpoint, tr("checkpoint"));
        add(front.stop, CurveMark::Stop, tr("stop"));
        add(front.notFinite, CurveMark::NotFinite, tr("not finite"));
        add(front.clipped, CurveMark::Clipped, tr("above the axis"));
    }
    return entries;
}

void LossChart::preparePicture(bool begins)
{
    QCustomPlot *plot = m_frame->plot();
    m_pictureLegend->setVisible(begins);
    m_inPicture = begins; // without the line under the pointer, as its figures stay behind
    updateCard();
    QMargins margins = plot->axisRect()->margins();
    margins.setTop(scaled(legendHeight));
    if (begins) {
        restyle(); // the legend shows the pens of paper
        m_pictureLegend->setContent(m_frame->title(), pictureEntries());
        // The axis gets a label, which takes a part of the width.
        margins.setTop(m_pictureLegend->heightFor(plot->axisRect()->width() - scaled(24)));
    }
    plot->axisRect()->setMargins(margins);
    const QStringList axes = {tr("Step"), tr("Epoch"), tr("Computing time, minutes")};
    plot->xAxis->setLabel(begins ? axes.value(static_cast<int>(m_axis)) : QString());
    plot->yAxis->setLabel(begins ? curveTitle(m_curve) : QString());
}

QList<QStringList> LossChart::table() const
{
    QStringList header = {tr("Step"), tr("Epoch")};
    std::set<double> steps;
    struct Column {
        const RunEntry *entry;
        QVector<QPointF> smooth;
    };
    QVector<Column> columns;
    for (const Drawn &drawn : m_curves) {
        const RunEntry *entry = m_book.entry(drawn.run);
        if (!entry)
            continue;
        columns.append({entry, smoothed(entry->history.curve(m_curve), m_smoothing)});
        header << tr("%1 %2").arg(entry->label(), curveTitle(m_curve).toLower()) << tr("%1 smoothed").arg(entry->label());
        if (m_curve == Curve::Loss)
            header << tr("%1 validation").arg(entry->label());
        for (const QPointF &point : entry->history.curve(m_curve))
            steps.insert(point.x());
    }
    const auto exact = [](const QVector<QPointF> &points, double x) {
        const auto at = std::lower_bound(points.begin(), points.end(), x,
                                         [](const QPointF &point, double value) { return point.x() < value; });
        return at != points.end() && at->x() == x ? QString::number(at->y(), 'g', 8) : QString();
    };
    QList<QStringList> rows = {header};
    for (const double step : steps) {
        QStringList row = {QString::number(static_cast<qint64>(step))};
        row << (columns.isEmpty() || columns.first().entry->history.stepsPerEpoch() == 0
                    ? QString()
                    : formatNumber(columns.first().entry->history.epochOf(step), 3));
        for (const Column &column : columns) {
            row << exact(column.entry->history.curve(m_curve), step) << exact(column.smooth, step);
            if (m_curve == Curve::Loss)
                row << exact(column.entry->history.validation(), step);
        }
        rows.append(row);
    }
    return rows;
}

} // namespace attune::ui
