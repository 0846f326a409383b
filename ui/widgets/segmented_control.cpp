#include "ui/widgets/segmented_control.h"

#include "ui/widgets/paint.h"

#include <QApplication>
#include <QButtonGroup>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QToolButton>

namespace attune::ui {

namespace {

class Segment final : public QToolButton {
public:
    explicit Segment(const QString &text)
    {
        setText(text);
        setAccessibleName(text);
        setCheckable(true);
        setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    }
    QSize sizeHint() const override
    {
        // As wide as in semi-bold, so that choosing moves nothing.
        const QFontMetrics metrics(ui::font(TextStyle::Strong));
        return {metrics.horizontalAdvance(text()) + 2 * 10, std::max(scaled(24), metrics.height() + 4)};
    }
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        if (isChecked())
            drawPanel(&painter, rect(), 5, Token::Surface, Theme::instance().dark() ? Token::Field : Token::Edge);
        else if (underMouse() && isEnabled())
            fillRounded(&painter, rect(), 5, mixed(color(Token::Hover), color(Token::Text), 0.06));
        painter.setFont(ui::font(isChecked() ? TextStyle::Strong : TextStyle::Body));
        painter.setPen(color(!isEnabled() ? Token::Text3 : isChecked() ? Token::Text : Token::Text2));
        painter.drawText(rect(), Qt::AlignCenter, text());
        if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange))
            drawFocusRing(&painter, rect(), 5, false);
    }
    void enterEvent(QEnterEvent *event) override
    {
        QToolButton::enterEvent(event);
        update();
    }
    void leaveEvent(QEvent *event) override
    {
        QToolButton::leaveEvent(event);
        update();
    }
};

} // namespace

SegmentedControl::SegmentedControl(const QStringList &texts, QWidget *parent)
    : QWidget(parent), m_group(new QButtonGroup(this)), m_layout(new QHBoxLayout(this))
{
    m_layout->setContentsMargins(2, 2, 2, 2);
    m_layout->setSpacing(2);
    m_group->setExclusive(true);
    for (int i = 0; i < texts.size(); ++i) {
        auto *segment = new Segment(texts[i]);
        segment->installEventFilter(this);
        // One stop for Tab; arrows move inside.
        segment->setFocusPolicy(i == 0 ? Qt::StrongFocus : Qt::ClickFocus);
        m_group->addButton(segment, i);
        m_layout->addWidget(segment, 1);
    }
    if (!texts.isEmpty())
        m_group->button(0)->setChecked(true);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(m_group, &QButtonGroup::idToggled, this, [this](int id, bool on) {
        m_group->button(id)->setFocusPolicy(on ? Qt::StrongFocus : Qt::ClickFocus);
        if (on)
            Q_EMIT changed(id);
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        for (QAbstractButton *button : m_group->buttons())
            button->updateGeometry();
        update();
    });
}

int SegmentedControl::current() const
{
    return m_group->checkedId();
}

void SegmentedControl::setCurrent(int index)
{
    QAbstractButton *button = m_group->button(index);
    if (!button)
        return;
    const bool inside = isAncestorOf(QApplication::focusWidget());
    button->setChecked(true);
    if (inside) // the keyboard goes along: what is left behind is no stop for Tab any more
        button->setFocus(Qt::OtherFocusReason);
}

int SegmentedControl::count() const
{
    return static_cast<int>(m_group->buttons().size());
}

void SegmentedControl::setText(int index, const QString &text)
{
    if (QAbstractButton *button = m_group->button(index)) {
        button->setText(text);
        button->setAccessibleName(text);
        button->updateGeometry();
        button->update();
    }
}

void SegmentedControl::setSegmentEnabled(int index, bool enabled, const QString &why)
{
    if (QAbstractButton *button = m_group->button(index)) {
        button->setEnabled(enabled);
        button->setToolTip(enabled ? QString() : why);
    }
}

void SegmentedControl::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    fillRounded(&painter, rect(), 6, color(Token::Hover));
}

bool SegmentedControl::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        int step = key == Qt::Key_Left ? -1 : key == Qt::Key_Right ? 1 : 0;
        if (layoutDirection() == Qt::RightToLeft)
            step = -step;
        if (step) {
            for (int i = current() + step; i >= 0 && i < count(); i += step) {
                if (!m_group->button(i)->isEnabled())
                    continue;
                setCurrent(i);
                m_group->button(i)->setFocus(Qt::TabFocusReason);
                break;
            }
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace attune::ui
