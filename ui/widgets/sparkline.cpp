#include "ui/widgets/sparkline.h"

#include "ui/theme/theme.h"

#include <QPainter>
#include <QPixmapCache>

#include <algorithm>
#include <cmath>
#include <limits>

namespace attune::ui {

QVector<QPointF> thinned(const QVector<QPointF> &points, int most)
{
    if (points.size() <= most || most < 4)
        return points;
    // Two points of each stretch, its lowest and highest, so that a spike is never thinned away.
    QVector<QPointF> result;
    const qsizetype stretches = (most - 2) / 2;
    const qsizetype inner = points.size() - 2;
    result.append(points.first());
    for (qsizetype s = 0; s < stretches; ++s) {
        const qsizetype from = 1 + inner * s / stretches;
        const qsizetype to = 1 + inner * (s + 1) / stretches;
        if (from >= to)
            continue;
        qsizetype low = from;
        qsizetype high = from;
        for (qsizetype i = from; i < to; ++i) {
            // A value that is not finite breaks the line: it must stay.
            if (!std::isfinite(points[i].y())) {
                low = high = i;
                break;
            }
            low = points[i].y() < points[low].y() ? i : low;
            high = points[i].y() > points[high].y() ? i : high;
        }
        result.append(points[std::min(low, high)]);
        if (low != high)
            result.append(points[std::max(low, high)]);
    }
    result.append(points.last());
    return result;
}

QPixmap sparkline(const QVector<QPointF> &points, QSize size, const QColor &tint, const QVector<qreal> &dash,
                  bool failed, qreal devicePixelRatio)
{
    const QVector<QPointF> shown = thinned(points);
    std::size_t hash = qHashMulti(0, size.width(), size.height(), tint.rgba(), failed, devicePixelRatio,
                                  color(Token::Bad).rgba());
    for (const QPointF &point : shown)
        hash = qHashMulti(hash, point.x(), point.y());
    for (const qreal d : dash)
        hash = qHashMulti(hash, d);
    const QString key = QStringLiteral("attune/spark/") + QString::number(hash, 16);
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;

    pixmap = QPixmap(size * devicePixelRatio);
    pixmap.setDevicePixelRatio(devicePixelRatio);
    pixmap.fill(Qt::transparent);
    double left = std::numeric_limits<double>::infinity();
    double right = -left;
    double low = left;
    double high = -left;
    for (const QPointF &point : shown) {
        if (!std::isfinite(point.y()))
            continue;
        left = std::min(left, point.x());
        right = std::max(right, point.x());
        low = std::min(low, point.y());
        high = std::max(high, point.y());
    }
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    constexpr double inset = 4; // room for the dot
    const auto at = [&](const QPointF &point) {
        const double across = right > left ? (point.x() - left) / (right - left) : 0;
        const double up = high > low ? (point.y() - low) / (high - low) : 0.5;
        return QPointF(inset + across * (size.width() - 2 * inset),
                       size.height() - inset - up * (size.height() - 2 * inset));
    };
    QPen pen(tint, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin);
    if (!dash.isEmpty()) {
        QVector<qreal> pattern;
        for (const qreal d : dash)
            pattern.append(d / 1.5);
        pen.setDashPattern(pattern);
        pen.setCapStyle(Qt::FlatCap);
    }
    painter.setPen(pen);
    QPolygonF line;
    QPointF last;
    bool any = false;
    for (const QPointF &point : shown) {
        if (!std::isfinite(point.y())) {
            painter.drawPolyline(line);
            line.clear();
            continue;
        }
        last = at(point);
        any = true;
        line.append(last);
    }
    painter.drawPolyline(line);
    if (failed) {
        const QPointF middle = any ? last : QPointF(size.width() / 2.0, size.height() / 2.0);
        painter.setPen(QPen(color(Token::Bad), 1.75, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(middle + QPointF(-3, -3), middle + QPointF(3, 3));
        painter.drawLine(middle + QPointF(-3, 3), middle + QPointF(3, -3));
    } else if (any) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(tint);
        painter.drawEllipse(last, 2.25, 2.25);
    }
    painter.end();
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

QPixmap sparkline(const QVector<QPointF> &points, QSize size, const QColor &color, Qt::PenStyle style, bool failed,
                  qreal devicePixelRatio)
{
    QVector<qreal> dash;
    if (style == Qt::DashLine)
        dash = {5, 3};
    else if (style == Qt::DotLine)
        dash = {2, 2};
    else if (style == Qt::DashDotLine || style == Qt::DashDotDotLine)
        dash = {8, 2, 2, 2};
    return sparkline(points, size, color, dash, failed, devicePixelRatio);
}

} // namespace attune::ui
