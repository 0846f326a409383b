#include "ui/theme/draw.h"

#include <cmath>

namespace attune::ui {

namespace {

double devicePixel(const QPainter *painter)
{
    return 1.0 / (painter->device() ? painter->device()->devicePixelRatioF() : 1.0);
}

/// Painters come with any settings and must leave with them.
class Saved {
public:
    explicit Saved(QPainter *painter) : m_painter(painter)
    {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
    }
    ~Saved() { m_painter->restore(); }
    Saved(const Saved &) = delete;
    Saved &operator=(const Saved &) = delete;

private:
    QPainter *m_painter;
};

} // namespace

QColor mixed(const QColor &under, const QColor &over, double share)
{
    const auto between = [share](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * share)); };
    return QColor(between(under.red(), over.red()), between(under.green(), over.green()),
                  between(under.blue(), over.blue()));
}

void drawFocusRing(QPainter *painter, const QRect &rect, int radius, bool outside)
{
    const Saved saved(painter);
    const double shift = outside ? -2 : 1; // of the middle of a pen of 2 px
    painter->setPen(QPen(color(Token::Accent), 2));
    painter->setBrush(Qt::NoBrush);
    const double r = std::max(0.0, radius - shift);
    painter->drawRoundedRect(QRectF(rect).adjusted(shift, shift, -shift, -shift), r, r);
}

void drawLine(QPainter *painter, const QPoint &from, const QPoint &to, Token token)
{
    // A filled rectangle, as a pen may land between two device pixels.
    const double thin = devicePixel(painter);
    const bool level = from.y() == to.y();
    const QRectF line = level ? QRectF(std::min(from.x(), to.x()), from.y(), std::abs(to.x() - from.x()) + 1, thin)
                              : QRectF(from.x(), std::min(from.y(), to.y()), thin, std::abs(to.y() - from.y()) + 1);
    painter->fillRect(line, color(token));
}

void drawPanel(QPainter *painter, const QRect &rect, int radius, const QColor &fill, const QColor &edge)
{
    const Saved saved(painter);
    const double thin = devicePixel(painter);
    painter->setBrush(fill);
    painter->setPen(QPen(edge, thin));
    painter->drawRoundedRect(QRectF(rect).adjusted(thin / 2, thin / 2, -thin / 2, -thin / 2), radius, radius);
}

void drawPanel(QPainter *painter, const QRect &rect, int radius, Token fill, Token edge)
{
    drawPanel(painter, rect, radius, color(fill), color(edge));
}

void fillRounded(QPainter *painter, const QRectF &rect, double radius, const QColor &fill)
{
    const Saved saved(painter);
    painter->setPen(Qt::NoPen);
    painter->setBrush(fill);
    painter->drawRoundedRect(rect, radius, radius);
}

void drawCheck(QPainter *painter, const QRect &area, Qt::CheckState state, bool enabled, const QColor &fill)
{
    const int side = std::min({scaled(16), area.width(), area.height()});
    const QRect box(area.x() + (area.width() - side) / 2, area.y() + (area.height() - side) / 2, side, side);
    const Saved saved(painter);
    if (state == Qt::Unchecked) {
        drawPanel(painter, box, 4, enabled ? Token::Surface : Token::Hover, enabled ? Token::Field : Token::Edge);
        return;
    }
    QColor ground = fill.isValid() ? fill : color(Token::Fill);
    // Series colours run from pale to deep: the mark takes whichever side reads.
    QColor mark = fill.isValid() && ground.lightness() > 140 ? QColor(Qt::black) : color(Token::OnFill);
    if (!enabled) {
        ground = color(Token::Edge);
        mark = color(Token::Text2);
    }
    fillRounded(painter, box, 4, ground);
    painter->setPen(QPen(mark, side / 16.0 * 1.75, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const auto at = [&box, side](double x, double y) {
        return QPointF(box.x() + x * side / 16.0, box.y() + y * side / 16.0);
    };
    if (state == Qt::PartiallyChecked) {
        painter->drawLine(at(4.5, 8), at(11.5, 8));
    } else {
        const QPointF points[] = {at(4.2, 8.4), at(6.9, 11), at(11.8, 5.4)};
        painter->drawPolyline(points, 3);
    }
}

void drawRadio(QPainter *painter, const QRect &area, bool on, bool enabled)
{
    const int side = std::min({scaled(16), area.width(), area.height()});
    const QRect box(area.x() + (area.width() - side) / 2, area.y() + (area.height() - side) / 2, side, side);
    if (!on) {
        drawPanel(painter, box, side / 2, enabled ? Token::Surface : Token::Hover,
                  enabled ? Token::Field : Token::Edge);
        return;
    }
    fillRounded(painter, box, side / 2.0, color(enabled ? Token::Fill : Token::Edge));
    const double dot = side * 0.31;
    fillRounded(painter, QRectF(box).adjusted(dot, dot, -dot, -dot), side,
                color(enabled ? Token::OnFill : Token::Text2));
}

QBrush hatchBrush(const QColor &color)
{
    QBrush brush(color, Qt::BDiagPattern);
    return brush;
}

Token buttonText(const ButtonLook &look)
{
    if (!look.enabled)
        return Token::Text3;
    if (look.checked && (look.kind == ButtonKind::Plain || look.kind == ButtonKind::Flat))
        return Token::Accent;
    switch (look.kind) {
    case ButtonKind::Primary: return Token::OnFill;
    case ButtonKind::Ok: return Token::Ok;
    case ButtonKind::Bad: return Token::Bad;
    case ButtonKind::Warn: return Token::Warn;
    case ButtonKind::Link: return Token::Accent;
    case ButtonKind::Plain:
    case ButtonKind::Flat: break;
    }
    return Token::Text;
}

void drawButton(QPainter *painter, const QRect &rect, const ButtonLook &look)
{
    constexpr int radius = 6;
    const bool bare = look.kind == ButtonKind::Flat || look.kind == ButtonKind::Link;
    QColor ground = color(Token::Hover);
    if (look.enabled) {
        switch (look.kind) {
        case ButtonKind::Primary: ground = color(Token::Fill); break;
        case ButtonKind::Ok: ground = color(Token::OkTint); break;
        case ButtonKind::Bad: ground = color(Token::BadTint); break;
        case ButtonKind::Warn: ground = color(Token::WarnTint); break;
        default: break;
        }
        if (look.checked && (look.kind == ButtonKind::Plain || bare))
            ground = color(Token::Select);
        // Towards the text's colour: still readable, as the text's own contrast is far above what is asked.
        const double step = look.pressed ? 0.12 : look.hovered && !bare ? 0.06 : 0;
        const Token to = look.kind == ButtonKind::Primary ? Token::Window : Token::Text;
        if (look.kind == ButtonKind::Primary)
            ground = step > 0 ? mixed(ground, QColor(Qt::black), step * 1.5) : ground;
        else if (look.kind == ButtonKind::Plain || bare)
            ground = mixed(ground, color(to), step);
        else if (step > 0)
            ground = mixed(ground, color(buttonText(look)), step * 0.6);
    }
    // With the ring, what the button fills draws back by ring and gap, so that the ring is seen on any fill.
    const QRect body = look.focused ? rect.adjusted(3, 3, -3, -3) : rect;
    if (look.kind != ButtonKind::Link && (!bare || look.checked || (look.enabled && (look.hovered || look.pressed))))
        fillRounded(painter, body, look.focused ? radius - 2 : radius, ground);
    if (look.focused)
        drawFocusRing(painter, rect, radius, false);
}

} // namespace attune::ui
