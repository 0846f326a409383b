#include "ui/train/small_plots.h"

#include "ui/theme/theme.h"
#include "ui/train/loss_chart.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/format.h"
#include "ui/widgets/plot_frame.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace attune::ui {
namespace {

QString lastText(Curve curve, double value)
{
    switch (curve) {
    case Curve::LearningRate: return QString::number(value, 'g', 2);
    case Curve::TokensPerSecond: return formatCount(std::llround(value));
    case Curve::Memory: return RunBook::tr("%1 GiB").arg(formatNumber(value, 1));
    default: return formatNumber(value, 2);
    }
}

} // namespace

SmallPlots::SmallPlots(RunBook &book, LossChart &chart, QWidget *parent)
    : QWidget(parent), m_book(book), m_chart(chart), m_layout(new QGridLayout(this))
{
    m_layout->setContentsMargins(scaled(16), scaled(4), scaled(16), scaled(8));
    m_layout->setHorizontalSpacing(scaled(20));
    m_layout->setVerticalSpacing(scaled(4));
    for (const Curve curve : {Curve::LearningRate, Curve::GradNorm, Curve::TokensPerSecond, Curve::Memory})
        makeCell(curve);
    arrange();
    m_redraw.setSingleShot(true);
    m_redraw.setInterval(100);
    connect(&m_redraw, &QTimer::timeout, this, &SmallPlots::redraw);
    connect(&book, &RunBook::historyChanged, this, [this](qint64 id) {
        if (id == m_chart.shownRun() && !m_redraw.isActive())
            m_redraw.start();
    });
    connect(&chart, &LossChart::rangeChanged, this, [this] {
        if (!m_redraw.isActive())
            m_redraw.start(0);
    });
    connect(&chart, &LossChart::crossMoved, this, &SmallPlots::moveCross);
    connect(&Theme::instance(), &Theme::changed, this, &SmallPlots::arrange);
}

void SmallPlots::makeCell(Curve curve)
{
    Cell cell;
    cell.curve = curve;
    cell.widget = new QWidget;
    cell.value = new QLabel;
    cell.value->setProperty("mono", true);
    cell.title = new ElidedLabel(curveTitle(curve));
    cell.title->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    cell.title->setProperty("caption", true);
    cell.frame = new PlotFrame;
    cell.frame->setCompact(true);
    cell.frame->setTitle(curveTitle(curve));
    cell.frame->setToolTip(tr("%1: click to enlarge").arg(curveTitle(curve)));
    QCustomPlot *plot = cell.frame->plot();
    plot->installEventFilter(this);
    cell.frame->installEventFilter(this);
    plot->xAxis->setTickLabels(false);
    plot->xAxis->setTicks(false);
    plot->yAxis->setTicks(false);
    plot->yAxis->setTickLabels(false);
    plot->yAxis->setBasePen(Qt::NoPen);
    plot->xAxis->grid()->setVisible(false);
    plot->axisRect()->setAutoMargins(QCP::msNone);
    plot->axisRect()->setMargins(QMargins(0, 4, 0, 2));
    cell.graph = plot->addGraph();
    cell.cross = new QCPItemStraightLine(plot);
    cell.cross->setLayer(QStringLiteral("overlay"));
    cell.cross->setVisible(false);
    if (curve == Curve::GradNorm)
        cell.limit = new QCPItemStraightLine(plot);
    const int index = static_cast<int>(m_cells.size());
    cell.frame->onThemeChanged([this, index] {
        if (index < m_cells.size())
            restyle();
    });
    cell.frame->setTable([this, curve] {
        QList<QStringList> rows = {{tr("Step"), curveTitle(curve)}};
        if (const RunEntry *entry = m_book.entry(m_chart.shownRun()))
            for (const QPointF &point : entry->history.curve(curve))
                rows.append({QString::number(static_cast<qint64>(point.x())), QString::number(point.y(), 'g', 8)});
        return rows;
    });
    auto *head = new QHBoxLayout;
    head->addWidget(cell.title, 1);
    head->addWidget(cell.value);
    auto *box = new QVBoxLayout(cell.widget);
    box->setContentsMargins(0, 0, 0, 0);
    box->setSpacing(scaled(2));
    box->addLayout(head);
    box->addWidget(cell.frame, 1);
    m_cells.append(cell);
    restyle();
}

void SmallPlots::arrange()
{
    const int columns = m_narrow ? 2 : 4;
    for (const Cell &cell : m_cells)
        cell.frame->plot()->setMinimumHeight(scaled(36));
    for (int i = 0; i < m_cells.size(); ++i) {
        m_layout->removeWidget(m_cells[i].widget);
        m_layout->addWidget(m_cells[i].widget, i / columns, i % columns);
    }
    for (int i = 0; i < 4; ++i)
        m_layout->setColumnStretch(i, i < columns ? 1 : 0);
    setFixedHeight(scaled(columns == 4 ? 104 : 140));
}

void SmallPlots::setNarrow(bool narrow)
{
    m_narrow = narrow;
    arrange();
}

const QCPGraph *SmallPlots::graph(Curve curve) const
{
    for (const Cell &cell : m_cells)
        if (cell.curve == curve)
            return cell.graph;
    return nullptr;
}

void SmallPlots::restyle()
{
    const int slot = m_chart.shownSlot();
    for (Cell &cell : m_cells) {
        QPen line = slot >= 0 ? seriesPen(slot, 1.4) : QPen(color(Token::Text), 1.4);
        line.setStyle(Qt::SolidLine);
        cell.graph->setPen(line);
        QPen cross(color(Token::Text2), 1);
        cross.setDashPattern({2, 2});
        cell.cross->setPen(cross);
        if (cell.limit) {
            QPen limit(color(Token::Text3), 1);
            limit.setDashPattern({4, 3});
            cell.limit->setPen(limit);
        }
    }
}

void SmallPlots::refresh()
{
    restyle();
    redraw();
}

void SmallPlots::redraw()
{
    const RunEntry *entry = m_book.entry(m_chart.shownRun());
    for (Cell &cell : m_cells)
        fill(cell, entry);
    moveCross(m_chart.crossStep());
}

void SmallPlots::fill(Cell &cell, const RunEntry *entry)
{
    const QVector<QPointF> points = entry ? entry->history.curve(cell.curve) : QVector<QPointF>();
    QVector<QCPGraphData> drawn;
    double top = 0;
    for (const QPointF &point : points) {
        drawn.append({entry->history.xOf(point.x(), m_chart.axis()), point.y()});
        if (std::isfinite(point.y()))
            top = std::max(top, point.y());
    }
    cell.graph->data()->set(drawn, true);
    cell.value->setText(points.isEmpty() ? QStringLiteral("–") : lastText(cell.curve, points.last().y()));
    cell.frame->setSummary(points.isEmpty() ? tr("Nothing to draw yet.")
                                            : tr("%1 at step %2: %3")
                                                  .arg(curveTitle(cell.curve))
                                                  .arg(static_cast<qint64>(points.last().x()))
                                                  .arg(lastText(cell.curve, points.last().y())));
    QCustomPlot *plot = cell.frame->plot();
    if (cell.limit) {
        const auto found = entry && entry->run.settings.is_object() ? entry->run.settings.find("max_grad_norm")
                                                                    : Json::const_iterator();
        const bool known = entry && entry->run.settings.is_object() && found != entry->run.settings.end() &&
                           found->is_number() && found->get<double>() > 0;
        const double limit = known ? found->get<double>() : 0;
        // A single peak must not press the rest flat. The limit is named in the title: in the plot, the curve is
        // there.
        top = std::max(limit * 1.4, std::min(top, percentile(points, 0.99) * 1.5));
        cell.limit->setVisible(known);
        cell.limit->point1->setCoords(0, limit);
        cell.limit->point2->setCoords(1, limit);
        cell.title->setText(known ? tr("Gradient, clip %1").arg(limit) : curveTitle(cell.curve));
    }
    plot->xAxis->setRange(m_chart.range());
    plot->yAxis->setRange(0, top > 0 ? top * 1.1 : 1);
    plot->replot(QCustomPlot::rpQueuedReplot);
}

void SmallPlots::moveCross(qint64 step)
{
    const RunEntry *entry = m_book.entry(m_chart.shownRun());
    for (Cell &cell : m_cells) {
        const bool on = entry && step >= 0;
        const bool was = cell.cross->visible();
        cell.cross->setVisible(on);
        if (on) {
            const double x = entry->history.xOf(static_cast<double>(step), m_chart.axis());
            cell.cross->point1->setCoords(x, 0);
            cell.cross->point2->setCoords(x, 1);
            if (const auto value = valueAt(entry->history.curve(cell.curve), static_cast<double>(step)))
                cell.value->setText(lastText(cell.curve, *value));
        } else if (entry && !entry->history.curve(cell.curve).isEmpty()) {
            cell.value->setText(lastText(cell.curve, entry->history.curve(cell.curve).last().y()));
        }
        if (on || was)
            cell.frame->plot()->layer(QStringLiteral("overlay"))->replot();
    }
}

bool SmallPlots::eventFilter(QObject *watched, QEvent *event)
{
    const bool click = event->type() == QEvent::MouseButtonRelease;
    const bool key = event->type() == QEvent::KeyPress && static_cast<QKeyEvent *>(event)->key() == Qt::Key_Return;
    if (click || key)
        for (const Cell &cell : m_cells)
            if (watched == cell.frame->plot() || watched == cell.frame) {
                m_chart.setCurve(cell.curve);
                break;
            }
    return QWidget::eventFilter(watched, event);
}

} // namespace attune::ui
