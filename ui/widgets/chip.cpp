#include "ui/widgets/chip.h"

#include "ui/widgets/badge.h"
#include "ui/widgets/paint.h"

#include <QKeyEvent>
#include <QMouseEvent>

namespace attune::ui {

namespace {

constexpr int margin = 7;
constexpr int gap = 4;

} // namespace

Chip::Chip(const QString &text, bool removable, QWidget *parent) : QToolButton(parent), m_removable(removable)
{
    setText(text);
    setAccessibleName(text);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setPopupMode(QToolButton::InstantPopup);
    setMouseTracking(true);
    setRemovable(removable);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void Chip::setRemovable(bool removable)
{
    m_removable = removable;
    setAccessibleDescription(removable ? tr("Del removes it") : QString());
    updateGeometry();
    update();
}

void Chip::setTone(Tone tone)
{
    m_tone = tone;
    update();
}

void Chip::setIconName(const char *icon)
{
    m_icon = icon;
    updateGeometry();
    update();
}

QSize Chip::sizeHint() const
{
    const QFontMetrics metrics(ui::font(TextStyle::Caption));
    int width = 2 * margin + metrics.horizontalAdvance(text());
    if (m_icon)
        width += scaled(12) + gap;
    if (m_removable || menu())
        width += scaled(12) + gap;
    return {width, std::max(scaled(24), metrics.height() + 6)};
}

QRect Chip::crossRect() const
{
    if (!m_removable)
        return {};
    const int side = scaled(12);
    return QRect(width() - margin - side - gap, 0, side + gap + margin, height()); // generous: hit, not only drawn
}

void Chip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRect box = rect().adjusted(0, 2, 0, -2);
    QColor ground = color(toneTint(m_tone));
    if (isDown() || underMouse())
        ground = mixed(ground, color(toneText(m_tone)), 0.08);
    fillRounded(&painter, box, 4, ground);
    const int side = scaled(12);
    int x = margin;
    if (m_icon) {
        ui::icon(m_icon, toneText(m_tone)).paint(&painter, QRect(x, (height() - side) / 2, side, side));
        x += side + gap;
    }
    const int tail = m_removable || menu() ? side + gap : 0;
    drawText(&painter, QRect(x, 0, width() - margin - tail - x + 1, height()), text(), TextStyle::Caption,
             isEnabled() ? toneText(m_tone) : Token::Text3);
    if (tail) {
        const QRect mark(width() - margin - side, (height() - side) / 2, side, side);
        ui::icon(m_removable ? "close" : "chevron-down", toneText(m_tone)).paint(&painter, mark);
    }
    if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange))
        drawFocusRing(&painter, rect(), 5, false);
}

void Chip::mouseReleaseEvent(QMouseEvent *event)
{
    if (m_removable && event->button() == Qt::LeftButton && isDown() &&
        crossRect().contains(event->position().toPoint())) {
        setDown(false);
        Q_EMIT removed();
        return;
    }
    QToolButton::mouseReleaseEvent(event);
}

void Chip::mouseMoveEvent(QMouseEvent *event)
{
    QToolButton::mouseMoveEvent(event);
    setToolTip(crossRect().contains(event->position().toPoint()) ? tr("Remove (Del)") : QString());
}

void Chip::keyPressEvent(QKeyEvent *event)
{
    if (m_removable && (event->key() == Qt::Key_Delete || event->key() == Qt::Key_Backspace)) {
        Q_EMIT removed();
        return;
    }
    QToolButton::keyPressEvent(event);
}

} // namespace attune::ui
