#include "ui/data/histogram.h"

#include "ui/data/data_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/custom_plot.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/plot_frame.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QMouseEvent>

#include <cmath>

namespace attune::ui {

namespace {

constexpr double LeastBar = 3; // px
constexpr int Grip = 7;        // px beside the line that take it
constexpr std::int64_t LeastLength = 16;
constexpr std::int64_t MostLength = 1 << 20;

} // namespace

Histogram::Histogram(QWidget *parent)
    : QWidget(parent), m_title(new QLabel(tr("Token length"))), m_caption(new ElidedLabel),
      m_save(new IconButton("download", tr("Save the histogram"))), m_frame(new PlotFrame)
{
    setObjectName(QStringLiteral("histogram"));
    m_title->setProperty("strong", true);
    m_caption->setProperty("caption", true);
    m_save->setObjectName(QStringLiteral("saveHistogram"));
    m_save->setPopupMode(QToolButton::InstantPopup);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(scaled(12), scaled(4), scaled(8), 0);
    head->setSpacing(scaled(8));
    head->addWidget(m_title);
    head->addWidget(m_caption, 1);
    head->addWidget(m_save);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, scaled(6));
    layout->setSpacing(0);
    layout->addLayout(head);
    layout->addWidget(m_frame);
    buildPlot();
    m_save->setMenu(m_frame->saveMenu());
    refresh();
}

void Histogram::buildPlot()
{
    QCustomPlot *plot = m_frame->plot();
    m_frame->setTitle(tr("Token length"));
    m_frame->setCompact(true);
    const auto bars = [plot](const QString &name) {
        auto *one = new QCPBars(plot->xAxis, plot->yAxis);
        one->setName(name);
        one->setAntialiased(false);
        return one;
    };
    m_rest = bars(tr("all rows"));
    m_front = bars(tr("filtered rows"));
    m_frontCut = bars(tr("cut rows"));
    m_line = new QCPItemStraightLine(plot);
    m_handle = new QCPItemRect(plot);
    m_handle->topLeft->setType(QCPItemPosition::ptAbsolute);
    m_handle->bottomRight->setType(QCPItemPosition::ptAbsolute);
    for (QCPItemText **text : {&m_lineName, &m_lineCut, &m_lineHelp}) {
        *text = new QCPItemText(plot);
        (*text)->position->setTypeX(QCPItemPosition::ptAbsolute);
        (*text)->position->setTypeY(QCPItemPosition::ptAbsolute);
        (*text)->setClipToAxisRect(false);
    }
    m_lineHelp->setText(tr("drag the line, click a bar to filter"));
    auto ticker = QSharedPointer<QCPAxisTicker>(new QCPAxisTicker);
    ticker->setTickCount(5);
    plot->yAxis->setTicker(ticker);
    plot->yAxis->setNumberFormat(QStringLiteral("f"));
    plot->yAxis->setNumberPrecision(0);
    plot->xAxis->setNumberFormat(QStringLiteral("f"));
    plot->xAxis->setNumberPrecision(0);
    plot->setMouseTracking(true);
    plot->installEventFilter(this);
    connect(plot, &QCustomPlot::afterLayout, this, &Histogram::refreshBars); // handle and words stand in pixels
    m_frame->onThemeChanged([this] { restyle(); });
    m_frame->setTable([this] {
        QList<QStringList> rows{{tr("Tokens from"), tr("to"), tr("All rows"), tr("Filtered rows")}};
        const auto all = m_all.bins(m_axis.width, m_axis.count);
        const auto front = m_filtered ? m_filtered->bins(m_axis.width, m_axis.count) : all;
        for (std::size_t i = 0; i < m_axis.count; ++i)
            rows << QStringList{QString::number(static_cast<qint64>(i) * m_axis.width),
                                i + 1 == m_axis.count
                                    ? tr("or more")
                                    : QString::number(static_cast<qint64>(i + 1) * m_axis.width - 1),
                                QString::number(all[i]), QString::number(front[i])};
        return rows;
    });
    restyle();
}

void Histogram::restyle()
{
    m_frame->setFixedHeight(scaled(132));
    m_rest->setPen(Qt::NoPen);
    m_rest->setBrush(color(Token::Edge));
    m_front->setPen(Qt::NoPen);
    QColor front = seriesColor(0);
    front.setAlphaF(0.8F);
    m_front->setBrush(front);
    m_frontCut->setPen(Qt::NoPen);
    m_frontCut->setBrush(color(Token::Warn));
    m_line->setPen(QPen(color(Token::Text), scaled(2)));
    m_handle->setPen(QPen(color(Token::Text), 1.5));
    m_handle->setBrush(color(Token::Surface));
    m_lineName->setFont(ui::font(TextStyle::Strong));
    m_lineName->setColor(color(Token::Text));
    m_lineCut->setFont(ui::font(TextStyle::Small));
    m_lineHelp->setFont(ui::font(TextStyle::Small));
    m_lineHelp->setColor(color(Token::Text3));
    m_lineCut->setColor(color(m_all.cutAt(m_maxLength).rows > 0 ? Token::Warn : Token::Ok));
}

void Histogram::setLengths(LengthCounts all, std::int64_t total)
{
    m_all = std::move(all);
    m_total = total;
    refresh();
}

void Histogram::setFiltered(std::optional<LengthCounts> filtered)
{
    m_filtered = std::move(filtered);
    refresh();
}

void Histogram::setMaxLength(std::int64_t tokens)
{
    if (tokens == m_maxLength)
        return;
    m_maxLength = tokens;
    refresh();
}

void Histogram::setFolded(bool folded)
{
    m_folded = folded;
    m_frame->setVisible(!folded);
    refreshWords();
}

QString Histogram::cutText() const
{
    const LengthCounts::Cut cut = m_all.cutAt(m_maxLength);
    return cut.rows == 0 ? tr("no row is cut")
                         : tr("%1 cut, %2 tokens lost").arg(rowsText(cut.rows), formatCount(cut.tokens));
}

double Histogram::lineX() const
{
    return std::min(static_cast<double>(m_maxLength), m_frame->plot()->xAxis->range().upper);
}

void Histogram::refresh()
{
    if (!m_dragging) // the axis must not move under the hand
        m_axis = lengthAxis(m_all, m_maxLength);
    QCustomPlot *plot = m_frame->plot();
    plot->xAxis->setRange(0, static_cast<double>(m_axis.end()));
    const auto bins = m_all.bins(m_axis.width, m_axis.count);
    const auto most = bins.empty() ? 0 : *std::max_element(bins.begin(), bins.end());
    plot->yAxis->setRange(0, static_cast<double>(std::max<std::int64_t>(most, 4)) * 1.08);
    for (QCPBars *bars : {m_rest, m_front, m_frontCut})
        bars->setWidth(static_cast<double>(m_axis.width) * 0.86);
    m_line->setVisible(m_maxLength > 0);
    m_lineCut->setColor(color(m_all.cutAt(m_maxLength).rows > 0 ? Token::Warn : Token::Ok));
    refreshWords();
    plot->replot(QCustomPlot::rpQueuedReplot);
}

void Histogram::refreshBars()
{
    QCustomPlot *plot = m_frame->plot();
    const QRect area = plot->axisRect()->rect();
    const double least = LeastBar * plot->yAxis->range().size() / std::max(1, area.height());
    const auto all = m_all.bins(m_axis.width, m_axis.count);
    const auto front = m_filtered ? m_filtered->bins(m_axis.width, m_axis.count) : all;
    QVector<double> keys, rest, kept, cut;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto shown = [least](std::int64_t rows) {
            return rows == 0 ? 0 : std::max(least, static_cast<double>(rows));
        };
        const double begin = static_cast<double>(i) * static_cast<double>(m_axis.width);
        // A bin that the line divides counts as kept: the cut ones begin behind it.
        const bool isCut = m_maxLength > 0 && begin >= static_cast<double>(m_maxLength);
        keys << begin + static_cast<double>(m_axis.width) / 2;
        rest << shown(all[i]);
        kept << (isCut ? 0 : shown(front[i]));
        cut << (isCut ? shown(front[i]) : 0);
    }
    m_rest->setData(keys, rest, true);
    m_front->setData(keys, kept, true);
    m_frontCut->setData(keys, cut, true);
    m_rest->setVisible(m_filtered.has_value());

    const double x = lineX();
    m_line->point1->setCoords(x, 0);
    m_line->point2->setCoords(x, 1);
    const double pixel = plot->xAxis->coordToPixel(x);
    const int half = scaled(4);
    const int middle = area.center().y();
    m_handle->topLeft->setCoords(pixel - half, middle - 2 * half);
    m_handle->bottomRight->setCoords(pixel + half, middle + 2 * half);
    const bool left = pixel > area.left() + area.width() * 0.55;
    const int line = scaled(16);
    int y = area.top();
    for (QCPItemText *text : {m_lineName, m_lineCut, m_lineHelp}) {
        text->setPositionAlignment((left ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignTop);
        text->position->setCoords(pixel + (left ? -scaled(10) : scaled(10)), y);
        y += line;
    }
}

void Histogram::refreshWords()
{
    const bool beyond = static_cast<double>(m_maxLength) > static_cast<double>(m_axis.end());
    m_lineName->setText(beyond ? tr("max_length %1, further right").arg(formatCount(m_maxLength))
                               : tr("max_length %1").arg(m_maxLength));
    m_lineCut->setText(cutText());
    QString caption;
    if (m_all.rows() == 0)
        caption = m_whyUncounted.isEmpty() ? tr("not counted yet") : m_whyUncounted;
    else if (m_folded)
        caption = tr("max_length %1: %2").arg(m_maxLength).arg(cutText());
    else
        caption =
            m_all.rows() < m_total
                ? tr("%1 of %2 rows counted").arg(formatCount(m_all.rows()), formatCount(m_total))
                : tr("all %1").arg(rowsText(m_all.rows())) +
                      tr(" · median %1 · longest %2").arg(formatCount(m_all.median()), formatCount(m_all.longest()));
    m_caption->setText(caption);
    const bool empty = m_all.rows() == 0;
    for (QCPLayerable *item : std::initializer_list<QCPLayerable *>{m_lineCut, m_lineHelp})
        item->setVisible(!empty);
    m_frame->setSummary(empty ? caption
                              : tr("%1. max_length %2: %3").arg(caption).arg(m_maxLength).arg(cutText()));
}

void Histogram::moveTo(double x)
{
    const auto tokens = std::clamp(static_cast<std::int64_t>(std::llround(x)), LeastLength, MostLength);
    if (tokens == m_maxLength)
        return;
    setMaxLength(tokens);
    Q_EMIT maxLengthMoved(tokens);
}

bool Histogram::eventFilter(QObject *watched, QEvent *event)
{
    QCustomPlot *plot = m_frame->plot();
    if (watched != plot || (event->type() != QEvent::MouseButtonPress && event->type() != QEvent::MouseMove &&
                            event->type() != QEvent::MouseButtonRelease))
        return QWidget::eventFilter(watched, event);
    auto *mouse = static_cast<QMouseEvent *>(event);
    const QPointF at = mouse->position();
    const bool onLine = std::abs(at.x() - plot->xAxis->coordToPixel(lineX())) <= Grip && m_maxLength > 0;
    if (event->type() == QEvent::MouseMove) {
        plot->setCursor(m_dragging || onLine ? Qt::SplitHCursor : Qt::ArrowCursor);
        if (m_dragging)
            moveTo(plot->xAxis->pixelToCoord(at.x()));
        return m_dragging;
    }
    if (mouse->button() != Qt::LeftButton)
        return QWidget::eventFilter(watched, event);
    if (event->type() == QEvent::MouseButtonPress) {
        m_dragging = onLine;
        return true;
    }
    if (m_dragging) {
        m_dragging = false;
        refresh();
        Q_EMIT maxLengthChosen(m_maxLength);
        return true;
    }
    const double x = plot->xAxis->pixelToCoord(at.x());
    if (x >= 0 && plot->axisRect()->rect().contains(at.toPoint())) {
        const auto bin = static_cast<std::int64_t>(x / static_cast<double>(m_axis.width));
        const bool last = bin + 1 >= static_cast<std::int64_t>(m_axis.count);
        Q_EMIT rangeChosen(bin * m_axis.width, last ? 0 : (bin + 1) * m_axis.width - 1);
    }
    return true;
}

} // namespace attune::ui
