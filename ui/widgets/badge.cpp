#include "ui/widgets/badge.h"

#include "ui/widgets/paint.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QStyle>

namespace attune::ui {

namespace {

constexpr int sideMargin = 6;
constexpr int gap = 4;

int iconSide() { return scaled(12); }

} // namespace

Token toneText(Tone tone)
{
    switch (tone) {
    case Tone::Accent: return Token::Accent;
    case Tone::Ok: return Token::Ok;
    case Tone::Warn: return Token::Warn;
    case Tone::Bad: return Token::Bad;
    case Tone::Neutral: break;
    }
    return Token::Text2;
}

Token toneTint(Tone tone)
{
    switch (tone) {
    case Tone::Accent: return Token::Select;
    case Tone::Ok: return Token::OkTint;
    case Tone::Warn: return Token::WarnTint;
    case Tone::Bad: return Token::BadTint;
    case Tone::Neutral: break;
    }
    return Token::Hover;
}

QSize badgeSize(const QString &text, const char *icon)
{
    const QFontMetrics metrics(font(TextStyle::Caption));
    const int mark = icon ? iconSide() + (text.isEmpty() ? 0 : gap) : 0;
    return {2 * sideMargin + mark + metrics.horizontalAdvance(text), std::max(scaled(18), metrics.height() + 2)};
}

void drawBadge(QPainter *painter, const QRect &area, const QString &text, Tone tone, const char *icon)
{
    const QSize size = badgeSize(text, icon);
    const QRect box(area.x(), area.y() + (area.height() - size.height()) / 2, std::min(size.width(), area.width()),
                    size.height());
    fillRounded(painter, box, 4, color(toneTint(tone)));
    int x = box.x() + sideMargin;
    if (icon) {
        const int side = iconSide();
        ui::icon(icon, toneText(tone)).paint(painter, QRect(x, box.y() + (box.height() - side) / 2, side, side));
        x += side + gap;
    }
    drawText(painter, QRect(x, box.y(), box.right() - sideMargin + 2 - x, box.height()), text, TextStyle::Caption,
             toneText(tone));
}

Badge::Badge(const QString &text, Tone tone, const char *icon, QWidget *parent)
    : QLabel(text, parent), m_tone(tone), m_icon(icon)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(text);
    setTextFormat(Qt::PlainText);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void Badge::set(const QString &text, Tone tone, const char *icon)
{
    m_tone = tone;
    m_icon = icon;
    setText(text);
    setAccessibleName(text);
    updateGeometry();
    update();
}

void Badge::setClickable(bool clickable)
{
    m_clickable = clickable;
    setFocusPolicy(clickable ? Qt::StrongFocus : Qt::NoFocus);
    setCursor(clickable ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

QSize Badge::sizeHint() const
{
    return badgeSize(text(), m_icon) + (m_clickable ? QSize(4, 6) : QSize(0, 0));
}

QSize Badge::minimumSizeHint() const
{
    return sizeHint();
}

void Badge::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRect box = m_clickable ? rect().adjusted(2, 0, -2, 0) : rect();
    drawBadge(&painter, box, text(), m_tone, m_icon);
    if (m_clickable && underMouse()) {
        const int bottom = box.center().y() + QFontMetrics(ui::font(TextStyle::Caption)).ascent() / 2 + 2;
        painter.fillRect(QRect(box.x() + sideMargin + (m_icon ? iconSide() + gap : 0), bottom,
                               QFontMetrics(ui::font(TextStyle::Caption)).horizontalAdvance(text()), 1),
                         color(toneText(m_tone)));
    }
    if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange))
        drawFocusRing(&painter, rect(), 5, false);
}

void Badge::mouseReleaseEvent(QMouseEvent *event)
{
    if (m_clickable && event->button() == Qt::LeftButton && rect().contains(event->position().toPoint()))
        Q_EMIT clicked();
    else
        QLabel::mouseReleaseEvent(event);
}

void Badge::keyPressEvent(QKeyEvent *event)
{
    if (m_clickable
        && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Space))
        Q_EMIT clicked();
    else
        QLabel::keyPressEvent(event);
}

void Badge::enterEvent(QEnterEvent *event)
{
    QLabel::enterEvent(event);
    update();
}

void Badge::leaveEvent(QEvent *event)
{
    QLabel::leaveEvent(event);
    update();
}

} // namespace attune::ui
