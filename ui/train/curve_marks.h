#pragma once

#include "ui/theme/theme.h"

#include "ui/widgets/custom_plot.h"

namespace attune::ui {

enum class CurveMark { Best, Checkpoint, Stop, NotFinite, Clipped, Validation };
/// How a mark is drawn on a curve or an axis, in the theme of the moment.
QCPScatterStyle markStyle(CurveMark mark, double size);
/// The same in a legend.
void drawMark(QPainter *painter, CurveMark mark, const QPointF &middle, double size);

} // namespace attune::ui
