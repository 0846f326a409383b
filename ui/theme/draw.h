#pragma once

#include "ui/theme/theme.h"

#include <QBrush>
#include <QColor>
#include <QPainter>
#include <QRect>

namespace attune::ui {

/// What Style and the widgets that paint themselves draw alike.

/// The focus ring: 2 px accent, just inside `rect`; `outside`: around it with 1 px between.
void drawFocusRing(QPainter *painter, const QRect &rect, int radius, bool outside);
/// A line of 1 device pixel, level or upright.
void drawLine(QPainter *painter, const QPoint &from, const QPoint &to, Token token = Token::Line);
/// A card or field: rounded, filled, edged with 1 device pixel.
void drawPanel(QPainter *painter, const QRect &rect, int radius, const QColor &fill, const QColor &edge);
void drawPanel(QPainter *painter, const QRect &rect, int radius, Token fill, Token edge);
void fillRounded(QPainter *painter, const QRectF &rect, double radius, const QColor &fill);
/// A check box of 16 px in the middle of `area`; `fill`: another colour for what is checked, the series of a run.
void drawCheck(QPainter *painter, const QRect &area, Qt::CheckState state, bool enabled = true,
               const QColor &fill = {});
void drawRadio(QPainter *painter, const QRect &area, bool on, bool enabled);
/// The hatch of what is cut or too much.
QBrush hatchBrush(const QColor &color);
/// `share` of `over` laid on `under`: states between tokens, so that they need no token of their own.
QColor mixed(const QColor &under, const QColor &over, double share);

enum class ButtonKind { Plain, Primary, Ok, Bad, Warn, Flat, Link };

struct ButtonLook {
    ButtonKind kind = ButtonKind::Plain;
    bool enabled = true;
    bool hovered = false;
    bool pressed = false;
    bool checked = false;
    bool focused = false; ///< by keyboard: the ring
};
/// Background and focus ring of a button. buttonText() is the colour that what stands on it takes.
void drawButton(QPainter *painter, const QRect &rect, const ButtonLook &look);
Token buttonText(const ButtonLook &look);

} // namespace attune::ui
