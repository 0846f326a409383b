#include "ui/compare/picker_popup.h"

#include "ui/widgets/paint.h"

#include <QApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QScreen>
#include <QSortFilterProxyModel>
#include <QStandardItemModel>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {
namespace {

enum Role { Value = Qt::UserRole + 1, Detail, Mark, Why, Current, Searched };

class Delegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const override { return {0, scaled(28)}; }

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        drawRowBackground(painter, option, false);
        QRect area = option.rect.adjusted(scaled(8), 0, -scaled(10), 0);
        const int mark = index.data(Mark).toInt();
        const bool off = !index.data(Why).toString().isEmpty();
        if (mark > -2) {
            drawRunMark(painter, QRect(area.left(), area.top(), scaled(12), area.height()), mark);
            area.setLeft(area.left() + scaled(20));
        }
        const QString detail = off ? index.data(Why).toString() : index.data(Detail).toString();
        const int detailWidth = std::min(textWidth(detail, TextStyle::Small) + scaled(4), area.width() / 2);
        const QString text = index.data(Qt::DisplayRole).toString();
        drawText(painter, area.adjusted(0, 0, -detailWidth - scaled(8), 0), text,
                 index.data(Current).toBool() ? TextStyle::Strong : TextStyle::Body,
                 off ? Token::Text3 : Token::Text);
        drawText(painter, QRect(area.right() - detailWidth, area.top(), detailWidth + 1, area.height()), detail,
                 TextStyle::Small, Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
    }
};

} // namespace

PickerPopup::PickerPopup(const QString &name, QWidget *parent) : QFrame(parent, Qt::Popup)
{
    setAccessibleName(name);
    m_field = new QLineEdit;
    m_field->setObjectName(QStringLiteral("pickerSearch"));
    m_field->setPlaceholderText(tr("Search"));
    m_field->setAccessibleName(tr("Search in: %1").arg(name));
    m_field->setClearButtonEnabled(true);
    m_items = new QStandardItemModel(this);
    m_shown = new QSortFilterProxyModel(this);
    m_shown->setSourceModel(m_items);
    m_shown->setFilterRole(Searched);
    m_shown->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_list = new QListView;
    m_list->setObjectName(QStringLiteral("pickerList"));
    m_list->setAccessibleName(name);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setModel(m_shown);
    m_list->setItemDelegate(new Delegate(m_list));
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setBackground(m_list, Token::Surface);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(scaled(8), scaled(8), scaled(8), scaled(8));
    layout->setSpacing(scaled(8));
    layout->addWidget(m_field);
    layout->addWidget(m_list, 1);
    m_field->installEventFilter(this);
    m_list->installEventFilter(this);
    connect(m_field, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_shown->setFilterFixedString(text.simplified());
        selectFirst();
    });
    connect(m_list, &QListView::clicked, this, &PickerPopup::choose);
}

void PickerPopup::setItems(const QList<PickerItem> &items, const QString &empty)
{
    m_items->clear();
    m_empty = empty;
    for (const PickerItem &item : items) {
        auto *entry = new QStandardItem(item.text);
        entry->setData(item.value, Value);
        entry->setData(item.detail, Detail);
        entry->setData(item.mark, Mark);
        entry->setData(item.why, Why);
        entry->setData(item.current, Current);
        entry->setData(QString(item.text + QLatin1Char(' ') + item.detail), Searched);
        entry->setData(QString(item.text + QStringLiteral(", ") + (item.why.isEmpty() ? item.detail : item.why)),
                       Qt::AccessibleTextRole);
        entry->setEnabled(item.why.isEmpty());
        m_items->appendRow(entry);
    }
    selectFirst();
}

int PickerPopup::count() const
{
    return m_shown->rowCount();
}

void PickerPopup::selectFirst()
{
    QModelIndex first;
    for (int row = 0; row < m_shown->rowCount(); ++row) {
        const QModelIndex index = m_shown->index(row, 0);
        if (!index.flags().testFlag(Qt::ItemIsEnabled))
            continue;
        if (!first.isValid())
            first = index;
        if (m_field->text().isEmpty() && index.data(Current).toBool())
            first = index;
    }
    m_list->setCurrentIndex(first);
}

void PickerPopup::popUp(QWidget *anchor, int width)
{
    m_field->clear();
    m_field->setVisible(m_items->rowCount() > 6);
    const int rows = std::clamp(m_items->rowCount(), 1, 12);
    const int height =
        rows * scaled(28) + scaled(18) + (m_field->isHidden() ? 0 : m_field->sizeHint().height() + scaled(8));
    resize(width, height);
    QPoint at = anchor->mapToGlobal(QPoint(0, anchor->height() + scaled(2)));
    if (const QScreen *screen = anchor->screen()) {
        const QRect free = screen->availableGeometry();
        if (at.y() + height > free.bottom())
            at.setY(anchor->mapToGlobal(QPoint(0, 0)).y() - height - scaled(2));
        at.setX(std::clamp(at.x(), free.left(), std::max(free.left(), free.right() - width)));
    }
    move(at);
    show();
    selectFirst();
    if (m_field->isHidden())
        m_list->setFocus(Qt::PopupFocusReason);
    else
        m_field->setFocus(Qt::PopupFocusReason);
}

void PickerPopup::choose(const QModelIndex &index)
{
    if (!index.isValid() || !index.flags().testFlag(Qt::ItemIsEnabled))
        return;
    const QVariant value = index.data(Value);
    hide();
    Q_EMIT chosen(value);
}

bool PickerPopup::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::KeyPress) {
        auto *key = static_cast<QKeyEvent *>(event);
        switch (key->key()) {
        case Qt::Key_Return:
        case Qt::Key_Enter: choose(m_list->currentIndex()); return true;
        case Qt::Key_Escape: hide(); return true;
        case Qt::Key_Down:
        case Qt::Key_Up:
        case Qt::Key_PageDown:
        case Qt::Key_PageUp:
            if (watched == m_field) {
                QApplication::sendEvent(m_list, event);
                return true;
            }
            break;
        default: break;
        }
    }
    return QFrame::eventFilter(watched, event);
}

void PickerPopup::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(Token::Edge));
    painter.fillRect(rect().adjusted(1, 1, -1, -1), color(Token::Surface));
    if (count() == 0)
        drawText(&painter, m_list->geometry(), m_items->rowCount() == 0 ? m_empty : tr("Nothing called that."),
                 TextStyle::Body, Token::Text3, Qt::AlignCenter);
}

} // namespace attune::ui
