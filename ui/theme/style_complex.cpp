#include "ui/theme/style.h"

#include "ui/theme/draw.h"
#include "ui/theme/theme.h"

#include <QAbstractSpinBox>
#include <QPainter>
#include <QStyleOption>
#include <QToolButton>

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

void drawField(const QStyleOption *option, QPainter *painter)
{
    const bool enabled = has(option, QStyle::State_Enabled);
    const bool focus = has(option, QStyle::State_HasFocus);
    drawPanel(painter, option->rect, 6, enabled ? Token::Surface : Token::Sunken,
              focus ? Token::Accent : enabled ? Token::Field : Token::Edge);
    if (ringed(option))
        drawFocusRing(painter, option->rect, 6, false);
}

void drawChevron(QPainter *painter, const QRect &area, const char *name, bool enabled, int size)
{
    const int side = scaled(size);
    icon(name, enabled ? Token::Text2 : Token::Text3)
        .paint(painter,
               QRect(area.x() + (area.width() - side) / 2, area.y() + (area.height() - side) / 2, side, side));
}

} // namespace

void Style::drawCombo(const QStyleOptionComboBox *combo, QPainter *painter, const QWidget *widget) const
{
    if (combo->frame) {
        drawField(combo, painter);
    } else { // a quiet one, in a bar: text and chevron, a ground under the pointer
        ButtonLook look;
        look.kind = ButtonKind::Flat;
        look.enabled = has(combo, State_Enabled);
        look.hovered = has(combo, State_MouseOver);
        look.focused = ringed(combo);
        drawButton(painter, combo->rect, look);
    }
    drawChevron(painter, proxy()->subControlRect(CC_ComboBox, combo, SC_ComboBoxArrow, widget), "chevron-down",
                has(combo, State_Enabled), 12);
}

void Style::drawSpin(const QStyleOptionSpinBox *spin, QPainter *painter, const QWidget *widget) const
{
    if (spin->frame)
        drawField(spin, painter);
    if (spin->buttonSymbols == QAbstractSpinBox::NoButtons)
        return;
    for (const SubControl sub : {SC_SpinBoxUp, SC_SpinBoxDown}) {
        const QRect area = proxy()->subControlRect(CC_SpinBox, spin, sub, widget);
        const bool possible = spin->stepEnabled & (sub == SC_SpinBoxUp ? QAbstractSpinBox::StepUpEnabled
                                                                       : QAbstractSpinBox::StepDownEnabled);
        const bool active = spin->activeSubControls == sub && possible;
        if (active && has(spin, State_MouseOver))
            fillRounded(painter, area.adjusted(1, 1, -2, -1), 3, color(Token::Hover));
        drawChevron(painter, area, sub == SC_SpinBoxUp ? "chevron-up" : "chevron-down",
                    has(spin, State_Enabled) && possible, 10);
    }
}

void Style::drawSlider(const QStyleOptionSlider *slider, QPainter *painter, const QWidget *widget) const
{
    const bool level = slider->orientation == Qt::Horizontal;
    const bool enabled = has(slider, State_Enabled);
    const QRect handle = proxy()->subControlRect(CC_Slider, slider, SC_SliderHandle, widget);
    const QRect area = slider->rect;
    const int thick = 4;
    const int side = scaled(14);
    const QPoint middle = handle.center();
    if (level) {
        const QRectF track(area.x(), area.center().y() - thick / 2 + 1, area.width(), thick);
        fillRounded(painter, track, thick / 2.0, color(Token::Line));
        QRectF done = track;
        if (slider->upsideDown)
            done.setLeft(middle.x());
        else
            done.setRight(middle.x());
        fillRounded(painter, done, thick / 2.0, color(enabled ? Token::Fill : Token::Edge));
    } else {
        const QRectF track(area.center().x() - thick / 2 + 1, area.y(), thick, area.height());
        fillRounded(painter, track, thick / 2.0, color(Token::Line));
        QRectF done = track;
        if (slider->upsideDown)
            done.setTop(middle.y());
        else
            done.setBottom(middle.y());
        fillRounded(painter, done, thick / 2.0, color(enabled ? Token::Fill : Token::Edge));
    }
    if (slider->tickPosition != QSlider::NoTicks) {
        QStyleOptionSlider ticks = *slider;
        ticks.subControls = SC_SliderTickmarks;
        QProxyStyle::drawComplexControl(CC_Slider, &ticks, painter, widget);
    }
    const QRect knob(middle.x() - side / 2 + 1, middle.y() - side / 2 + 1, side, side);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(color(enabled ? Token::Accent : Token::Field), 2));
    painter->setBrush(has(slider, State_Sunken) ? color(Token::Select) : color(Token::Surface));
    painter->drawEllipse(QRectF(knob).adjusted(1, 1, -1, -1));
    painter->restore();
    if (ringed(slider))
        drawFocusRing(painter, knob.adjusted(-4, -4, 4, 4).intersected(area), side, false);
}

void Style::drawScrollBar(const QStyleOptionSlider *bar, QPainter *painter, const QWidget *widget) const
{
    if (bar->maximum <= bar->minimum)
        return;
    const QRect handle = proxy()->subControlRect(CC_ScrollBar, bar, SC_ScrollBarSlider, widget);
    const bool held =
        bar->activeSubControls & SC_ScrollBarSlider && (has(bar, State_MouseOver) || has(bar, State_Sunken));
    const bool level = bar->orientation == Qt::Horizontal;
    const QRect thin = level ? handle.adjusted(2, 3, -2, -3) : handle.adjusted(3, 2, -3, -2);
    fillRounded(painter, thin, std::min(thin.width(), thin.height()) / 2.0, color(held ? Token::Field : Token::Edge));
}

void Style::drawToolButton(const QStyleOptionToolButton *button, QPainter *painter, const QWidget *widget) const
{
    const QString kind = widget ? widget->property("kind").toString() : QString();
    ButtonLook look;
    look.kind = button->state & State_AutoRaise && kind.isEmpty() ? ButtonKind::Flat
                : kind == QLatin1String("primary")                ? ButtonKind::Primary
                : kind == QLatin1String("link")                   ? ButtonKind::Link
                : kind == QLatin1String("flat")                   ? ButtonKind::Flat
                                                                  : ButtonKind::Plain;
    look.enabled = has(button, State_Enabled);
    look.hovered = has(button, State_MouseOver);
    look.pressed = has(button, State_Sunken);
    look.checked = has(button, State_On);
    look.focused = ringed(button);
    drawButton(painter, button->rect, look);

    const bool menu = button->features & QStyleOptionToolButton::HasMenu;
    const bool iconOnly = button->toolButtonStyle == Qt::ToolButtonIconOnly || button->text.isEmpty();
    QStyleOptionToolButton label = *button;
    label.palette.setColor(QPalette::ButtonText, color(buttonText(look)));
    label.state &= ~(State_HasFocus | State_Sunken | State_On);
    if (menu && !iconOnly) {
        const QRect arrow(button->rect.right() - scaled(16) - 4, button->rect.y(), scaled(16), button->rect.height());
        drawChevron(painter, arrow, "chevron-down", look.enabled, 12);
        label.rect.adjust(0, 0, -scaled(16), 0);
    }
    label.features &= ~(QStyleOptionToolButton::HasMenu | QStyleOptionToolButton::MenuButtonPopup);
    proxy()->drawControl(CE_ToolButtonLabel, &label, painter, widget);
}

void Style::drawComplexControl(ComplexControl control, const QStyleOptionComplex *option, QPainter *painter,
                               const QWidget *widget) const
{
    switch (control) {
    case CC_ComboBox:
        if (const auto *combo = qstyleoption_cast<const QStyleOptionComboBox *>(option))
            return drawCombo(combo, painter, widget);
        break;
    case CC_SpinBox:
        if (const auto *spin = qstyleoption_cast<const QStyleOptionSpinBox *>(option))
            return drawSpin(spin, painter, widget);
        break;
    case CC_Slider:
        if (const auto *slider = qstyleoption_cast<const QStyleOptionSlider *>(option))
            return drawSlider(slider, painter, widget);
        break;
    case CC_ScrollBar:
        if (const auto *bar = qstyleoption_cast<const QStyleOptionSlider *>(option))
            return drawScrollBar(bar, painter, widget);
        break;
    case CC_ToolButton:
        if (const auto *button = qstyleoption_cast<const QStyleOptionToolButton *>(option))
            return drawToolButton(button, painter, widget);
        break;
    default: break;
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

} // namespace attune::ui
