#include "ui/shell/keys_overlay.h"

#include "ui/shell/action_book.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QApplication>
#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int ColumnWidth = 300;
constexpr int LineHeight = 26;
constexpr int TitleHeight = 52;

} // namespace

KeysOverlay::KeysOverlay(const ActionBook &book, QWidget *window) : QFrame(window), m_book(book)
{
    setObjectName("keysOverlay");
    setFocusPolicy(Qt::StrongFocus);
    hide();
}

void KeysOverlay::open(const QString &workspace)
{
    m_title = workspace.isEmpty() ? tr("Keys") : tr("Keys in %1").arg(workspace);
    m_lines.clear();
    QString spoken = m_title;
    const auto add = [&](const QString &heading, bool everywhere) {
        bool begun = false;
        for (const BookedAction &booked : m_book.actions()) {
            const bool fits = everywhere ? booked.workspace.isEmpty() : booked.workspace == workspace;
            if (!fits || booked.action->shortcut().isEmpty())
                continue;
            if (!begun)
                m_lines.append({heading, {}});
            begun = true;
            const QString key = booked.action->shortcut().toString(QKeySequence::NativeText);
            m_lines.append({ActionBook::plainText(*booked.action), QString(key).replace('+', ' ')});
            spoken += ". " + ActionBook::plainText(*booked.action) + ": " + key;
        }
    };
    if (!workspace.isEmpty())
        add(workspace, false);
    add(tr("Everywhere"), true);
    setAccessibleName(spoken);

    const int perColumn = std::max(1, (parentWidget()->height() - scaled(140)) / scaled(LineHeight));
    const auto count = static_cast<int>(m_lines.size());
    const int columns = std::max(1, (count + perColumn - 1) / perColumn);
    const int lines = (count + columns - 1) / columns;
    const int width = std::min(columns * scaled(ColumnWidth) + 48, parentWidget()->width() - 16);
    const int height = lines * scaled(LineHeight) + scaled(TitleHeight) + 16;
    setGeometry((parentWidget()->width() - width) / 2, std::max(8, (parentWidget()->height() - height) / 2), width, height);
    m_before = QApplication::focusWidget();
    show();
    raise();
    setFocus(Qt::PopupFocusReason);
}

void KeysOverlay::close()
{
    hide();
    if (m_before)
        m_before->setFocus(Qt::OtherFocusReason);
}

void KeysOverlay::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    drawPanel(&painter, rect(), 8, Token::Surface, Token::Edge);
    const QRect inner = rect().adjusted(24, 0, -24, 0);
    drawText(&painter, QRect(inner.left(), 0, inner.width(), scaled(TitleHeight)), m_title, TextStyle::Title, Token::Text);
    drawText(&painter, QRect(inner.left(), 0, inner.width(), scaled(TitleHeight)), tr("any key closes"), TextStyle::Small,
             Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
    const int perColumn = std::max(1, (height() - scaled(TitleHeight) - 16) / scaled(LineHeight));
    const int columns = std::max(1, (static_cast<int>(m_lines.size()) + perColumn - 1) / perColumn);
    const int columnWidth = inner.width() / columns;
    for (int i = 0; i < m_lines.size(); ++i) {
        const QRect area(inner.left() + (i / perColumn) * columnWidth,
                         scaled(TitleHeight) + (i % perColumn) * scaled(LineHeight), columnWidth - 24, scaled(LineHeight));
        const Line &line = m_lines[i];
        if (line.key.isEmpty()) {
            drawText(&painter, area, line.text, TextStyle::Strong, Token::Accent);
            continue;
        }
        const int key = drawKeyCap(&painter, area, line.key);
        drawText(&painter, area.adjusted(0, 0, -key - 8, 0), line.text, TextStyle::Body, Token::Text);
    }
}

void KeysOverlay::keyPressEvent(QKeyEvent *event)
{
    event->accept();
    close();
}

void KeysOverlay::mousePressEvent(QMouseEvent *)
{
    close();
}

void KeysOverlay::focusOutEvent(QFocusEvent *)
{
    hide();
}

} // namespace attune::ui
