#include "ui/train/loss_chart.h"

#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/plot_frame.h"
#include "ui/widgets/segmented_control.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QSlider>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace attune::ui {
namespace {

constexpr int redrawEvery = 100;        // ms
constexpr int redrawEveryReduced = 1000;

} // namespace

LossChart::LossChart(RunBook &book, QWidget *parent)
    : QWidget(parent), m_book(book), m_title(new QLabel), m_back(new IconButton("chart", tr("Back to the loss"))),
      m_slider(new QSlider(Qt::Horizontal)), m_weight(new QLabel),
      m_axisChoice(new SegmentedControl({tr("Step"), tr("Epoch"), tr("Time")})), m_logBox(new QCheckBox(tr("Log"))),
      m_clipBox(new QCheckBox(tr("Clip outliers"))), m_frame(new PlotFrame), m_card(new ChartCard(m_frame->plot())),
      m_legend(new ChartLegend(m_frame->plot()))
{
    setObjectName(QStringLiteral("lossChart"));
    makeToolBar();
    makePlot();
    m_redraw.setSingleShot(true);
    connect(&m_redraw, &QTimer::timeout, this, &LossChart::redraw);
    connect(&book, &RunBook::historyChanged, this, [this](qint64 id) {
        const bool drawn = std::any_of(m_curves.begin(), m_curves.end(), [&](const Drawn &d) { return d.run == id; });
        if (drawn)
            schedule();
    });
    connect(&book, &RunBook::changed, this, &LossChart::schedule);
    connect(&book, &RunBook::overlaysChanged, this, &LossChart::rebuild);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        fit();
        QTimer::singleShot(0, this, &LossChart::fitToolBar); // once its parts have the text size of now
    });
    fit();
    rebuild();
}

void LossChart::makeToolBar()
{
    m_title->setProperty("title", true);
    m_title->setText(curveTitle(m_curve));
    m_back->hide();
    connect(m_back, &QToolButton::clicked, this, [this] { setCurve(Curve::Loss); });
    m_smoothingWord = new QLabel(tr("Smoothing"));
    m_smoothingWord->setProperty("caption", true);
    m_slider->setRange(0, 99);
    m_slider->setAccessibleName(tr("Smoothing"));
    m_slider->setToolTip(tr("Smoothing: how much of the steps before goes into the thick line"));
    m_weight->setProperty("mono", true);
    connect(m_slider, &QSlider::valueChanged, this, [this](int value) { setSmoothing(value / 100.0); });
    m_axisChoice->setAccessibleName(tr("Horizontal axis"));
    connect(m_axisChoice, &SegmentedControl::changed, this, [this](int at) { setAxis(static_cast<CurveAxis>(at)); });
    connect(m_logBox, &QCheckBox::toggled, this, &LossChart::setLog);
    m_clipBox->setChecked(m_clip);
    m_clipBox->setAccessibleName(tr("Clip outliers"));
    m_clipBox->setToolTip(tr("The axis ends where 99 % of the values do; how many lie above is written there."));
    connect(m_clipBox, &QCheckBox::toggled, this, &LossChart::setClip);
    auto *asTable = new IconButton("list", tr("Show the data as a table (Ctrl+Shift+T)"));
    asTable->setCheckable(true);
    connect(asTable, &QToolButton::clicked, m_frame, &PlotFrame::setTableShown);
    connect(m_frame, &PlotFrame::tableShownChanged, asTable, &QToolButton::setChecked);
    auto *save = new IconButton("download", tr("Save the plot"));
    save->setObjectName(QStringLiteral("savePlot"));
    connect(save, &QToolButton::clicked, this, [this, save] {
        m_frame->saveMenu()->popup(save->mapToGlobal(QPoint(0, save->height())));
    });

    m_bar = new QWidget;
    auto *bar = new QHBoxLayout(m_bar);
    for (QWidget *widget : {static_cast<QWidget *>(m_title), static_cast<QWidget *>(m_back),
                            static_cast<QWidget *>(m_smoothingWord), static_cast<QWidget *>(m_slider),
                            static_cast<QWidget *>(m_weight), static_cast<QWidget *>(m_axisChoice),
                            static_cast<QWidget *>(m_logBox), static_cast<QWidget *>(m_clipBox)})
        bar->addWidget(widget);
    bar->addStretch();
    bar->addWidget(asTable);
    bar->addWidget(save);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_bar);
    layout->addWidget(m_frame, 1);
    m_slider->setValue(static_cast<int>(std::lround(m_smoothing * 100)));
    m_weight->setText(formatNumber(m_smoothing, 2));
}

/// Sizes in the text size of now.
void LossChart::fit()
{
    m_slider->setFixedWidth(scaled(84));
    m_bar->layout()->setContentsMargins(scaled(16), scaled(8), scaled(12), scaled(4));
    m_bar->layout()->setSpacing(scaled(8));
    QMargins margins = m_frame->plot()->axisRect()->margins();
    margins.setTop(scaled(legendHeight));
    margins.setRight(scaled(24)); // the runs' numbers
    m_frame->plot()->axisRect()->setMargins(margins);
}

/// Words that the tool tips say too go first where it is narrow.
void LossChart::fitToolBar()
{
    m_smoothingWord->show();
    m_weight->show();
    m_clipBox->setText(tr("Clip outliers"));
    const auto fits = [this] { return m_bar->layout()->minimumSize().width() <= width(); };
    if (fits())
        return;
    m_smoothingWord->hide();
    if (fits())
        return;
    m_weight->hide();
    m_clipBox->setText(tr("Clip"));
}

void LossChart::makePlot()
{
    QCustomPlot *plot = m_frame->plot();
    plot->setAutoAddPlottableToLegend(false);
    plot->setSelectionRectMode(QCP::srmCustom);
    plot->setMouseTracking(true);
    plot->axisRect()->setAutoMargins(QCP::msLeft | QCP::msBottom);
    plot->yAxis2->setRange(0, 1); // the marks on the axis and at the upper edge
    plot->installEventFilter(this);
    m_frame->installEventFilter(this);
    m_frame->setTable([this] { return table(); });
    m_frame->onThemeChanged([this] { restyle(); });
    m_frame->onPicture([this](bool begins) { preparePicture(begins); });
    connect(plot->selectionRect(), &QCPSelectionRect::accepted, this, [this](const QRect &rect, QMouseEvent *event) {
        zoomTo(rect.normalized(), event->modifiers().testFlag(Qt::ControlModifier));
    });
    connect(plot, &QCustomPlot::mouseDoubleClick, this, &LossChart::resetZoom);
    connect(plot, &QCustomPlot::mouseWheel, this, [this](const QWheelEvent *event) {
        wheelZoom(event->position().x(), event->angleDelta().y() / 120.0);
    });
    connect(plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent *event) {
        const RunEntry *entry = m_book.entry(m_shown);
        const bool inside = m_frame->plot()->axisRect()->rect().contains(event->pos());
        if (m_pinned || !entry || event->buttons() != Qt::NoButton)
            return;
        setCrossStep(inside ? entry->history.stepAt(m_frame->plot()->xAxis->pixelToCoord(event->pos().x()), m_axis)
                            : -1);
    });
    connect(plot->xAxis, qOverload<const QCPRange &>(&QCPAxis::rangeChanged), this, &LossChart::rangeChanged);
    connect(m_legend, &ChartLegend::hovered, this, &LossChart::fade);
}

void LossChart::setShown(qint64 run)
{
    if (run == m_shown)
        return;
    m_shown = run;
    m_cross = -1;
    m_pinned = false;
    m_zoomed = false;
    rebuild();
}

void LossChart::setCurve(Curve curve)
{
    m_curve = curve;
    m_title->setText(curveTitle(curve));
    m_back->setVisible(curve != Curve::Loss);
    m_zoomed = false;
    rebuild();
}

void LossChart::setAxis(CurveAxis axis)
{
    m_axisChoice->setCurrent(static_cast<int>(axis));
    if (axis == m_axis)
        return;
    m_axis = axis;
    m_zoomed = false;
    redraw();
}

void LossChart::setSmoothing(double weight)
{
    m_smoothing = std::clamp(weight, 0.0, 0.99);
    m_weight->setText(formatNumber(m_smoothing, 2));
    m_slider->setValue(static_cast<int>(std::lround(m_smoothing * 100)));
    schedule();
}

void LossChart::setLog(bool log)
{
    m_log = log;
    m_logBox->setChecked(log);
    QCPAxis *axis = m_frame->plot()->yAxis;
    axis->setScaleType(log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    axis->setTicker(log ? QSharedPointer<QCPAxisTicker>(new QCPAxisTickerLog)
                        : QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
    m_zoomed = false;
    redraw();
}

void LossChart::setClip(bool clip)
{
    m_clip = clip;
    m_clipBox->setChecked(clip);
    redraw();
}

void LossChart::resetZoom()
{
    m_zoomed = false;
    redraw();
}

QCPRange LossChart::range() const
{
    return m_frame->plot()->xAxis->range();
}

void LossChart::zoomTo(const QRect &rect, bool both)
{
    QCustomPlot *plot = m_frame->plot();
    if (rect.width() < scaled(6)) { // a click
        plot->setFocus();
        plot->replot();
        return;
    }
    m_zoomed = true;
    plot->xAxis->setRange(plot->xAxis->pixelToCoord(rect.left()), plot->xAxis->pixelToCoord(rect.right()));
    if (both)
        plot->yAxis->setRange(plot->yAxis->pixelToCoord(rect.bottom()), plot->yAxis->pixelToCoord(rect.top()));
    redraw();
}

/// Nearer, or farther until the whole axis is seen again; what is under the pointer stays there.
void LossChart::wheelZoom(double pixel, double notches)
{
    QCustomPlot *plot = m_frame->plot();
    const double at = plot->xAxis->pixelToCoord(pixel);
    const QCPRange whole(0, m_wholeX);
    if (notches == 0 || (notches < 0 && !m_zoomed) || !whole.contains(at))
        return;
    QCPRange range = plot->xAxis->range();
    const double factor = std::pow(0.8, notches);
    range = QCPRange(at - (at - range.lower) * factor, at + (range.upper - at) * factor)
                .bounded(whole.lower, whole.upper);
    if (range.size() < 1e-3 * whole.size())
        return;
    if (range.size() >= whole.size() * 0.999) {
        resetZoom();
        return;
    }
    m_zoomed = true;
    plot->xAxis->setRange(range);
    redraw();
}

void LossChart::schedule()
{
    if (!m_redraw.isActive())
        m_redraw.start(Theme::instance().reducedMotion() ? redrawEveryReduced : redrawEvery);
}

void LossChart::setCrossStep(qint64 step)
{
    if (step == m_cross)
        return;
    m_cross = step;
    updateCard();
    m_frame->plot()->layer(QStringLiteral("overlay"))->replot();
    Q_EMIT crossMoved(step);
}

bool LossChart::keyPressed(const QKeyEvent &event)
{
    const RunEntry *entry = m_book.entry(m_shown);
    if (!entry || entry->history.curve(m_curve).isEmpty())
        return false;
    const bool shift = event.modifiers().testFlag(Qt::ShiftModifier);
    const QVector<QPointF> &points = shift && m_curve == Curve::Loss && !entry->history.validation().isEmpty()
                                         ? entry->history.validation()
                                         : entry->history.curve(m_curve);
    const auto x = static_cast<double>(m_cross);
    const auto less = [](const QPointF &point, double value) { return point.x() < value; };
    switch (event.key()) {
    case Qt::Key_Left: {
        auto at = std::lower_bound(points.begin(), points.end(), m_cross < 0 ? points.last().x() + 1 : x, less);
        setCrossStep(static_cast<qint64>((at == points.begin() ? at : at - 1)->x()));
        return true;
    }
    case Qt::Key_Right: {
        auto at = std::lower_bound(points.begin(), points.end(), x + 1, less);
        setCrossStep(static_cast<qint64>((at == points.end() ? at - 1 : at)->x()));
        return true;
    }
    case Qt::Key_Home: resetZoom(); return true;
    case Qt::Key_C:
        m_pinned = m_cross >= 0 && !m_pinned;
        updateCard();
        return true;
    case Qt::Key_Escape:
        if (m_cross < 0)
            return false;
        m_pinned = false;
        setCrossStep(-1);
        return true;
    default: return false;
    }
}

bool LossChart::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::KeyPress && keyPressed(*static_cast<QKeyEvent *>(event)))
        return true;
    if (event->type() == QEvent::Leave && watched == m_frame->plot() && !m_pinned && !m_frame->plot()->hasFocus())
        setCrossStep(-1);
    if (event->type() == QEvent::Resize && watched == m_frame->plot())
        QMetaObject::invokeMethod(this, &LossChart::placeOverlays, Qt::QueuedConnection);
    return QWidget::eventFilter(watched, event);
}

void LossChart::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitToolBar();
    schedule();
}

} // namespace attune::ui
