#include "ui/widgets/token_strip.h"

#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/token_accessible.h"
#include "ui/widgets/token_layout.h"

#include <QAccessible>
#include <QClipboard>
#include <QGuiApplication>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace attune::ui {

using Kind = TokenLayout::Kind;
using Item = TokenLayout::Item;

struct TokenStrip::Impl {
    TokenStrip &strip;
    TokenLayout layout;
    QString placeholder;
    int cursor = -1; ///< token, or the first one of a closed fold
    int anchor = -1; ///< other end of the selection; -1: none
    int hovered = -1;
    int linked = -1;
    bool growing = false;
    bool dragging = false;

    explicit Impl(TokenStrip &owner) : strip(owner) {}

    void restyle()
    {
        layout.setFonts(ui::font(TextStyle::Mono), ui::font(TextStyle::Caption));
        relayout();
    }
    /// After any change of tokens, folds, fonts or width.
    void relayout()
    {
        layout.ensure(strip.viewport()->width());
        auto *bar = strip.verticalScrollBar();
        bar->setSingleStep(layout.lineHeight());
        bar->setPageStep(strip.viewport()->height());
        bar->setRange(0, growing ? 0 : std::max(0, layout.contentHeight() - strip.viewport()->height()));
        if (growing)
            strip.updateGeometry();
        strip.viewport()->update();
    }
    QPoint toContent(const QPoint &point) const { return {point.x(), point.y() + strip.verticalScrollBar()->value()}; }
    QRect toViewport(const QRect &rect) const { return rect.translated(0, -strip.verticalScrollBar()->value()); }
    const Item *itemOfCursor() const
    {
        const int item = cursor < 0 ? -1 : layout.itemOf(cursor);
        return item < 0 ? nullptr : &layout.items()[static_cast<std::size_t>(item)];
    }
    std::pair<int, int> selection() const
    {
        if (anchor < 0 || cursor < 0)
            return {0, -1};
        return {std::min(anchor, cursor), std::max(anchor, cursor)};
    }
    void scrollTo(int token)
    {
        const int item = layout.itemOf(token);
        if (item < 0)
            return;
        const QRect rect = layout.rectOf(layout.items()[static_cast<std::size_t>(item)]);
        auto *bar = strip.verticalScrollBar();
        if (rect.top() - layout.lineHeight() < bar->value())
            bar->setValue(rect.top() - layout.lineHeight());
        else if (rect.bottom() + layout.lineHeight() > bar->value() + strip.viewport()->height())
            bar->setValue(rect.bottom() + layout.lineHeight() - strip.viewport()->height());
    }
    void moveTo(int token, bool select)
    {
        if (token < 0 || token >= layout.tokens().size())
            return;
        if (select && anchor < 0)
            anchor = cursor < 0 ? token : cursor;
        else if (!select)
            anchor = -1;
        cursor = token;
        scrollTo(token);
        announce();
        strip.viewport()->update();
    }
    void announce()
    {
        const Item *item = itemOfCursor();
        strip.setAccessibleDescription(item ? describeItem(*item) : QString());
        if (QAccessible::isActive()) {
            QAccessibleTextCursorEvent moved(&strip, textOffsetOf(layout.tokens(), cursor));
            QAccessible::updateAccessibility(&moved);
            QAccessibleEvent described(&strip, QAccessible::DescriptionChanged);
            QAccessible::updateAccessibility(&described);
        }
    }
    void moveByItem(int step, bool select)
    {
        const auto &items = layout.items();
        if (items.empty())
            return;
        int index = cursor < 0 ? (step > 0 ? -1 : static_cast<int>(items.size())) : layout.itemOf(cursor);
        do
            index += step;
        while (index >= 0 && index < static_cast<int>(items.size())
               && items[static_cast<std::size_t>(index)].kind == Kind::Opened);
        if (index >= 0 && index < static_cast<int>(items.size()))
            moveTo(items[static_cast<std::size_t>(index)].token, select);
    }
    void moveByLine(int step, bool select)
    {
        const Item *from = itemOfCursor();
        if (!from)
            return moveByItem(step, select);
        const int line = from->line + step;
        if (line < 0 || line >= layout.lineCount())
            return;
        const int middle = from->x + from->width / 2;
        int best = -1;
        int nearest = 1 << 30;
        for (std::size_t i = layout.firstOfLine(line); i < layout.firstOfLine(line + 1); ++i) {
            const Item &item = layout.items()[i];
            const int away = std::abs(item.x + item.width / 2 - middle);
            if (item.kind != Kind::Opened && away < nearest) {
                nearest = away;
                best = item.token;
            }
        }
        moveTo(best, select);
    }
    void toggle(const Item &item)
    {
        const int token = item.token;
        layout.toggle(item); // `item` is gone with the next layout
        relayout();
        moveTo(token, false);
    }
    QString describeItem(const Item &item) const
    {
        if (item.kind != Kind::Token)
            return tr("%1 masked tokens, folded").arg(formatCount(item.count));
        return describe(item.token).replace(QLatin1Char('\n'), QLatin1String(", "));
    }
    QString describe(int index) const
    {
        const ShownToken &token = layout.tokens()[index];
        QStringList lines;
        lines += QStringLiteral("“%1”").arg(layout.label(index));
        lines += tr("id %1, position %2").arg(token.id).arg(token.position);
        const QByteArray bytes = token.text.toUtf8();
        lines += tr("bytes %1").arg(QLatin1String(bytes.left(16).toHex(' ')) + (bytes.size() > 16 ? QStringLiteral(" …") : QString()));
        QString state = token.cut       ? tr("cut: beyond the longest row")
                        : token.trained ? tr("trained")
                                        : tr("masked: read, not trained");
        if (token.special)
            state += tr(", token of the template");
        lines += state;
        if (token.shift)
            lines += tr("%1 points").arg(formatSigned(*token.shift, 1));
        if (!token.detail.isEmpty())
            lines += token.detail;
        return lines.join(QLatin1Char('\n'));
    }
    void paintToken(QPainter &painter, const Item &item, const QRect &rect, bool selected) const;
    void paintFold(QPainter &painter, const Item &item, const QRect &rect) const;
};

void TokenStrip::Impl::paintFold(QPainter &painter, const Item &item, const QRect &rect) const
{
    const int side = scaled(12);
    ui::icon(item.kind == Kind::Closed ? "chevron-right" : "chevron-down", Token::Accent)
        .paint(&painter, QRect(rect.x() + 2, rect.y() + (rect.height() - side) / 2, side, side));
    QFont face = ui::font(TextStyle::Caption);
    face.setUnderline(item.kind == Kind::Closed && item.token == hovered);
    painter.setFont(face);
    painter.setPen(color(Token::Accent));
    painter.drawText(rect.adjusted(side + 5, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, item.text);
}

void TokenStrip::Impl::paintToken(QPainter &painter, const Item &item, const QRect &rect, bool selected) const
{
    const ShownToken &token = layout.tokens()[item.token];
    Token ink = Token::Text2;
    if (token.shift) {
        // Strength by share of the accent (more likely) or of orange (less), with a dotted line for less.
        const double strength = std::min(1.0, std::abs(*token.shift) / 75.0) * 0.55;
        const bool less = *token.shift < 0;
        if (std::abs(*token.shift) >= 0.5)
            fillRounded(&painter, rect, 3,
                        mixed(color(Token::Surface), color(less ? Token::Series2 : Token::Accent), 0.06 + strength));
        if (less && std::abs(*token.shift) >= 0.5) {
            painter.setPen(QPen(color(Token::Series2), 1.5, Qt::DotLine));
            painter.drawLine(rect.left() + 1, rect.bottom(), rect.right() - 1, rect.bottom());
        }
        ink = Token::Text;
    } else if (token.cut) {
        painter.fillRect(rect, color(Token::WarnTint));
        painter.fillRect(rect, hatchBrush(mixed(color(Token::WarnTint), color(Token::Warn), 0.25)));
        ink = Token::Warn;
    } else if (token.trained) {
        fillRounded(&painter, rect, 3, color(Token::Trained));
        painter.fillRect(QRect(rect.x(), rect.bottom() - 1, rect.width(), 2), color(Token::TrainedLine));
        ink = Token::Text;
    }
    if (token.special)
        drawPanel(&painter, rect.adjusted(0, 0, 0, token.trained && !token.cut ? -1 : 0), 3, QColor(Qt::transparent),
                  color(token.cut ? Token::Warn : Token::Edge));
    if (selected)
        fillRounded(&painter, rect, 3, [] {
            QColor tint = color(Token::Accent);
            tint.setAlphaF(0.25F);
            return tint;
        }());
    const bool current = item.token == cursor && strip.hasFocus();
    if (item.token == linked || (current && !strip.window()->testAttribute(Qt::WA_KeyboardFocusChange)))
        drawPanel(&painter, rect, 3, QColor(Qt::transparent), color(Token::Accent));
    else if (item.token == hovered)
        drawPanel(&painter, rect, 3, QColor(Qt::transparent), color(Token::Field));

    QFont face = ui::font(TextStyle::Mono);
    face.setStrikeOut(token.cut);
    painter.setFont(face);
    painter.setPen(color(ink));
    QString text = layout.label(item.token);
    if (QFontMetrics(face).horizontalAdvance(text) > item.width)
        text = QFontMetrics(face).elidedText(text, Qt::ElideRight, item.width - 2);
    painter.drawText(rect, Qt::AlignCenter | Qt::TextSingleLine, text);
    if (current && strip.window()->testAttribute(Qt::WA_KeyboardFocusChange))
        drawFocusRing(&painter, rect, 3, true);
    if (token.shift) {
        const int below = rect.bottom() + 1;
        const bool strong = std::abs(*token.shift) >= 20;
        QFont figures = ui::font(TextStyle::Caption);
        figures.setWeight(strong ? QFont::DemiBold : QFont::Normal);
        painter.setFont(figures);
        painter.setPen(color(strong ? Token::Text : Token::Text3));
        painter.drawText(QRect(rect.x() - 2, below, rect.width() + 4, QFontMetrics(figures).height() + 1), Qt::AlignCenter,
                         formatSigned(*token.shift, 0));
    }
}

// ---------------------------------------------------------------------------------------------------------------------

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
            drawText(&painter, viewport()->rect().adjusted(12, 8, -12, -8), d.placeholder, TextStyle::Body, Token::Text3,
                     Qt::AlignLeft | Qt::AlignTop);
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
