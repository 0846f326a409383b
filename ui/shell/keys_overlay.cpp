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
    setAccessibleName(tr("Keys"));
    setFocusPolicy(Qt::StrongFocus);
    hide();
    window->installEventFilter(this);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        if (isVisible())
            place();
    });
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
            m_lines.append({ActionBook::plainText(*booked.action), keyText(booked.action->shortcut())});
            spoken += ". " + ActionBook::plainText(*booked.action) + ": " + key;
        }
    };
    if (!workspace.isEmpty())
        add(workspace, false);
    add(tr("Everywhere"), true);
    setAccessibleName(spoken);
    m_page = 0;
    place();
    m_before = QApplication::focusWidget();
    show();
    raise();
    setFocus(Qt::PopupFocusReason);
}

void KeysOverlay::place()
{
    int widest = scaled(ColumnWidth);
    for (const Line &line : m_lines)
        widest = std::max(widest, textWidth(line.text, TextStyle::Body) + keyCapWidth(line.key) + 48);
    const int fitting = std::max(1, (parentWidget()->height() - scaled(TitleHeight) - 48) / scaled(LineHeight));
    const auto count = static_cast<int>(m_lines.size());
    m_columns = std::clamp((count + fitting - 1) / fitting, 1, std::max(1, (parentWidget()->width() - 64) / widest));
    const int lines = std::min(fitting, (count + m_columns - 1) / m_columns);
    m_perPage = m_columns * lines;
    m_page = std::min(m_page, pages() - 1);
    const int width = std::min(m_columns * widest + 48, parentWidget()->width() - 16);
    const int height = lines * scaled(LineHeight) + scaled(TitleHeight) + 16;
    setGeometry((parentWidget()->width() - width) / 2, std::max(8, (parentWidget()->height() - height) / 2), width,
                height);
    update();
}

bool KeysOverlay::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible())
        place();
    return QFrame::eventFilter(watched, event);
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
    drawText(&painter, QRect(inner.left(), 0, inner.width(), scaled(TitleHeight)), m_title, TextStyle::Title,
             Token::Text);
    const QString close = pages() == 1
                              ? tr("any key closes")
                              : tr("%1 of %2: Down for more, any other key closes").arg(m_page + 1).arg(pages());
    drawText(&painter, QRect(inner.left(), 0, inner.width(), scaled(TitleHeight)), close, TextStyle::Small,
             Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
    const int perColumn = m_perPage / m_columns;
    const int columnWidth = (inner.width() + 24) / m_columns; // the last one ends at the edge
    for (int i = 0; i < m_perPage && m_page * m_perPage + i < m_lines.size(); ++i) {
        const QRect area(inner.left() + (i / perColumn) * columnWidth,
                         scaled(TitleHeight) + (i % perColumn) * scaled(LineHeight), columnWidth - 24,
                         scaled(LineHeight));
        const Line &line = m_lines[m_page * m_perPage + i];
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
    const int step = event->key() == Qt::Key_Down || event->key() == Qt::Key_PageDown ? 1
                     : event->key() == Qt::Key_Up || event->key() == Qt::Key_PageUp   ? -1
                                                                                      : 0;
    if (step == 0 || pages() == 1) {
        close();
        return;
    }
    m_page = std::clamp(m_page + step, 0, pages() - 1);
    update();
}

int KeysOverlay::pages() const
{
    return std::max(1, (static_cast<int>(m_lines.size()) + m_perPage - 1) / m_perPage);
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
