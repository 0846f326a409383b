#include "ui/widgets/token_strip_impl.h"

#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/token_accessible.h"

#include <QAccessible>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace attune::ui {

using Kind = TokenLayout::Kind;
using Item = TokenLayout::Item;

void TokenStrip::Impl::restyle()
{
    layout.setFonts(ui::font(TextStyle::Mono), ui::font(TextStyle::Caption));
    relayout();
}

void TokenStrip::Impl::relayout()
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

QPoint TokenStrip::Impl::toContent(const QPoint &viewportPoint) const
{
    return {viewportPoint.x(), viewportPoint.y() + strip.verticalScrollBar()->value()};
}

QRect TokenStrip::Impl::toViewport(const QRect &contentRect) const
{
    return contentRect.translated(0, -strip.verticalScrollBar()->value());
}

const Item *TokenStrip::Impl::itemOfCursor() const
{
    const int item = cursor < 0 ? -1 : layout.itemOf(cursor);
    return item < 0 ? nullptr : &layout.items()[static_cast<std::size_t>(item)];
}

std::pair<int, int> TokenStrip::Impl::selection() const
{
    if (anchor < 0 || cursor < 0)
        return {0, -1};
    return {std::min(anchor, cursor), std::max(anchor, cursor)};
}

void TokenStrip::Impl::scrollTo(int token)
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

void TokenStrip::Impl::moveTo(int token, bool select)
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

void TokenStrip::Impl::announce()
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

void TokenStrip::Impl::moveByItem(int step, bool select)
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

void TokenStrip::Impl::moveByLine(int step, bool select)
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

void TokenStrip::Impl::toggle(const Item &item)
{
    const int token = item.token;
    layout.toggle(item); // `item` is gone with the next layout
    relayout();
    moveTo(token, false);
}

QString TokenStrip::Impl::describeItem(const Item &item) const
{
    if (item.kind != Kind::Token)
        return tr("%1 masked tokens, folded").arg(formatCount(item.count));
    return describe(item.token).replace(QLatin1Char('\n'), QLatin1String(", "));
}

QString TokenStrip::Impl::describe(int index) const
{
    const ShownToken &token = layout.tokens()[index];
    QStringList lines;
    lines += QStringLiteral("“%1”").arg(layout.label(index));
    lines += tr("id %1, position %2").arg(token.id).arg(token.position);
    const QByteArray bytes = token.bytes.isEmpty() ? token.text.toUtf8() : token.bytes;
    lines +=
        tr("bytes %1")
            .arg(QLatin1String(bytes.left(16).toHex(' ')) + (bytes.size() > 16 ? QStringLiteral(" …") : QString()));
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
                  color(Token::Edge));
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
        painter.drawText(QRect(rect.x() - 2, below, rect.width() + 4, QFontMetrics(figures).height() + 1),
                         Qt::AlignCenter, formatSigned(*token.shift, 0));
    }
}

} // namespace attune::ui
