#include "ui/data/ask_bar.h"

#include "ui/theme/theme.h"
#include "ui/widgets/key_button.h"

#include <QApplication>
#include <QCompleter>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QStringListModel>

namespace attune::ui {

AskBar::AskBar(QWidget *parent)
    : QFrame(parent), m_question(new QLabel), m_field(new QLineEdit),
      m_button(new KeyButton(QString(), KeyButton::Primary, nullptr, QStringLiteral("↵"))),
      m_known(new QStringListModel(this))
{
    setObjectName(QStringLiteral("askBar"));
    m_field->setObjectName(QStringLiteral("askField"));
    m_field->setAccessibleName(tr("Answer"));
    m_field->installEventFilter(this);
    m_button->setObjectName(QStringLiteral("askGive"));
    m_button->setAccessibleName(tr("Do it"));
    auto *close = new IconButton("close", tr("Cancel"));
    auto *completer = new QCompleter(m_known, this);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    m_field->setCompleter(completer);
    m_question->setProperty("caption", true);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(scaled(12), scaled(6), scaled(8), scaled(6));
    layout->setSpacing(scaled(8));
    layout->addWidget(m_question);
    layout->addWidget(m_field, 1);
    layout->addWidget(m_button);
    layout->addWidget(close);
    connect(m_button, &QPushButton::clicked, this, &AskBar::give);
    connect(close, &QToolButton::clicked, this, &AskBar::cancel);
    connect(m_field, &QLineEdit::textChanged, this,
            [this](const QString &text) { m_button->setEnabled(!text.trimmed().isEmpty()); });
    hide();
}

void AskBar::ask(const QString &question, const QString &button, const QStringList &known,
                 std::function<void(QString)> given, const QString &text)
{
    if (!isVisible())
        m_before = QApplication::focusWidget();
    m_given = std::move(given);
    m_question->setText(question);
    m_field->setAccessibleName(question);
    m_button->setText(button);
    m_button->setAccessibleName(button);
    m_known->setStringList(known);
    m_field->setText(text);
    m_button->setEnabled(!text.trimmed().isEmpty());
    show();
    m_field->selectAll();
    m_field->setFocus(Qt::ShortcutFocusReason);
}

void AskBar::cancel()
{
    m_given = {};
    const QPointer<QWidget> before = m_before;
    m_before = nullptr;
    hide();
    if (before && before->isVisible())
        before->setFocus(Qt::OtherFocusReason);
}

void AskBar::give()
{
    const QString text = m_field->text().trimmed();
    if (text.isEmpty())
        return;
    const auto given = std::move(m_given);
    cancel();
    if (given)
        given(text);
}

bool AskBar::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        if (key == Qt::Key_Escape) {
            cancel();
            return true;
        }
        if (key == Qt::Key_Return || key == Qt::Key_Enter) {
            give();
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace attune::ui
