#include "ui/compare/model_picker.h"

#include "ui/compare/picker_popup.h"
#include "ui/widgets/paint.h"

#include <QStylePainter>

#include <algorithm>

namespace attune::ui {
namespace {

QVariant toVariant(const Answerer &answerer)
{
    return QVariantList{QVariant::fromValue<qint64>(answerer.run), QString::fromStdString(answerer.checkpoint)};
}

Answerer fromVariant(const QVariant &value)
{
    const QVariantList parts = value.toList();
    return {parts.value(0).toLongLong(), parts.value(1).toString().toStdString()};
}

} // namespace

ModelPicker::ModelPicker(int column, QWidget *parent)
    : QToolButton(parent), m_column(column),
      m_popup(new PickerPopup(tr("Models for column %1").arg(column + 1), this))
{
    setObjectName(QStringLiteral("modelPicker%1").arg(column + 1));
    setAccessibleName(tr("Column %1: choose a model").arg(column + 1));
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(this, &QToolButton::clicked, this, &ModelPicker::openPopup);
    connect(m_popup, &PickerPopup::chosen, this,
            [this](const QVariant &value) { Q_EMIT chosen(fromVariant(value)); });
}

void ModelPicker::show(const std::optional<Answerer> &answerer, const AnswererChoices &choices, int series,
                       const std::string &fingerprint)
{
    m_answerer = answerer;
    m_choices = choices;
    m_series = series;
    m_fingerprint = fingerprint;
    m_name = answerer ? answererName(answerer, choices) : tr("Choose a model");
    m_detail = answererDetail(answerer, choices);
    setAccessibleName(tr("Column %1: %2 %3").arg(m_column + 1).arg(m_name, m_detail).trimmed());
    setAccessibleDescription(tr("Chooses who answers in this column"));
    setToolTip(m_name + (m_detail.isEmpty() ? QString() : QLatin1Char('\n') + m_detail));
    updateGeometry();
    update();
}

void ModelPicker::openPopup()
{
    QList<PickerItem> items;
    items << PickerItem{tr("Base"), m_choices.baseName, toVariant({}), -1, {}, m_answerer && m_answerer->run == 0};
    for (const RunChoice &run : m_choices.runs) {
        const bool fits = m_fingerprint.empty() || run.fingerprint == m_fingerprint;
        const QString why = fits ? QString() : tr("trained on another base");
        const auto add = [&](const CheckpointInfo &checkpoint, const std::string &choice, const QString &detail) {
            const Answerer answerer{run.id, choice};
            const CheckpointInfo *now = m_answerer ? m_choices.checkpoint(*m_answerer) : nullptr;
            items << PickerItem{runLabel(run.name), detail, toVariant(answerer), 0, why,
                                now && now->id == checkpoint.id && m_answerer->run == run.id};
        };
        const auto &all = run.checkpoints;
        for (auto it = all.rbegin(); it != all.rend(); ++it)
            if (it->best)
                add(*it, "best", checkpointLabel(*it, run));
        for (auto it = all.rbegin(); it != all.rend(); ++it)
            if (!it->best)
                add(*it, it == all.rbegin() ? "last" : std::to_string(it->step), checkpointLabel(*it, run));
    }
    m_popup->setItems(items, {});
    m_popup->popUp(this, std::max(scaled(340), width()));
}

QSize ModelPicker::sizeHint() const
{
    return {scaled(12 + 8 + 6 + 8 + 16 + 16) + textWidth(m_name, TextStyle::Strong) +
                textWidth(m_detail, TextStyle::Body),
            scaled(28)};
}

QSize ModelPicker::minimumSizeHint() const
{
    return {scaled(90), scaled(28)};
}

void ModelPicker::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse() || isDown()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Token::Hover));
        painter.drawRoundedRect(rect(), 6, 6);
    }
    QRect area = rect().adjusted(scaled(6), 0, -scaled(4), 0);
    const int arrow = scaled(16);
    const QPixmap chevron = iconPixmap("chevron-down", Token::Text3, scaled(12), devicePixelRatioF());
    if (m_answerer) {
        drawRunMark(&painter, QRect(area.left(), area.top(), scaled(12), area.height()), m_series);
        area.setLeft(area.left() + scaled(20));
    }
    const int nameWidth = std::min(textWidth(m_name, TextStyle::Strong), area.width() - arrow);
    drawText(&painter, QRect(area.left(), area.top(), nameWidth + 1, area.height()), m_name, TextStyle::Strong,
             Token::Text);
    const int left = area.left() + nameWidth + scaled(8);
    const int room = area.right() - arrow - left;
    const int detailWidth = std::clamp(textWidth(m_detail, TextStyle::Body) + 1, 0, std::max(0, room));
    if (detailWidth > scaled(20))
        drawText(&painter, QRect(left, area.top(), detailWidth, area.height()), m_detail, TextStyle::Body,
                 Token::Text3);
    const int x =
        std::min(left + (detailWidth > scaled(20) ? detailWidth + scaled(4) : 0), area.right() - scaled(12));
    painter.drawPixmap(QPoint(x, area.center().y() - scaled(6) + 1), chevron);
    if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange))
        drawFocusRing(&painter, rect(), 6, false);
}

} // namespace attune::ui
