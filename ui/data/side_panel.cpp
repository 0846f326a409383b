#include "ui/data/side_panel.h"

#include "ui/theme/theme.h"
#include "ui/widgets/key_button.h"

#include <QKeyEvent>
#include <QLabel>
#include <QVBoxLayout>

namespace attune::ui {

SidePanel::SidePanel(const QString &title, const char *name, QWidget *parent)
    : QWidget(parent), m_header(new PanelHeader(title)), m_body(new QVBoxLayout)
{
    setObjectName(QLatin1String(name));
    setAccessibleName(title);
    setBackground(this, Token::Surface);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    m_body->setContentsMargins(scaled(16), scaled(12), scaled(16), scaled(12));
    m_body->setSpacing(scaled(8));
    layout->addLayout(m_body, 1);
    auto *close = new IconButton("close", tr("Back to the row"));
    close->setObjectName(QStringLiteral("closePanel"));
    connect(close, &QToolButton::clicked, this, &SidePanel::closed);
    m_close = close;
    m_header->addWidget(close);
}

QLabel *SidePanel::addSection(const QString &title, QVBoxLayout *to)
{
    auto *label = new QLabel(title);
    label->setProperty("strong", true);
    (to ? to : m_body)->addWidget(label);
    return label;
}

QLabel *SidePanel::caption(const QString &text)
{
    auto *label = new QLabel(text);
    label->setProperty("caption", true);
    label->setWordWrap(true);
    return label;
}

void SidePanel::addToHeader(QWidget *widget)
{
    m_header->addWidget(widget);
    m_header->addWidget(m_close); // the cross stays last
}

void SidePanel::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        Q_EMIT closed();
    else
        QWidget::keyPressEvent(event);
}

} // namespace attune::ui
