#include "ui/widgets/paint.h"

#include "ui/widgets/format.h"

#include <QFontMetrics>
#include <QStyleOptionViewItem>

#include <algorithm>
#include <cmath>

namespace attune::ui {

void drawRowBackground(QPainter *painter, const QStyleOptionViewItem &option, bool bottomLine, bool currentBar)
{
    const bool selected = option.state & QStyle::State_Selected;
    const bool hovered = option.state & QStyle::State_MouseOver && option.state & QStyle::State_Enabled;
    if (selected)
        painter->fillRect(option.rect, color(Token::Select));
    else if (hovered)
        painter->fillRect(option.rect, color(Token::Hover));
    if (bottomLine)
        drawLine(painter, option.rect.bottomLeft(), option.rect.bottomRight());
    if (currentBar)
        painter->fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), color(Token::Accent));
    constexpr auto byKeys = QStyle::State_HasFocus | QStyle::State_KeyboardFocusChange;
    if ((option.state & byKeys) == byKeys)
        drawFocusRing(painter, option.rect, 0, false);
}

void drawRunMark(QPainter *painter, const QRect &area, int series)
{
    const int side = scaled(8);
    const QRect mark(area.x() + (area.width() - side) / 2, area.y() + (area.height() - side) / 2, side, side);
    if (series < 0)
        painter->fillRect(mark, color(Token::Field));
    else
        fillRounded(painter, mark, side / 2.0, seriesColor(series));
}

int starsWidth()
{
    return 5 * scaled(14);
}

void drawStars(QPainter *painter, const QRect &area, int rating, Token token)
{
    const int side = scaled(12);
    const int step = scaled(14);
    for (int star = 0; star < 5; ++star) {
        const QRect box(area.x() + star * step, area.y() + (area.height() - side) / 2, side, side);
        if (box.right() > area.right() + 2)
            break;
        icon(star < rating ? "star-filled" : "star", star < rating ? token : Token::Edge).paint(painter, box);
    }
}

void drawText(QPainter *painter, const QRect &rect, const QString &text, TextStyle style, Token token,
              Qt::Alignment alignment)
{
    painter->setFont(font(style));
    painter->setPen(color(token));
    const QString shown = elided(text, QFontMetrics(painter->font()), rect.width());
    painter->drawText(rect, int(alignment) | Qt::TextSingleLine, shown);
}

int textWidth(const QString &text, TextStyle style)
{
    // Up, not to the nearest: what is drawn into a part of a pixel less is elided.
    return static_cast<int>(std::ceil(QFontMetricsF(font(style)).horizontalAdvance(text)));
}

void drawInterval(QPainter *painter, const QRect &area, double low, double high, double from, double value, double to,
                  const QColor &tint, bool decided)
{
    if (!(high > low))
        return;
    const auto x = [&](double v) { return area.x() + std::clamp((v - low) / (high - low), 0.0, 1.0) * area.width(); };
    const double y = area.y() + area.height() / 2.0;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(tint, 2, Qt::SolidLine, Qt::FlatCap));
    painter->drawLine(QPointF(x(from), y), QPointF(x(to), y));
    painter->setPen(QPen(tint, 1.5));
    painter->setBrush(decided ? tint : color(Token::Surface));
    const double r = scaled(4);
    painter->drawEllipse(QPointF(x(value), y), r, r);
    painter->restore();
}

} // namespace attune::ui
