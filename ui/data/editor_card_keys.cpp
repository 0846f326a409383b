#include "ui/data/editor_card.h"

#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/key_button.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QTextBlock>
#include <QWheelEvent>

#include <algorithm>
#include <utility>

// Of RoleCard: the keyboard and the mouse.

namespace attune::ui {

namespace {

bool isStep(const QKeyEvent *event)
{
    return event->matches(QKeySequence::Undo) || event->matches(QKeySequence::Redo);
}

} // namespace

// --- the keyboard ---

void RoleCard::startTyping(int position)
{
    if (!std::exchange(m_inside, true)) { // before the focus: a field that is hidden takes none
        unfold();
        refresh();
    }
    QTextCursor cursor = m_edit->textCursor();
    cursor.movePosition(QTextCursor::End);
    if (position >= 0)
        cursor.setPosition(std::min(position, cursor.position()));
    m_edit->setTextCursor(cursor);
    m_edit->setFocus(Qt::OtherFocusReason);
    Q_EMIT entered(m_index);
}

void RoleCard::selectFirst(const QString &text)
{
    const int at = static_cast<int>(m_text.indexOf(text));
    if (at < 0)
        return;
    startTyping(at);
    QTextCursor cursor = m_edit->textCursor();
    cursor.setPosition(at);
    cursor.setPosition(at + static_cast<int>(text.size()), QTextCursor::KeepAnchor);
    m_edit->setTextCursor(cursor);
}

void RoleCard::selectAt(int line, int column)
{
    startTyping(0);
    const QTextBlock block = m_edit->document()->findBlockByNumber(line - 1);
    if (!block.isValid())
        return;
    QTextCursor cursor(block);
    cursor.setPosition(block.position() + std::clamp(column - 1, 0, block.length() - 1));
    m_edit->setTextCursor(cursor);
}

void RoleCard::insertText(const QString &text)
{
    if (editable())
        m_edit->textCursor().insertText(text);
}

bool RoleCard::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_edit && event->type() == QEvent::ShortcutOverride && isStep(static_cast<QKeyEvent *>(event))) {
        Q_EMIT stepComing();
        event->ignore(); // the field has no steps of its own
        return true;
    }
    if (watched == m_edit && event->type() == QEvent::KeyPress && isStep(static_cast<QKeyEvent *>(event))) {
        if (static_cast<QKeyEvent *>(event)->matches(QKeySequence::Undo))
            Q_EMIT undoAsked();
        else
            Q_EMIT redoAsked();
        return true;
    }
    if (watched == m_edit->viewport() && event->type() == QEvent::Wheel) {
        event->ignore(); // the cards scroll as one
        return true;
    }
    return QFrame::eventFilter(watched, event);
}

void RoleCard::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton && !m_tooLong)
        startTyping();
    else
        QFrame::mousePressEvent(event);
}

void RoleCard::keyPressEvent(QKeyEvent *event)
{
    const bool opens =
        event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Space;
    if (opens && hasFocus())
        startTyping();
    else
        QFrame::keyPressEvent(event);
}

void RoleCard::focusInEvent(QFocusEvent *event)
{
    QFrame::focusInEvent(event);
    update();
}

void RoleCard::focusOutEvent(QFocusEvent *event)
{
    QFrame::focusOutEvent(event);
    update();
}

void RoleCard::enterEvent(QEnterEvent *event)
{
    QFrame::enterEvent(event);
    m_menu->setVisible(true);
}

void RoleCard::leaveEvent(QEvent *event)
{
    QFrame::leaveEvent(event);
    m_menu->setVisible(m_inside || m_menu->hasFocus());
}

void RoleCard::contextMenuEvent(QContextMenuEvent *event)
{
    Q_EMIT menuAsked(m_index, event->globalPos());
}

} // namespace attune::ui
