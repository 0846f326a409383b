#include "ui/widgets/empty_state.h"

#include "ui/theme/theme.h"
#include "ui/widgets/key_button.h"

#include <QVBoxLayout>

namespace attune::ui {

EmptyState::EmptyState(const char *icon, const QString &sentence, QWidget *parent)
    : QWidget(parent), m_iconName(icon), m_icon(new QLabel), m_sentence(new QLabel), m_layout(new QVBoxLayout)
{
    m_sentence->setWordWrap(true);
    m_sentence->setAlignment(Qt::AlignCenter);
    m_sentence->setTextFormat(Qt::PlainText);
    setForeground(m_sentence, Token::Text2);
    m_icon->setAlignment(Qt::AlignCenter);
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(24, 24, 24, 24);
    outer->addStretch(2);
    outer->addLayout(m_layout);
    outer->addStretch(3);
    m_layout->setSpacing(12);
    m_layout->addWidget(m_icon);
    m_layout->addWidget(m_sentence);
    setText(sentence);
    refresh();
    connect(&Theme::instance(), &Theme::changed, this, &EmptyState::refresh);
}

void EmptyState::refresh()
{
    m_icon->setPixmap(iconPixmap(m_iconName, Token::Text3, scaled(32), devicePixelRatioF()));
}

void EmptyState::setText(const QString &sentence)
{
    m_sentence->setText(sentence);
    setAccessibleName(sentence);
}

QString EmptyState::text() const
{
    return m_sentence->text();
}

void EmptyState::setIconName(const char *icon)
{
    m_iconName = icon;
    refresh();
}

QPushButton *EmptyState::setPrimary(const QString &text, std::function<void()> act)
{
    delete m_primary;
    m_primary = new KeyButton(text, KeyButton::Primary);
    connect(m_primary, &QPushButton::clicked, this, [act = std::move(act)] { act(); });
    m_layout->insertWidget(2, m_primary, 0, Qt::AlignHCenter);
    return m_primary;
}

QPushButton *EmptyState::addLink(const QString &text, std::function<void()> act)
{
    auto *link = new KeyButton(text, KeyButton::Link);
    connect(link, &QPushButton::clicked, this, [act = std::move(act)] { act(); });
    m_layout->addWidget(link, 0, Qt::AlignHCenter);
    m_links.append(link);
    return link;
}

void EmptyState::clearActions()
{
    delete m_primary;
    m_primary = nullptr;
    qDeleteAll(m_links);
    m_links.clear();
}

} // namespace attune::ui
