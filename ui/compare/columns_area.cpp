#include "ui/compare/columns_area.h"

#include "ui/theme/theme.h"

#include <QSignalBlocker>
#include <QTabBar>

#include <algorithm>

namespace attune::ui {
namespace {
constexpr int leastWidth = 280;
}

ColumnsArea::ColumnsArea(QWidget *parent) : QWidget(parent), m_tabs(new QTabBar(this))
{
    m_tabs->setObjectName(QStringLiteral("columnTabs"));
    m_tabs->setAccessibleName(tr("Columns"));
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->hide();
    setMinimumWidth(leastWidth);
    connect(m_tabs, &QTabBar::currentChanged, this, &ColumnsArea::arrange);
    connect(&Theme::instance(), &Theme::changed, this, &ColumnsArea::arrange);
}

void ColumnsArea::setColumns(const QList<QWidget *> &columns)
{
    for (QWidget *old : m_columns)
        if (!columns.contains(old))
            old->hide();
    m_columns = columns;
    for (QWidget *column : m_columns)
        column->setParent(this);
    const QSignalBlocker quiet(m_tabs);
    while (m_tabs->count() > columns.size())
        m_tabs->removeTab(m_tabs->count() - 1);
    while (m_tabs->count() < columns.size())
        m_tabs->addTab(tr("Column %1").arg(m_tabs->count() + 1));
    arrange();
}

void ColumnsArea::setNames(const QStringList &names)
{
    for (int i = 0; i < std::min<int>(m_tabs->count(), static_cast<int>(names.size())); ++i)
        m_tabs->setTabText(i, QStringLiteral("%1  %2").arg(i + 1).arg(names[i]));
}

void ColumnsArea::bring(int column)
{
    m_tabs->setCurrentIndex(column);
}

int ColumnsArea::shownCount() const
{
    return std::clamp(width() / scaled(leastWidth), 1, std::max(1, static_cast<int>(m_columns.size())));
}

void ColumnsArea::resizeEvent(QResizeEvent *)
{
    arrange();
}

void ColumnsArea::arrange()
{
    const int all = static_cast<int>(m_columns.size());
    const int shown = shownCount();
    const bool tabs = shown < all;
    m_tabs->setVisible(tabs);
    int top = 0;
    if (tabs) {
        top = m_tabs->sizeHint().height();
        m_tabs->setGeometry(scaled(8), 0, width() - scaled(16), top);
    }
    // The seen ones are neighbours, and the chosen one is among them.
    const int from = tabs ? std::clamp(m_tabs->currentIndex() - shown + 1, 0, all - shown) : 0;
    for (int i = 0; i < all; ++i) {
        const int at = i - from;
        const bool seen = at >= 0 && at < shown;
        if (seen) {
            const int left = width() * at / shown;
            m_columns[i]->setGeometry(left, top, width() * (at + 1) / shown - left, height() - top);
        }
        m_columns[i]->setVisible(seen);
    }
}

} // namespace attune::ui
