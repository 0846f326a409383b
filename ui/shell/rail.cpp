#include "ui/shell/rail.h"

#include "ui/shell/bar_button.h"
#include "ui/widgets/paint.h"

#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

constexpr int RailWidth = 72;
constexpr int ButtonWidth = 60;
constexpr int ButtonHeight = 54;
constexpr int IconSize = 20;

} // namespace

RailButton::RailButton(const QString &id, const QString &title, const char *icon, QWidget *parent)
    : QAbstractButton(parent), m_id(id), m_icon(icon)
{
    setObjectName("rail-" + id);
    setText(title);
    setAccessibleName(title);
    setCheckable(true);
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    new EnterClicks(this);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void RailButton::setMark(const QString &mark)
{
    m_mark = mark;
    const QString said = mark == "dot"    ? tr("running")
                         : mark == "!"    ? tr("failed")
                         : mark == "tick" ? tr("done")
                                          : "";
    setAccessibleDescription(said);
    update();
}

QSize RailButton::sizeHint() const
{
    return {qMax(scaled(ButtonWidth), textWidth(text(), TextStyle::Small) + 8), scaled(ButtonHeight)};
}

void RailButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (isChecked() || underMouse()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(isChecked() ? Token::Select : Token::Hover));
        painter.drawRoundedRect(rect(), 8, 8);
    }
    const Token token = isChecked() ? Token::Accent : Token::Text2;
    const int size = scaled(IconSize);
    const int left = (width() - size) / 2;
    const int top = scaled(8);
    painter.drawPixmap(left, top, iconPixmap(m_icon, token, size, devicePixelRatioF()));
    drawText(&painter, QRect(0, top + size + scaled(3), width(), scaled(18)), text(),
             TextStyle::Small, token, Qt::AlignHCenter | Qt::AlignVCenter);
    if (m_mark == "dot") {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Token::Accent));
        painter.drawEllipse(QRectF(left + size - 1, top, scaled(6), scaled(6)));
    } else if (!m_mark.isEmpty()) {
        const bool failed = m_mark == "!";
        painter.drawPixmap(left + size - scaled(2), top - scaled(4),
                           iconPixmap(failed ? "warning" : "check", failed ? Token::Bad : Token::Ok, scaled(12),
                                      devicePixelRatioF()));
    }
    if (hasFocus())
        drawFocusRing(&painter, rect(), 8, false);
}

void RailButton::enterEvent(QEnterEvent *event)
{
    update();
    QAbstractButton::enterEvent(event);
}

void RailButton::leaveEvent(QEvent *event)
{
    update();
    QAbstractButton::leaveEvent(event);
}

/// The bar beside the button is the rail's, and goes where the button goes.
void RailButton::moveEvent(QMoveEvent *event)
{
    QAbstractButton::moveEvent(event);
    if (parentWidget())
        parentWidget()->update();
}

void RailButton::resizeEvent(QResizeEvent *event)
{
    QAbstractButton::resizeEvent(event);
    if (parentWidget())
        parentWidget()->update();
}

Rail::Rail(QWidget *parent) : QWidget(parent), m_layout(new QVBoxLayout(this))
{
    setObjectName("rail");
    setAccessibleName(tr("Workspaces"));
    m_layout->setContentsMargins(6, 8, 6, 8);
    m_layout->setSpacing(2);
    m_layout->addStretch();
    const auto fit = [this] { setFixedWidth(scaled(RailWidth)); };
    fit();
    connect(&Theme::instance(), &Theme::changed, this, fit);
}

RailButton *Rail::add(const QString &id, const QString &title, const char *icon, bool atBottom)
{
    auto *button = new RailButton(id, title, icon);
    m_layout->insertWidget(atBottom ? m_layout->count() : m_atTop, button, 0, Qt::AlignHCenter);
    m_buttons.insert(atBottom ? m_buttons.size() : m_atTop, button);
    if (!atBottom)
        ++m_atTop;
    connect(button, &QAbstractButton::clicked, this, [this, button] {
        button->setChecked(true); // a click on the current one does not leave it
        Q_EMIT chosen(button->id());
    });
    return button;
}

void Rail::removeAllButBottom()
{
    for (; m_atTop > 0; --m_atTop)
        delete m_buttons.takeFirst();
}

void Rail::setCurrent(const QString &id)
{
    for (RailButton *button : m_buttons)
        button->setChecked(button->id() == id);
    update(); // the bar beside the button is the rail's
}

RailButton *Rail::button(const QString &id) const
{
    for (RailButton *button : m_buttons)
        if (button->id() == id)
            return button;
    return nullptr;
}

void Rail::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(Token::Window));
    drawLine(&painter, rect().topRight(), rect().bottomRight());
    for (const RailButton *button : m_buttons) {
        if (!button->isChecked())
            continue;
        // The bar stands at the window's edge, outside the button.
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Token::Accent));
        painter.drawRoundedRect(QRectF(-2, button->y() + 10, 5, button->height() - 20), 2, 2);
    }
}

void Rail::keyPressEvent(QKeyEvent *event)
{
    const int step = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
    for (int i = 0; step != 0 && i < m_buttons.size(); ++i) {
        if (!m_buttons[i]->hasFocus())
            continue;
        const int next = (i + step + static_cast<int>(m_buttons.size())) % static_cast<int>(m_buttons.size());
        m_buttons[next]->setFocus(Qt::TabFocusReason);
        return;
    }
    QWidget::keyPressEvent(event);
}

} // namespace attune::ui
