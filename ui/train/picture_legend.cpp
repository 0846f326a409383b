#include "ui/train/picture_legend.h"

#include "ui/widgets/paint.h"

namespace attune::ui {
namespace {

constexpr int titleHeight = 28;
constexpr int lineHeight = 20;

} // namespace

PictureLegend::PictureLegend(QCustomPlot *plot) : QCPAbstractItem(plot)
{
    setClipToAxisRect(false);
    setSelectable(false);
    setVisible(false);
}

void PictureLegend::setContent(const QString &title, const QVector<ChartLegend::Entry> &entries)
{
    m_title = title;
    m_entries = entries;
}

QVector<QRect> PictureLegend::placesIn(int width) const
{
    QVector<QRect> places;
    QPoint at(0, scaled(titleHeight));
    for (const ChartLegend::Entry &entry : m_entries) {
        const int wide = ChartLegend::widthOf(entry);
        if (at.x() > 0 && at.x() + wide > width)
            at = QPoint(0, at.y() + scaled(lineHeight));
        places.append(QRect(at, QSize(wide, scaled(lineHeight))));
        at.rx() += wide;
    }
    return places;
}

int PictureLegend::heightFor(int width) const
{
    const QVector<QRect> places = placesIn(width);
    return (places.isEmpty() ? scaled(titleHeight) : places.last().bottom()) + scaled(8);
}

QString PictureLegend::text() const
{
    QStringList all{m_title};
    for (const ChartLegend::Entry &entry : m_entries)
        all << entry.name;
    return all.join(QStringLiteral("; "));
}

void PictureLegend::draw(QCPPainter *painter)
{
    const QRect area = mParentPlot->axisRect()->rect();
    const int top = scaled(4);
    const QVector<QRect> places = placesIn(area.width());
    drawText(painter, QRect(area.left(), top, area.width(), scaled(lineHeight)), m_title, TextStyle::Strong,
             Token::Text);
    for (int i = 0; i < m_entries.size(); ++i)
        ChartLegend::draw(painter, m_entries[i], places[i].translated(area.left(), top));
}

} // namespace attune::ui
