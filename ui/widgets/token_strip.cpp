#include "ui/widgets/token_strip.h"

#include "ui/widgets/paint.h"
#include "ui/widgets/token_accessible.h"
#include "ui/widgets/token_strip_impl.h"

#include <QAccessible>
#include <QClipboard>
#include <QGuiApplication>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>

namespace attune::ui {

using Kind = TokenLayout::Kind;
using Item = TokenLayout::Item;

TokenStrip::TokenStrip(QWidget *parent) : QAbstractScrollArea(parent), m_impl(std::make_unique<Impl>(*this))
{
    installTokenAccessibility();
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Tokens"));
    viewport()->setMouseTracking(true);
    setBackground(viewport(), Token::Sunken);
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    setSizePolicy(policy);
    m_impl->restyle();
    connect(&Theme::instance(), &Theme::changed, this, [this] { m_impl->restyle(); });
    connect(verticalScrollBar(), &QScrollBar::valueChanged, viewport(), qOverload<>(&QWidget::update));
}

TokenStrip::~TokenStrip() = default;

void TokenStrip::setTokens(const QVector<ShownToken> &tokens)
{
    Impl &d = *m_impl;
    d.layout.setTokens(tokens);
    d.hovered = -1;
    d.anchor = -1;
    d.cursor = std::min(d.cursor, static_cast<int>(tokens.size()) - 1);
    if (d.linked >= tokens.size())
        d.linked = -1;
    d.relayout();
    if (QAccessible::isActive()) {
        QAccessibleEvent event(this, QAccessible::VisibleDataChanged);
        QAccessible::updateAccessibility(&event);
    }
}

const QVector<ShownToken> &TokenStrip::tokens() const
{
    return m_impl->layout.tokens();
}

void TokenStrip::setFoldLongRuns(bool fold)
{
    m_impl->layout.setFold(fold);
    m_impl->relayout();
}

void TokenStrip::setPlaceholder(const QString &text)
{
    m_impl->placeholder = text;
    viewport()->update();
}

void TokenStrip::setLinkedToken(int index)
{
    if (index == m_impl->linked)
        return;
    m_impl->linked = index;
    if (index >= 0)
        m_impl->scrollTo(index);
    viewport()->update();
}

void TokenStrip::scrollToToken(int index)
{
    m_impl->layout.open(index);
    m_impl->relayout();
    m_impl->scrollTo(index);
}

int TokenStrip::currentToken() const
{
    const Item *item = m_impl->itemOfCursor();
    return item && item->kind == Kind::Token ? m_impl->cursor : -1;
}

QString TokenStrip::selectedText() const
{
    const auto [first, last] = m_impl->selection();
    QString text;
    for (int i = first; i <= last; ++i)
        text += tokens()[i].text;
    return text;
}

void TokenStrip::setGrowing(bool growing)
{
    m_impl->growing = growing;
    setVerticalScrollBarPolicy(growing ? Qt::ScrollBarAlwaysOff : Qt::ScrollBarAsNeeded);
    QSizePolicy policy(QSizePolicy::Expanding, growing ? QSizePolicy::Minimum : QSizePolicy::Expanding);
    policy.setHeightForWidth(growing);
    setSizePolicy(policy);
    m_impl->relayout();
}

int TokenStrip::contentHeight() const
{
    return m_impl->layout.contentHeight();
}

bool TokenStrip::hasHeightForWidth() const
{
    return m_impl->growing;
}

int TokenStrip::heightForWidth(int width) const
{
    return m_impl->growing ? m_impl->layout.heightFor(width) : -1;
}

QSize TokenStrip::sizeHint() const
{
    return {scaled(320), m_impl->growing ? m_impl->layout.contentHeight() : scaled(160)};
}

QSize TokenStrip::minimumSizeHint() const
{
    return {scaled(160), m_impl->growing ? m_impl->layout.contentHeight()
                                         : m_impl->layout.lineHeight() + 2 * TokenLayout::margin};
}

QString TokenStrip::accessibleText() const
{
    QString text;
    for (const ShownToken &token : tokens())
        text += token.text;
    return text;
}

QRect TokenStrip::tokenRect(int index) const
{
    const int item = m_impl->layout.itemOf(index);
    if (item < 0 || m_impl->layout.items()[static_cast<std::size_t>(item)].kind != Kind::Token)
        return {};
    return m_impl->toViewport(m_impl->layout.rectOf(m_impl->layout.items()[static_cast<std::size_t>(item)]));
}

int TokenStrip::tokenAt(const QPoint &point) const
{
    const int item = m_impl->layout.itemAt(m_impl->toContent(point));
    if (item < 0 || m_impl->layout.items()[static_cast<std::size_t>(item)].kind != Kind::Token)
        return -1;
    return m_impl->layout.items()[static_cast<std::size_t>(item)].token;
}

int TokenStrip::foldCount() const
{
    return m_impl->layout.closedFolds();
}

bool TokenStrip::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        const int token = tokenAt(help->pos());
        if (token >= 0)
            QToolTip::showText(help->globalPos(), m_impl->describe(token), viewport(), tokenRect(token));
        else
            QToolTip::hideText();
        return true;
    }
    if (event->type() == QEvent::Leave && m_impl->hovered >= 0) {
        m_impl->hovered = -1;
        viewport()->update();
        Q_EMIT tokenHovered(-1);
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void TokenStrip::paintEvent(QPaintEvent *event)
{
    Impl &d = *m_impl;
    QPainter painter(viewport());
    if (d.layout.tokens().isEmpty()) {
        if (!d.placeholder.isEmpty())
            drawText(&painter, viewport()->rect().adjusted(12, 8, -12, -8), d.placeholder, TextStyle::Body,
                     Token::Text3, Qt::AlignLeft | Qt::AlignTop);
    } else {
        const int top = d.toContent(event->rect().topLeft()).y() - TokenLayout::margin;
        const int bottom = d.toContent(event->rect().bottomLeft()).y() - TokenLayout::margin;
        const int height = d.layout.lineHeight();
        const int firstLine = std::max(0, top / height);
        const int lastLine = std::min(d.layout.lineCount() - 1, std::max(0, bottom) / height);
        const auto [from, to] = d.selection();
        for (std::size_t i = d.layout.firstOfLine(firstLine); i < d.layout.firstOfLine(lastLine + 1); ++i) {
            const Item &item = d.layout.items()[i];
            const QRect rect = d.toViewport(d.layout.rectOf(item));
            if (item.kind == Kind::Token) {
                d.paintToken(painter, item, rect, item.token >= from && item.token <= to);
            } else {
                d.paintFold(painter, item, rect);
                if (item.kind == Kind::Closed && item.token == d.cursor && hasFocus())
                    drawFocusRing(&painter, rect, 3, true);
            }
        }
    }
    if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange) && !d.itemOfCursor())
        drawFocusRing(&painter, viewport()->rect(), 0, false);
}

void TokenStrip::resizeEvent(QResizeEvent *event)
{
    QAbstractScrollArea::resizeEvent(event);
    m_impl->relayout();
}

void TokenStrip::mouseMoveEvent(QMouseEvent *event)
{
    const QPoint at = event->position().toPoint();
    const int item = m_impl->layout.itemAt(m_impl->toContent(at));
    const bool onFold = item >= 0 && m_impl->layout.items()[static_cast<std::size_t>(item)].kind != Kind::Token;
    viewport()->setCursor(onFold ? Qt::PointingHandCursor : Qt::ArrowCursor);
    const int hovered = item < 0 ? -1 : m_impl->layout.items()[static_cast<std::size_t>(item)].token;
    if (m_impl->dragging && hovered >= 0) {
        if (m_impl->anchor >= 0 || hovered != m_impl->cursor)
            m_impl->moveTo(hovered, true);
    }
    if (hovered == m_impl->hovered)
        return;
    m_impl->hovered = hovered;
    viewport()->update();
    Q_EMIT tokenHovered(onFold ? -1 : hovered);
}

void TokenStrip::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return QAbstractScrollArea::mousePressEvent(event);
    const int index = m_impl->layout.itemAt(m_impl->toContent(event->position().toPoint()));
    if (index < 0) {
        m_impl->anchor = -1;
        viewport()->update();
        return;
    }
    const Item &item = m_impl->layout.items()[static_cast<std::size_t>(index)];
    if (item.kind != Kind::Token) {
        m_impl->toggle(item);
        return;
    }
    m_impl->moveTo(item.token, event->modifiers() & Qt::ShiftModifier);
    m_impl->dragging = true;
    Q_EMIT tokenClicked(item.token);
}

void TokenStrip::mouseReleaseEvent(QMouseEvent *event)
{
    m_impl->dragging = false;
    QAbstractScrollArea::mouseReleaseEvent(event);
}

void TokenStrip::keyPressEvent(QKeyEvent *event)
{
    Impl &d = *m_impl;
    const bool select = event->modifiers() & Qt::ShiftModifier;
    const bool control = event->modifiers() & Qt::ControlModifier;
    const int lines = std::max(1, viewport()->height() / std::max(1, d.layout.lineHeight()) - 1);
    if (event->matches(QKeySequence::Copy)) {
        const QString text = selectedText();
        const int token = currentToken();
        if (!text.isEmpty() || token >= 0)
            QGuiApplication::clipboard()->setText(text.isEmpty() ? tokens()[token].text : text);
        return;
    }
    if (event->matches(QKeySequence::SelectAll) && !tokens().isEmpty()) {
        d.anchor = 0;
        d.cursor = static_cast<int>(tokens().size()) - 1;
        viewport()->update();
        return;
    }
    switch (event->key()) {
    case Qt::Key_Left: d.moveByItem(-1, select); return;
    case Qt::Key_Right: d.moveByItem(1, select); return;
    case Qt::Key_Up: d.moveByLine(-1, select); return;
    case Qt::Key_Down: d.moveByLine(1, select); return;
    case Qt::Key_PageUp:
    case Qt::Key_PageDown:
        for (int i = 0; i < lines; ++i)
            d.moveByLine(event->key() == Qt::Key_PageUp ? -1 : 1, select);
        return;
    case Qt::Key_Home:
    case Qt::Key_End: {
        const bool home = event->key() == Qt::Key_Home;
        const Item *item = d.itemOfCursor();
        if (d.layout.items().empty())
            return;
        if (control || !item) {
            d.moveTo(home ? 0 : d.layout.items().back().token, select);
        } else {
            const std::size_t at = home ? d.layout.firstOfLine(item->line) : d.layout.firstOfLine(item->line + 1) - 1;
            d.moveTo(d.layout.items()[at].token, select);
        }
        return;
    }
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (const Item *item = d.itemOfCursor()) {
            if (item->kind == Kind::Closed) {
                d.toggle(*item);
                return;
            }
            Q_EMIT tokenClicked(d.cursor);
            return;
        }
        break;
    case Qt::Key_Escape:
        if (d.anchor >= 0) {
            d.anchor = -1;
            viewport()->update();
            return;
        }
        break;
    default: break;
    }
    QAbstractScrollArea::keyPressEvent(event);
    if (event->key() != Qt::Key_Escape)
        return;
    event->ignore();
}

void TokenStrip::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void TokenStrip::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

void TokenStrip::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::FontChange && m_impl)
        m_impl->relayout();
}

} // namespace attune::ui
