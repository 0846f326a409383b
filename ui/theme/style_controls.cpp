#include "ui/theme/style.h"

#include "ui/theme/draw.h"
#include "ui/theme/theme.h"

#include <QAbstractScrollArea>
#include <QApplication>
#include <QFrame>
#include <QPainter>
#include <QPushButton>
#include <QStyleOption>
#include <QTabBar>
#include <QTextEdit>

namespace attune::ui {

namespace {

bool has(const QStyleOption *option, QStyle::StateFlag flag)
{
    return option->state.testFlag(flag);
}

bool ringed(const QStyleOption *option)
{
    return has(option, QStyle::State_HasFocus) && has(option, QStyle::State_KeyboardFocusChange);
}

ButtonKind kindOf(const QWidget *widget, bool isDefault)
{
    static const QHash<QString, ButtonKind> kinds{
        {QStringLiteral("primary"), ButtonKind::Primary}, {QStringLiteral("ok"), ButtonKind::Ok},
        {QStringLiteral("bad"), ButtonKind::Bad},         {QStringLiteral("warn"), ButtonKind::Warn},
        {QStringLiteral("flat"), ButtonKind::Flat},       {QStringLiteral("link"), ButtonKind::Link}};
    const QString name = widget ? widget->property("kind").toString() : QString();
    return kinds.value(name, isDefault ? ButtonKind::Primary : ButtonKind::Plain);
}

ButtonLook lookOf(const QStyleOptionButton *button, const QWidget *widget)
{
    ButtonLook look;
    look.kind = button->features & QStyleOptionButton::Flat
                    ? ButtonKind::Flat
                    : kindOf(widget, button->features & QStyleOptionButton::DefaultButton);
    look.enabled = has(button, QStyle::State_Enabled);
    look.hovered = has(button, QStyle::State_MouseOver);
    look.pressed = has(button, QStyle::State_Sunken);
    look.checked = has(button, QStyle::State_On);
    look.focused = ringed(button);
    return look;
}

void drawIcon(QPainter *painter, const QRect &area, const char *name, Token token, int size)
{
    const int side = scaled(size);
    icon(name, token)
        .paint(painter,
               QRect(area.x() + (area.width() - side) / 2, area.y() + (area.height() - side) / 2, side, side));
}

Token textToken(const QStyleOption *option, Token token)
{
    return has(option, QStyle::State_Enabled) ? token : Token::Text3;
}

} // namespace

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption *option, QPainter *painter,
                          const QWidget *widget) const
{
    const QRect rect = option->rect;
    switch (element) {
    case PE_FrameFocusRect:
        if (has(option, State_KeyboardFocusChange))
            drawFocusRing(painter, rect, 4, false);
        return;
    case PE_FrameDefaultButton:
    case PE_FrameButtonBevel:
    case PE_FrameButtonTool:
    case PE_PanelScrollAreaCorner:
    case PE_FrameStatusBarItem:
    case PE_PanelMenuBar:
    case PE_FrameWindow: return;
    case PE_IndicatorCheckBox:
    case PE_IndicatorItemViewItemCheck:
        drawCheck(painter, rect,
                  has(option, State_NoChange) ? Qt::PartiallyChecked
                  : has(option, State_On)     ? Qt::Checked
                                              : Qt::Unchecked,
                  has(option, State_Enabled));
        return;
    case PE_IndicatorRadioButton:
        drawRadio(painter, rect, has(option, State_On), has(option, State_Enabled));
        return;
    case PE_PanelLineEdit: {
        const auto *frame = qstyleoption_cast<const QStyleOptionFrame *>(option);
        if (!frame || frame->lineWidth <= 0) // inside a combo or spin box, which have drawn the field
            return;
        const bool focus = has(option, State_HasFocus);
        const bool writable = has(option, State_Enabled) && !has(option, State_ReadOnly);
        drawPanel(painter, rect, 6, writable ? Token::Surface : Token::Sunken, focus ? Token::Accent : Token::Field);
        if (ringed(option))
            drawFocusRing(painter, rect, 6, false);
        return;
    }
    case PE_FrameLineEdit: return;
    case PE_Frame:
    case PE_FrameGroupBox: {
        if (widget && (widget->isWindow() || widget->inherits("QComboBoxPrivateContainer"))) {
            painter->fillRect(rect, color(Token::Edge));
            painter->fillRect(rect.adjusted(1, 1, -1, -1), color(Token::Surface));
            return;
        }
        const bool text = widget && (widget->inherits("QPlainTextEdit") || widget->inherits("QTextEdit"));
        const bool focus = text && widget->hasFocus();
        const QColor fill = text ? widget->palette().color(QPalette::Base) : QColor(Qt::transparent);
        const bool scrolls = qobject_cast<const QAbstractScrollArea *>(widget); // its viewport has square corners
        drawPanel(painter, rect, scrolls ? 6 : 8, fill,
                  color(focus  ? Token::Accent
                        : text ? Token::Field
                               : Token::Line));
        if (focus && widget->window()->testAttribute(Qt::WA_KeyboardFocusChange))
            drawFocusRing(painter, rect, 6, false);
        return;
    }
    case PE_FrameMenu:
        painter->fillRect(QRect(rect.x(), rect.y(), rect.width(), 1), color(Token::Edge));
        painter->fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), color(Token::Edge));
        painter->fillRect(QRect(rect.x(), rect.y(), 1, rect.height()), color(Token::Edge));
        painter->fillRect(QRect(rect.right(), rect.y(), 1, rect.height()), color(Token::Edge));
        return;
    case PE_PanelMenu: painter->fillRect(rect, color(Token::Surface)); return;
    case PE_PanelTipLabel:
        painter->fillRect(rect, color(Token::Edge));
        painter->fillRect(rect.adjusted(1, 1, -1, -1), color(Token::Surface));
        return;
    case PE_FrameTabWidget:
        drawLine(painter, rect.topLeft(), rect.topRight());
        return;
    case PE_FrameTabBarBase: {
        const auto *base = qstyleoption_cast<const QStyleOptionTabBarBase *>(option);
        if (base && (base->shape == QTabBar::RoundedNorth || base->shape == QTabBar::TriangularNorth))
            drawLine(painter, rect.bottomLeft(), rect.bottomRight());
        return;
    }
    case PE_PanelItemViewRow:
    case PE_PanelItemViewItem: {
        const auto *item = qstyleoption_cast<const QStyleOptionViewItem *>(option);
        if (item && item->backgroundBrush.style() != Qt::NoBrush)
            painter->fillRect(rect, item->backgroundBrush);
        if (has(option, State_Selected))
            painter->fillRect(rect, color(Token::Select));
        else if (has(option, State_MouseOver) && has(option, State_Enabled))
            painter->fillRect(rect, color(Token::Hover));
        return;
    }
    case PE_PanelButtonCommand:
        if (const auto *button = qstyleoption_cast<const QStyleOptionButton *>(option))
            drawButton(painter, rect, lookOf(button, widget));
        return;
    case PE_PanelButtonTool: {
        ButtonLook look;
        look.kind = ButtonKind::Flat;
        look.enabled = has(option, State_Enabled);
        look.hovered = has(option, State_MouseOver);
        look.pressed = has(option, State_Sunken);
        look.checked = has(option, State_On);
        drawButton(painter, rect, look);
        return;
    }
    case PE_IndicatorArrowUp: drawIcon(painter, rect, "chevron-up", textToken(option, Token::Text2), 12); return;
    case PE_IndicatorArrowDown: drawIcon(painter, rect, "chevron-down", textToken(option, Token::Text2), 12); return;
    case PE_IndicatorArrowLeft: drawIcon(painter, rect, "chevron-left", textToken(option, Token::Text2), 12); return;
    case PE_IndicatorArrowRight:
        drawIcon(painter, rect, "chevron-right", textToken(option, Token::Text2), 12);
        return;
    case PE_IndicatorSpinUp:
    case PE_IndicatorSpinPlus: drawIcon(painter, rect, "chevron-up", textToken(option, Token::Text2), 10); return;
    case PE_IndicatorSpinDown:
    case PE_IndicatorSpinMinus: drawIcon(painter, rect, "chevron-down", textToken(option, Token::Text2), 10); return;
    case PE_IndicatorHeaderArrow:
        if (const auto *header = qstyleoption_cast<const QStyleOptionHeader *>(option)) {
            if (header->sortIndicator != QStyleOptionHeader::None)
                drawIcon(painter, rect,
                         header->sortIndicator == QStyleOptionHeader::SortUp ? "chevron-up" : "chevron-down",
                         Token::Text2, 12);
        }
        return;
    case PE_IndicatorBranch:
        if (has(option, State_Children))
            drawIcon(painter, rect, has(option, State_Open) ? "chevron-down" : "chevron-right", Token::Text3, 12);
        return;
    case PE_IndicatorToolBarSeparator:
        drawLine(painter, {rect.center().x(), rect.top() + 4}, {rect.center().x(), rect.bottom() - 4});
        return;
    case PE_IndicatorTabClose: drawIcon(painter, rect, "close", Token::Text3, 12); return;
    case PE_IndicatorMenuCheckMark: drawIcon(painter, rect, "check", textToken(option, Token::Accent), 16); return;
    default: break;
    }
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void Style::drawMenuItem(const QStyleOptionMenuItem *item, QPainter *painter, const QWidget *widget) const
{
    const QRect rect = item->rect;
    painter->fillRect(rect, color(Token::Surface));
    if (item->menuItemType == QStyleOptionMenuItem::Separator) {
        if (item->text.isEmpty()) {
            drawLine(painter, {rect.left() + 8, rect.center().y()}, {rect.right() - 8, rect.center().y()});
            return;
        }
        painter->setPen(color(Token::Text3));
        painter->setFont(font(TextStyle::Caption));
        painter->drawText(rect.adjusted(12, 0, -12, 0), Qt::AlignLeft | Qt::AlignVCenter, item->text);
        return;
    }
    const bool enabled = has(item, State_Enabled);
    if (has(item, State_Selected)) // also a disabled one: keys must show where they are
        fillRounded(painter, rect.adjusted(4, 1, -4, -1), 4, color(enabled ? Token::Select : Token::Hover));
    const int side = scaled(16);
    const QRect mark = visualRect(item->direction, rect, QRect(rect.x() + 12, rect.y(), side, rect.height()));
    if (item->checkType != QStyleOptionMenuItem::NotCheckable) {
        if (item->checked)
            drawIcon(painter, mark, item->checkType == QStyleOptionMenuItem::Exclusive ? "disc" : "check",
                     enabled ? Token::Accent : Token::Text3, 16);
    } else if (!item->icon.isNull()) {
        item->icon.paint(painter, QRect(mark.x(), mark.y() + (mark.height() - side) / 2, side, side), Qt::AlignCenter,
                         enabled ? QIcon::Normal : QIcon::Disabled);
    }
    const QRect text = visualRect(item->direction, rect, rect.adjusted(12 + side + 8, 0, -14, 0));
    painter->setFont(item->font);
    painter->setPen(color(enabled ? Token::Text : Token::Text3));
    const QStringList halves = item->text.split(QLatin1Char('\t'));
    int flags = Qt::AlignVCenter | Qt::TextSingleLine | Qt::TextShowMnemonic;
    if (!proxy()->styleHint(SH_UnderlineShortcut, item, widget, nullptr))
        flags |= Qt::TextHideMnemonic;
    painter->drawText(text, flags | int(visualAlignment(item->direction, Qt::AlignLeft)), halves.first());
    if (halves.size() > 1) {
        painter->setPen(color(Token::Text3));
        painter->drawText(
            text, Qt::AlignVCenter | Qt::TextSingleLine | int(visualAlignment(item->direction, Qt::AlignRight)),
            halves.last());
    }
    if (item->menuItemType == QStyleOptionMenuItem::SubMenu)
        drawIcon(painter,
                 visualRect(item->direction, rect, QRect(rect.right() - 12 - side, rect.y(), side, rect.height())),
                 item->direction == Qt::RightToLeft ? "chevron-left" : "chevron-right", Token::Text3, 12);
}

void Style::drawControl(ControlElement element, const QStyleOption *option, QPainter *painter,
                        const QWidget *widget) const
{
    const QRect rect = option->rect;
    switch (element) {
    case CE_PushButtonBevel:
        if (const auto *button = qstyleoption_cast<const QStyleOptionButton *>(option)) {
            drawButton(painter, rect, lookOf(button, widget));
            return;
        }
        break;
    case CE_PushButton:
        // Fusion would add a focus frame of its own; ours belongs to the bevel.
        proxy()->drawControl(CE_PushButtonBevel, option, painter, widget);
        proxy()->drawControl(CE_PushButtonLabel, option, painter, widget);
        return;
    case CE_PushButtonLabel:
        if (const auto *button = qstyleoption_cast<const QStyleOptionButton *>(option)) {
            const ButtonLook look = lookOf(button, widget);
            const Token token = buttonText(look);
            const int edge = look.kind == ButtonKind::Link ? 1 : 6;
            QRect area = rect.adjusted(edge, 0, -edge, 0);
            const int side = button->iconSize.isEmpty() ? scaled(16) : button->iconSize.height();
            const bool menu = button->features & QStyleOptionButton::HasMenu;
            if (menu) {
                drawIcon(painter, QRect(area.right() - scaled(16), area.y(), scaled(16), area.height()),
                         "chevron-down", token, 12);
                area.adjust(0, 0, -scaled(16) - 2, 0);
            }
            QFont face = painter->font();
            if (look.kind == ButtonKind::Link && look.hovered)
                face.setUnderline(true);
            painter->setFont(face);
            const QFontMetrics metrics(face);
            const int textWidth = metrics.size(Qt::TextShowMnemonic, button->text).width();
            const int gap = button->icon.isNull() || button->text.isEmpty() ? 0 : 8;
            const int width = textWidth + gap + (button->icon.isNull() ? 0 : side);
            int x = area.x() + std::max(0, (area.width() - width) / 2);
            if (!button->icon.isNull()) {
                button->icon.paint(painter, QRect(x, area.y() + (area.height() - side) / 2, side, side),
                                   Qt::AlignCenter, look.enabled ? QIcon::Normal : QIcon::Disabled,
                                   look.checked ? QIcon::On : QIcon::Off);
                x += side + gap;
            }
            painter->setPen(color(token));
            int flags = Qt::AlignLeft | Qt::AlignVCenter | Qt::TextShowMnemonic;
            if (!proxy()->styleHint(SH_UnderlineShortcut, button, widget, nullptr))
                flags |= Qt::TextHideMnemonic;
            painter->drawText(QRect(x, area.y(), area.right() + 1 - x, area.height()), flags, button->text);
            return;
        }
        break;
    case CE_MenuItem:
        if (const auto *item = qstyleoption_cast<const QStyleOptionMenuItem *>(option)) {
            drawMenuItem(item, painter, widget);
            return;
        }
        break;
    case CE_MenuEmptyArea:
    case CE_MenuVMargin:
    case CE_MenuHMargin: painter->fillRect(rect, color(Token::Surface)); return;
    case CE_MenuBarEmptyArea: return;
    case CE_MenuBarItem:
        if (const auto *item = qstyleoption_cast<const QStyleOptionMenuItem *>(option)) {
            if (has(item, State_Selected) || has(item, State_Sunken))
                fillRounded(painter, rect.adjusted(1, 0, -1, 0), 6,
                            color(has(item, State_Sunken) ? Token::Select : Token::Hover));
            int flags = Qt::AlignCenter | Qt::TextShowMnemonic | Qt::TextSingleLine;
            if (!proxy()->styleHint(SH_UnderlineShortcut, item, widget, nullptr))
                flags |= Qt::TextHideMnemonic;
            painter->setPen(color(textToken(item, Token::Text)));
            painter->drawText(rect, flags, item->text);
            return;
        }
        break;
    case CE_TabBarTabShape:
        if (const auto *tab = qstyleoption_cast<const QStyleOptionTab *>(option)) {
            if (has(tab, State_Selected))
                painter->fillRect(QRect(rect.x() + 8, rect.bottom() - 1, rect.width() - 16, 2), color(Token::Accent));
            else if (has(tab, State_MouseOver) && has(tab, State_Enabled))
                painter->fillRect(QRect(rect.x() + 8, rect.bottom() - 1, rect.width() - 16, 2), color(Token::Edge));
            return;
        }
        break;
    case CE_TabBarTabLabel:
        if (const auto *tab = qstyleoption_cast<const QStyleOptionTab *>(option)) {
            const bool front = has(tab, State_Selected);
            QRect area = rect;
            const int side = tab->icon.isNull() ? 0 : scaled(16);
            painter->setFont(font(front ? TextStyle::Strong : TextStyle::Body));
            const int width = QFontMetrics(painter->font()).size(Qt::TextShowMnemonic, tab->text).width();
            int x = area.x() + (area.width() - width - (side ? side + 6 : 0)) / 2;
            if (side) {
                tab->icon.paint(painter, QRect(x, area.y() + (area.height() - side) / 2, side, side));
                x += side + 6;
            }
            painter->setPen(color(textToken(tab, front ? Token::Text : Token::Text2)));
            painter->drawText(QRect(x, area.y(), width + 2, area.height()),
                              Qt::AlignLeft | Qt::AlignVCenter | Qt::TextShowMnemonic | Qt::TextHideMnemonic,
                              tab->text);
            if (front && ringed(tab))
                drawFocusRing(painter, rect.adjusted(2, 3, -2, -3), 4, false);
            return;
        }
        break;
    case CE_ProgressBarGroove: return;
    case CE_ProgressBarLabel: return;
    case CE_ProgressBarContents:
        if (const auto *bar = qstyleoption_cast<const QStyleOptionProgressBar *>(option)) {
            const int height = std::min(rect.height(), scaled(6));
            const QRectF track(rect.x(), rect.y() + (rect.height() - height) / 2, rect.width(), height);
            // The track must be seen on window, surface and hover alike.
            fillRounded(painter, track, height / 2.0, color(Token::Line));
            QRectF done = track;
            if (bar->maximum > bar->minimum) {
                done.setWidth(track.width() * (double(bar->progress) - bar->minimum) /
                              (double(bar->maximum) - bar->minimum));
            } else { // busy, without an amount: a still middle part, as nothing here moves without need
                done.setLeft(track.left() + track.width() * 0.35);
                done.setWidth(track.width() * 0.3);
            }
            if (bar->direction == Qt::RightToLeft)
                done.moveRight(track.right());
            if (done.width() >= 1)
                fillRounded(painter, done, height / 2.0, color(has(bar, State_Enabled) ? Token::Fill : Token::Text3));
            return;
        }
        break;
    case CE_HeaderSection: {
        const auto *header = qstyleoption_cast<const QStyleOptionHeader *>(option);
        // The number before a row belongs to it.
        const bool chosen = header && header->orientation == Qt::Vertical && has(option, State_On);
        painter->fillRect(rect, chosen   ? color(Token::Select)
                                : widget ? widget->palette().color(QPalette::Window)
                                         : color(Token::Surface));
        if (has(option, State_MouseOver) && has(option, State_Enabled))
            painter->fillRect(rect, color(Token::Hover));
        drawLine(painter, rect.bottomLeft(), rect.bottomRight());
        return;
    }
    case CE_HeaderEmptyArea:
        painter->fillRect(rect, widget ? widget->palette().color(QPalette::Window) : color(Token::Surface));
        drawLine(painter, rect.bottomLeft(), rect.bottomRight());
        return;
    case CE_HeaderLabel:
        if (const auto *header = qstyleoption_cast<const QStyleOptionHeader *>(option)) {
            QStyleOptionHeader grey = *header;
            for (const auto role : {QPalette::ButtonText, QPalette::WindowText, QPalette::Text})
                grey.palette.setColor(role, color(Token::Text2));
            painter->setFont(font(TextStyle::Small));
            grey.fontMetrics = QFontMetrics(painter->font());
            grey.state &= ~State_On; // Fusion sets the current column in bold
            QProxyStyle::drawControl(element, &grey, painter, widget);
            return;
        }
        break;
    case CE_Splitter: {
        const QPoint middle = rect.center();
        if (has(option, State_Horizontal))
            drawLine(painter, {middle.x(), rect.top()}, {middle.x(), rect.bottom()});
        else
            drawLine(painter, {rect.left(), middle.y()}, {rect.right(), middle.y()});
        return;
    }
    case CE_ComboBoxLabel:
        if (const auto *combo = qstyleoption_cast<const QStyleOptionComboBox *>(option)) {
            if (combo->editable)
                break;
            QRect area = proxy()->subControlRect(CC_ComboBox, combo, SC_ComboBoxEditField, widget);
            if (!combo->currentIcon.isNull()) {
                const int side = scaled(16);
                combo->currentIcon.paint(painter, QRect(area.x(), area.y() + (area.height() - side) / 2, side, side));
                area.adjust(side + 6, 0, 0, 0);
            }
            const bool hint = combo->currentText.isEmpty();
            painter->setPen(color(textToken(combo, hint ? Token::Text3 : Token::Text)));
            painter->drawText(area.adjusted(2, 0, 0, 0),
                              int(visualAlignment(combo->direction, Qt::AlignLeft)) | Qt::AlignVCenter,
                              combo->fontMetrics.elidedText(combo->currentText, Qt::ElideRight, area.width() - 2));
            return;
        }
        break;
    case CE_ShapedFrame:
        if (const auto *frame = qstyleoption_cast<const QStyleOptionFrame *>(option)) {
            if (frame->frameShape == QFrame::HLine) {
                drawLine(painter, {rect.left(), rect.center().y()}, {rect.right(), rect.center().y()});
                return;
            }
            if (frame->frameShape == QFrame::VLine) {
                drawLine(painter, {rect.center().x(), rect.top()}, {rect.center().x(), rect.bottom()});
                return;
            }
        }
        break;
    case CE_SizeGrip: return;
    default: break;
    }
    QProxyStyle::drawControl(element, option, painter, widget);
}

} // namespace attune::ui
