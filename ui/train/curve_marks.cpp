#include "ui/train/curve_marks.h"

#include <QPainterPath>

#include <cmath>
#include <numbers>

namespace attune::ui {
namespace {

QPainterPath star()
{
    QPainterPath path;
    for (int i = 0; i < 10; ++i) {
        const double angle = -std::numbers::pi / 2 + i * std::numbers::pi / 5;
        const double radius = i % 2 == 0 ? 1 : 0.42;
        const QPointF point(radius * std::cos(angle), radius * std::sin(angle));
        if (i == 0)
            path.moveTo(point);
        else
            path.lineTo(point);
    }
    path.closeSubpath();
    return path;
}

/// In a square from -1 to 1.
QPainterPath shapeOf(CurveMark mark)
{
    QPainterPath path;
    switch (mark) {
    case CurveMark::Best: return star();
    case CurveMark::Checkpoint: path.addPolygon(QPolygonF({{0, -1}, {0.95, 0.8}, {-0.95, 0.8}, {0, -1}})); break;
    case CurveMark::Clipped: path.addPolygon(QPolygonF({{0, -0.8}, {0.9, 0.7}, {-0.9, 0.7}, {0, -0.8}})); break;
    case CurveMark::Stop: path.addRect(-0.8, -0.8, 1.6, 1.6); break;
    case CurveMark::NotFinite:
        path.moveTo(-0.8, -0.8);
        path.lineTo(0.8, 0.8);
        path.moveTo(-0.8, 0.8);
        path.lineTo(0.8, -0.8);
        break;
    case CurveMark::Validation: path.addEllipse(-0.8, -0.8, 1.6, 1.6); break;
    }
    return path;
}

QPen penOf(CurveMark mark)
{
    switch (mark) {
    case CurveMark::Best: return QPen(color(Token::Text), 1);
    // Of no pen, QCustomPlot would take that of the graph.
    case CurveMark::Checkpoint: return QPen(color(Token::Text3), 1);
    case CurveMark::Clipped: return QPen(color(Token::Warn), 1);
    case CurveMark::Stop: return QPen(color(Token::Text2), 1.4);
    case CurveMark::NotFinite: return QPen(color(Token::Bad), 2);
    case CurveMark::Validation: return QPen(color(Token::Text), 1.4);
    }
    return {};
}

QBrush brushOf(CurveMark mark)
{
    switch (mark) {
    case CurveMark::Best: return color(Token::Text);
    case CurveMark::Checkpoint: return color(Token::Text3);
    case CurveMark::Clipped: return color(Token::Warn);
    case CurveMark::Stop:
    case CurveMark::Validation: return color(Token::Surface);
    case CurveMark::NotFinite: return Qt::NoBrush;
    }
    return Qt::NoBrush;
}

} // namespace

QCPScatterStyle markStyle(CurveMark mark, double size)
{
    // QCustomPlot draws a path in a square of 6.
    const QTransform scale = QTransform::fromScale(3, 3);
    return QCPScatterStyle(scale.map(shapeOf(mark)), penOf(mark), brushOf(mark), size);
}

void drawMark(QPainter *painter, CurveMark mark, const QPointF &middle, double size)
{
    painter->save();
    painter->setPen(penOf(mark));
    painter->setBrush(brushOf(mark));
    const QTransform place = QTransform().translate(middle.x(), middle.y()).scale(size / 2, size / 2);
    painter->drawPath(place.map(shapeOf(mark)));
    painter->restore();
}

} // namespace attune::ui
