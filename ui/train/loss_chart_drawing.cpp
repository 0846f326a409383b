#include "ui/train/loss_chart.h"

#include "ui/train/picture_legend.h"
#include "ui/widgets/format.h"
#include "ui/widgets/plot_frame.h"

#include <algorithm>
#include <cmath>

namespace attune::ui {
namespace {

constexpr double rawOpacity = 0.32;
constexpr double fadedOpacity = 0.3;
constexpr double frontWidth = 2.4;
constexpr double overlayWidth = 1.6;
constexpr double clippedShare = 0.99;
constexpr qint64 fewSteps = 8; // that a run's axis begins with

QPen faint(QPen pen, double opacity)
{
    QColor faded = pen.color();
    faded.setAlphaF(static_cast<float>(opacity));
    pen.setColor(faded);
    return pen;
}

QString digits(Curve curve, double value)
{
    switch (curve) {
    case Curve::LearningRate: return QString::number(value, 'g', 3);
    case Curve::TokensPerSecond: return formatCount(std::llround(value));
    case Curve::GradNorm:
    case Curve::Memory: return formatNumber(value, 2);
    case Curve::Loss:
    case Curve::Count: break;
    }
    return formatNumber(value, 3);
}

/// The last step that the axis of a running run shows: its first steps fill a good part of it, as over the whole
/// length they could not be told from a dot. It doubles, so that it seldom changes.
qint64 endOfAxis(const RunHistory &history)
{
    qint64 end = fewSteps;
    while (end < 2 * history.lastStep())
        end *= 2;
    return std::max(history.lastStep(), history.totalSteps() > 0 ? std::min(end, history.totalSteps()) : end);
}

QCPGraph *addMarks(QCustomPlot *plot, QCPAxis *values)
{
    QCPGraph *graph = plot->addGraph(plot->xAxis, values);
    graph->setLineStyle(QCPGraph::lsNone);
    graph->setAdaptiveSampling(false);
    return graph;
}

void setPoints(QCPGraph *graph, const QVector<QPointF> &points)
{
    QVector<QCPGraphData> data;
    data.reserve(points.size());
    for (const QPointF &point : points)
        data.append({point.x(), point.y()});
    graph->data()->set(data, true);
}

} // namespace

int LossChart::shownSlot() const
{
    const int own = m_book.overlaySlot(m_shown);
    return own >= 0 ? own : m_book.freeSlot();
}

const QCPGraph *LossChart::smoothGraph(qint64 run) const
{
    for (const Drawn &drawn : m_curves)
        if (drawn.run == run)
            return drawn.smooth;
    return nullptr;
}

QPen LossChart::penOf(const Drawn &drawn, double width) const
{
    // With six overlaid and a seventh in front, that one has the colour of text.
    return drawn.series >= 0 ? seriesPen(drawn.series, width) : QPen(color(Token::Text), width);
}

/// Graphs and items anew: for another run in front, other overlays, another curve.
void LossChart::rebuild()
{
    QCustomPlot *plot = m_frame->plot();
    plot->clearPlottables();
    plot->clearItems();
    m_curves.clear();
    const auto add = [&](qint64 run, int series, bool front) {
        Drawn drawn;
        drawn.run = run;
        drawn.series = series;
        drawn.front = front;
        if (front)
            drawn.raw = plot->addGraph();
        drawn.smooth = plot->addGraph();
        if (front) {
            drawn.validation = plot->addGraph();
            drawn.checkpoints = addMarks(plot, plot->yAxis2);
            drawn.stop = addMarks(plot, plot->yAxis2);
            drawn.notFinite = addMarks(plot, plot->yAxis2);
            drawn.clipped = addMarks(plot, plot->yAxis2);
            drawn.best = addMarks(plot, plot->yAxis);
        }
        drawn.number = new QCPItemText(plot);
        drawn.number->setPositionAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        drawn.number->setPadding(QMargins(scaled(6), 0, 0, 0));
        drawn.number->setClipToAxisRect(false);
        drawn.number->setText(QString::number(run));
        m_curves.append(drawn);
    };
    if (m_book.entry(m_shown))
        add(m_shown, shownSlot(), true);
    for (const qint64 run : m_book.overlays())
        if (run != m_shown && m_book.entry(run))
            add(run, m_book.overlaySlot(run), false);
    m_crossLine = new QCPItemStraightLine(plot);
    m_crossLine->setLayer(QStringLiteral("overlay"));
    m_now = new QCPItemStraightLine(plot);
    m_now->point1->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_now->point2->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_nowText = new QCPItemText(plot);
    m_nowText->setText(tr("now"));
    m_nowText->setPositionAlignment(Qt::AlignRight | Qt::AlignTop);
    m_nowText->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_nowText->setPadding(QMargins(0, scaled(2), scaled(5), 0));
    m_clippedText = new QCPItemText(plot);
    m_clippedText->setVisible(false); // where there is no run yet, nothing else hides it
    m_clippedText->setPositionAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_clippedText->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_clippedText->setPadding(QMargins(scaled(3), scaled(1), scaled(3), scaled(1)));
    m_pictureLegend = new PictureLegend(plot);
    m_frame->setTitle(m_book.entry(m_shown) ? tr("%1 of %2").arg(curveTitle(m_curve), m_book.entry(m_shown)->label())
                                            : curveTitle(m_curve));
    restyle();
    redraw();
}

void LossChart::restyle()
{
    for (Drawn &drawn : m_curves) {
        const bool dim = m_faded != 0 && m_faded != drawn.run;
        const double opacity = dim ? fadedOpacity : 1;
        drawn.smooth->setPen(faint(penOf(drawn, drawn.front ? frontWidth : overlayWidth), opacity));
        drawn.number->setFont(ui::font(TextStyle::Strong));
        drawn.number->setColor(color(dim ? Token::Text3 : Token::Text));
        if (!drawn.front)
            continue;
        QPen raw = faint(penOf(drawn, 1), rawOpacity * opacity);
        raw.setStyle(Qt::SolidLine);
        drawn.raw->setPen(raw);
        QPen dots = faint(QPen(color(Token::Text), 1.4), opacity);
        dots.setDashPattern({1, 3});
        drawn.validation->setPen(dots);
        drawn.validation->setScatterStyle(markStyle(CurveMark::Validation, scaled(8)));
        drawn.best->setScatterStyle(markStyle(CurveMark::Best, scaled(15)));
        drawn.checkpoints->setScatterStyle(markStyle(CurveMark::Checkpoint, scaled(9)));
        drawn.stop->setScatterStyle(markStyle(CurveMark::Stop, scaled(10)));
        drawn.notFinite->setScatterStyle(markStyle(CurveMark::NotFinite, scaled(10)));
        drawn.clipped->setScatterStyle(markStyle(CurveMark::Clipped, scaled(9)));
    }
    if (!m_crossLine)
        return;
    QPen cross(color(Token::Text2), 1);
    cross.setDashPattern({2, 2});
    m_crossLine->setPen(cross);
    m_now->setPen(faint(QPen(color(Token::Accent), 1), 0.6));
    m_nowText->setColor(color(Token::Accent));
    m_nowText->setFont(ui::font(TextStyle::Caption));
    m_clippedText->setColor(color(Token::Warn));
    m_clippedText->setFont(ui::font(TextStyle::Caption));
    m_clippedText->setBrush(color(Token::Surface)); // read over the curve that leaves there
    updateCard(); // its lines keep their pens
    updateLegend();
}

QVector<QPointF> LossChart::mapped(const QVector<QPointF> &points, const RunHistory &history) const
{
    if (m_axis == CurveAxis::Step)
        return points;
    QVector<QPointF> result;
    result.reserve(points.size());
    for (const QPointF &point : points)
        result.append({history.xOf(point.x(), m_axis), point.y()});
    return result;
}

void LossChart::redraw()
{
    m_redraw.stop();
    for (Drawn &drawn : m_curves)
        if (const RunEntry *entry = m_book.entry(drawn.run))
            fill(drawn, *entry);
    fitAxes();
    for (Drawn &drawn : m_curves)
        if (const RunEntry *entry = m_book.entry(drawn.run); entry && drawn.front)
            fillMarks(drawn, *entry);
    const RunEntry *front = m_book.entry(m_shown);
    const bool running = front && front->phase == RunPhase::Running && front->history.lastStep() > 0;
    m_now->setVisible(running);
    m_nowText->setVisible(running);
    if (running) {
        const double x = front->history.xOf(static_cast<double>(front->history.lastStep()), m_axis);
        m_now->point1->setCoords(x, 0);
        m_now->point2->setCoords(x, 1);
        m_nowText->position->setCoords(x, 0);
    }
    updateCard();
    updateSummary();
    placeOverlays();
    m_frame->plot()->replot(QCustomPlot::rpQueuedReplot);
}

void LossChart::fill(Drawn &drawn, const RunEntry &entry)
{
    const RunHistory &history = entry.history;
    const QVector<QPointF> &points = history.curve(m_curve);
    const QVector<QPointF> smooth = smoothed(points, m_smoothing);
    setPoints(drawn.smooth, mapped(smooth, history));
    // A line needs two points; the first ones of a run are seen as such.
    drawn.smooth->setScatterStyle(smooth.size() <= 2 ? QCPScatterStyle(QCPScatterStyle::ssDisc, scaled(7))
                                                     : QCPScatterStyle());
    if (drawn.front) {
        setPoints(drawn.raw, mapped(points, history));
        setPoints(drawn.validation, m_curve == Curve::Loss ? mapped(history.validation(), history)
                                                           : QVector<QPointF>());
    }
    const auto last =
        std::find_if(smooth.rbegin(), smooth.rend(), [](const QPointF &p) { return std::isfinite(p.y()); });
    drawn.number->setVisible(last != smooth.rend());
    if (last != smooth.rend())
        drawn.number->position->setCoords(history.xOf(last->x(), m_axis), last->y());
}

double LossChart::topOf(const RunEntry *front) const
{
    double top = 0;
    for (const Drawn &drawn : m_curves) {
        const RunEntry *entry = m_book.entry(drawn.run);
        if (!entry)
            continue;
        const QVector<QPointF> &points = entry->history.curve(m_curve);
        top = std::max(top,
                       percentile(drawn.front ? points : smoothed(points, m_smoothing), m_clip ? clippedShare : 1));
    }
    if (front && m_curve == Curve::Loss)
        top = std::max(top, percentile(front->history.validation(), 1));
    return top;
}

void LossChart::fitAxes()
{
    QCustomPlot *plot = m_frame->plot();
    const RunEntry *front = m_book.entry(m_shown);
    double right = 0;
    double bottom = std::numeric_limits<double>::infinity();
    for (const Drawn &drawn : m_curves) {
        const RunEntry *entry = m_book.entry(drawn.run);
        if (!entry)
            continue;
        const RunHistory &history = entry->history;
        const bool grows = m_axis != CurveAxis::Time && entry->phase == RunPhase::Running;
        const qint64 end = grows ? endOfAxis(history) : history.lastStep();
        right = std::max(right, history.xOf(static_cast<double>(end), m_axis));
        const auto lower = [&](const QVector<QPointF> &points) {
            for (const QPointF &point : points)
                if (std::isfinite(point.y()) && (!m_log || point.y() > 0))
                    bottom = std::min(bottom, point.y());
        };
        lower(drawn.front ? history.curve(m_curve) : smoothed(history.curve(m_curve), m_smoothing));
        if (drawn.front && m_curve == Curve::Loss)
            lower(history.validation());
    }
    m_wholeX = right > 0 ? right * 1.015 : 1;
    if (m_zoomed)
        return;
    double top = topOf(front);
    if (!std::isfinite(bottom) || top <= bottom) {
        bottom = std::isfinite(bottom) ? std::min(bottom, top) : 0;
        top = std::max(top, bottom) + (bottom == 0 ? 1 : std::abs(bottom) * 0.1);
    }
    const double room = (top - bottom) * 0.06;
    plot->xAxis->setRange(0, m_wholeX);
    plot->yAxis->setRange(m_log ? bottom * 0.9 : std::max(bottom - room, bottom >= 0 ? 0.0 : bottom - room),
                          m_log ? top * 1.1 : top + room);
}

void LossChart::fillMarks(Drawn &drawn, const RunEntry &entry)
{
    const RunHistory &history = entry.history;
    const auto x = [&](qint64 step) { return history.xOf(static_cast<double>(step), m_axis); };
    const bool loss = m_curve == Curve::Loss;
    const auto best = history.best();
    setPoints(drawn.best, best && loss ? mapped({*best}, history) : QVector<QPointF>());
    QVector<QPointF> checkpoints;
    for (const CheckpointInfo &checkpoint : entry.checkpoints)
        checkpoints.append({x(checkpoint.step), 0.016});
    std::sort(checkpoints.begin(), checkpoints.end(),
              [](const QPointF &a, const QPointF &b) { return a.x() < b.x(); });
    setPoints(drawn.checkpoints, checkpoints);
    const bool stopped = entry.phase == RunPhase::Stopped || entry.phase == RunPhase::EndedEarly ||
                         entry.phase == RunPhase::CutOff;
    setPoints(drawn.stop, stopped ? QVector<QPointF>{{x(history.lastStep()), 0.016}} : QVector<QPointF>());

    const double top = m_frame->plot()->yAxis->range().upper;
    QVector<QPointF> broken;
    QVector<QPointF> clipped;
    for (const QPointF &point : history.curve(m_curve)) {
        const double at = history.xOf(point.x(), m_axis);
        if (!std::isfinite(point.y()))
            broken.append({at, 0.05});
        else if (point.y() > top && m_frame->plot()->xAxis->range().contains(at))
            clipped.append({at, 0.985});
    }
    // A run that failed for its loss ends before the step that was not finite.
    if (entry.phase == RunPhase::Failed && entry.run.error.find("not a finite number") != std::string::npos)
        broken.append({x(history.lastStep() + 1), 0.05});
    setPoints(drawn.notFinite, broken);
    setPoints(drawn.clipped, clipped);
    m_clipped = static_cast<int>(clipped.size());
    m_clippedText->setVisible(m_clipped > 0);
    m_clippedText->setText(tr("%1 above").arg(m_clipped));
    placeClippedText(clipped);
}

/// Beside the marks at the edge: behind the last one, or, where it would be cut there, before the first.
void LossChart::placeClippedText(const QVector<QPointF> &marks)
{
    if (marks.isEmpty())
        return;
    const QCPAxis *axis = m_frame->plot()->xAxis;
    const QFontMetrics metrics(m_clippedText->font());
    const int gap = scaled(7);
    const double after = axis->coordToPixel(marks.last().x()) + gap;
    const bool fits =
        after + metrics.horizontalAdvance(m_clippedText->text()) + 2 * gap < m_frame->plot()->axisRect()->right();
    m_clippedText->setPositionAlignment((fits ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignTop);
    m_clippedText->position->setCoords(axis->pixelToCoord(fits ? after : axis->coordToPixel(marks.first().x()) - gap),
                                       0);
}

void LossChart::updateLegend()
{
    QVector<ChartLegend::Entry> entries;
    if (m_curves.size() > 1)
        for (const Drawn &drawn : m_curves)
            entries.append({drawn.run, penOf(drawn, 2), std::nullopt, QString::number(drawn.run)});
    if (m_curve == Curve::Loss && m_book.entry(m_shown)) {
        entries.append({0, {}, CurveMark::Validation, tr("validation")});
        entries.append({0, {}, CurveMark::Best, tr("best")});
        entries.append({0, {}, CurveMark::Checkpoint, tr("checkpoint")});
        entries.append({0, {}, CurveMark::Stop, tr("stop")});
    }
    m_legend->setEntries(entries);
    m_legend->setVisible(!entries.isEmpty());
}

void LossChart::placeOverlays()
{
    const QRect area = m_frame->plot()->axisRect()->rect();
    m_legend->resize(m_legend->sizeHint());
    m_legend->move(std::max(0, area.right() - m_legend->width()), scaled(2)); // above the curves
    if (!m_card->isVisible())
        return;
    const int x = static_cast<int>(m_crossLine->point1->pixelPosition().x());
    const int gap = scaled(12);
    const int left = x + gap + m_card->width() <= area.right() ? x + gap : x - gap - m_card->width();
    m_card->move(std::max(left, 0), area.top() + scaled(8));
}

void LossChart::updateCard()
{
    const RunEntry *front = m_book.entry(m_shown);
    const bool on = front && m_cross >= 0;
    m_crossLine->setVisible(on && !m_inPicture);
    m_card->setVisible(on);
    if (!on)
        return;
    const auto step = static_cast<double>(m_cross);
    const double x = front->history.xOf(step, m_axis);
    m_crossLine->point1->setCoords(x, m_frame->plot()->yAxis->range().lower);
    m_crossLine->point2->setCoords(x, m_frame->plot()->yAxis->range().upper);
    QVector<ChartCard::Line> lines;
    for (const Drawn &drawn : m_curves) {
        const RunEntry *entry = m_book.entry(drawn.run);
        const auto value = entry ? valueAt(smoothed(entry->history.curve(m_curve), m_smoothing), step) : std::nullopt;
        const bool over = entry && step > static_cast<double>(entry->history.lastStep());
        lines.append({penOf(drawn, 2),
                      m_curve == Curve::Loss ? tr("%1 train").arg(drawn.run) : QString::number(drawn.run),
                      value && !over ? digits(m_curve, *value) : QStringLiteral("–")});
        if (drawn.front && m_curve == Curve::Loss)
            if (const auto validation = valueAt(front->history.validation(), step)) {
                QPen dots(color(Token::Text), 1.4);
                dots.setDashPattern({1, 3});
                lines.append({dots, tr("%1 validation").arg(drawn.run), formatNumber(*validation, 3)});
            }
    }
    QString detail = front->history.stepsPerEpoch() > 0
                         ? tr("epoch %1").arg(formatNumber(front->history.epochOf(step), 1))
                         : QString();
    if (m_pinned)
        detail += detail.isEmpty() ? tr("pinned") : tr(", pinned");
    m_card->setContent(tr("Step %1").arg(formatCount(m_cross)), detail, lines);
    placeOverlays();
}

void LossChart::updateSummary()
{
    const RunEntry *front = m_book.entry(m_shown);
    const auto smooth = front ? smoothed(front->history.curve(m_curve), m_smoothing) : QVector<QPointF>();
    if (smooth.isEmpty()) {
        m_frame->setSummary(tr("Nothing to draw yet."));
        return;
    }
    QString text = tr("%1 of %2, step %3: %4")
                       .arg(curveTitle(m_curve), front->label(), formatCount(front->history.lastStep()),
                            digits(m_curve, smooth.last().y()));
    if (m_curve == Curve::Loss) {
        const double before = smooth[std::max<qsizetype>(0, smooth.size() - 1 - smooth.size() / 5)].y();
        text += smooth.last().y() < before   ? tr(", falling")
                : smooth.last().y() > before ? tr(", rising")
                                             : QString();
        if (const auto best = front->history.best())
            text +=
                tr("; best validation %1 at %2").arg(formatNumber(best->y(), 3)).arg(static_cast<qint64>(best->x()));
    }
    m_frame->setSummary(text + QLatin1Char('.'));
}

void LossChart::fade(qint64 except)
{
    m_faded = except;
    restyle();
    m_frame->plot()->replot(QCustomPlot::rpQueuedReplot);
}

} // namespace attune::ui
