#include "ui/widgets/flow_layout.h"

#include <QWidget>

#include <algorithm>

namespace attune::ui {

FlowLayout::FlowLayout(QWidget *parent, int spacing, int lineSpacing)
    : QLayout(parent), m_spacing(spacing), m_lineSpacing(lineSpacing)
{
    setContentsMargins(0, 0, 0, 0);
}

FlowLayout::~FlowLayout()
{
    qDeleteAll(m_items);
}

void FlowLayout::addItem(QLayoutItem *item)
{
    m_items.append(item);
    invalidate();
}

int FlowLayout::count() const
{
    return static_cast<int>(m_items.size());
}

QLayoutItem *FlowLayout::itemAt(int index) const
{
    return m_items.value(index);
}

QLayoutItem *FlowLayout::takeAt(int index)
{
    if (index < 0 || index >= m_items.size())
        return nullptr;
    invalidate();
    return m_items.takeAt(index);
}

int FlowLayout::heightForWidth(int width) const
{
    return arrange(QRect(0, 0, width, 0), false);
}

QSize FlowLayout::minimumSize() const
{
    QSize size;
    for (const QLayoutItem *item : m_items)
        if (!item->isEmpty())
            size = size.expandedTo(item->minimumSize());
    const QMargins margins = contentsMargins();
    return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom());
}

QSize FlowLayout::sizeHint() const
{
    int width = 0;
    int height = m_lineHeight;
    for (const QLayoutItem *item : m_items) {
        if (item->isEmpty())
            continue;
        width += item->sizeHint().width() + (width ? m_spacing : 0);
        height = std::max(height, item->sizeHint().height());
    }
    const QMargins margins = contentsMargins();
    return QSize(width, height) + QSize(margins.left() + margins.right(), margins.top() + margins.bottom());
}

void FlowLayout::setGeometry(const QRect &area)
{
    QLayout::setGeometry(area);
    arrange(area, true);
}

void FlowLayout::setLineHeight(int height)
{
    m_lineHeight = height;
    invalidate();
}

void FlowLayout::clear()
{
    while (QLayoutItem *item = takeAt(0)) {
        if (QWidget *widget = item->widget()) {
            widget->hide();
            widget->deleteLater(); // it may be sending the signal that clears
        }
        delete item;
    }
}

int FlowLayout::arrange(const QRect &area, bool apply) const
{
    const QRect inner = area.marginsRemoved(contentsMargins());
    const bool mirrored = parentWidget() && parentWidget()->layoutDirection() == Qt::RightToLeft;
    struct Placed {
        QLayoutItem *item;
        int x;
        QSize size;
    };
    QList<Placed> line;
    int x = 0;
    int y = inner.y();
    int height = 0;
    const auto finishLine = [&] {
        for (const Placed &placed : line) {
            if (!apply)
                continue;
            const int left = mirrored ? inner.right() + 1 - placed.x - placed.size.width() : inner.x() + placed.x;
            placed.item->setGeometry(QRect(QPoint(left, y + (height - placed.size.height()) / 2), placed.size));
        }
        line.clear();
    };
    for (QLayoutItem *item : m_items) {
        if (item->isEmpty())
            continue;
        const QSize size =
            item->sizeHint().boundedTo(QSize(std::max(inner.width(), item->minimumSize().width()), QWIDGETSIZE_MAX));
        if (!line.isEmpty() && x + size.width() > inner.width()) {
            finishLine();
            y += height + m_lineSpacing;
            x = 0;
            height = 0;
        }
        height = std::max({height, size.height(), m_lineHeight});
        line.append({item, x, size});
        x += size.width() + m_spacing;
    }
    finishLine();
    return y + height - area.y() + contentsMargins().bottom();
}

} // namespace attune::ui
