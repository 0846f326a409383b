#include "ui/train/chart_card.h"

#include "ui/widgets/paint.h"

#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace attune::ui {
namespace {

constexpr int sample = 16; // width of a piece of a curve

void drawSample(QPainter *painter, const QPen &pen, int left, int middle)
{
    painter->setPen(pen);
    painter->drawLine(QPointF(left, middle + 0.5), QPointF(left + scaled(sample), middle + 0.5));
}

} // namespace

ChartCard::ChartCard(QWidget *parent) : QWidget(parent)
{
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setAccessibleName(tr("Values at the crosshair"));
    hide();
}

void ChartCard::setContent(const QString &head, const QString &detail, const QVector<Line> &lines)
{
    m_head = head;
    m_detail = detail;
    m_lines = lines;
    setAccessibleDescription(text());
    resize(sizeHint());
    update();
}

QString ChartCard::text() const
{
    QString all = m_head + QLatin1Char(' ') + m_detail;
    for (const Line &line : m_lines)
        all += QStringLiteral("; ") + line.name + QLatin1Char(' ') + line.value;
    return all;
}

QSize ChartCard::sizeHint() const
{
    int names = textWidth(m_head, TextStyle::Strong) + scaled(8) + textWidth(m_detail, TextStyle::Caption);
    for (const Line &line : m_lines)
        names = std::max(names, scaled(sample + 10) + textWidth(line.name, TextStyle::Small) + scaled(16) +
                                    textWidth(line.value, TextStyle::Mono));
    return {names + scaled(24), scaled(16) + scaled(20) * static_cast<int>(m_lines.size() + 1)};
}

void ChartCard::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    drawPanel(&painter, rect(), scaled(8), Token::Surface, Token::Line);
    const int left = scaled(12);
    const int line = scaled(20);
    QRect row(left, scaled(8), width() - 2 * left, line);
    drawText(&painter, row, m_head, TextStyle::Strong, Token::Text);
    drawText(&painter, row.adjusted(textWidth(m_head, TextStyle::Strong) + scaled(8), 0, 0, 0), m_detail,
             TextStyle::Caption, Token::Text3);
    for (const Line &one : m_lines) {
        row.translate(0, line);
        drawSample(&painter, one.pen, row.left(), row.center().y());
        drawText(&painter, row.adjusted(scaled(sample + 10), 0, 0, 0), one.name, TextStyle::Small, Token::Text2);
        drawText(&painter, row, one.value, TextStyle::Mono, Token::Text, Qt::AlignRight | Qt::AlignVCenter);
    }
}

ChartLegend::ChartLegend(QWidget *parent) : QWidget(parent)
{
    setMouseTracking(true);
    setAccessibleName(tr("Legend"));
}

void ChartLegend::setEntries(const QVector<Entry> &entries)
{
    m_entries = entries;
    QStringList names;
    for (const Entry &entry : entries)
        names.append(entry.name);
    setAccessibleDescription(names.join(QStringLiteral(", ")));
    resize(sizeHint());
    update();
}

int ChartLegend::widthOf(const Entry &entry)
{
    return scaled(entry.mark ? 14 : sample + 6) + textWidth(entry.name, TextStyle::Caption) + scaled(12);
}

QSize ChartLegend::sizeHint() const
{
    int width = 0;
    for (const Entry &entry : m_entries)
        width += widthOf(entry);
    return {width, scaled(24)};
}

void ChartLegend::draw(QPainter *painter, const Entry &entry, const QRect &place)
{
    const int icon = scaled(entry.mark ? 14 : sample + 6);
    if (entry.mark)
        drawMark(painter, *entry.mark, QPointF(place.left() + scaled(5), place.top() + place.height() / 2.0),
                 scaled(9));
    else
        drawSample(painter, entry.pen, place.left(), place.top() + place.height() / 2);
    drawText(painter, place.adjusted(icon, 0, 0, 0), entry.name, TextStyle::Caption, Token::Text3);
}

void ChartLegend::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    int left = 0;
    for (const Entry &entry : m_entries) {
        draw(&painter, entry, QRect(left, 0, widthOf(entry), height()));
        left += widthOf(entry);
    }
}

void ChartLegend::mouseMoveEvent(QMouseEvent *event)
{
    int left = 0;
    qint64 run = 0;
    for (const Entry &entry : m_entries) {
        if (event->pos().x() >= left && event->pos().x() < left + widthOf(entry))
            run = entry.run;
        left += widthOf(entry);
    }
    if (run != m_hovered)
        Q_EMIT hovered(m_hovered = run);
}

void ChartLegend::leaveEvent(QEvent *)
{
    if (m_hovered != 0)
        Q_EMIT hovered(m_hovered = 0);
}

} // namespace attune::ui
