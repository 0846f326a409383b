#include "ui/shell/bar_button.h"

#include "ui/widgets/paint.h"

#include <QKeyEvent>
#include <QPainter>

namespace attune::ui {

namespace {

constexpr int Padding = 10;
constexpr int Gap = 6;
constexpr int IconSize = 16;
constexpr int DotSize = 8;

} // namespace

EnterClicks::EnterClicks(QAbstractButton *button) : QObject(button)
{
    button->installEventFilter(this);
}

bool EnterClicks::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::KeyPress) {
        const auto *key = static_cast<QKeyEvent *>(event);
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            static_cast<QAbstractButton *>(watched)->click();
            return true;
        }
    }
    return QObject::eventFilter(watched, event);
}

BarButton::BarButton(const char *icon, QWidget *parent) : QAbstractButton(parent), m_icon(icon)
{
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    new EnterClicks(this);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void BarButton::setTexts(const QString &strong, const QString &grey)
{
    setText(strong);
    m_grey = grey;
    updateGeometry();
    update();
}

void BarButton::setArrow(bool arrow)
{
    m_arrow = arrow;
    updateGeometry();
}

void BarButton::setFrame(bool frame)
{
    m_frame = frame;
    update();
}

void BarButton::setBusy(bool busy)
{
    if (m_busy == busy)
        return;
    m_busy = busy;
    updateGeometry();
    update();
}

void BarButton::setLongest(int width)
{
    m_longest = width;
    updateGeometry();
}

QString BarButton::shownStrong() const
{
    return QFontMetrics(ui::font(TextStyle::Strong)).elidedText(text(), Qt::ElideRight, scaled(m_longest));
}

QSize BarButton::sizeHint() const
{
    int width = 2 * scaled(Padding);
    if (m_icon)
        width += scaled(IconSize) + scaled(Gap);
    width += textWidth(shownStrong(), TextStyle::Strong);
    if (!m_grey.isEmpty())
        width += scaled(Gap) + textWidth(m_grey, TextStyle::Mono);
    if (m_busy)
        width += scaled(Gap) + scaled(DotSize);
    if (m_arrow)
        width += scaled(Gap) + scaled(IconSize);
    return {width, scaled(28)};
}

void BarButton::paintBack(QPainter *painter) const
{
    painter->setRenderHint(QPainter::Antialiasing);
    if (m_frame)
        drawPanel(painter, rect(), 6, Token::Surface, Token::Line);
    if ((underMouse() && isEnabled()) || isDown()) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(Token::Hover));
        painter->drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    }
    if (hasFocus())
        drawFocusRing(painter, rect(), 6, false);
}

void BarButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    paintBack(&painter);
    const int size = scaled(IconSize);
    int x = scaled(Padding);
    const int middle = height() / 2;
    if (m_icon) {
        painter.drawPixmap(x, middle - size / 2, iconPixmap(m_icon, Token::Text2, size, devicePixelRatioF()));
        x += size + scaled(Gap);
    }
    const QString strong = shownStrong();
    const auto place = [&](const QString &text, TextStyle style, Token token) {
        const int width = textWidth(text, style);
        drawText(&painter, QRect(x, 0, width + 1, height()), text, style, token);
        x += width + scaled(Gap);
    };
    place(strong, m_frame ? TextStyle::Body : TextStyle::Strong, m_frame ? Token::Text3 : Token::Text);
    if (!m_grey.isEmpty())
        place(m_grey, TextStyle::Mono, Token::Text3);
    if (m_busy) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Token::Accent));
        painter.drawEllipse(QRect(x, middle - scaled(DotSize) / 2, scaled(DotSize), scaled(DotSize)));
        x += scaled(DotSize) + scaled(Gap);
    }
    if (m_arrow)
        painter.drawPixmap(x, middle - size / 2, iconPixmap("chevron-down", Token::Text3, size, devicePixelRatioF()));
}

void BarButton::enterEvent(QEnterEvent *event)
{
    update();
    QAbstractButton::enterEvent(event);
}

void BarButton::leaveEvent(QEvent *event)
{
    update();
    QAbstractButton::leaveEvent(event);
}

} // namespace attune::ui
