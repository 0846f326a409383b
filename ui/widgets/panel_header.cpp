#include "ui/widgets/panel_header.h"

#include "ui/widgets/elided_label.h"
#include "ui/widgets/paint.h"

#include <QHBoxLayout>

namespace attune::ui {

PanelHeader::PanelHeader(const QString &title, QWidget *parent)
    : QWidget(parent), m_title(new ElidedLabel(title)), m_caption(new ElidedLabel), m_left(new QHBoxLayout),
      m_right(new QHBoxLayout)
{
    setTextStyle(m_title, TextStyle::Title);
    setTextStyle(m_caption, TextStyle::Body);
    setForeground(m_caption, Token::Text3);
    m_caption->hide();
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 1);
    layout->setSpacing(8);
    layout->addWidget(m_title);
    layout->addWidget(m_caption);
    layout->addLayout(m_left);
    layout->addStretch(1);
    layout->addLayout(m_right);
    m_left->setSpacing(8);
    m_right->setSpacing(8);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setAccessibleName(title);
    applySize();
    connect(&Theme::instance(), &Theme::changed, this, &PanelHeader::applySize);
}

void PanelHeader::applySize()
{
    setFixedHeight(std::max(scaled(44), QFontMetrics(ui::font(TextStyle::Title)).height() + 16));
    keepTitle();
    update();
}

/// Where it is narrow the caption goes first: a short title says where one is, and stays whole.
void PanelHeader::keepTitle()
{
    m_title->setMinimumWidth(std::min(m_title->sizeHint().width(), scaled(120)));
}

void PanelHeader::setTitle(const QString &title)
{
    m_title->setText(title);
    keepTitle();
    setAccessibleName(title);
}

QString PanelHeader::title() const
{
    return m_title->text();
}

void PanelHeader::setCaption(const QString &caption)
{
    m_caption->setText(caption);
    m_caption->setVisible(!caption.isEmpty());
}

void PanelHeader::addWidget(QWidget *widget)
{
    m_right->addWidget(widget);
}

void PanelHeader::addLeft(QWidget *widget)
{
    m_left->addWidget(widget);
}

void PanelHeader::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawLine(&painter, rect().bottomLeft(), rect().bottomRight());
}

} // namespace attune::ui
