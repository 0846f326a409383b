#include "ui/train/run_delegate.h"

#include "ui/train/run_list_model.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/sparkline.h"

#include <QLineEdit>
#include <QMouseEvent>
#include <QPainter>

namespace attune::ui {
namespace {

struct Places {
    QRect box, name, state, spark, best, delta;
};

Places placesOf(const QRect &row, bool sparklines)
{
    const int pad = scaled(12);
    const int half = row.height() / 2;
    const int figures = textWidth(QStringLiteral("+0.0000"), TextStyle::Mono);
    Places p;
    p.box = QRect(row.left() + pad, row.top(), scaled(14), row.height());
    const int right = row.right() - pad + 1;
    p.best = QRect(right - figures, row.top() + scaled(4), figures, half - scaled(4));
    p.delta = QRect(right - figures, row.top() + half, figures, half - scaled(4));
    int textRight = p.best.left() - scaled(8);
    if (sparklines) {
        p.spark = QRect(textRight - scaled(50), row.top(), scaled(50), row.height());
        textRight = p.spark.left() - scaled(8);
    }
    const int left = p.box.right() + scaled(10);
    p.name = QRect(left, row.top() + scaled(4), textRight - left, half - scaled(4));
    // The state may be a long cause; there is no figure beside it then.
    p.state = QRect(left, row.top() + half, textRight - left, half - scaled(4));
    return p;
}

Token stateToken(Tone tone)
{
    return tone == Tone::Neutral ? Token::Text3 : toneText(tone);
}

void drawState(QPainter *painter, const QRect &area, const QModelIndex &index)
{
    const auto tone = static_cast<Tone>(index.data(RunListModel::ToneRole).toInt());
    const QByteArray iconName = index.data(RunListModel::IconRole).toString().toLatin1();
    const int mark = scaled(12);
    const QRect markArea(area.left(), area.top() + (area.height() - mark) / 2, mark, mark);
    if (iconName.isEmpty()) { // running
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(Token::Accent));
        const QPointF middle = QRectF(markArea).center();
        painter->drawEllipse(middle, scaled(3), scaled(3));
    } else {
        painter->drawPixmap(markArea, iconPixmap(iconName.constData(), stateToken(tone), mark,
                                                 painter->device()->devicePixelRatioF()));
    }
    const QString state = index.data(RunListModel::StateRole).toString();
    const QString detail = index.data(RunListModel::StateDetailRole).toString();
    QRect text = area.adjusted(mark + scaled(4), 0, 0, 0);
    const bool accent = tone == Tone::Accent;
    const QString joined = detail.isEmpty() || accent ? state : state + QStringLiteral(" · ") + detail;
    drawText(painter, text, joined, TextStyle::Caption,
             tone == Tone::Bad || tone == Tone::Warn ? stateToken(tone) : accent ? Token::Accent : Token::Text3);
    if (accent && !detail.isEmpty()) {
        text.setLeft(text.left() + textWidth(state, TextStyle::Caption) + scaled(6));
        drawText(painter, text, detail, TextStyle::MonoSmall, Token::Text2);
    }
}

} // namespace

void RunDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    drawRowBackground(painter, option, true, option.state & QStyle::State_Selected);
    const Places at = placesOf(option.rect, m_sparklines);
    const int slot = index.data(RunListModel::SlotRole).toInt();
    drawCheck(painter, at.box, slot >= 0 ? Qt::Checked : Qt::Unchecked, true,
              slot >= 0 ? seriesColor(slot) : QColor());
    drawText(painter, at.name, index.data(RunListModel::TitleRole).toString(), TextStyle::Strong, Token::Text);
    drawState(painter, at.state, index);
    if (m_sparklines) {
        const QSize size(at.spark.width(), scaled(24));
        const QPixmap curve = sparkline(
            index.data(RunListModel::CurveRole).value<QVector<QPointF>>(), size,
            slot >= 0 ? seriesColor(slot) : color(Token::Text3), slot >= 0 ? seriesDash(slot) : QVector<qreal>(),
            index.data(RunListModel::FailedRole).toBool(), painter->device()->devicePixelRatioF());
        painter->drawPixmap(at.spark.left(), at.spark.center().y() - size.height() / 2, curve);
    }
    drawText(painter, at.best, index.data(RunListModel::BestRole).toString(), TextStyle::Mono, Token::Text,
             Qt::AlignRight | Qt::AlignVCenter);
    const auto tone = static_cast<Tone>(index.data(RunListModel::DeltaToneRole).toInt());
    drawText(painter, at.delta, index.data(RunListModel::DeltaRole).toString(), TextStyle::MonoSmall,
             tone == Tone::Neutral ? Token::Text3 : toneText(tone), Qt::AlignRight | Qt::AlignVCenter);
    painter->restore();
}

QSize RunDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {scaled(240), scaled(54)};
}

bool RunDelegate::editorEvent(QEvent *event, QAbstractItemModel *model, const QStyleOptionViewItem &option,
                              const QModelIndex &index)
{
    if (event->type() != QEvent::MouseButtonRelease && event->type() != QEvent::MouseButtonDblClick &&
        event->type() != QEvent::MouseButtonPress)
        return false;
    const auto *mouse = static_cast<QMouseEvent *>(event);
    QRect hit = placesOf(option.rect, m_sparklines).box;
    hit.setLeft(option.rect.left());
    hit.setWidth(scaled(36));
    if (mouse->button() != Qt::LeftButton || !hit.contains(mouse->pos()))
        return false;
    if (event->type() == QEvent::MouseButtonRelease) {
        const bool on = index.data(Qt::CheckStateRole).toInt() == Qt::Checked;
        model->setData(index, on ? Qt::Unchecked : Qt::Checked, Qt::CheckStateRole);
    }
    return true;
}

QWidget *RunDelegate::createEditor(QWidget *parent, const QStyleOptionViewItem &, const QModelIndex &) const
{
    auto *edit = new QLineEdit(parent);
    edit->setAccessibleName(tr("Name of the run"));
    return edit;
}

void RunDelegate::updateEditorGeometry(QWidget *editor, const QStyleOptionViewItem &option, const QModelIndex &) const
{
    const Places at = placesOf(option.rect, m_sparklines);
    QRect place = at.name;
    place.setHeight(scaled(28));
    editor->setGeometry(place.adjusted(-scaled(6), 0, 0, 0));
}

} // namespace attune::ui
