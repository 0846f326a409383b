#include "ui/compare/question_card.h"

#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"

#include <QHBoxLayout>
#include <QLabel>

namespace attune::ui {

QuestionCard::QuestionCard(QWidget *parent) : QFrame(parent)
{
    setObjectName(QStringLiteral("questionCard"));
    setAccessibleName(tr("The question"));
    setFrameShape(QFrame::NoFrame);
    auto *role = new QLabel(tr("User"));
    setTextStyle(role, TextStyle::Small);
    setForeground(role, Token::Text2);
    m_caption = new QLabel;
    m_caption->setObjectName(QStringLiteral("questionCaption"));
    setTextStyle(m_caption, TextStyle::Small);
    setForeground(m_caption, Token::Text3);
    m_tokens = new QLabel;
    setTextStyle(m_tokens, TextStyle::MonoSmall);
    setForeground(m_tokens, Token::Text3);
    m_text = new AutoTextEdit;
    m_text->setObjectName(QStringLiteral("questionText"));
    m_text->setAccessibleName(tr("The question"));
    m_text->setReadOnly(true);
    m_text->setBare(true);
    m_text->setLines(1, 4);
    auto *head = new QHBoxLayout;
    head->setSpacing(scaled(8));
    head->addWidget(role);
    head->addWidget(m_caption);
    head->addStretch(1);
    head->addWidget(m_tokens);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(scaled(10), scaled(6), scaled(10), scaled(6));
    layout->setSpacing(scaled(2));
    layout->addLayout(head);
    layout->addWidget(m_text);
}

void QuestionCard::show(const QString &text, const QString &caption, qint64 tokens)
{
    setVisible(!text.isEmpty());
    if (m_text->toPlainText() != text)
        m_text->setPlainText(text);
    m_caption->setText(caption);
    m_tokens->setText(tokens > 0 ? tr("%1 tokens").arg(formatCount(tokens)) : QString());
}

QString QuestionCard::text() const
{
    return m_text->toPlainText();
}

void QuestionCard::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawPanel(&painter, rect(), 8, Token::Sunken, Token::Line);
}

} // namespace attune::ui
