#include "ui/widgets/key_button.h"

#include "ui/widgets/paint.h"

#include <QKeyEvent>
#include <QRegularExpression>
#include <QStyleOptionButton>

namespace attune::ui {

namespace {

constexpr int margin = 12;
constexpr int gap = 8;
constexpr int denseMargin = 7;
constexpr int denseFlatMargin = 5; // has no box of its own that it could touch
constexpr int denseGap = 5;

ButtonKind kindOf(KeyButton::Kind kind)
{
    switch (kind) {
    case KeyButton::Primary: return ButtonKind::Primary;
    case KeyButton::Ok: return ButtonKind::Ok;
    case KeyButton::Bad: return ButtonKind::Bad;
    case KeyButton::Warn: return ButtonKind::Warn;
    case KeyButton::Flat: return ButtonKind::Flat;
    case KeyButton::Link: return ButtonKind::Link;
    case KeyButton::Plain: break;
    }
    return ButtonKind::Plain;
}

} // namespace

QString keyText(const QKeySequence &key)
{
    QString text = key.toString(QKeySequence::NativeText);
    static const QRegularExpression separator(QStringLiteral("(?<=[^+, ])\\+"));
    text.replace(separator, QStringLiteral(" "));
    text.replace(QStringLiteral("Return"), QStringLiteral("↵"));
    return text;
}

int keyCapWidth(const QString &key)
{
    if (key.isEmpty())
        return 0;
    return std::max(scaled(18), QFontMetrics(font(TextStyle::MonoSmall)).horizontalAdvance(key) + 10);
}

int drawKeyCap(QPainter *painter, const QRect &area, const QString &key, bool onFill)
{
    const int width = keyCapWidth(key);
    if (!width)
        return 0;
    const int height = std::max(scaled(18), QFontMetrics(font(TextStyle::MonoSmall)).height() + 2);
    const QRect cap(area.right() + 1 - width, area.y() + (area.height() - height) / 2, width, height);
    if (onFill)
        drawPanel(painter, cap, 4, QColor(Qt::transparent), mixed(color(Token::Fill), color(Token::OnFill), 0.55));
    else
        drawPanel(painter, cap, 4, Token::Surface, Token::Edge);
    drawText(painter, cap, key, TextStyle::MonoSmall, onFill ? Token::OnFill : Token::Text2, Qt::AlignCenter);
    return width;
}

KeyButton::KeyButton(const QString &text, Kind kind, const char *icon, const QString &key, QWidget *parent)
    : QPushButton(text, parent), m_kind(kind), m_icon(icon), m_key(key)
{
    setAutoDefault(false);
    setTextStyle(this, TextStyle::Body); // follows the text size, which the application's font alone does not
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setCursor(kind == Link ? Qt::PointingHandCursor : Qt::ArrowCursor);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void KeyButton::setKey(const QString &key)
{
    if (key == m_key)
        return;
    m_key = key;
    updateGeometry();
    update();
}

void KeyButton::setKind(Kind kind)
{
    m_kind = kind;
    setCursor(kind == Link ? Qt::PointingHandCursor : Qt::ArrowCursor);
    updateGeometry();
    update();
}

void KeyButton::setIconName(const char *icon)
{
    m_icon = icon;
    updateGeometry();
    update();
}

void KeyButton::setDense(bool dense)
{
    m_dense = dense;
    updateGeometry();
    update();
}

int KeyButton::edge() const
{
    if (m_kind == Link)
        return 2;
    if (m_dense)
        return m_kind == Flat ? denseFlatMargin : denseMargin;
    return m_key.isEmpty() ? margin : 10;
}

int KeyButton::space() const
{
    return m_dense ? denseGap : gap;
}

QSize KeyButton::sizeHint() const
{
    ensurePolished();
    const QFontMetrics metrics(font());
    int width = metrics.size(Qt::TextShowMnemonic, text()).width();
    if (m_icon || !icon().isNull())
        width += scaled(16) + (text().isEmpty() ? 0 : space());
    if (!m_key.isEmpty())
        width += keyCapWidth(m_key) + space();
    if (menu())
        width += scaled(12) + space();
    width += 2 * edge();
    return {width, std::max(scaled(m_kind == Link ? 24 : 28), metrics.height() + 8)};
}

QSize KeyButton::minimumSizeHint() const
{
    return sizeHint();
}

void KeyButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    ButtonLook look;
    look.kind = kindOf(m_kind);
    look.enabled = isEnabled();
    look.hovered = underMouse();
    look.pressed = isDown();
    look.checked = isChecked();
    look.focused = hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange);
    drawButton(&painter, rect(), look);

    const Token token = buttonText(look);
    const int side = scaled(16);
    QRect area = rect().adjusted(edge(), 0, -edge(), 0);
    if (menu()) {
        const int small = scaled(12);
        ui::icon("chevron-down", token)
            .paint(&painter, QRect(area.right() + 1 - small, (height() - small) / 2, small, small));
        area.adjust(0, 0, -small - space(), 0);
    }
    if (!m_key.isEmpty())
        area.adjust(0, 0, -drawKeyCap(&painter, area, m_key, m_kind == Primary && isEnabled()) - space(), 0);

    QFont face = font();
    if (m_kind == Link)
        face.setUnderline(look.hovered);
    const QFontMetrics metrics(face);
    const bool hasIcon = m_icon || !icon().isNull();
    const int textWide = metrics.size(Qt::TextShowMnemonic, text()).width();
    const int content = textWide + (hasIcon ? side + (text().isEmpty() ? 0 : space()) : 0);
    int x = area.x() + std::max(0, (area.width() - content) / 2);
    if (hasIcon) {
        const QRect box(x, (height() - side) / 2, side, side);
        if (m_icon)
            ui::icon(m_icon, token).paint(&painter, box);
        else
            icon().paint(&painter, box, Qt::AlignCenter, isEnabled() ? QIcon::Normal : QIcon::Disabled);
        x += side + space();
    }
    painter.setFont(face);
    painter.setPen(color(token));
    painter.drawText(QRect(x, 0, area.right() + 2 - x, height()),
                     Qt::AlignLeft | Qt::AlignVCenter | Qt::TextShowMnemonic | Qt::TextHideMnemonic, text());
}

/// Enter presses what has the focus, as Space does: nobody should need to know the difference.
void KeyButton::keyPressEvent(QKeyEvent *event)
{
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && !(event->modifiers() & ~Qt::KeypadModifier))
        click();
    else
        QPushButton::keyPressEvent(event);
}

void KeyButton::enterEvent(QEnterEvent *event)
{
    QPushButton::enterEvent(event);
    update();
}

void KeyButton::leaveEvent(QEvent *event)
{
    QPushButton::leaveEvent(event);
    update();
}

// -------------------------------------------------------------------------------------------------------------------

IconButton::IconButton(const char *icon, const QString &name, QWidget *parent) : QToolButton(parent), m_icon(icon)
{
    setAutoRaise(true);
    setFocusPolicy(Qt::StrongFocus);
    setToolButtonStyle(Qt::ToolButtonIconOnly);
    setPopupMode(QToolButton::InstantPopup);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setName(name);
    refresh();
    connect(&Theme::instance(), &Theme::changed, this, &IconButton::refresh);
}

void IconButton::setIconName(const char *icon)
{
    m_icon = icon;
    refresh();
}

void IconButton::setName(const QString &name)
{
    setAccessibleName(name);
    setToolTip(name);
}

void IconButton::refresh()
{
    setIcon(ui::icon(m_icon, Token::Text2));
    setIconSize({scaled(16), scaled(16)});
    updateGeometry();
}

QSize IconButton::sizeHint() const
{
    return {scaled(28), scaled(28)};
}

} // namespace attune::ui
