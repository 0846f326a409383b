#pragma once

#include <QPixmap>
#include <QPointF>
#include <QVector>

namespace attune::ui {

/// A small curve of at most some 50 points with a dot at its end, or a cross where the run failed. Empty points: an
/// empty picture. Values that are not finite break the line. `dash` as seriesDash() gives it. Cached by its
/// arguments.
QPixmap sparkline(const QVector<QPointF> &points, QSize size, const QColor &color, const QVector<qreal> &dash,
                  bool failed, qreal devicePixelRatio);
QPixmap sparkline(const QVector<QPointF> &points, QSize size, const QColor &color, Qt::PenStyle style, bool failed,
                  qreal devicePixelRatio);

/// Thins to at most `most` points, keeping the lowest and highest of each stretch, first and last.
QVector<QPointF> thinned(const QVector<QPointF> &points, int most = 50);

} // namespace attune::ui
