#pragma once

#include "ui/theme/draw.h"
#include "ui/theme/theme.h"

#include <QPainter>

class QStyleOptionViewItem;

namespace attune::ui {

/// Helpers for delegates and painted widgets, so that all draw the same; ui/theme/draw.h has lines, panels, rings,
/// checks.

/// Background of a row of a list: selected, hovered or nothing; the focus ring inside; a line of 1 device pixel
/// below. `currentBar`: the 3 px bar in accent at the left of the current row.
void drawRowBackground(QPainter *painter, const QStyleOptionViewItem &option, bool bottomLine = true,
                       bool currentBar = false);
/// The mark of who answers: a grey square for the base, a disc in series colour for a tuned run (index from 0).
void drawRunMark(QPainter *painter, const QRect &area, int series); ///< series < 0: base
/// One to five stars, `rating` of them filled.
void drawStars(QPainter *painter, const QRect &area, int rating, Token token = Token::Text2);
int starsWidth();
/// A text in a style and colour, elided at the right to fit `rect`.
void drawText(QPainter *painter, const QRect &rect, const QString &text, TextStyle style, Token token,
              Qt::Alignment alignment = Qt::AlignLeft | Qt::AlignVCenter);
int textWidth(const QString &text, TextStyle style);
/// An interval on an axis from `low` to `high`: line, and a dot, hollow while `decided` is false.
void drawInterval(QPainter *painter, const QRect &area, double low, double high, double from, double value, double to,
                  const QColor &color, bool decided);

} // namespace attune::ui
