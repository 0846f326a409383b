#include "ui/widgets/split_bar.h"

#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>

#include <algorithm>
#include <array>

namespace attune::ui {

namespace {

constexpr std::array series{0, 2, 4}; // train, validation, test: the same everywhere

} // namespace

SplitBar::SplitBar(QWidget *parent) : QWidget(parent)
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setCounts(0, 0, 0);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void SplitBar::setCounts(qint64 train, qint64 validation, qint64 test)
{
    m_counts[0] = train;
    m_counts[1] = validation;
    m_counts[2] = test;
    setAccessibleName(tr("Split: %1; %2; %3").arg(describe(0), describe(1), describe(2)));
    update();
}

QSize SplitBar::sizeHint() const
{
    return {scaled(120), std::max(24, scaled(24))};
}

QString SplitBar::describe(int part) const
{
    const qint64 all = std::max<qint64>(1, m_counts[0] + m_counts[1] + m_counts[2]);
    const QString name = part == 0 ? tr("Train") : part == 1 ? tr("Validation") : tr("Test");
    return tr("%1 %2, %3").arg(name, formatCount(m_counts[part]),
                               formatShare(double(m_counts[part]) / double(all), 1));
}

QList<QRect> SplitBar::parts() const
{
    QList<QRect> result(3);
    const qint64 all = m_counts[0] + m_counts[1] + m_counts[2];
    const int height = scaled(8);
    const QRect bar(0, (this->height() - height) / 2, width(), height);
    if (all <= 0)
        return result;
    constexpr int gap = 2;
    constexpr int least = 3; // a part of one row is still seen
    int filled = 0;
    for (const qint64 count : m_counts)
        filled += count > 0 ? 1 : 0;
    const int room = bar.width() - gap * (filled - 1);
    int x = bar.x();
    std::array<int, 3> widths{};
    int sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        widths[i] = m_counts[i] > 0 ? std::max(least, static_cast<int>(room * m_counts[i] / all)) : 0;
        sum += widths[i];
    }
    *std::max_element(widths.begin(), widths.end()) += room - sum; // what rounding left or took
    for (std::size_t i = 0; i < 3; ++i) {
        if (widths[i] <= 0)
            continue;
        result[static_cast<qsizetype>(i)] = QRect(x, bar.y(), widths[i], height);
        x += widths[i] + gap;
    }
    return result;
}

int SplitBar::partAt(const QPoint &point) const
{
    const QList<QRect> all = parts();
    for (int i = 0; i < 3; ++i)
        if (!all[i].isEmpty() && point.x() >= all[i].left() && point.x() <= all[i].right())
            return i;
    return -1;
}

void SplitBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QList<QRect> all = parts();
    const bool ring = hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange);
    if (m_counts[0] + m_counts[1] + m_counts[2] <= 0) {
        const int height = scaled(8);
        fillRounded(&painter, QRect(0, (this->height() - height) / 2, width(), height), 3, color(Token::Line));
    }
    for (int i = 0; i < 3; ++i) {
        if (all[i].isEmpty())
            continue;
        QRect part = all[i];
        if (i == m_hovered)
            part.adjust(0, -1, 0, 1);
        fillRounded(&painter, part, 2, seriesColor(series[static_cast<std::size_t>(i)]));
        if (ring && i == m_focused)
            drawFocusRing(&painter, part.adjusted(-3, -3, 3, 3) & rect(), 3, false);
    }
    if (ring && all[m_focused].isEmpty())
        drawFocusRing(&painter, rect(), 4, false);
}

bool SplitBar::event(QEvent *event)
{
    switch (event->type()) {
    case QEvent::ToolTip: {
        const auto *help = static_cast<QHelpEvent *>(event);
        const int part = partAt(help->pos());
        if (part >= 0)
            QToolTip::showText(help->globalPos(), describe(part), this);
        else
            QToolTip::hideText();
        return true;
    }
    case QEvent::MouseMove:
    case QEvent::Leave: {
        const int part = event->type() == QEvent::Leave
                             ? -1
                             : partAt(static_cast<QMouseEvent *>(event)->position().toPoint());
        if (part != m_hovered) {
            m_hovered = part;
            update();
        }
        break;
    }
    case QEvent::FocusIn:
    case QEvent::FocusOut: update(); break;
    default: break;
    }
    return QWidget::event(event);
}

void SplitBar::mousePressEvent(QMouseEvent *event)
{
    const int part = partAt(event->position().toPoint());
    if (part >= 0 && event->button() == Qt::LeftButton)
        Q_EMIT partClicked(part);
}

void SplitBar::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right) {
        m_focused = std::clamp(m_focused + (event->key() == Qt::Key_Left ? -1 : 1), 0, 2);
        setAccessibleDescription(describe(m_focused));
        QAccessibleEvent described(this, QAccessible::DescriptionChanged);
        QAccessible::updateAccessibility(&described);
        const QRect part = parts()[m_focused];
        QToolTip::showText(mapToGlobal(part.isEmpty() ? rect().center() : part.center()), describe(m_focused), this);
        update();
    } else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Space) {
        Q_EMIT partClicked(m_focused);
    } else {
        QWidget::keyPressEvent(event);
    }
}

} // namespace attune::ui
