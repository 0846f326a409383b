#include "ui/widgets/plot_files.h"
#include "ui/widgets/custom_plot.h"

#include <QBuffer>
#include <QPageSize>
#include <QPdfWriter>
#include <QSvgGenerator>

namespace attune::ui {

QByteArray drawnPlot(QCustomPlot &plot, const QString &kind, const QString &title)
{
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    const QSize size = plot.size();
    if (kind == QLatin1String("png")) {
        plot.toPixmap(size.width(), size.height(), 2).save(&buffer, "PNG");
        return bytes;
    }
    if (kind == QLatin1String("svg")) {
        QSvgGenerator svg;
        svg.setOutputDevice(&buffer);
        svg.setSize(size);
        svg.setViewBox(QRect(QPoint(0, 0), size));
        svg.setTitle(title);
        QCPPainter painter;
        painter.begin(&svg);
        painter.setMode(QCPPainter::pmVectorized);
        painter.setMode(QCPPainter::pmNoCaching);
        plot.toPainter(&painter, size.width(), size.height());
        painter.end();
        return bytes;
    }
    QPdfWriter pdf(&buffer);
    // One point for each pixel: the page is the plot.
    pdf.setResolution(72);
    pdf.setPageSize(QPageSize(QSizeF(size), QPageSize::Point));
    pdf.setPageMargins({});
    pdf.setTitle(title);
    QCPPainter painter;
    painter.begin(&pdf);
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    plot.toPainter(&painter, size.width(), size.height());
    painter.end();
    return bytes;
}

QByteArray csvOf(const QList<QStringList> &rows)
{
    QByteArray bytes;
    for (const QStringList &row : rows) {
        QStringList cells;
        for (const QString &cell : row) {
            const bool quoted = cell.contains(QLatin1Char(',')) || cell.contains(QLatin1Char('"'))
                                || cell.contains(QLatin1Char('\n')) || cell.contains(QLatin1Char('\r'));
            cells += quoted ? QLatin1Char('"') + QString(cell).replace(QLatin1Char('"'), QLatin1String("\"\"")) +
                                  QLatin1Char('"')
                            : cell;
        }
        bytes += cells.join(QLatin1Char(',')).toUtf8() + "\r\n";
    }
    return bytes;
}

QString tabSeparated(const QList<QStringList> &rows)
{
    QStringList lines;
    for (const QStringList &row : rows)
        lines += row.join(QLatin1Char('\t'));
    return lines.join(QLatin1Char('\n'));
}

} // namespace attune::ui
