#include "ui/train/loss_chart.h"

#include "ui/train/picture_legend.h"
#include "ui/widgets/format.h"
#include "ui/widgets/plot_frame.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

// What leaves the window: pictures and the table.

namespace attune::ui {

namespace {

/// The part of a line that lies in the axes, with gaps where it leaves them. On screen that is a matter of clipping;
/// an SVG that Qt writes has none, and the line would run over title and legend.
QVector<QCPGraphData> inside(const QCPGraph &graph)
{
    const QCPAxis *key = graph.keyAxis();
    const QCPAxis *value = graph.valueAxis();
    const QRectF area(QPointF(key->coordToPixel(key->range().lower), value->coordToPixel(value->range().upper)),
                      QPointF(key->coordToPixel(key->range().upper), value->coordToPixel(value->range().lower)));
    QVector<QCPGraphData> kept;
    const auto add = [&](const QPointF &pixel) {
        kept.append({key->pixelToCoord(pixel.x()), value->pixelToCoord(pixel.y())});
    };
    const auto gap = [&](double x) {
        if (!kept.isEmpty() && std::isfinite(kept.last().value))
            kept.append({x, std::numeric_limits<double>::quiet_NaN()});
    };
    std::optional<QPointF> before;
    for (const QCPGraphData &point : *graph.data()) {
        const QPointF pixel(key->coordToPixel(point.key), value->coordToPixel(point.value));
        if (!std::isfinite(point.value) || !std::isfinite(pixel.y())) {
            gap(point.key);
            before.reset();
            continue;
        }
        if (!before && area.contains(pixel)) {
            add(pixel);
        } else if (before) {
            // The stretch of the way from one point to the next that lies between each pair of edges.
            const QPointF way = pixel - *before;
            double from = 0;
            double to = 1;
            const auto between = [&](double start, double length, double low, double high) {
                if (length == 0) {
                    if (start < low || start > high)
                        from = 2;
                    return;
                }
                from = std::max(from, std::min((low - start) / length, (high - start) / length));
                to = std::min(to, std::max((low - start) / length, (high - start) / length));
            };
            between(before->x(), way.x(), area.left(), area.right());
            between(before->y(), way.y(), area.top(), area.bottom());
            if (from <= to) {
                if (from > 0)
                    add(*before + way * from);
                add(*before + way * to);
            }
            if (from > to || to < 1)
                gap(point.key);
        }
        before = pixel;
    }
    return kept;
}

/// Of marks, those that lie in the axes.
QVector<QCPGraphData> marksInside(const QCPGraph &graph)
{
    QVector<QCPGraphData> kept;
    for (const QCPGraphData &point : *graph.data())
        if (graph.keyAxis()->range().contains(point.key) && graph.valueAxis()->range().contains(point.value))
            kept.append(point);
    return kept;
}

} // namespace

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
    for (Drawn &drawn : m_curves) {
        for (QCPGraph *line : {drawn.raw, drawn.smooth})
            if (line && begins)
                line->data()->set(inside(*line), true);
        for (QCPGraph *marks : {drawn.validation, drawn.best})
            if (marks && begins)
                marks->data()->set(marksInside(*marks), true);
        if (const RunEntry *entry = m_book.entry(drawn.run); entry && !begins) {
            fill(drawn, *entry);
            if (drawn.front)
                fillMarks(drawn, *entry);
        }
    }
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
        header << tr("%1 %2").arg(entry->label(), curveTitle(m_curve).toLower())
               << tr("%1 smoothed").arg(entry->label());
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
