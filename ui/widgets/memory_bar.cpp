#include "ui/widgets/memory_bar.h"

#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"

#include <QHelpEvent>
#include <QPainterPath>
#include <QTimerEvent>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace attune::ui {

MemoryBar::MemoryBar(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateTimer();
        updateGeometry();
        update();
    });
}

void MemoryBar::setParts(const QList<MemoryPart> &parts)
{
    m_parts = parts;
    setAccessibleName(describe());
    update();
}

void MemoryBar::setTotal(double bytes)
{
    m_total = bytes;
    setAccessibleName(describe());
    update();
}

void MemoryBar::setSafeLimit(double bytes)
{
    m_limit = bytes;
    setAccessibleName(describe());
    updateGeometry();
    update();
}

void MemoryBar::setLimitWords(const QString &label, const QString &passed)
{
    m_limitLabel = label;
    m_limitPassed = passed;
    setAccessibleName(describe());
    update();
}

void MemoryBar::setState(State state)
{
    m_state = state;
    setAccessibleName(describe());
    updateTimer();
    update();
}

void MemoryBar::setThin(bool thin)
{
    m_thin = thin;
    updateGeometry();
    update();
}

double MemoryBar::used() const
{
    double sum = 0;
    for (const MemoryPart &part : m_parts)
        sum += part.bytes;
    return sum;
}

/// What the whole width stands for: the memory, or more where the parts are more.
double MemoryBar::scaleTotal() const
{
    return std::max({m_total, used(), 1.0});
}

QString MemoryBar::describe() const
{
    const auto size = [](double bytes) { return formatBytes(std::llround(bytes)); };
    QString text =
        m_total > 0 ? tr("Memory: %1 of %2").arg(size(used()), size(m_total)) : tr("Memory: %1").arg(size(used()));
    text += m_state == Predicted   ? tr(", predicted")
            : m_state == Measuring ? tr(", being measured")
                                   : tr(", measured");
    if (tooBig())
        text += tr(", too big by %1").arg(size(used() - m_total));
    else if (tight())
        text += QStringLiteral(", ") + m_limitPassed.arg(size(m_limit));
    for (const MemoryPart &part : m_parts)
        text += QStringLiteral("; %1 %2").arg(part.name, size(part.bytes));
    return text;
}

QRect MemoryBar::barRect() const
{
    const int height = scaled(m_thin ? 6 : 18);
    return QRect(0, m_thin ? (this->height() - height) / 2 : 0, width(), height);
}

QSize MemoryBar::sizeHint() const
{
    if (m_thin)
        return {scaled(96), std::max(16, scaled(16))};
    const int label = m_limit > 0 ? QFontMetrics(ui::font(TextStyle::Caption)).height() + 4 : 0;
    return {scaled(240), scaled(18) + label};
}

QSize MemoryBar::minimumSizeHint() const
{
    return {scaled(m_thin ? 48 : 120), sizeHint().height()};
}

void MemoryBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRect bar = barRect();
    const double perByte = bar.width() / scaleTotal();
    painter.save();
    QPainterPath outline;
    outline.addRoundedRect(bar, m_thin ? bar.height() / 2.0 : 4, m_thin ? bar.height() / 2.0 : 4);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setClipPath(outline);
    painter.fillRect(bar, color(m_thin ? Token::Line : Token::Hover));
    double x = bar.x();
    for (const MemoryPart &part : m_parts) {
        const double width = part.bytes * perByte;
        if (width <= 0)
            continue;
        // Predicted parts are paler: what has not been measured is said with less weight.
        const QColor tint = m_state == Predicted ? mixed(color(Token::Hover), part.color, 0.55)
                            : m_thin && tight()  ? color(Token::Warn)
                                                 : part.color;
        const double gap = width > 3 && !m_thin ? 1 : 0;
        painter.fillRect(QRectF(x, bar.y(), std::max(1.0, width - gap), bar.height()), tint);
        x += width;
    }
    if (tooBig()) {
        const double end = bar.x() + m_total * perByte;
        const QRectF beyond(end, bar.y(), bar.right() + 1 - end, bar.height());
        painter.fillRect(beyond, color(Token::BadTint));
        painter.fillRect(beyond, hatchBrush(color(Token::Bad)));
        painter.fillRect(QRectF(end, bar.y(), 2, bar.height()), color(Token::Bad));
    }
    if (m_state == Measuring && !Theme::instance().reducedMotion()) {
        const double at = bar.x() + bar.width() * (m_phase % 50) / 50.0;
        painter.fillRect(QRectF(at, bar.y(), 3, bar.height()), color(Token::Accent));
    }
    painter.restore();
    if (m_limit > 0 && m_limit < scaleTotal()) {
        const int at = bar.x() + static_cast<int>(m_limit * perByte);
        QPen pen(color(tight() ? Token::Bad : Token::Warn), 2);
        pen.setDashPattern({2, 1});
        painter.setPen(pen);
        painter.drawLine(at, bar.y() - (m_thin ? 2 : 0), at, bar.bottom() + (m_thin ? 2 : 1));
        if (!m_thin) {
            const QString label = m_limitLabel.arg(formatBytes(std::llround(m_limit)));
            const int wide = textWidth(label, TextStyle::Caption) + 2;
            const int left = std::clamp(at - wide / 2, 0, std::max(0, width() - wide));
            drawText(&painter, QRect(left, bar.bottom() + 3, wide, height() - bar.bottom() - 3), label,
                     TextStyle::Caption, tight() ? Token::Bad : Token::Warn);
        }
    }
}

bool MemoryBar::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        const double perByte = barRect().width() / scaleTotal();
        double x = barRect().x();
        QString text = m_total > 0 ? tr("%1 free").arg(formatBytes(std::llround(std::max(0.0, m_total - used()))))
                                   : describe();
        for (const MemoryPart &part : m_parts) {
            const double end = x + part.bytes * perByte;
            if (help->pos().x() >= x && help->pos().x() < end) {
                text = QStringLiteral("%1: %2").arg(part.name, formatBytes(std::llround(part.bytes)));
                break;
            }
            x = end;
        }
        QToolTip::showText(help->globalPos(),
                           m_thin ? describe().replace(QLatin1String("; "), QLatin1String("\n")) : text, this);
        return true;
    }
    return QWidget::event(event);
}

void MemoryBar::updateTimer()
{
    const bool wanted = m_state == Measuring && isVisible() && !Theme::instance().reducedMotion();
    if (wanted && !m_timer) {
        m_timer = startTimer(50);
    } else if (!wanted && m_timer) {
        killTimer(m_timer);
        m_timer = 0;
    }
}

void MemoryBar::timerEvent(QTimerEvent *event)
{
    if (event->timerId() != m_timer)
        return QWidget::timerEvent(event);
    ++m_phase;
    update(barRect());
}

void MemoryBar::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    updateTimer();
}

void MemoryBar::hideEvent(QHideEvent *event)
{
    QWidget::hideEvent(event);
    updateTimer();
}

// -------------------------------------------------------------------------------------------------------------------

MemoryLegend::MemoryLegend(QWidget *parent) : QWidget(parent)
{
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void MemoryLegend::setParts(const QList<MemoryPart> &parts)
{
    m_parts = parts;
    QStringList words;
    for (const MemoryPart &part : parts)
        words += QStringLiteral("%1 %2").arg(part.name, formatBytes(std::llround(part.bytes)));
    setAccessibleName(words.join(QStringLiteral(", ")));
    updateGeometry();
    update();
}

int MemoryLegend::columns(int width) const
{
    return width >= scaled(280) ? 2 : 1;
}

int MemoryLegend::heightForWidth(int width) const
{
    const int count = static_cast<int>(m_parts.size());
    const int rows = (count + columns(width) - 1) / columns(width);
    return rows * std::max(scaled(20), QFontMetrics(ui::font(TextStyle::Small)).height() + 2);
}

QSize MemoryLegend::sizeHint() const
{
    return {scaled(320), heightForWidth(width() > 0 ? width() : scaled(320))};
}

QSize MemoryLegend::minimumSizeHint() const
{
    return {scaled(140), heightForWidth(std::max(width(), scaled(140)))};
}

void MemoryLegend::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const int across = columns(width());
    const int rowHeight = std::max(scaled(20), QFontMetrics(ui::font(TextStyle::Small)).height() + 2);
    constexpr int gutter = 24;
    const int cell = (width() - gutter * (across - 1)) / across;
    const int side = scaled(8);
    for (int i = 0; i < m_parts.size(); ++i) {
        const MemoryPart &part = m_parts[i];
        const QRect area((i % across) * (cell + gutter), (i / across) * rowHeight, cell, rowHeight);
        const QRect mark(area.x(), area.y() + (rowHeight - side) / 2, side, side);
        if (part.color.isValid() && part.color.alpha() > 0)
            fillRounded(&painter, mark, 2, part.color);
        else // free memory
            drawPanel(&painter, mark, 2, Token::Surface, Token::Field);
        const QString size = formatBytes(std::llround(part.bytes));
        const int figure = textWidth(size, TextStyle::Mono);
        drawText(&painter, area.adjusted(side + 8, 0, -figure - 8, 0), part.name, TextStyle::Small, Token::Text2);
        drawText(&painter, area, size, TextStyle::Mono, Token::Text, Qt::AlignRight | Qt::AlignVCenter);
    }
}

} // namespace attune::ui
