#pragma once

#include <QByteArray>
#include <QList>
#include <QStringList>

class QCustomPlot;

namespace attune::ui {

/// The plot as a file of its kind ("png" at twice the screen's resolution, "svg", "pdf"), in the theme of the moment.
QByteArray drawnPlot(QCustomPlot &plot, const QString &kind, const QString &title);
QByteArray csvOf(const QList<QStringList> &rows); ///< RFC 4180
QString tabSeparated(const QList<QStringList> &rows);

} // namespace attune::ui
